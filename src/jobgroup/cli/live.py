"""The live view of a group in a terminal, on rich: one picture, redrawn in place."""

from __future__ import annotations

import time
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from jobgroup.cli.render import View
from jobgroup.cli.snapshot import Snapshot, span
from jobgroup.group.events import GroupEvent
from jobgroup.status import BAR_ORDER, STATES
from jobgroup.store import JobRecord
from jobgroup.words import plain


class LiveView(View):
    """Redrawn in place; events are printed above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False)
        self._live.start()

    def show(self, snapshot: Snapshot) -> None:
        elapsed_s = time.monotonic() - self._began
        self._live.update(_Picture(snapshot, elapsed_s), refresh=True)

    def tell(self, event: GroupEvent) -> None:
        self._console.print(Text(event.message))

    def close(self) -> None:
        self._live.stop()


_COLORS: Final = {
    "success": "green",
    "error": "red",
    "canceled": "yellow",
    "running": "blue",
    "waiting": "cyan",
    "unconfirmed": "magenta",
}
_MOST_NAMED: Final = 3


class _Picture:
    """A snapshot as rich draws it, in whatever width there is."""

    def __init__(self, snapshot: Snapshot, elapsed_s: float) -> None:
        self._now = snapshot
        self._elapsed_s = int(elapsed_s)

    def __rich_console__(self, console: Console, _options: Any) -> list[RenderableType]:
        now = self._now
        minutes, seconds = divmod(self._elapsed_s, 60)
        clock = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        lines = [
            Text.assemble((_inline(now.name), "bold"), f"  {now.ended}/{now.total}  {clock}"),
            *([Text(_inline(now.description), "dim")] if now.description else []),
            self._bar(console.width),
            Text.assemble(*self._legend()),
        ]
        if now.eta_s is not None:
            lines.append(Text(f"about {span(*now.eta_s)} left"))
        if now.is_paused:
            lines.append(Text("paused: nothing more is sent", "yellow"))
        if now.running:
            named = ", ".join(_named(r) for r in now.running[:_MOST_NAMED])
            more = len(now.running) - _MOST_NAMED
            lines.append(Text(f"running: {named}{f' and {more} more' if more > 0 else ''}"))
        if now.failure is not None:
            why = _inline(now.failure.message or "no reason was given")
            lines.append(Text(f"failed: {_named(now.failure)}: {why}", "red"))
        if now.trouble:
            lines.append(Text(_inline(now.trouble), "red"))
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

    def _legend(self) -> list[str | tuple[str, str]]:
        parts: list[str | tuple[str, str]] = []
        for state in STATES:
            if number := self._now.counts.get(state):
                word = f"{number} {state.replace('_', ' ')}"
                parts += [", " if parts else "", (word, _COLORS.get(state, ""))]
        return parts or ["empty"]


def _named(record: JobRecord) -> str:
    labels = ", ".join(f"{key}={value}" for key, value in record.labels.items())
    return _inline(f"{record.position} {record.name}{f' ({labels})' if labels else ''}")


def _inline(text: str) -> str:
    return plain(text).replace("\n", " ")
