"""Show a live view of a group in a terminal, which rich redraws in place."""

from __future__ import annotations

import time
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from jobgroup.cli.progress import Snapshot, span
from jobgroup.group.events import GroupEvent
from jobgroup.results.shown_values import shown_value
from jobgroup.status import BAR_ORDER, STATES
from jobgroup.store import JobRecord
from jobgroup.words import on_one_line

_COLORS: Final = {
    "success": "green",
    "error": "red",
    "canceled": "yellow",
    "running": "blue",
    "waiting": "cyan",
    "unconfirmed": "magenta",
}
_MAX_NAMED: Final = 3


class LiveView:
    """A view that is redrawn in place, with events printed above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False)
        self._live.start()

    def show(self, item: Snapshot | GroupEvent) -> None:
        if isinstance(item, Snapshot):
            elapsed_s = int(time.monotonic() - self._began)
            self._live.update(_Picture(item, elapsed_s), refresh=True)
        else:
            self._console.print(Text(item.message))

    def close(self) -> None:
        self._live.stop()


class _Picture:
    """A snapshot that rich draws at the width of the terminal."""

    def __init__(self, snapshot: Snapshot, elapsed_s: int) -> None:
        self._now = snapshot
        self._elapsed_s = elapsed_s

    def __rich_console__(self, console: Console, _options: Any) -> list[RenderableType]:
        now = self._now
        minutes, seconds = divmod(self._elapsed_s, 60)
        clock = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        lines = [
            Text.assemble((on_one_line(now.name), "bold"), f"  {now.ended}/{now.total}  {clock}"),
            *([Text(on_one_line(now.description), "dim")] if now.description else []),
            self._bar(console.width),
            self._legend(),
        ]
        if now.eta_s is not None:
            lines.append(Text(f"about {span(*now.eta_s)} left"))
        if now.is_paused:
            lines.append(Text("paused: nothing more is sent", "yellow"))
        if now.running:
            named = ", ".join(_named(record) for record in now.running[:_MAX_NAMED])
            more = len(now.running) - _MAX_NAMED
            lines.append(Text(f"running: {named}{f' and {more} more' if more > 0 else ''}"))
        if now.failure is not None:
            why = on_one_line(now.failure.message or "no reason given")
            lines.append(Text(f"failed: {_named(now.failure)}: {why}", "red"))
        if now.incident:
            lines.append(Text(on_one_line(now.incident), "red"))
        for line in lines:
            line.truncate(console.width, overflow="ellipsis")
        return list(lines)

    def _bar(self, width: int) -> Text:
        now, bar = self._now, Text()
        drawn = passed = 0
        for state in BAR_ORDER:
            passed += now.counts.get(state, 0)
            end = round(width * passed / now.total) if now.total else 0
            bar.append("━" * (end - drawn), _COLORS.get(state, "bright_black"))
            drawn = end
        return bar

    def _legend(self) -> Text:
        counts = self._now.counts
        parts = [
            Text(f"{counts[state]} {state.replace('_', ' ')}", _COLORS.get(state, ""))
            for state in STATES
            if counts.get(state)
        ]
        return Text(", ").join(parts or [Text("empty")])


def _named(record: JobRecord) -> str:
    labels = ", ".join(f"{key}={shown_value(value)}" for key, value in record.labels.items())
    return on_one_line(f"{record.position} {record.name}{f' ({labels})' if labels else ''}")
