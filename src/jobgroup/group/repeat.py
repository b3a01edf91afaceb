"""Repeat jobs: add copies of them to a group. Results of copies are pooled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from jobgroup.engine.session import GroupSession
from jobgroup.fingerprint import Fingerprint
from jobgroup.group.sweep import not_superseded
from jobgroup.group.sweep_report import SweepReport
from jobgroup.group.validation import validate_counts
from jobgroup.job import job_of
from jobgroup.rounding import key_of
from jobgroup.store.sweeps import Entry

MAX_COPIES: Final = 100_000
"""Maximum number of copies that one call adds, because a slip of the finger fills the disk."""


def repeat(
    session: GroupSession, entry_ids: Sequence[int], *, to: int | None, times: int | None
) -> SweepReport:
    """Add copies of jobs; see `JobGroup.repeat`."""
    if (to is None) == (times is None):
        raise TypeError("repeat needs either to= or times=, and not both. Nothing was added.")
    validate_counts(to=to, times=times)
    chosen = [*dict.fromkeys(entry_ids)]
    known: list[int] = []
    with session.store.sweeps.compare() as group:
        entries = {entry.entry_id: entry for entry in group.entries}
        marks = group.fingerprints([*entries])
        for entry_id in chosen:
            if entry_id not in marks:
                raise ValueError(
                    f"Job {entries[entry_id].position} cannot be repeated: its body is not in the"
                    " group. Nothing was added."
                )
        alike: dict[Any, list[Entry]] = {}
        for entry_id, mark in marks.items():
            alike.setdefault(_kind(entries[entry_id], mark), []).append(entries[entry_id])
        wanted: list[tuple[Entry, int]] = []
        if to is None:
            known = chosen
            wanted = [(entries[each], times or 0) for each in chosen]
        else:
            kinds = {_kind(entries[each], marks[each]): entries[each] for each in chosen}
            for kind, entry in kinds.items():
                counted = not_superseded(alike[kind])
                known += [each.entry_id for each in counted[:to]]
                wanted.append((entry, max(0, to - len(counted))))
        if (copies := sum(count for _, count in wanted)) > MAX_COPIES:
            raise ValueError(
                f"repeat adds at most {MAX_COPIES:,} jobs at a time, and this call would add"
                f" {copies:,}. Nothing was added."
            )
        new = [group.copy(entry) for entry, count in wanted for _ in range(count)]
    jobs = [job_of(session, at) for at in sorted({*known, *new})]
    return SweepReport(len(new), len(known), 0, 0, len(new) + len(known), jobs)


def _kind(entry: Entry, mark: Fingerprint) -> tuple[Any, ...]:
    labels = sorted((name, key_of(value)) for name, value in entry.labels.items())
    return mark, entry.target.platform_key, str(labels), entry.sweep_id
