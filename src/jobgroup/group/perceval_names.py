"""Define the methods of Perceval's `JobGroup`, from any release, that have other names here.

`JobGroup` has all of them, so that scripts for Perceval's class run.
"""

# ruff: noqa: D417, SLF001  # a part of the class, in its own file so that the class is easier to
# read

from __future__ import annotations

import sys
from dataclasses import replace as replaced
from datetime import datetime
from typing import TYPE_CHECKING

from jobgroup import catalog
from jobgroup.engine.launchable import list_launchable
from jobgroup.errors import GroupNotFoundError, warn
from jobgroup.group.pending import Pending, twins
from jobgroup.group.validation import run_request, validate_counts, validate_delay, validate_flags
from jobgroup.job import RemoteJob
from jobgroup.status import ACTIVE, FAILED, NOT_SENT

if TYPE_CHECKING:
    from jobgroup.group.group import JobGroup


# -- lists -----------------------------------------------------------------------------------------


def list_active_jobs(self: JobGroup, refresh: bool = True) -> list[RemoteJob]:
    """Return the jobs that are running or waiting on the cloud.

    Args:
        refresh: whether to poll jobs that may have changed first.

    Raises:
        CredentialsError: `refresh` is True, and the token is missing or rejected.
    """
    return _in_states(self, ACTIVE, refresh=refresh)


def list_successful_jobs(self: JobGroup, refresh: bool = True) -> list[RemoteJob]:
    """Return the jobs that succeeded.

    Args:
        refresh: whether to poll jobs that may have changed first.

    Raises:
        CredentialsError: `refresh` is True, and the token is missing or rejected.
    """
    return _in_states(self, {"success"}, refresh=refresh)


def list_unsuccessful_jobs(self: JobGroup, refresh: bool = True) -> list[RemoteJob]:
    """Return the jobs that ended in error or were canceled.

    Args:
        refresh: whether to poll jobs that may have changed first.

    Raises:
        CredentialsError: `refresh` is True, and the token is missing or rejected.
    """
    return _in_states(self, FAILED, refresh=refresh)


def list_unsent_jobs(self: JobGroup) -> list[RemoteJob]:
    """Return the jobs that have not been sent."""
    return self.jobs(state=NOT_SENT)


def count_never_sent_jobs(self: JobGroup) -> int:
    """Return the number of jobs that have not been sent."""
    counts = self._session.store.counts()
    return sum(counts.get(state, 0) for state in NOT_SENT)


def _in_states(
    group: JobGroup, states: set[str] | frozenset[str], *, refresh: bool
) -> list[RemoteJob]:
    if refresh:
        group.refresh()
    return group.jobs(state=states)


# -- running ---------------------------------------------------------------------------------------


async def _rerun_failed_sequential(
    self: JobGroup,
    delay: float,
    replace_failed_jobs: bool = True,
    *,
    stop_after_failures: int | None = None,
) -> None:
    """Rerun all failed jobs one after the other. Each starts when the previous one has ended.

    Args:
        delay: seconds between the end of one job and the start of the next.
        replace_failed_jobs: whether to rerun jobs in place, keeping their attempts; otherwise
            reruns are appended to the group.
        stop_after_failures: number of failed jobs after which the run ends.

    Raises:
        TypeError, ValueError: an argument is invalid; nothing was sent.
        JobGroupError: as for `run_sequential`.
    """
    validate_flags(replace_failed_jobs=replace_failed_jobs)
    await self._run(
        run_request(
            rerun=True,
            replace=replace_failed_jobs,
            delay=validate_delay(delay),
            stop_after_failures=stop_after_failures,
        )
    )


rerun_failed_sequential, rerun_failed_sequential_async = twins(_rerun_failed_sequential)


