"""Views of a group that is followed: a live picture in a terminal, lines or JSON elsewhere."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from datetime import datetime
from typing import ClassVar, TextIO

from jobgroup.cli.console import echo_json
from jobgroup.cli.serialize import group_state, notice_line
from jobgroup.cli.snapshot import Snapshot, said
from jobgroup.group import JobGroup
from jobgroup.group.events import GroupEvent
from jobgroup.words import plain


class View(ABC):
    """Shows snapshots and events; used by one thread at a time."""

    def render(self, item: Snapshot | GroupEvent) -> None:
        """Show what `follow` yields."""
        if isinstance(item, Snapshot):
            self.show(item)
        else:
            self.tell(item)

    @abstractmethod
    def show(self, snapshot: Snapshot) -> None:
        """Show the group as it is now."""

    @abstractmethod
    def tell(self, event: GroupEvent) -> None:
        """Show an event in a line that stays."""

    @abstractmethod
    def close(self) -> None:
        """Leave the last state where it can be read."""


class _Sparing(View):
    """Shows a snapshot only if it says something new, and not more often than `INTERVAL_S`."""

    INTERVAL_S: ClassVar[float]

    def __init__(self) -> None:
        self._latest: object = None
        self._shown: object = None
        self._shown_at = -math.inf

    def show(self, snapshot: Snapshot) -> None:
        self._latest = self._content(snapshot)
        if time.monotonic() - self._shown_at >= self.INTERVAL_S:
            self._show_latest()

    def tell(self, event: GroupEvent) -> None:
        self._show_latest()
        self._tell(event)

    def close(self) -> None:
        self._show_latest()

    def _show_latest(self) -> None:
        if self._latest != self._shown:
            self._shown, self._shown_at = self._latest, time.monotonic()
            self._show()

    @abstractmethod
    def _content(self, snapshot: Snapshot) -> object: ...

    @abstractmethod
    def _show(self) -> None: ...

    @abstractmethod
    def _tell(self, event: GroupEvent) -> None: ...


class LinesView(_Sparing):
    """A line with its time for each change, seconds apart: for logs, pipes and cron."""

    INTERVAL_S = 5.0

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def _content(self, snapshot: Snapshot) -> object:
        paused = "paused" if snapshot.is_paused else ""
        return "; ".join(filter(None, [said(snapshot.counts), paused, snapshot.trouble]))

    def _show(self) -> None:
        self._write(str(self._shown))

    def _tell(self, event: GroupEvent) -> None:
        self._write(event.message)

    def _write(self, text: str) -> None:
        now = datetime.now().astimezone()
        self._stream.write(f"{now:%Y-%m-%d %H:%M:%S}  {plain(text)}\n")
        self._stream.flush()


class JsonView(_Sparing):
    """One JSON object a line: the group after it has changed, and each event."""

    INTERVAL_S = 1.0

    def __init__(self, group: JobGroup) -> None:
        super().__init__()
        self._group = group

    def _content(self, snapshot: Snapshot) -> object:
        return snapshot

    def _show(self) -> None:
        echo_json({"event": "progress", **group_state(self._group)}, one_line=True)

    def _tell(self, event: GroupEvent) -> None:
        echo_json(notice_line(event), one_line=True)
