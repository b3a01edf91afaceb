"""Define `GroupState`, traits that follow a group's file and can be observed without a widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, Float, HasTraits, Int, List, Unicode

from jobgroup.engine.activity import find_sender, read_activity
from jobgroup.engine.time_left import read_time_left
from jobgroup.errors import GroupMovedError
from jobgroup.status import TERMINAL

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession

MAX_PRIORITIES = 50
"""Maximum number of prioritized jobs in `GroupState.next_up`."""


class GroupState(HasTraits):
    """The state of a group. You can read it at any time. Traits that you observe stay up to date.

    Observers are called in an engine thread. While there are observers, jobgroup polls the cloud.

    Attributes:
        counts: jobs by state.
        progress: share of jobs that have ended, 0 to 1.
        eta_s: shortest and longest likely time, in seconds, until all jobs have ended that were
            sent or that a running process will send; None if unknown. It is estimated from the rate
            at which jobs end.
        stalled_since: time at which the last job ended, in seconds since the epoch, if no job has
            ended for ten times as long as usual; None otherwise.
        sender: the process that sends the group's jobs, with `host`, `pid`, `since` (seconds since
            the epoch), `is_this_process`, and `is_from_page` (whether a page started it); None if
            there is none.
        results_on_cloud_only: number of successful jobs whose results are not in the group's file.
            Clouds may delete results, so fetch them with `JobGroup.keep_results`.
        version: number that grows with each change.
        active: whether a job is running or waiting, or a process is sending jobs. When `active`
            changes to False, the group has finished.
        busy: what this process is doing ("run" or "rerun"); "" for nothing.
        paused: whether sending is paused.
        next_up: positions of the first 50 prioritized jobs (`JobGroup.prioritize`), in order.
        last_error: the current problem with a cloud, as a sentence; "" for none. If a response
            could not be written to disk, the sentence names the job and its id.
        incident: kind of the incident: "unreachable", "token", "credits" or "disk"; "" for none.
        incident_since: time at which the incident began, in seconds since the epoch.
        updated_at: time of the cloud's last response, in seconds since the epoch; None before the
            first response.
    """

    counts = Dict()
    progress = Float(0.0)
    eta_s = AnyTrait(None, allow_none=True)
    stalled_since = AnyTrait(None, allow_none=True)
    sender = AnyTrait(None, allow_none=True)
    results_on_cloud_only = Int(0)
    version = Int(0)
    active = Bool(False)
    busy = Unicode("")
    paused = Bool(False)
    next_up: List[int] = List()
    last_error = Unicode("")
    incident = Unicode("")
    incident_since = AnyTrait(None, allow_none=True)
    updated_at = AnyTrait(None, allow_none=True)

    def __init__(self, session: GroupSession) -> None:
        super().__init__()
        self._session = session
        self._unsubscribe: Callable[[], None] | None = None
        self._update()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(
            "A group's state cannot be pickled or copied. Pickle the group instead, and read the"
            " state of the copy."
        )

    def _update(self) -> None:
        """Update the traits from the file."""
        session = self._session
        counts, is_active = read_activity(session)
        meta = session.store.meta()
        incidents = session.store.incidents.list()
        total = sum(counts.values())
        ended = sum(counts.get(s, 0) for s in TERMINAL)
        runs = list(session.runs)
        with self.hold_trait_notifications():
            self.counts = counts
            self.progress = ended / total if total else 0.0
            self.active = is_active
            self.busy = "" if not runs else "rerun" if runs[0].request.rerun else "run"
            self.paused = bool(meta.get("paused"))
            self.next_up = session.store.priorities.positions(MAX_PRIORITIES)
            unwritten = session.settling.sentence or session.poller.write_problem
            self.last_error = unwritten or (incidents[0].message if incidents else "")
            self.incident = "disk" if unwritten else incidents[0].kind if incidents else ""
            is_cloud = bool(incidents) and not unwritten
            self.incident_since = incidents[0].opened_at if is_cloud else None
            self.updated_at = session.poller.last_answer_at
            left = read_time_left(session)
            self.eta_s, self.stalled_since = left.eta_s, left.stalled_since
            self.sender = find_sender(session)
            self.results_on_cloud_only = session.store.results.count_missing()
            self.version = meta["version"]

    def _follow(self) -> None:
        try:
            self._update()
        except GroupMovedError as error:
            self.last_error = self._session.settling.sentence or str(error)

    def observe(self, *args: Any, **kwargs: Any) -> None:
        """Observe traits as in traitlets. The first observer makes the engine poll the group."""
        super().observe(*args, **kwargs)
        if self._unsubscribe is None:
            self._unsubscribe = self._session.subscribe(self._follow)

    def unobserve_all(self, name: Any = ...) -> None:
        """Remove observers as in traitlets. The engine no longer polls the group for them."""
        if name is ...:
            super().unobserve_all()
            if self._unsubscribe is not None:
                self._unsubscribe()
                self._unsubscribe = None
        else:
            super().unobserve_all(name)
