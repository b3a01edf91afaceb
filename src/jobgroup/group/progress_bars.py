"""Draw the progress bars of blocking calls with tqdm, in notebooks and terminals."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jobgroup.engine.pause import is_paused
from jobgroup.status import SENT
from jobgroup.words import on_one_line

if TYPE_CHECKING:
    from jobgroup.engine.run import Run
    from jobgroup.engine.session import GroupSession

_RUN_FORMAT = "{percentage:3.0f}%|{bar}|{n_fmt}/{total_fmt}|{desc}"
_TEXTS = ("Successful Jobs", "Running/Waiting Jobs", "Inactive/Unsuccessful Jobs")
_GROUP_FORMAT = "{desc}: {percentage:3.0f}%|{bar}|{n_fmt}/{total_fmt}"

LONG_S = 2.0
"""Seconds after which a call shows a bar."""

_EACH_S = 0.1


def _bar(total: int, text: str, bar_format: str, position: int = 0) -> Any:
    from tqdm.auto import tqdm

    options: dict[str, Any] = {}
    # pythonw and Windows services have no standard error. Otherwise, TQDM_DISABLE decides.
    if sys.stderr is None or sys.stderr.closed:
        options["disable"] = True
    notebook = sys.modules.get("tqdm.notebook")  # tqdm.auto imports it only in notebooks
    is_widget = notebook is not None and issubclass(tqdm, notebook.tqdm_notebook)
    if is_widget:
        options["display"] = False
    bar = tqdm(
        total=total, desc=text, position=position, bar_format=bar_format, leave=True, **options
    )
    if is_widget and not bar.disable:
        from IPython.display import display

        bar.shown = display(bar.container, display_id=True)  # type: ignore[no-untyped-call]
    return bar


def _close(bar: Any) -> None:
    """End a bar. In a notebook, replace it with text, because a widget needs its kernel."""
    text, shown = str(bar), getattr(bar, "shown", None)
    bar.close()
    if shown is not None:
        shown.update({"text/plain": text}, raw=True)


def _set(bar: Any, value: int, text: str, total: int) -> None:
    if bar.disable:  # TQDM_DISABLE is set, and the bar has no other attributes
        return
    text = on_one_line(text)
    if (bar.n, bar.desc, bar.total) != (value, text, total):
        bar.n, bar.total = value, total
        bar.set_description_str(text, refresh=False)
        bar.refresh()


class RunBar:
    """A bar for a run. It counts sent jobs or, if the run waits for them, ended jobs."""

    def __init__(self, session: GroupSession, run: Run) -> None:
        self._session = session
        self._run = run
        self._bar: Any = None

    def tick(self) -> None:
        """Draw the new counts."""
        progress = self._run.progress
        if self._bar is None:
            if not progress.total:
                return
            self._bar = _bar(progress.total, "", _RUN_FORMAT)
        if self._run.request.mode == "sequential" or self._run.request.awaits_ends:
            ended = len(progress.succeeded) + len(progress.failed)
            text = f"Successful: {len(progress.succeeded)}, Failed: {len(progress.failed)}"
        else:
            ended = len(progress.sent)
            text = f"Sent: {len(progress.sent)}"
        notice = _reason_for_waiting(self._session)
        _set(self._bar, ended, f"{text} ({notice})" if notice else text, progress.total)

    def close(self) -> None:
        """Stop updating the bar."""
        if self._bar is not None:
            _close(self._bar)


def _reason_for_waiting(session: GroupSession) -> str:
    """Return why a run may not be sending anything; "" for no known reason."""
    if session.settling.sentence:
        return "waiting for the disk"
    if is_paused(session):
        return "paused"
    incidents = session.store.incidents.list()
    return incidents[0].kind if incidents else ""


class GroupBars:
    """Three bars for a group: successful, running or waiting, and inactive or unsuccessful jobs."""

    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        self._counts = counts
        now = counts()
        total = sum(now.values())
        self._active_total = sum(now.get(s, 0) for s in SENT)
        totals = (total, self._active_total, total)
        self._bars = [
            _bar(of, text, _GROUP_FORMAT, row)
            for row, (text, of) in enumerate(zip(_TEXTS, totals, strict=True))
        ]

    def tick(self) -> None:
        """Draw the new counts."""
        counts = self._counts()
        total = sum(counts.values())
        active = sum(counts.get(s, 0) for s in SENT)
        self._active_total = max(self._active_total, active)
        successful = counts.get("success", 0)
        values = (
            (successful, total),
            (active, self._active_total),
            (total - successful - active, total),
        )
        for bar, text, (value, of) in zip(self._bars, _TEXTS, values, strict=True):
            _set(bar, value, text, of)

    def close(self) -> None:
        """Stop updating the bars."""
        for bar in self._bars:
            _close(bar)


class SlowBar:
    """A bar that appears when a call takes a while. Any thread may increase `done`."""

    def __init__(self, total: int, text: str) -> None:
        self.done = 0
        self._total = total
        self._text = text
        self._show_at = time.monotonic() + LONG_S
        self._bar: Any = None

    def tick(self) -> None:
        """Draw the new count."""
        now = time.monotonic()
        if now < self._show_at:
            return
        self._show_at = now + _EACH_S
        if self._bar is None:
            self._bar = _bar(self._total, self._text, _RUN_FORMAT)
        _set(self._bar, self.done, self._text, self._total)

    def close(self) -> None:
        """Stop updating the bar."""
        if self._bar is not None:
            self._show_at = 0.0
            self.tick()
            _close(self._bar)
