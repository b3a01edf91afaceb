"""Define the exit codes of the command."""

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
    """The exit codes. Codes of 128 and above follow the shell's convention for signals."""

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


class UsageError(JobGroupError, ValueError):
    """Arguments contradict each other, or an argument is missing."""


class TerminatedError(KeyboardInterrupt):
    """SIGTERM arrived. Like Ctrl-C, it ends a command once requests in flight are recorded."""


def exit_of(error: JobGroupError | TimeoutError) -> Exit:
    """Return the exit code for an error whose message was printed."""
    if isinstance(error, GroupBusyError):
        return Exit.BUSY
    if isinstance(error, GroupNotFoundError | NotFoundError | RemoteNotFoundError):
        return Exit.NOT_FOUND
    if isinstance(error, UsageError | InvalidNameError | UnknownColumnError):
        return Exit.MISUSED
    return Exit.FAILED
