"""Following a group in a view, from a thread of its own, until it has finished."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from jobgroup.cli.snapshot import Observer
from jobgroup.cli.views import View
from jobgroup.errors import CredentialsError, StorageError
from jobgroup.group import JobGroup
from jobgroup.group.events import Notice
from jobgroup.status import UNSENT

DRAW_EVERY_S: Final = 0.5
"""How often a view is redrawn: changes are gathered, a clock goes on."""


class Following:
    """For the length of a block the view is kept up to date, and the cloud polled for it.

    Args:
        group: that is followed.
        view: that shows it.
        listens: take note of what happens from the beginning, before the view has said a word; else
            from the call of `until_finished`, so that what ended before is no news.
    """

    def __init__(self, group: JobGroup, view: View, *, listens: bool = False) -> None:
        self._group = group
        self._listens = listens
        self._view = view
        self._observer = Observer(group)
        self._shown = self._observer.look()
        self._has_changed = threading.Event()
        self._is_over = threading.Event()
        self._turn = threading.Lock()
        self._error: OSError | None = None
        self._notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._draw, name="jobgroup-view", daemon=True)

    def __enter__(self) -> Self:
        self._ends = [self._group.subscribe(self._has_changed.set)]
        if self._listens:
            self._listen()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for end in self._ends:
            end()
        self._is_over.set()
        self._thread.join()
        with suppress(OSError):
            self._show()
        with suppress(OSError):
            self._view.close()

    def until_finished(self, on_notice: Callable[[Notice], None]) -> bool:
        """Wait until the group has finished; False where nothing was under way.

        Raises:
            CredentialsError: the token is missing or refused.
            OSError: nobody reads the view any more.
        """
        if not self._listens:
            self._listen()
        self._group.refresh()
        began = time.time()
        state = self._group.state
        if not state.active and (not state.counts or UNSENT in state.counts):
            return False
        while True:
            with suppress(queue.Empty):
                notice = self._notices.get(timeout=DRAW_EVERY_S)
                self._tell(notice)
                on_notice(notice)
                if notice.event == "finished":
                    return True
            if self._error is not None:
                raise self._error
            state = self._group.state
            if state.trouble == "token" and state.trouble_since >= began:
                raise CredentialsError(state.last_error)

    def _listen(self) -> None:
        self._ends.append(self._group.on_done(self._notices.put))

    def _draw(self) -> None:
        try:
            while not self._is_over.wait(DRAW_EVERY_S):
                self._show()
        except OSError as error:
            self._error = error

    def _tell(self, notice: Notice) -> None:
        self._show()
        with self._turn:
            self._view.tell(notice)

    def _show(self) -> None:
        with self._turn:
            if self._has_changed.is_set():
                self._has_changed.clear()
                with suppress(StorageError):  # later, perhaps; who waits for its end is told
                    self._shown = self._observer.look()
            self._view.show(self._shown)
