"""Report words and constructions that CONTRIBUTING.md bans from texts for people.

Usage: python scripts/check_language.py [PATH...]     (by default, everything in CHECKED)

Texts are the prose of Markdown and of notebooks, and the strings and comments of Python and of
TypeScript. Names, inline code, code blocks, quotations and the strings of tests are not checked.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]

CHECKED: Final = (
    "*.md",
    "docs/**/*.md",
    "benchmarks/README.md",
    "docs/**/*.py",
    "notebooks/*.ipynb",
    "scripts/*.py",
    "src/**/*.py",
    "tests/contract/*.py",
    "js/src/**/*.ts*",
)
"""Patterns of the files that are checked."""

BANNED: Final = {
    r"anew": "again",
    r"anybody(?:'s)?|nobody|somebody": "name the person",
    r"befall\w*|befell": "affect, happen to",
    r"bears?(?! in mind)": "survive, carry",
    r"by hand": "manually, outside jobgroup",
    r"by (?:itself|themselves)": "automatically",
    r"(?:come|comes|came|coming) free": "become free",
    r"doubts?|doubtful": "unconfirmed, unknown",
    r"(?:give|gives|gave|given|giving) back": "return",
    r"(?:go|goes|went|going|gone) on": "continue",
    r"(?:is|are|was|were|be|been|being) had|had back": "get, fetch, restore",
    r"heed\w*": "respect, follow",
    r"in (?:the )?clear": "in plain text",
    r"meanwhile": "while it runs, during that time",
    r"mend(?:s|ed|ing)?": "fix, correct",
    r"say(?=[,.);])": "for example",
    r"(?:stand|stands|stood|standing) (?:in|there|beside|below|above)": "is in, replaces",
    r"tells? of|told": "report, show, return",
    r"troubles?": "incident, problem",
    r"twins?": "version, counterpart",
    r"where (?:it|they|there|that|this|nothing|none|no|one)": "if",
    r"whoever": "name the person",
    r"wish(?:es|ed)?": "want, request, priority",
    r"behaviours?|colour(?:s|ed|ing)?|honour(?:s|ed|ing)?|neighbour(?:s|ing)?": "behavior, color",
    r"analys(?:ed|e|ing)|(?:[a-z]*[a-z]al|recogn|organ|minim|optim|summar|author|priorit|custom)"
    r"is(?:es|ed|e|ing|ation|ations)": "-ize, -yze",
    r"(?:re)?(?:cancel|label|model|travel)l(?:ed|ings?)": "canceled, labeled, modeled",
    r"centres?|grey(?:s|ed)?|licences?|catalogues?": "center, gray, license, catalog",
}
"""Each pattern of whole words, with the words to use instead. Spelling is American."""

HEADLESS: Final = re.compile(
    r"(?:\A|[.!:]\s+|\n\s*\n\s*|\n\s*- |\| )(?P<start>(?:What|Who|Where)\s[^.?|]*)[.|]"
)
"""A sentence that begins with a relative clause, such as "What has ended comes first."."""

ALLOWED: Final = {
    "Labelled": "the name of a component",
    "Troubleshooting": "the title of a page",
    "bear in mind": "an idiom",
}
"""Each text that may stay, with the reason."""

_PATTERNS: Final = {
    re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])".replace(" ", r"\s+"), re.IGNORECASE): advice
    for pattern, advice in BANNED.items()
}
_LEFT_OUT: Final = re.compile(
    "|".join(
        [
            r"```.*?```",
            r"``.*?``",
            r"`[^`\n]*`",
            r"\]\([^)\s]*\)",
            ">>>.*?$",
            *map(re.escape, ALLOWED),
        ]
    ),
    re.DOTALL | re.MULTILINE,
)
_TYPESCRIPT: Final = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"[^\"\n]* [^\"\n]*\"|`[^`]* [^`]*`|>[^<>{}=;]*[a-z][^<>{}=;]*<", re.DOTALL
)
_KINDS: Final = {".py", ".ts", ".tsx", ".md", ".ipynb"}
_MARKDOWN_HEADINGS: Final = re.compile(r"^#.*$|^\|.*\|\n(?=\| ?-)", re.MULTILINE)


def faults(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line (from 0), the words and the advice for each fault in a text."""
    text = _LEFT_OUT.sub(_blank, text)
    for pattern, advice in _PATTERNS.items():
        for found in pattern.finditer(text):
            yield text.count("\n", 0, found.start()), found[0], advice
    for found in HEADLESS.finditer(_MARKDOWN_HEADINGS.sub(_blank, text)):
        line = text.count("\n", 0, found.start("start"))
        yield line, found["start"][:40], "name the subject"


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "\0", found[0])


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each text of a file for people, with the line (from 1) that it begins at."""
    source = path.read_text("utf-8")
    match path.suffix:
        case ".py":
            yield from _of_python(source, is_test=path.resolve().is_relative_to(ROOT / "tests"))
        case ".ts" | ".tsx":
            for found in _TYPESCRIPT.finditer(source):
                yield source.count("\n", 0, found.start()) + 1, found[0]
        case ".ipynb":
            for number, cell in enumerate(json.loads(source)["cells"], 1):
                if cell["cell_type"] == "markdown":
                    yield number, "".join(cell["source"])
        case _:
            yield 1, re.sub(r"^> .*$", "", source, flags=re.MULTILINE)  # it quotes the code


def _of_python(source: str, *, is_test: bool) -> Iterator[tuple[int, str]]:
    nodes: Iterable[ast.AST] = ast.walk(ast.parse(source))
    if is_test:  # its other strings are data
        nodes = (node.value for node in nodes if isinstance(node, ast.Expr))
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")


def main(arguments: list[str]) -> int:
    """Print the faults of the given files; return 1 if there are any."""
    count = 0
    for path in _files(arguments):
        for line, text in texts(path):
            for offset, words, advice in faults(text):
                print(f"{path}:{line + offset}: {' '.join(words.split())!r}: {advice}")
                count += 1
    if count:
        print(f"{count} faults. Language, in CONTRIBUTING.md, has the rules.")
    return bool(count)


def _files(arguments: list[str]) -> list[Path]:
    if arguments:
        paths = [Path(a) for a in arguments]
        found = [f for p in paths for f in (sorted(p.rglob("*.*")) if p.is_dir() else [p])]
    else:
        found = [file for pattern in CHECKED for file in sorted(ROOT.glob(pattern))]
    own = Path(__file__).resolve()  # it names what it bans
    return [f for f in found if f.suffix in _KINDS and f.resolve() != own]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
