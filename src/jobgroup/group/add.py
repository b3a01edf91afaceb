"""Adding: from what `JobGroup.add` is given to what the store takes in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from jobgroup.adapters import follow, read_job, validate_labels
from jobgroup.credentials import remember
from jobgroup.engine.session import GroupSession
from jobgroup.job import RemoteJob, job_at
from jobgroup.proxies import remember_proxies
from jobgroup.references import GroupReference
from jobgroup.store import NewJob
from jobgroup.words import shown


def add_jobs(
    session: GroupSession, jobs: Iterable[Any], labels: Mapping[str, Any] | None = None
) -> None:
    """Append jobs, all of them or none; see `JobGroup.add_many`."""
    if not isinstance(jobs, Iterable):
        raise TypeError(f"add_many takes several jobs, a list say, not {shown(jobs)}.")
    # read to the end first: making jobs may take long, and look at this very group
    added = [
        (item, new)
        for item in (each if isinstance(each, tuple) else (each,) for each in jobs)
        for new in _new_jobs(*_validate_entry(item), default=labels)
    ]
    positions = session.store.add([new for _, new in added])
    group = GroupReference(session)
    for (item, new), position in zip(added, positions, strict=True):
        if isinstance(item[0], RemoteJob):
            continue
        entry = partial(_entry, group, position)
        follow(item[0], entry, new.name, item[1] if len(item) > 1 else None)


def _validate_entry(entry: tuple[Any, ...]) -> tuple[Any, ...]:
    if not 1 <= len(entry) <= 3:
        raise TypeError(
            "An entry of add_many is a job, or a tuple of a job, its parameters and its labels, not"
            f" {shown(entry)}. Nothing was added."
        )
    return entry


def _new_jobs(
    job: Any,
    params: Mapping[str, Any] | None = None,
    labels: Mapping[str, Any] | None = None,
    *,
    default: Mapping[str, Any] | None,
) -> Iterator[NewJob]:
    labels = validate_labels(default if labels is None else labels)
    specs = [job._to_spec(params or {})] if isinstance(job, RemoteJob) else read_job(job, params)  # noqa: SLF001
    for spec in specs:
        remember(spec.origin, spec.account_label, spec.token)
        remember_proxies(spec.origin, spec.account_label, spec.proxies)
        yield spec.to_new_job(labels)


def _entry(group: GroupReference, position: int) -> RemoteJob:
    return job_at(group.session(), position)
