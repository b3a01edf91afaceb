"""How a group is shown while it is followed: a live view in a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from datetime import datetime
from typing import Final, Protocol, TextIO

from jobgroup.cli.output import say_json
from jobgroup.cli.serialize import group_state, notice_line
from jobgroup.cli.snapshot import Snapshot, said
from jobgroup.group import JobGroup
from jobgroup.group.events import Notice
from jobgroup.words import plain


class View(Protocol):
    """Something that shows a group. Used by one thread at a time."""

    def show(self, snapshot: Snapshot) -> None:
        """Show how it stands now."""

    def tell(self, notice: Notice) -> None:
        """Say what happened, in a line that stays."""

    def close(self) -> None:
        """Leave the last state where it can be read."""


def view_on(stream: TextIO) -> View:
    """The view that suits a stream: live on a terminal that can, plain lines elsewhere."""
    if not stream.isatty():
        return Lines(stream)
    from rich.console import Console  # what has no view has no use for it

    from jobgroup.cli.live import Live

    console = Console(file=stream, highlight=False)
    return Lines(stream) if console.is_dumb_terminal else Live(console)


class Lines:
    """A line with its time for each change, seconds apart: for logs, pipes and cron."""

    EVERY_S: Final = 5.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = self._said = ""
        self._said_at = -math.inf

    def show(self, snapshot: Snapshot) -> None:
        """Show how it stands, unless that was said just now."""
        parts = [said(snapshot.counts)]
        parts += ["paused"] if snapshot.is_paused else []
        parts += [snapshot.trouble] if snapshot.trouble else []
        self._last = "; ".join(parts)
        if time.monotonic() - self._said_at >= self.EVERY_S:
            self._say_last()

    def tell(self, notice: Notice) -> None:
        """Say what happened, after how it stood."""
        self._say_last()
        self._write(notice.message)

    def close(self) -> None:
        """Say how it stands, unless that was said."""
        self._say_last()

    def _say_last(self) -> None:
        if self._last != self._said:
            self._said, self._said_at = self._last, time.monotonic()
            self._write(self._last)

    def _write(self, text: str) -> None:
        now = datetime.now().astimezone()
        self._stream.write(f"{now:%Y-%m-%d %H:%M:%S}  {plain(text)}\n")
        self._stream.flush()


class JsonLines:
    """One JSON object to a line: the group when it has changed, and what happened."""

    EVERY_S: Final = 1.0

    def __init__(self, group: JobGroup) -> None:
        self._group = group
        self._last: Snapshot | None = None
        self._said: Snapshot | None = None
        self._said_at = -math.inf

    def show(self, snapshot: Snapshot) -> None:
        """Show how it stands, unless that was said just now."""
        self._last = snapshot
        if time.monotonic() - self._said_at >= self.EVERY_S:
            self._say_last()

    def tell(self, notice: Notice) -> None:
        """Say what happened, after how it stood."""
        self._say_last()
        say_json(notice_line(notice), is_line=True)

    def close(self) -> None:
        """Say how it stands, unless that was said."""
        self._say_last()

    def _say_last(self) -> None:
        if self._last != self._said:
            self._said, self._said_at = self._last, time.monotonic()
            say_json({"event": "progress", **group_state(self._group)}, is_line=True)
