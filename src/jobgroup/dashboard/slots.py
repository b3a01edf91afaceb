"""Request the used slots of a group's plans, at most every five seconds for all views."""

from __future__ import annotations

import time
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from jobgroup.dashboard.protocol import Json
from jobgroup.engine.estimate import count_slots
from jobgroup.engine.session import GroupSession
from jobgroup.group import JobGroup, engine_session

ASK_INTERVAL_S: Final = 5.0

_answers: Final[WeakKeyDictionary[GroupSession, tuple[float, Json]]] = WeakKeyDictionary()
_lock: Final = Lock()


def slots(group: JobGroup) -> Json:
    """Return the number of used slots and of all slots; None if these are unknown."""
    session = engine_session(group)
    with _lock:
        asked_at, answer = _answers.get(session, (float("-inf"), {}))
    if time.monotonic() - asked_at >= ASK_INTERVAL_S:
        used, total = session.start(count_slots, session).result() or (None, None)
        answer = {"used": used, "total": total}
        with _lock:
            _answers[session] = (time.monotonic(), answer)
    return answer
