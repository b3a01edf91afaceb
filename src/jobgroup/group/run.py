"""Define `Run`, the user's handle for a run in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from concurrent.futures import Future
from dataclasses import asdict, replace
from typing import Any

from jobgroup.engine.commands import execute
from jobgroup.engine.interrupt import wait_for
from jobgroup.engine.run import RunRequest
from jobgroup.engine.session import GroupSession
from jobgroup.group.validation import validate_timeout
from jobgroup.job import naming_its_job
from jobgroup.store import CommandResult


def by_position(session: GroupSession, result: CommandResult) -> CommandResult:
    """Convert the entry ids in a command's result to positions."""
    positions = session.store.entries.positions([*result.done, *result.failed])
    return replace(
        result,
        done=[positions[each] for each in result.done if each in positions],
        failed={positions[each]: why for each, why in result.failed.items() if each in positions},
    )


async def execute_for_user(
    session: GroupSession, name: str, args: Mapping[str, Any]
) -> CommandResult:
    """Execute a command on entries, and return its result by position."""
    return await session.in_thread(by_position, session, await execute(session, name, args))


class Run:
    """A run that `JobGroup.start` started. You can await it."""

    def __init__(self, session: GroupSession, request: RunRequest) -> None:
        self._session = session
        self._request = request
        args = asdict(request)
        name = "rerun" if args.pop("rerun") else "run"
        self._future: Future[CommandResult] = session.start(execute_for_user, session, name, args)

    def done(self) -> bool:
        """Return whether the run is over."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> CommandResult:
        """Wait until the run is over, and return its result.

        Args:
            timeout: maximum wait in seconds; None for no limit.

        Raises:
            TimeoutError: the timeout has passed; the run continues.
            JobGroupError: raised by the run; its other jobs stay unsent.
        """
        with naming_its_job(self._session):
            return wait_for(self._future, timeout_s=validate_timeout(timeout))

    def wait(self, timeout: float | None = None) -> None:
        """Block until the run is over, even if it ends with an error.

        Args:
            timeout: maximum wait in seconds; None for no limit.

        Raises:
            TimeoutError: the timeout has passed; the run continues.
        """
        self._future.exception(validate_timeout(timeout))

    def cancel(self) -> None:
        """Stop sending. Requests in flight are recorded, and jobs on the cloud continue.

        This does not stop a run in another process; `JobGroup.pause` does.
        """
        for run in list(self._session.runs):
            if run.request == self._request:
                run.cancel()

    def __await__(self) -> Generator[Any, Any, CommandResult]:
        # The run is shielded, so that canceling the wait does not end it.
        return asyncio.shield(asyncio.wrap_future(self._future)).__await__()

    def __repr__(self) -> str:
        return f"<Run of {self._session.name!r}: {'over' if self.done() else 'under way'}>"
