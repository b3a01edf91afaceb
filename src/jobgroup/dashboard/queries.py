"""Questions of the browser: jobs, results, groups on disk (`js/src/kernel/answers.ts`).

These may take long (results come from the cloud), so they run in threads of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from reprlib import repr as short
from typing import Any, Final

from jobgroup import catalog
from jobgroup.adapters import NoIdealError, ideal_of
from jobgroup.dashboard.group_commands import parse_positions
from jobgroup.dashboard.measured import (
    Measurements,
    add_distances,
    distributions,
    measured_rows,
    probabilities,
)
from jobgroup.dashboard.protocol import Json
from jobgroup.engine.overrides import apply_overrides, overridable_params
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup, engine_session, jobs_at
from jobgroup.job import RemoteJob
from jobgroup.store import GroupStore, GroupSummary
from jobgroup.store.columns import MAX_CELL
from jobgroup.store.paths import group_path, size_on_disk
from jobgroup.store.summaries import summarise

ALL_FIXED: Final = (
    "Every parameter of it is part of the experiment, which only Perceval can write: build it again"
    " and add it."
)

NEED_PERCEVAL: Final = frozenset({"results", "measured"})
"""Questions that may import Perceval; a server asks a child process."""


def job_detail(group: JobGroup, job: RemoteJob) -> Json:
    """Everything that is known of one job but its results."""
    store, record = engine_session(group).store, job._record  # noqa: SLF001
    return {
        "position": record.position,
        "attempts": [
            {
                "number": each.number,
                "remote_id": each.remote_id,
                "state": each.state,
                "provider_status": each.provider_status,
                "message": each.message,
                "sent_at": each.sent_at or each.intent_at,
                "started_at": each.started_at,
                "duration_s": each.duration_s,
                "finished_at": each.finished_at,
                "diagnostics": dict(each.diagnostics),
                "overrides": dict(each.overrides),
            }
            for each in job.attempts
        ],
        "events": sorted(_timeline(job), key=lambda event: float(event["at"])),
        "params": job.params,
        "labels": job.labels,
        "metadata": job.metadata,
        "note": job.note,
        "rerun_of": record.rerun_of,
        **_changeable(store, record.entry_id),
    }


def _changeable(store: GroupStore, entry_id: int) -> Json:
    """The parameters that a rerun can change, or why there are none."""
    try:
        payload = apply_overrides(store.body(entry_id), {}).body["payload"]
    except JobGroupError as error:
        return {"changeable": {}, "fixed": str(error)}
    found = {
        name: value
        for name, value in overridable_params(payload).items()
        if not isinstance(value, str) or len(value) <= MAX_CELL
    }
    return {"changeable": found, "fixed": "" if found else ALL_FIXED}


def _timeline(job: RemoteJob) -> Iterator[Json]:
    """Yield the events of a job: those of its attempts, and those noted beside them."""
    for event in job.events:
        yield {"at": event.at, "what": event.kind, "text": event.text}
    for each in job.attempts:
        changes = (f", {name} {_change(pair)}" for name, pair in each.overrides.items())
        text = f"attempt {each.number}{''.join(changes)}"
        yield {"at": each.intent_at, "what": "sending", "text": text}
        if each.sent_at is not None:
            yield {"at": each.sent_at, "what": "sent", "text": f"as {each.remote_id}"}
        if each.started_at is not None:
            yield {"at": each.started_at, "what": "started", "text": ""}
        if each.finished_at is not None:
            yield {"at": each.finished_at, "what": each.state, "text": each.message or ""}


def _change(pair: Any) -> str:
    return " → ".join(map(str, pair)) if isinstance(pair, list) else str(pair)


class Queries:
    """Answers what is asked of a group; results are remembered."""

    def __init__(self) -> None:
        self._measurements = Measurements()

    def answer(
        self, group: JobGroup, name: str, args: Json, *, removals: int | None = None
    ) -> Json:
        if name == "size":
            return size(group)
        if name == "job":
            return job_detail(group, jobs_at(group, [int(args["position"])], removals=removals)[0])
        positions = parse_positions(args.get("positions"))
        jobs = None if positions is None else jobs_at(group, positions, removals=removals)
        if name == "estimate":
            return estimate(group, jobs, bool(args.get("rerun")))
        if name == "measured":
            return self.measured(group, jobs or [], _texts(args.get("columns") or []))
        return self.results(group, jobs or [], ideal=bool(args.get("ideal")))

    def results(self, group: JobGroup, jobs: Sequence[RemoteJob], *, ideal: bool = False) -> Json:
        """Return the distributions of some jobs, and their ideals; or why there are none."""
        found = self._measurements.of(group, jobs)
        results = [{"position": p, **distributions(parts)} for p, parts in found.items()]
        if ideal:
            store = engine_session(group).store
            bodies = [store.body(job._record.entry_id) for job in jobs]  # noqa: SLF001
            results = [each | _ideal(body) for each, body in zip(results, bodies, strict=True)]
        if results:
            add_distances(results, found, results[0].get("ideal"))
        return {"results": results}

    def measured(self, group: JobGroup, jobs: Sequence[RemoteJob], states: Sequence[str]) -> Json:
        """Return what some jobs measured, a row for each and for each iteration."""
        return measured_rows(self._measurements.of(group, jobs), states)


def _texts(values: Any) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"columns must be a list of names, got {short(values)}.")
    return values


def _ideal(body: Mapping[str, Any] | None) -> Json:
    try:
        return {"ideal": probabilities("ideal", ideal_of(body or {}))}
    except NoIdealError as error:
        return {"no_ideal": str(error)}


def groups() -> Json:
    """All groups on disk, and those in the trash."""
    return {
        "groups": [_summary(each) for each in catalog.summaries()],
        "trash": [_summary(summarise(*each)) for each in catalog.trash().items()],
    }


def size(group: JobGroup) -> Json:
    """Return a group's size on disk, and groups with similar names."""
    return {
        "size_bytes": size_on_disk(group_path(group.name)),
        "similar_names": catalog.similar_names(group.name),
    }


def estimate(group: JobGroup, jobs: list[RemoteJob] | None, rerun: bool) -> Json:
    """Return the estimate of a run or a rerun in one line; None for all jobs."""
    return {"text": str(group.estimate(jobs, rerun=rerun))}


def _summary(summary: GroupSummary) -> Json:
    return {
        "name": summary.name,
        "counts": dict(summary.counts),
        "created": summary.created_at,
        "modified": summary.modified_at,
        "size_bytes": summary.size_bytes,
        "error": summary.problem or "",
        "description": summary.description,
    }
