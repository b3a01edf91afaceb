"""Pause a group: no process sends its jobs until it is resumed."""

from __future__ import annotations

from jobgroup.engine.session import GroupSession
from jobgroup.logs import logger

_log = logger(__name__)


def is_paused(session: GroupSession) -> bool:
    """Return whether any process has paused the group. This reads the file. Thread-safe."""
    return bool(session.store.meta().get("paused"))


async def set_paused(session: GroupSession, paused: bool) -> None:
    await session.in_thread(lambda: session.store.set_meta(paused=1 if paused else None))
    _log.info("%s was %s.", session.name, "paused" if paused else "resumed")
    session.notify()
