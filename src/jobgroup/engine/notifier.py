"""Call back at a group's first failure and at its end, in a separate thread."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Mapping
from typing import Final

from jobgroup.engine.activity import is_finished, read_activity
from jobgroup.engine.interrupt import EXIT_TIMEOUT_S
from jobgroup.engine.session import GroupSession
from jobgroup.errors import GroupDeletedError, StorageError
from jobgroup.logs import logger
from jobgroup.store import JobRecord

_log = logger(__name__)

EventCallback = Callable[[Mapping[str, int], JobRecord | None], None]

EVENT_CHECK_INTERVALS_S: Final = (1.0, 10.0)
"""Seconds between checks of an unchanged group: active, and inactive. The sender may have died, or
the group may have been deleted.
"""


class GroupNotifier:
    """Follows a group until it has finished, and keeps it polled.

    Its own thread calls `tell` with the number of jobs by state, and with the first failed job or,
    at the end, None. Exceptions from `tell` are logged.
    """

    def __init__(self, session: GroupSession, tell: EventCallback) -> None:
        self._session = session
        self._tell = tell
        self._woken = threading.Event()
        self._woken.set()
        self._is_stopped = False
        self._is_exiting = False
        self._has_told_failure = False
        self._runs_before = session.store.lease.fencing_token()
        self._attempts_before = session.store.last_attempt_id()
        self._was_active = read_activity(session)[1]
        self._version = session.store.version
        self._failed_before = {r.attempt_id for r in session.store.records(states={"error"})}
        self._unsubscribe = session.subscribe(self._woken.set)
        self._thread = threading.Thread(target=self._follow, name="jobgroup-on-done", daemon=True)
        atexit.register(self._last_look)  # runs before the loop's own exit
        self._thread.start()

    def stop(self) -> None:
        """Make no more calls. Any thread may call this, even the callback."""
        self._is_stopped = True
        self._unsubscribe()
        self._woken.set()
        if not self._is_exiting:
            atexit.unregister(self._last_look)

    def _last_look(self) -> None:
        """Check once more when the interpreter exits, and wait for a call in progress."""
        self._is_exiting = True
        self._woken.set()
        self._thread.join(EXIT_TIMEOUT_S)

    def _follow(self) -> None:
        is_last = False
        try:
            while not (is_last or self._is_stopped):
                self._woken.wait(EVENT_CHECK_INTERVALS_S[not self._was_active])
                self._woken.clear()
                is_last = self._is_exiting
                try:
                    is_last |= self._look()
                except GroupDeletedError:
                    return
                except StorageError as error:  # later reads may succeed
                    _log.warning("on_done of %s: %s", self._session.name, error)
        finally:
            self.stop()

    def _look(self) -> bool:
        """Report the first failure and the end; return whether the group has finished."""
        store = self._session.store
        # Jobs that were sent or adopted since then may have ended between two checks.
        has_begun = (
            store.lease.fencing_token() != self._runs_before
            or store.last_attempt_id() != self._attempts_before
        )
        counts, is_active = read_activity(self._session)
        self._was_active |= is_active or has_begun
        if not self._has_told_failure:
            changes = store.changes_since(self._version)
            self._version = changes.version
            failed = (r for r in changes.records if r.state == "error")
            news = next((r for r in failed if r.attempt_id not in self._failed_before), None)
            if news is not None:
                self._has_told_failure = True
                self._call(counts, news)
        if is_active or not is_finished(counts, was_active=self._was_active):
            return False
        self._call(counts, None)
        return True

    def _call(self, counts: Mapping[str, int], job: JobRecord | None) -> None:
        if self._is_stopped:
            return
        try:
            self._tell(counts, job)
        except (Exception, SystemExit):  # noqa: BLE001 # `tell` is the user's code
            _log.exception("a callback of on_done of %s failed", self._session.name)
