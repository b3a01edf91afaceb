"""Render tables as plain text for a terminal, and as HTML for a notebook. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import islice
from typing import Final

from jobgroup.results.cells import Cell
from jobgroup.words import on_one_line

MAX_TEXT_ROWS: Final = 60
MAX_HTML_ROWS: Final = 500
"""Maximum number of rows to show. Of a longer table, half are from its start and half from its end.
"""

MAX_TEXT_CELL: Final = 60
MAX_HTML_CELL: Final = 300
"""Maximum number of characters of a cell to show."""

_GAP: Final = "…"

Columns = Mapping[str, Sequence[Cell]]


def as_text(
    columns: Columns,
    title: str,
    *,
    most_rows: int | None = MAX_TEXT_ROWS,
    longest: int = MAX_TEXT_CELL,
) -> str:
    """Return aligned columns; numbers are right-aligned.

    Args:
        columns: cells of each column, by name.
        title: line below the table; "" for none.
        most_rows: maximum number of rows to show; of a longer table, half are from its start and
            half from its end. None shows all rows.
        longest: maximum number of characters of a cell to show.

    >>> print(as_text({"name": ["a", None], "n": [10, 0.25]}, "2 rows"))
    name     n
    a       10
          0.25
    2 rows
    """
    lines: list[str] = []
    for name, cells in columns.items():
        texts = [_text(name, longest), *_shortened(cells, most_rows, longest)]
        width = max(map(len, texts))
        align = str.rjust if _is_numeric(cells) else str.ljust
        aligned = [align(text, width) for text in texts]
        pairs = zip(lines or [""] * len(aligned), aligned, strict=True)
        lines = [f"{left}  {cell}" if lines else cell for left, cell in pairs]
    return "\n".join([*(line.rstrip() for line in lines), *([title] if title else [])])


def as_html(columns: Columns, title: str) -> str:
    """Return a table with its own scroll bar. All text is escaped."""
    names = list(columns)
    aligns = ["right" if _is_numeric(cells) else "left" for cells in columns.values()]
    texts = [_shortened(cells, MAX_HTML_ROWS, MAX_HTML_CELL) for cells in columns.values()]
    head = "".join(_html_cell("th", n, a) for n, a in zip(names, aligns, strict=True))
    body = "".join(
        f"<tr>{''.join(_html_cell('td', t, a) for t, a in zip(row, aligns, strict=True))}</tr>"
        for row in zip(*texts, strict=True)
    )
    caption = f"<div>{escape(title)}</div>" if title else ""
    return (
        '<div style="max-height: 30em; overflow: auto"><table class="dataframe">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{caption}"
    )


def _html_cell(tag: str, text: str, align: str) -> str:
    return f'<{tag} style="text-align: {align}">{escape(text)}</{tag}>'


def _shortened(cells: Sequence[Cell], most: int | None, longest: int) -> list[str]:
    if most is None or len(cells) <= most:
        return [_text(value, longest) for value in cells]
    first = [_text(value, longest) for value in islice(cells, most // 2)]
    return [*first, _GAP, *(_text(value, longest) for value in cells[-(most // 2) :])]


def _text(value: Cell, longest: int) -> str:
    """Return a cell on one line, without terminals' control sequences."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = on_one_line(str(value)[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _is_numeric(cells: Sequence[Cell]) -> bool:
    kinds = {type(value) for value in cells if value is not None}
    return bool(kinds) and kinds <= {int, float}