async def _rerun_failed_parallel(
    self: JobGroup,
    replace_failed_jobs: bool = True,
    *,
    queue: bool = False,
    wait: bool | None = None,
    concurrent_job_count: int | None = None,
    stop_after_failures: int | None = None,
) -> None:
    """Rerun all failed jobs in parallel, and return when they are sent.

    Args:
        replace_failed_jobs: whether to rerun jobs in place, keeping their attempts; otherwise
            reruns are appended to the group.
        queue: as for `run_parallel`.
        wait: as for `run_parallel`.
        concurrent_job_count: as for `run_parallel`.
        stop_after_failures: as for `run_parallel`.

    Raises:
        JobGroupError: as for `run_parallel`.
    """
    validate_flags(replace_failed_jobs=replace_failed_jobs)
    await self._run(
        run_request(
            rerun=True,
            replace=replace_failed_jobs,
            queue=queue,
            wait=self._waits(wait),
            concurrent_job_count=concurrent_job_count,
            stop_after_failures=stop_after_failures,
        )
    )


rerun_failed_parallel, rerun_failed_parallel_async = twins(_rerun_failed_parallel)


async def _launch_async_jobs(self: JobGroup, concurrent_job_count: int | None = None) -> None:
    """Send as many unsent jobs as the plan has free slots, and return.

    Args:
        concurrent_job_count: maximum number of jobs for each account; None, 0 or less for no limit.

    Raises:
        ValueError: the cloud does not report its free slots and no count was given.
        JobGroupError: as for `run_parallel`.
    """
    await _launch(self, concurrent_job_count)


launch_async_jobs = twins(_launch_async_jobs)[0]


async def _relaunch_async_failed_jobs(
    self: JobGroup, replace_failed_jobs: bool = True, concurrent_job_count: int | None = None
) -> None:
    """Rerun as many failed jobs as the plan has free slots, and return.

    Args:
        replace_failed_jobs: as for `rerun_failed_parallel`.
        concurrent_job_count: as for `launch_async_jobs`.

    Raises:
        JobGroupError: as for `launch_async_jobs`.
    """
    validate_flags(replace_failed_jobs=replace_failed_jobs)
    await self._refresh()
    await _launch(self, concurrent_job_count, rerun=True, replace=replace_failed_jobs)


relaunch_async_failed_jobs = twins(_relaunch_async_failed_jobs)[0]


async def _launch(
    group: JobGroup, concurrent_job_count: int | None, *, rerun: bool = False, replace: bool = True
) -> None:
    validate_counts(least=-sys.maxsize, concurrent_job_count=concurrent_job_count)
    if concurrent_job_count is not None and concurrent_job_count <= 0:
        concurrent_job_count = None
    session, request = group._session, run_request(rerun=rerun, replace=replace)
    if not session.store.entries.ids(request.states):
        return
    listing = session.start(list_launchable, session, request.states, concurrent_job_count)
    chosen = await Pending(listing)
    if chosen:
        await group._run(replaced(request, entry_ids=tuple(chosen)))
    else:
        warn(f"{group.name}: no job will be run as there is no slot available")


async def _cancel_all(self: JobGroup) -> None:
    """Ask the cloud to cancel all active jobs; warn about each failure."""
    await self._cancel()


cancel_all, cancel_all_async = twins(_cancel_all)


# -- all groups ------------------------------------------------------------------------------------


def list_existing() -> list[str]:
    """Return the names of all groups on disk."""
    return catalog.names()


def list_locally_saved() -> list[str]:
    """Return the names of all groups on disk, as `list_existing` does."""
    return catalog.names()


def delete_job_group(name: str, *, permanently: bool = False) -> None:
    """Move a group to the trash. `restore` restores it. Results on the cloud remain.

    Args:
        name: name of the group. If no group has it, a warning suggests similar names.
        permanently: whether to delete the group without keeping it in the trash.

    Raises:
        GroupBusyError: a process is running the group.
    """
    try:
        catalog.delete(name, permanently=permanently)
    except GroupNotFoundError as error:
        warn(f"{error} Nothing was deleted.")


def delete_job_groups_date(del_before_date: datetime) -> None:
    """Move all groups created before a date to the trash.

    Args:
        del_before_date: date before which deleted groups were created; without a time zone, it is
            local time.

    Raises:
        TypeError: the date is not a datetime; nothing was deleted.
    """
    if not isinstance(del_before_date, datetime):
        raise TypeError(
            f"del_before_date must be a datetime, got {type(del_before_date).__name__}."
        )
    if not catalog.delete_before(del_before_date):
        warn(f"No groups found to delete before {del_before_date}")


def delete_all_job_groups() -> None:
    """Move all groups to the trash. `restore` restores them."""
    catalog.delete_all()
