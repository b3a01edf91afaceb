"""What the dashboard and the command line use of a group beside its methods. Not for users."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from jobgroup.engine.commands import execute
from jobgroup.engine.session import GroupSession
from jobgroup.group.group import JobGroup
from jobgroup.store import CommandResult


def engine_session(group: JobGroup) -> GroupSession:
    """What this process does for the group: its store, its runs, who wants to know of changes."""
    return group._session  # noqa: SLF001  # here alone


def request(group: JobGroup, command: str, **args: Any) -> Future[CommandResult]:
    """Have something done without waiting, by whichever process runs the group.

    Args:
        group: the group.
        command: one of those of `jobgroup.engine.commands`.
        args: its arguments; a run waits out whatever may pass unless ``is_background=False``.

    Returns:
        A future of what happened, for which jobs, and why not for others.
    """
    if command in ("run", "rerun"):
        args.setdefault("is_background", True)
    session = engine_session(group)
    return session.start(execute, session, command, args)
