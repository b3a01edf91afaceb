"""What the command writes: text without what a terminal would obey, or JSON and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, TextIO

from jobgroup.results.export import encoded
from jobgroup.results.parse import Cell
from jobgroup.results.rendering import as_text
from jobgroup.words import plain


def say(text: str) -> None:
    """A line of what was asked for."""
    sys.stdout.write(plain(text) + "\n")


def complain(text: str) -> None:
    """A line beside what was asked for. If there is nobody to read it, so be it."""
    with suppress(OSError):
        sys.stderr.write(plain(text) + "\n")
        sys.stderr.flush()


def say_raw(text: str) -> None:
    """A file's content: UTF-8 as it is into a pipe or a file, made harmless on a terminal."""
    if sys.stdout.isatty():
        _write(plain(text.replace("\r\n", "\n")))
    else:
        _write_bytes(text)


def say_json(value: Any, *, is_line: bool = False) -> None:
    """One JSON document; on one line where more of them follow."""
    # ASCII alone, whose escapes no terminal obeys, and no locale spoils
    text = json.dumps(value, indent=None if is_line else 2, allow_nan=False) + "\n"
    if sys.stdout.isatty():
        _write(text)
    else:
        _write_bytes(text)
    sys.stdout.flush()


def _write(text: str) -> None:
    # in pieces: an unbuffered stream would not tell that a pipe was closed in the middle of one
    for start in range(0, len(text), _PIECE):
        sys.stdout.write(text[start : start + _PIECE])


def _write_bytes(text: str) -> None:
    """What programs read: in UTF-8 and with its own line ends, whatever the locale's are."""
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:  # a stream of texts alone
        _write(text)
        return
    sys.stdout.flush()
    data = encoded(text)
    for start in range(0, len(data), _PIECE):
        binary.write(data[start : start + _PIECE])
    binary.flush()


_PIECE = 1 << 15


def say_table(columns: Mapping[str, Sequence[Cell]], *, title: str = "", full: bool = True) -> None:
    """Aligned columns. A terminal gets them cut to its width, a pipe or a file whole.

    Args:
        columns: the cells of each column, by name.
        title: a line below it.
        full: show all rows on a terminal too; else of many the first and the last ones.
    """
    rows = len(next(iter(columns.values()), []))
    on_terminal = sys.stdout.isatty()
    most = None if full or not on_terminal else MOST_ROWS
    lines = as_text(columns, "", most_rows=most, longest=60 if on_terminal else 1000).split("\n")
    width = shutil.get_terminal_size().columns if on_terminal else 0
    for line in lines:
        say(line if not width or len(line) <= width else line[: width - 1] + "…")
    if most is not None and rows > most:
        say(f"… {most} of {rows} rows are shown; --all shows them all.")
    if title:
        say(title)


MOST_ROWS = 60
"""Rows of a table that a terminal shows unless it is asked for all."""


class Unread:
    """A stream that falls silent, for good, when there is nobody to read it any more."""

    def __init__(self, stream: TextIO | BinaryIO) -> None:
        self._stream = stream

    @property
    def buffer(self) -> Unread:
        """What takes bytes, as silent."""
        return Unread(self._stream.buffer)  # type: ignore[union-attr]  # none: an AttributeError

    def write(self, text: str | bytes) -> int:
        """Write, or not."""
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Flush, or not."""
        self._try(self._stream.flush)

    def _try(self, act: Callable[..., object], *args: str | bytes) -> None:
        try:
            act(*args)
        except OSError:  # the terminal was closed, or the end of the pipe
            let_go(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def let_go(stream: TextIO | BinaryIO) -> None:
    """What is written to a stream from now on goes nowhere: nobody is there to read it."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
