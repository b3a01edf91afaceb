"""The part of a `JobGroup` that is asked for things: pausing, canceling, what is sent next."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from jobgroup.engine.commands import execute
from jobgroup.group.pending import Call
from jobgroup.group.watching import Watching
from jobgroup.job import RemoteJob
from jobgroup.store import CommandResult


class Commanding(Watching):
    """Commands; each is done by whichever process runs the group."""

    def ask(self, command: str, **args: Any) -> Future[CommandResult]:
        """Have something done without waiting, by whichever process runs the group.

        Commands are "run", "rerun", "run_next", "resend", "confirm", "cancel", "pause", "resume",
        "refresh".

        Returns:
            A future of what happened, for which jobs, and why not for others.
        """
        if command in ("run", "rerun"):
            args.setdefault("is_background", True)
        return self._session.start(execute, self._session, command, args)

    def pause(self) -> None:
        """Send nothing more until `resume`, in whichever process; what runs goes on."""
        self.ask("pause").result()

    def resume(self) -> None:
        """Go on sending after `pause`."""
        self.ask("resume").result()

    def run_next(self, jobs: Iterable[RemoteJob | int] | RemoteJob | int) -> list[int]:
        """Let jobs be sent before the others, in this order, by the run that goes on or the next.

        It sends nothing by itself. A run of the whole group, in whichever process, takes these jobs
        next, also those that were added after it had begun; a rerun so takes failed jobs. The wish
        stands in the group's file until the jobs are sent; a later one goes before it.

        Args:
            jobs: jobs, or their places in the group; those that were sent already are left alone.

        Returns:
            The places of those that go first.
        """
        return list(self.ask("run_next", positions=self._places(jobs)).result().done)

    def cancel_all(self) -> None:
        """Ask the cloud to cancel every sent job that has not ended; each failure is a warning."""
        self.cancel(None)

    async def cancel_all_async(self) -> None:
        """`cancel_all`, awaited."""
        _warn_of_failures(await Call(self.ask("cancel", positions=None)).wait())

    def cancel(self, jobs: Iterable[RemoteJob | int] | None) -> list[int]:
        """Ask the cloud to cancel jobs; None for all that have not ended.

        Returns:
            The places of those that it was asked for; a failure of one is a warning.
        """
        outcome = Call(self.ask("cancel", positions=self._places(jobs))).block()
        _warn_of_failures(outcome)
        return list(outcome.done)


def _warn_of_failures(outcome: CommandResult) -> None:
    for place, sentence in outcome.failed.items():
        warnings.warn(f"Job {place} could not be canceled: {sentence}", stacklevel=3)
