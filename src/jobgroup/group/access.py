"""Give the dashboard and the command line access to a group's internals."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from jobgroup.engine.session import GroupSession
from jobgroup.group.group import JobGroup
from jobgroup.group.run import execute_for_user
from jobgroup.job import RemoteJob, job_of
from jobgroup.store import CommandResult


def engine_session(group: JobGroup) -> GroupSession:
    """Return the session of a group in this process, with its store, runs and subscribers."""
    return group._session  # noqa: SLF001 # only here


def jobs_at(
    group: JobGroup, positions: Sequence[int], *, removals: int | None = None
) -> list[RemoteJob]:
    """Return the jobs at positions that were looked up earlier; see `Entries.at`."""
    session = engine_session(group)
    found = session.store.entries.at(positions, removals=removals)
    return [job_of(session, entry_id) for entry_id in found]


def request(
    group: JobGroup, command: str, *, removals: int | None = None, **args: Any
) -> Future[CommandResult]:
    """Request a command without waiting. The process that runs the group executes it.

    Args:
        group: the group.
        command: name of a command of `jobgroup.engine.commands`.
        removals: value of `Entries.removals` when the positions were looked up; None if they were
            looked up just now.
        args: arguments of the command; entries are given as `positions` or a `position`. A run
            waits out outages and rejected tokens unless ``is_background=False``.

    Returns:
        A future of the result: the jobs for which the command succeeded, and the reason for each
        other job.
    """
    if command in ("run", "rerun"):
        args.setdefault("is_background", True)
    session = engine_session(group)
    if (positions := args.pop("positions", None)) is not None:
        args["entry_ids"] = session.store.entries.at(positions, removals=removals)
    if "position" in args:
        args["entry_id"] = session.store.entries.at([args.pop("position")], removals=removals)[0]
    return session.start(execute_for_user, session, command, args)
