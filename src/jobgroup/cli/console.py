"""Write the commands' output: JSON, or text that cannot control a terminal."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TextIO

from jobgroup.results.cells import Cell
from jobgroup.results.export import encoded
from jobgroup.results.rendering import as_text
from jobgroup.words import plain

READER_GONE: Final = (errno.EPIPE, errno.EIO)
"""Errors that a write raises after the terminal or the other end of a pipe was closed."""

MAX_TERMINAL_ROWS: Final = 60
"""Number of a table's rows that a terminal shows without --all."""

_PIECE: Final = 1 << 15


def echo(text: str) -> None:
    sys.stdout.write(plain(text) + "\n")


def echo_err(text: str) -> None:
    """Write a line to standard error, if it has a reader."""
    try:
        sys.stderr.write(plain(text) + "\n")
        sys.stderr.flush()
    except OSError:
        redirect_to_devnull(sys.stderr)


def is_confirmed(question: str) -> bool:
    """Ask the user a question, and return whether the answer is yes."""
    sys.stderr.write(f"{plain(question)} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().casefold() if sys.stdin else ""
    if not sys.stdin or not sys.stdin.isatty():
        echo_err("")  # the user has not pressed Enter
    return answer in ("y", "yes")


def echo_raw(text: str) -> None:
    """Write a file's content: unchanged to a pipe or a file, escaped to a terminal."""
    _write(plain(text.replace("\r\n", "\n")) if sys.stdout.isatty() else text)


def echo_json(value: Any, *, one_line: bool = False) -> None:
    """Write JSON in ASCII, which is the same in every locale and cannot control a terminal."""
    _write(json.dumps(value, indent=None if one_line else 2, allow_nan=False) + "\n")


def echo_table(
    columns: Mapping[str, Sequence[Cell]], *, title: str = "", full: bool = True
) -> None:
    """Write aligned columns: cut to a terminal's width, complete to a pipe or a file.

    Args:
        columns: cells of each column, by name.
        title: line below the table.
        full: whether to show all rows even on a terminal, which otherwise shows only the first and
            the last rows of a long table.
    """
    rows = len(next(iter(columns.values()), []))
    on_terminal = sys.stdout.isatty()
    most = None if full or not on_terminal else MAX_TERMINAL_ROWS
    lines = as_text(columns, "", most_rows=most, longest=60 if on_terminal else 1000).split("\n")
    width = shutil.get_terminal_size().columns if on_terminal else 0
    for line in lines:
        echo(line if not width or len(line) <= width else line[: width - 1] + "…")
    if most is not None and rows > most:
        echo(f"… {most} of {rows} rows shown; use --all for all of them.")
    if title:
        echo(title)


def redirect_to_devnull(stream: TextIO) -> None:
    """Discard all further output of a stream without a reader."""
    with suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
        os.close(devnull)


@contextmanager
def surviving(stream: TextIO) -> Iterator[None]:
    """Continue silently if the terminal or the pipe's other end was closed."""
    try:
        yield
    except OSError as error:
        if error.errno not in READER_GONE:
            raise
        redirect_to_devnull(stream)


def _write(text: str) -> None:
    """Write text to a terminal; elsewhere, write UTF-8 with unchanged line ends, in any locale.

    Text is written in pieces, because an unbuffered stream does not report a pipe that is closed
    in the middle of a write.
    """
    stream: Any = sys.stdout
    data: str | bytes = text
    if not stream.isatty() and hasattr(stream, "buffer"):
        stream.flush()
        stream, data = stream.buffer, encoded(text)
    for start in range(0, len(data), _PIECE):
        stream.write(data[start : start + _PIECE])
    stream.flush()
