"""What the exit codes of the command mean."""

from __future__ import annotations

from enum import IntEnum

from jobgroup.errors import (
    GroupBusyError,
    GroupNotFoundError,
    InvalidNameError,
    JobGroupError,
    RemoteNotFoundError,
    UnknownColumnError,
)


class Exit(IntEnum):
    """The exit codes. From 128 on they are what a shell tells of a signal."""

    DONE = 0
    FAILED = 1
    MISUSED = 2
    BUSY = 3
    NOT_FOUND = 4
    JOBS_FAILED = 5
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


class NotFoundError(JobGroupError, LookupError):
    """A group has no such job."""


class MisuseError(JobGroupError, ValueError):
    """What was asked for makes no sense."""


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, which ends a command as Ctrl-C does: what is in flight is recorded first."""


def exit_of(error: JobGroupError) -> Exit:
    """The exit code for an error whose sentence was told."""
    if isinstance(error, GroupBusyError):
        return Exit.BUSY
    if isinstance(error, GroupNotFoundError | NotFoundError | RemoteNotFoundError):
        return Exit.NOT_FOUND
    if isinstance(error, MisuseError | InvalidNameError | UnknownColumnError):
        return Exit.MISUSED
    return Exit.FAILED
