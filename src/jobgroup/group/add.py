"""Convert the arguments of `JobGroup.add` to the jobs that the store appends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from jobgroup.adapters import follow, read_job
from jobgroup.credentials import remember
from jobgroup.engine.session import GroupSession
from jobgroup.fingerprint import Fingerprint, fingerprint
from jobgroup.group.doubles import add_once, warn_of_doubles
from jobgroup.group.labels import read_labels
from jobgroup.job import RemoteJob, job_of
from jobgroup.proxies import remember_proxies
from jobgroup.references import GroupReference
from jobgroup.store import NewJob
from jobgroup.store.inserts import check_job
from jobgroup.store.limits import check_name
from jobgroup.words import shown


class _Given(NamedTuple):
    """A job as given, its parameters, and the job as added."""

    job: Any
    params: Mapping[str, Any]
    new: NewJob


def add_jobs(
    session: GroupSession,
    jobs: Iterable[Any],
    labels: Mapping[str, Any] | None = None,
    *,
    account: str | None = None,
    once: bool = False,
) -> None:
    """Append jobs, all of them or none; see `JobGroup.add_many`."""
    if not isinstance(jobs, Iterable):
        raise TypeError(
            f"jobs must be an iterable such as a list, got {shown(jobs)}. Nothing was added."
        )
    if account is not None:
        check_name("account", account, effect="Nothing was added.")
    # Read the whole iterable first, because creating the jobs may take a while and may read this
    # group.
    given = [_given(*_validate_entry(each), default=labels, account=account) for each in jobs]
    if once:
        entry_ids = add_once(session, [(each.new, mark_of(each.new)) for each in given])
    else:
        entry_ids = session.store.add([each.new for each in given])
        warn_of_doubles(session, [each.new for each in given], entry_ids)
    group = GroupReference(session)
    for each, entry_id in zip(given, entry_ids, strict=True):
        if not isinstance(each.job, RemoteJob):
            follow(each.job, partial(entry_of, group, entry_id), each.new.name, each.params)


def new_job(
    job: Any, params: Mapping[str, Any], labels: Mapping[str, Any], account: str | None = None
) -> NewJob:
    """Return a job as the store appends it; keep its token in memory.

    Args:
        job: the job.
        params: parameters for its execution.
        labels: its labels.
        account: label of its account; None for the job's own.
    """
    if isinstance(job, RemoteJob):
        spec = job._to_spec(params)  # noqa: SLF001
    else:
        (spec,) = read_job(job, params)
    if account is not None:
        spec = replace(spec, account_label=account)
    remember(spec.origin, spec.account_label, spec.token)
    remember_proxies(spec.origin, spec.account_label, spec.proxies)
    return spec.to_new_job(labels)


def mark_of(job: NewJob) -> Fingerprint:
    """Return the fingerprint of a job that is about to be added.

    Raises:
        ValueError: the job's body cannot be sent as JSON.
    """
    try:
        return fingerprint(job.compared_body)
    except (RecursionError, TypeError, ValueError):
        check_job(job)  # raises an error with a better message
        raise


def entry_of(group: GroupReference, entry_id: int) -> RemoteJob:
    """Return an entry as a job of its group; open the group if necessary."""
    return job_of(group.session(), entry_id)


def _validate_entry(entry: Any) -> tuple[Any, ...]:
    found = entry if isinstance(entry, tuple) else (entry,)
    if not 1 <= len(found) <= 3:
        raise TypeError(
            "An entry of add_many must be a job, or a tuple of a job, its parameters and its"
            f" labels, got {shown(entry)}. Nothing was added."
        )
    return found


def _given(
    job: Any,
    params: Mapping[str, Any] | None = None,
    labels: Mapping[str, Any] | None = None,
    *,
    default: Mapping[str, Any] | None,
    account: str | None,
) -> _Given:
    labels = read_labels(default if labels is None else labels)
    if not labels and isinstance(job, RemoteJob):  # the job is from another group
        labels = job.labels
    return _Given(job, params or {}, new_job(job, params or {}, labels, account))
