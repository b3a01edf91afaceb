"""Estimate a group's remaining time from the rate at which its last jobs ended."""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from jobgroup.engine.estimate import MIN_ESTIMATE_SAMPLES
from jobgroup.engine.session import GroupSession
from jobgroup.status import NOT_SENT, PENDING, SENDING

MIN_ETA_S = 1.0
"""Minimum of the longest likely time. Clouds may report durations of 0 s."""

MIN_RUN_S = 5.0
"""Seconds after which a run's time is estimated. The first ends are noticed late."""

WINDOW_S = 60.0
WINDOW_ENDS = 50
"""The rate is estimated from the ends in the last minute, and from at least this number of ends.
Short jobs end between two polls, so a few ends at once show no rate.
"""

MAX_ENDS = 1000
"""Maximum number of ends from which the rate is estimated."""

MIN_STALL_S = 60.0
STALL_INTERVALS = 10
"""Number of mean intervals without an end after which jobs have stalled, and at least a minute."""


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """The remaining time of a group.

    Attributes:
        eta_s: shortest and longest likely time, in seconds; None if it is unknown.
        stalled_since: time at which the last job ended, in seconds since the epoch, if no job has
            ended for an unusually long time; None otherwise.
    """

    eta_s: tuple[float, float] | None = None
    stalled_since: float | None = None


def read_time_left(session: GroupSession) -> TimeLeft:
    """Return the time until all jobs have ended that were sent or will be sent.

    This reads the file. Any thread may call it.
    """
    store, now = session.store, time.time()
    runs = list(session.runs)
    is_sent_elsewhere = not runs and session.lease.is_held_elsewhere()
    counts = store.counts()
    unsent = sum(counts.get(state, 0) for state in NOT_SENT)
    if runs:  # each run may be a rerun or send only part of the group
        to_send = sum(r.progress.total - len(r.progress.sent) for r in runs if not r.is_canceled)
    else:
        to_send = unsent if is_sent_elsewhere else 0
    left = to_send + sum(counts.get(state, 0) for state in PENDING | {SENDING})
    began_at = store.lease.acquired_at()
    return time_left(left, store.statuses.recent_ends(began_at, MAX_ENDS + 1), began_at, now)


def time_left(left: int, ends: Sequence[float], began_at: float, now: float) -> TimeLeft:
    """Return the time for the remaining jobs, at the rate at which the run's last jobs ended.

    Args:
        left: number of jobs that have not ended.
        ends: times at which the last jobs of the run ended, oldest first, in seconds since the
            epoch.
        began_at: time at which the run began, in seconds since the epoch.
        now: present time, in seconds since the epoch.

    >>> time_left(10, [3.0, 5.0, 10.0, 12.0], 0.0, 12.0)
    TimeLeft(eta_s=(15.0, 45.0), stalled_since=None)
    >>> time_left(10, [3.0, 5.0, 10.0, 12.0], 0.0, 900.0)
    TimeLeft(eta_s=None, stalled_since=12.0)
    """
    now = max([now, *ends[-1:]])
    if not left or len(ends) < MIN_ESTIMATE_SAMPLES or now - began_at < MIN_RUN_S:
        return TimeLeft()
    in_window = len(ends) - bisect_left(ends, now - WINDOW_S)
    used = min(max(in_window, WINDOW_ENDS), MAX_ENDS)
    if len(ends) > used:
        began_at, ends = ends[-used - 1], ends[-used:]
    if began_at > ends[0]:
        return TimeLeft()
    if now - ends[-1] > max(MIN_STALL_S, STALL_INTERVALS * (ends[-1] - began_at) / len(ends)):
        return TimeLeft(stalled_since=ends[-1])
    mean_s = left * (now - began_at) / len(ends)
    spread = 1 / math.sqrt(len(ends))  # relative spread of a count of independent events
    return TimeLeft((mean_s * (1 - spread), max(MIN_ETA_S, mean_s * (1 + spread))))
