"""Answer the browser's queries about jobs, results and groups (`js/src/kernel/answers.ts`).

Results come from the cloud, so answers may take a long time. Separate threads compute them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from jobgroup import catalog
from jobgroup.dashboard.comparisons import compare_jobs
from jobgroup.dashboard.figures import MAX_UNASKED, Figures
from jobgroup.dashboard.group_comparisons import GroupComparisons
from jobgroup.dashboard.job_detail import drawing, job_detail, payload
from jobgroup.dashboard.measured import (
    distributions,
    measured_rows,
    measurements_of,
)
from jobgroup.dashboard.protocol import Json
from jobgroup.dashboard.slots import slots
from jobgroup.dashboard.static_html import saved_state
from jobgroup.group import JobGroup, engine_session, jobs_at
from jobgroup.job import RemoteJob
from jobgroup.results.definitions import definitions_of
from jobgroup.store.paths import group_path, size_on_disk

NEED_RESULTS: Final = frozenset({"results", "measured", "figure", "compare"})
NEED_PERCEVAL: Final = NEED_RESULTS | {"compare_groups", "drawing"}
"""Queries that may import Perceval. A server forwards them to a child process."""

MAX_FIGURES: Final = 12
MAX_POINTS: Final = 50_000
"""Maximum number of states and points of a figure in a saved page."""

OF_ONE_JOB: Final[Mapping[str, Callable[[JobGroup, RemoteJob], Json]]] = {
    "job": job_detail,
    "payload": payload,
    "drawing": drawing,
}
"""Queries about the job at a position."""


class Queries:
    """Answers queries about a group, and keeps its figures in memory."""

    def __init__(self) -> None:
        self.compare_groups = GroupComparisons().answer
        self._of_group: Mapping[str, Callable[[JobGroup, Json], Json]] = {
            "size": lambda group, _: size(group),
            "saved": lambda group, _: saved_state(group),
            "slots": lambda group, _: slots(group),
            "figure": Figures().answer,
            "compare_groups": lambda _, args: self.compare_groups(args),
        }

    def answer(
        self, group: JobGroup, name: str, args: Json, *, removals: int | None = None
    ) -> Json:
        """Return the answer, with `token_needed` if results need a valid token."""
        answer = self._answer(group, name, args, removals)
        if name in NEED_RESULTS and (needed := measurements_of(group).token_needed):
            return {**answer, "token_needed": needed}
        return answer

    def _answer(self, group: JobGroup, name: str, args: Json, removals: int | None) -> Json:
        if name in self._of_group:
            return self._of_group[name](group, args)
        if name in OF_ONE_JOB:
            (job,) = jobs_at(group, [args["position"]], removals=removals)
            return OF_ONE_JOB[name](group, job)
        positions = args.get("positions")
        jobs = None if positions is None else jobs_at(group, positions, removals=removals)
        if name == "estimate":
            return estimate(group, jobs, args.get("rerun", False))
        if name == "compare":
            records = [job._record for job in jobs or []]  # noqa: SLF001
            return compare_jobs(group, records, ideal=args.get("ideal", False))
        if name == "measured":
            return self.measured(group, jobs or [], args.get("columns") or [])
        return self.results(group, jobs or [])

    def results(self, group: JobGroup, jobs: Sequence[RemoteJob]) -> Json:
        """Return the distributions of jobs, or the reasons why they are missing."""
        found = measurements_of(group).of(group, jobs)
        return {"results": [{"position": p, **distributions(parts)} for p, parts in found.items()]}

    def figures(self, group: JobGroup) -> Json:
        """Return a figure for each quantity, and load all results if they are few enough."""
        answer = self._of_group["figure"]
        first = answer(group, {})
        while first["missing"] > 0 and first["of"] <= MAX_UNASKED:
            first = answer(group, {})
        if first["figure"] is None:
            return {}
        choices = first["choices"]
        others = [*choices["states"][:MAX_FIGURES], *choices["scalars"], *choices["definitions"]]
        found = {"": first, **{y: answer(group, {"y": y}) for y in others}}
        points = len(first["figure"]["points"]["x"])
        return dict([*found.items()][: max(1, MAX_POINTS // max(1, points))])

    def measured(self, group: JobGroup, jobs: Sequence[RemoteJob], states: Sequence[str]) -> Json:
        """Return the measured values of jobs, in one row for each job and iteration."""
        known = measurements_of(group)
        found = known.of(group, jobs)
        definitions = definitions_of(engine_session(group).store)
        return measured_rows(found, states, known.frequent_states, definitions)


def size(group: JobGroup) -> Json:
    """Return a group's size on disk, whether it caches results, and groups with similar names."""
    return {
        "keeps_results": group.cache.enabled,
        "size_bytes": size_on_disk(group_path(group.name)),
        "similar_names": catalog.similar_names(group.name),
    }


def estimate(group: JobGroup, jobs: list[RemoteJob] | None, rerun: bool) -> Json:
    """Return the estimate of a run or a rerun, and a summary in one line."""
    estimated = group.estimate(jobs, rerun=rerun)
    return {**asdict(estimated), "text": str(estimated)}
