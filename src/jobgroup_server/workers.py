"""Tasks that keep their order in threads that several views share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from jobgroup.logs import logger

_log = logger(__name__)


class OrderedTasks:
    """Run the tasks of one view in the order of their arrival, one at a time, in shared threads."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._lock = Lock()
        self._tasks: deque[Callable[[], None]] = deque()
        self._is_running = False

    def add(self, task: Callable[[], None]) -> None:
        """Queue a task and return at once."""
        with self._lock:
            self._tasks.append(task)
            if self._is_running:
                return
            self._is_running = True
        self._pool.submit(self._run)

    def __len__(self) -> int:
        return len(self._tasks)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._tasks:
                    self._is_running = False
                    return
                task = self._tasks.popleft()
            try:
                task()
            except Exception:  # noqa: BLE001  # one task does not end those after it
                _log.exception("A task of a dashboard's view failed.")
