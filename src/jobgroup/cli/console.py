"""Output of the command: text that cannot drive a terminal, or JSON and nothing else."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TextIO

from jobgroup.results.export import encoded
from jobgroup.results.parse import Cell
from jobgroup.results.rendering import as_text
from jobgroup.words import plain

READER_GONE: Final = (errno.EPIPE, errno.EIO)
"""What a write says when the other end of a pipe, or the terminal, has been closed."""

MAX_TERMINAL_ROWS: Final = 60
"""Rows of a table that a terminal shows unless it is asked for all."""


def echo(text: str) -> None:
    sys.stdout.write(plain(text) + "\n")


def echo_err(text: str) -> None:
    """Write a line to standard error, if anybody is there to read it."""
    try:
        sys.stderr.write(plain(text) + "\n")
        sys.stderr.flush()
    except OSError:
        redirect_to_devnull(sys.stderr)


def echo_raw(text: str) -> None:
    """Write the content of a file: unchanged into a pipe or a file, escaped on a terminal."""
    if sys.stdout.isatty():
        _write(plain(text.replace("\r\n", "\n")))
    else:
        _write_bytes(text)


def echo_json(value: Any, *, one_line: bool = False) -> None:
    """Write a JSON document, in ASCII: no terminal obeys its escapes, no locale spoils it."""
    text = json.dumps(value, indent=None if one_line else 2, allow_nan=False) + "\n"
    if sys.stdout.isatty():
        _write(text)
    else:
        _write_bytes(text)
    sys.stdout.flush()


def echo_table(
    columns: Mapping[str, Sequence[Cell]], *, title: str = "", full: bool = True
) -> None:
    """Write aligned columns: cut to the width of a terminal, whole into a pipe or a file.

    Args:
        columns: the cells of each column, by name.
        title: a line below the table.
        full: show all rows on a terminal too; otherwise the first and the last of many.
    """
    rows = len(next(iter(columns.values()), []))
    on_terminal = sys.stdout.isatty()
    most = None if full or not on_terminal else MAX_TERMINAL_ROWS
    lines = as_text(columns, "", most_rows=most, longest=60 if on_terminal else 1000).split("\n")
    width = shutil.get_terminal_size().columns if on_terminal else 0
    for line in lines:
        echo(line if not width or len(line) <= width else line[: width - 1] + "…")
    if most is not None and rows > most:
        echo(f"… {most} of {rows} rows are shown; --all shows them all.")
    if title:
        echo(title)


def redirect_to_devnull(stream: TextIO) -> None:
    """Let a stream write to nowhere from now on: its reader has gone."""
    with suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
        os.close(devnull)


def _write(text: str) -> None:
    # in pieces: an unbuffered stream does not report a pipe that closes in the middle of a write
    for start in range(0, len(text), _PIECE):
        sys.stdout.write(text[start : start + _PIECE])


def _write_bytes(text: str) -> None:
    """Write what programs read: UTF-8 with its own line ends, whatever the locale has."""
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:  # a stream of text alone
        _write(text)
        return
    sys.stdout.flush()
    data = encoded(text)
    for start in range(0, len(data), _PIECE):
        binary.write(data[start : start + _PIECE])
    binary.flush()


_PIECE = 1 << 15
