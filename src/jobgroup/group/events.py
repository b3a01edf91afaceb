"""Define the events of a group, and the subscriptions to them, for `JobGroup.on_done`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import update_wrapper
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from jobgroup.engine.notifier import GroupNotifier
from jobgroup.engine.session import GroupSession
from jobgroup.job import RemoteJob
from jobgroup.words import format_states, on_one_line, shown

if TYPE_CHECKING:
    from jobgroup.store import JobRecord


@dataclass(frozen=True, slots=True)
class GroupEvent:
    """An event of a group.

    Attributes:
        kind: "job_failed" or "finished".
        group: the `JobGroup`.
        counts: number of the group's jobs in each state at the time of the event.
        message: sentence that describes the event, without control characters.
        job: the job that failed; None when the group has finished.
    """

    kind: Literal["job_failed", "finished"]
    group: Any
    counts: Mapping[str, int]
    message: str
    job: RemoteJob | None = None


class Subscription:
    """A subscription of a `JobGroup.on_done` callback.

    A subscription ends with ``cancel()``, at the end of a ``with`` block, or when the group has
    finished. Calling a subscription calls its callback.
    """

    def __init__(
        self, group: Any, session: GroupSession, callback: Callable[[GroupEvent], object]
    ) -> None:
        given: object = callback
        if not callable(given) or inspect.iscoroutinefunction(given):
            raise TypeError(
                "callback must be a function of one argument, not a coroutine function, got"
                f" {shown(callback)}."
            )
        self._callback = callback
        update_wrapper(self, callback, updated=())

        def tell(counts: Mapping[str, int], failed: JobRecord | None) -> None:
            callback(_event(group, counts, failed))

        self._notifier = GroupNotifier(session, tell)

    def cancel(self) -> None:
        """Stop calling the callback. You may call this in any thread, even in the callback."""
        self._notifier.stop()

    def __call__(self, event: GroupEvent) -> object:
        """Call the callback."""
        return self._callback(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()


def _event(group: Any, counts: Mapping[str, int], failed: JobRecord | None) -> GroupEvent:
    if failed is None:
        text = f"{group.name} has finished: {format_states(counts)}."
        return GroupEvent("finished", group, counts, on_one_line(text))
    why = (failed.message or "The cloud gave no reason").rstrip(".")
    text = f"Job {failed.position} of {group.name} failed: {why}."
    return GroupEvent("job_failed", group, counts, on_one_line(text), group[failed.position])
