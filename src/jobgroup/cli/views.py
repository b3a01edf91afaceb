"""Show a group's progress: live in a terminal, and as lines or JSON elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TextIO

from jobgroup.cli.console import echo_json
from jobgroup.cli.progress import Snapshot, states
from jobgroup.cli.serialize import event_document, group_document
from jobgroup.group import JobGroup
from jobgroup.group.events import GroupEvent
from jobgroup.words import plain


class View(Protocol):
    """Shows what `jobgroup.cli.progress.follow` yields. One thread at a time uses it."""

    def show(self, item: Snapshot | GroupEvent) -> None:
        """Show a snapshot, or print an event on a permanent line."""

    def close(self) -> None:
        """End the view, and leave the last state on the screen."""


def view_on(stream: TextIO) -> View:
    """Return the view for a stream: live on a terminal that can redraw, otherwise lines."""
    if stream.isatty():
        from rich.console import Console  # slow to import

        from jobgroup.cli.live_view import LiveView

        console = Console(file=stream, highlight=False)
        if not console.is_dumb_terminal:
            return LiveView(console)

    def write(text: object) -> None:
        stream.write(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}  {plain(text)}\n")
        stream.flush()

    return _ChangesView(5.0, _line, write, lambda event: write(event.message))


def json_view(group: JobGroup) -> View:
    """Return a view that prints one JSON object per line for each change and event."""

    def progress(_: object) -> None:
        echo_json({"event": "progress", **group_document(group)}, one_line=True)

    return _ChangesView(
        1.0,
        lambda snapshot: snapshot,
        progress,
        lambda event: echo_json(event_document(event), one_line=True),
    )


def _line(snapshot: Snapshot) -> str:
    paused = "paused" if snapshot.is_paused else ""
    return "; ".join(filter(None, [states(snapshot.counts), paused, snapshot.incident]))


class _ChangesView:
    """Shows every event, and at most one snapshot in `interval_s` seconds."""

    def __init__(
        self,
        interval_s: float,
        content: Callable[[Snapshot], object],
        show_content: Callable[[object], None],
        show_event: Callable[[GroupEvent], None],
    ) -> None:
        self._interval_s = interval_s
        self._content = content
        self._show_content = show_content
        self._show_event = show_event
        self._latest: object = None
        self._shown: object = None
        self._shown_at = -math.inf

    def show(self, item: Snapshot | GroupEvent) -> None:
        if not isinstance(item, Snapshot):
            self.close()
            self._show_event(item)
            return
        self._latest = self._content(item)
        if time.monotonic() - self._shown_at >= self._interval_s:
            self.close()

    def close(self) -> None:
        if self._latest != self._shown:
            self._shown, self._shown_at = self._latest, time.monotonic()
            self._show_content(self._shown)
