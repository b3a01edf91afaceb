"""Write tables to files: CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Final

from jobgroup.results.cells import Cell
from jobgroup.store.encoding import json_safe
from jobgroup.store.output import user_path, write_output

Columns = Mapping[str, Sequence[Cell]]

_FORMULA: Final = re.compile(
    r'^(?=[\t\r\n=+\-@\uff1d\uff0b\uff0d\uff20])|(?<=[;\t\r\n])(?="*[=+\-@\uff1d\uff0b\uff0d\uff20])'
)
"""Positions at which a spreadsheet may read a formula, including full-width characters. In many
languages, a spreadsheet also begins a cell after a semicolon, where quotes do not protect it and
disappear if the cell begins with them.
Source: https://owasp.org/www-community/attacks/CSV_Injection"""


def as_csv(columns: Columns) -> str:
    r"""Return comma-separated values. Cells that spreadsheets would run as formulas become text.

    >>> as_csv({"name": ["=1+1", None], "n": [-1, 2]})
    "name,n\r\n'=1+1,-1\r\n,2\r\n"
    >>> as_csv({"name": ["a;=1+1"]})
    "name\r\na;'=1+1\r\n"
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_escape_formula(name) for name in columns])
    for row in zip(*columns.values(), strict=True):
        writer.writerow([_escape_formula(value) for value in row])
    return text.getvalue()


def as_json(columns: Columns) -> str:
    """Return a JSON list of objects, one per line, in ASCII, which suits every encoding."""
    rows = (
        json.dumps(dict(zip(columns, map(json_safe, row), strict=True)))
        for row in zip(*columns.values(), strict=True)
    )
    return "[\n" + ",\n".join(rows) + "\n]\n"


def encoded(text: str, *, marked: bool = False) -> bytes:
    r"""Encode a string as UTF-8, with a byte order mark for spreadsheets if `marked`.

    >>> encoded("λ", marked=True)
    b'\xef\xbb\xbf\xce\xbb'
    """
    data = text.encode("utf-8", "replace")  # a lone surrogate has no UTF-8
    return codecs.BOM_UTF8 + data if marked else data


def write(
    path: str | os.PathLike[str], text: str, *, overwrite: bool, marked: bool = False
) -> None:
    """Write a string to a file, completely or not at all; `marked` is as for `encoded`.

    Raises:
        OutputExistsError: the file exists, and `overwrite` is not True.
        StorageError: the file could not be written; nothing was changed.
    """
    with write_output(user_path(path), overwrite=overwrite) as unfinished:
        unfinished.write_bytes(encoded(text, marked=marked))


def _escape_formula(value: Cell) -> Cell:
    return _FORMULA.sub("'", value) if isinstance(value, str) else value
