"""The code blocks, links and headings of pages, as parsed by CommonMark."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
"""Pages for readers, on the site or on a code host."""

MADE_FOR_THE_SITE = {
    ROOT / "docs/index.md",
    ROOT / "docs/quickstart.md",
    ROOT / "docs/promises.md",
    ROOT / "docs/contributing.md",
    ROOT / "docs/changelog.md",
    ROOT / "docs/security.md",
    *ROOT.glob("docs/api/*.md"),
}
"""Pages whose content is elsewhere on a code host: in the README, in other files, in docstrings."""

_reader = MarkdownIt("commonmark").enable("table")


class Block(NamedTuple):
    """A fenced block: its language, its text, and the line of the page at which it begins."""

    language: str
    text: str
    line: int


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return the fenced blocks of a page in order, or only those in certain languages."""
    return [
        Block(token.info.strip(), token.content, (token.map or [0])[0] + 2)
        for token in _reader.parse(page.read_text("utf-8"))
        if token.type == "fence" and (not languages or token.info.strip() in languages)
    ]


def links(page: Path) -> list[str]:
    """Return the targets of a page's links and pictures."""
    return [
        str(token.attrs.get("href") or token.attrs.get("src"))
        for token in _inline(page)
        if token.type in ("link_open", "image")
    ]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings on a code host and on the site."""
    found: Counter[str] = Counter()
    names = set()
    for title in _titles(page):
        name = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return names


def headings_of_tables(page: Path) -> list[str]:
    """Return the headings of all columns of a page."""
    tokens = _reader.parse(page.read_text("utf-8"))
    return [content.content for opened, content in pairwise(tokens) if opened.type == "th_open"]


def _titles(page: Path) -> Iterator[str]:
    tokens = _reader.parse(page.read_text("utf-8"))
    for opened, content in pairwise(tokens):
        if opened.type == "heading_open":
            yield "".join(child.content for child in content.children or [])


def _inline(page: Path) -> Iterator[Token]:
    for token in _reader.parse(page.read_text("utf-8")):
        yield from token.children or []
