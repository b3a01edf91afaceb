"""List all groups for the page, which requests the list often and gets it only if it changed."""

from __future__ import annotations

import time
from typing import Final

from jobgroup import catalog
from jobgroup.dashboard.protocol import Json, digest_of
from jobgroup.engine.time_left import MAX_ENDS, time_left
from jobgroup.status import NOT_SENT, PENDING, SENDING
from jobgroup.store import GroupSummary
from jobgroup.store.paths import group_path
from jobgroup.store.summaries import recent_ends, summarise

RECENT_S: Final = 600.0
"""Seconds without a change after which a group's remaining time is not estimated."""


def present_groups() -> list[Json]:
    """Return all groups on disk."""
    return [_summary(each) for each in catalog.summaries()]


def groups(args: Json) -> Json:
    """Return all groups on disk and those in the trash.

    If `stamp` is that of an earlier answer and nothing has changed, return only a stamp.
    """
    found = {
        "groups": present_groups(),
        "trash": [_summary(summarise(*each)) for each in catalog.trash().items()],
    }
    stamp = digest_of(found)
    return {"stamp": stamp} if args.get("stamp") == stamp else {**found, "stamp": stamp}


def _summary(summary: GroupSummary) -> Json:
    return {
        "name": summary.name,
        "counts": dict(summary.counts),
        "created": summary.created_at,
        "modified": summary.modified_at,
        "size_bytes": summary.size_bytes,
        "error": summary.problem or "",
        "description": summary.description,
        "swept": list(summary.swept),
        "is_exported": summary.is_exported,
        "eta_s": _eta_s(summary),
    }


def _eta_s(summary: GroupSummary) -> list[float] | None:
    """Return the shortest and longest likely time left, in whole seconds; None if unknown."""
    counts, now = summary.counts, time.time()
    left = sum(counts.get(state, 0) for state in PENDING | {SENDING})
    if not left or now - summary.modified_at > RECENT_S:
        return None
    began_at, ends, is_sending = recent_ends(group_path(summary.name), MAX_ENDS + 1)
    if is_sending:
        left += sum(counts.get(state, 0) for state in NOT_SENT)
    found = time_left(left, ends, began_at, now).eta_s
    return None if found is None else [float(round(each)) for each in found]
