"""`Notice`: what a callback of `JobGroup.on_done` is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from jobgroup.engine.notifier import Event
from jobgroup.job import RemoteJob
from jobgroup.status import STATES
from jobgroup.words import on_one_line

if TYPE_CHECKING:
    from jobgroup.store import JobRecord


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened to a group.

    Attributes:
        event: "finished" or "first failure".
        group: the `JobGroup`.
        counts: its jobs by state at that moment.
        message: what happened, in a sentence, without control characters.
        job: the job that failed; None when the group has finished.
    """

    event: Event
    group: Any
    counts: Mapping[str, int]
    message: str
    job: RemoteJob | None = None

    @classmethod
    def of(
        cls, group: Any, event: Event, counts: Mapping[str, int], record: JobRecord | None
    ) -> Self:
        """The notice of an event, of a job where it is about one."""
        if record is None:
            found = ", ".join(f"{counts[s]} {s}" for s in STATES if counts.get(s))
            text, job = f"{group.name} has finished: {found}.", None
        else:
            job = group[record.position]
            why = (record.message or "The cloud does not say why").rstrip(".")
            text = f"Job {record.position} of {group.name} failed: {why}."
        return cls(event, group, counts, on_one_line(text), job)
