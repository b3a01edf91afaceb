"""`GroupEvent`, the argument of callbacks of `JobGroup.on_done`; `Subscription`, to end them."""

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
        counts: its jobs by state at that moment.
        message: what happened, in a sentence, without control characters.
        job: the job that failed; None when the group has finished.
    """

    kind: Literal["job_failed", "finished"]
    group: Any
    counts: Mapping[str, int]
    message: str
    job: RemoteJob | None = None


class Subscription:
    """A callback of `JobGroup.on_done`, for as long as it is wanted.

    It ends with ``cancel()``, at the end of a ``with`` block, or once the group has finished.
    Calling it calls the callback.
    """

    def __init__(
        self, group: Any, session: GroupSession, callback: Callable[[GroupEvent], object]
    ) -> None:
        given: object = callback
        if not callable(given) or inspect.iscoroutinefunction(given):
            raise TypeError(
                "on_done takes a function of one argument, which is called in a thread of its own,"
                f" not {shown(callback)}."
            )
        self._callback = callback
        update_wrapper(self, callback, updated=())

        def tell(counts: Mapping[str, int], failed: JobRecord | None) -> None:
            callback(_event(group, counts, failed))

        self._notifier = GroupNotifier(session, tell)

    def cancel(self) -> None:
        """Stop calling the callback. Any thread may do this, also from within the callback."""
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
    why = (failed.message or "The cloud does not say why").rstrip(".")
    text = f"Job {failed.position} of {group.name} failed: {why}."
    return GroupEvent("job_failed", group, counts, on_one_line(text), group[failed.position])
