"""Whether a group has finished: decided here alone, for callbacks, the terminal and dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jobgroup.status import PENDING, SENDING, UNSENT

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession


def look(session: GroupSession) -> tuple[dict[str, int], bool]:
    """The jobs by state, and whether the group is active, as its file has it. From any thread.

    A group is active while a job runs or waits, or a living process is sending its jobs.
    """
    # first who sends, then the jobs: what a run sends is in the file before the run is over
    held = session.store.lease.current()
    is_being_sent = bool(session.runs) or (held is not None and session.witness.is_live(held))
    counts = session.store.counts()
    return counts, is_being_sent or any(counts.get(state) for state in PENDING | {SENDING})


def has_finished(counts: Mapping[str, int], *, was_active: bool) -> bool:
    """Whether a group that is not active is done: it was active, or has nothing left to send.

    A group that nobody has begun to run has not finished.

    >>> has_finished({"unsent": 3}, was_active=False)
    False
    >>> has_finished({"unsent": 1, "success": 2}, was_active=True)
    True
    """
    return bool(counts) and (was_active or not counts.get(UNSENT))
