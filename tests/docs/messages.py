"""The messages of errors and warnings in the source, with `…` for each inserted value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pages import ROOT

import jobgroup

ERRORS = {
    name
    for name in jobgroup.__all__
    if isinstance(getattr(jobgroup, name), type)
    and issubclass(getattr(jobgroup, name), jobgroup.JobGroupError)
}
"""The names of the public errors."""

VALUE = "…"


class Message(NamedTuple):
    """The place of an error or a warning in the source, and its text."""

    place: str
    error: str
    text: str

    @property
    def length(self) -> int:
        """The number of characters, without inserted values."""
        return len(self.text.replace(VALUE, ""))

    @property
    def sentences(self) -> int:
        """The number of sentences, without inserted values."""
        text = self.text.rstrip(f"{VALUE} ")
        return len(re.split(rf"[.!?]{VALUE}?\s+(?=[A-Z'{VALUE}])", text))


HOUSE = ROOT / "src/jobgroup"


@cache
def nodes() -> list[tuple[Path, ast.AST]]:
    """Return every node of the source with its file."""
    files = sorted(HOUSE.rglob("*.py"))
    return [(p, node) for p in files for node in ast.walk(ast.parse(p.read_text("utf-8")))]


@cache
def messages() -> tuple[Message, ...]:
    """Return every message that is a literal in its `raise` or `warn` call."""
    return tuple(_messages())


def _messages() -> Iterator[Message]:
    for path, node in nodes():
        if isinstance(node, ast.Call) and node.args:
            name = _name(node.func)
            text = _text(node.args[0])
            if (name in ERRORS or name == "warn") and text is not None:
                yield Message(f"{path.relative_to(HOUSE)}:{node.lineno}", name, text)


def _name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def _text(node: ast.expr) -> str | None:
    """Return the text of a literal, or None for anything else, such as a variable."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_text(v) or VALUE for v in values)
        case ast.FormattedValue():
            return VALUE
    return None
