"""Provide a session's threads: its own in a kernel, shared ones in a server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

Step = Callable[[], float | None]
"""Does the work that is due, and returns the seconds until more is due; None to wait for `wake`."""


class Driver(Protocol):
    """Calls a step when it is due. Calls never overlap."""

    def wake(self) -> None:
        """Schedule a call of the step and return at once."""


class OwnThread:
    """A thread that ends when nothing more is due, and starts again when it is woken."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_woken = False

    def wake(self) -> None:
        """Schedule a call of the step."""
        with self._condition:
            self._is_woken = True
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="jobgroup-dashboard", daemon=True
                )
                self._thread.start()
            self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._is_woken = False
            pause_s = self._step()
            with self._condition:
                if self._is_woken:
                    continue
                if pause_s is None:
                    self._thread = None
                    return
                self._condition.wait(pause_s)


@dataclass(frozen=True, slots=True)
class Threads:
    """The threads that a session uses, except its transport's.

    Attributes:
        driver: driver of the step that sends to the browser.
        pool: pool for slow requests; it is shut down when no view is open.
    """

    driver: Callable[[Step], Driver]
    pool: Callable[[], Executor]


OWN_THREADS: Final = Threads(
    OwnThread, partial(ThreadPoolExecutor, 2, thread_name_prefix="jobgroup-dashboard")
)
