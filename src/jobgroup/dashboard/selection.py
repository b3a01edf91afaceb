"""Convert selected jobs to ranges of positions, which stay small for any number of jobs. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jobgroup.job import RemoteJob


def as_ranges(items: Iterable[Any]) -> list[list[int]]:
    """Return positions, jobs and ranges as disjoint ranges ``[first, last]``, in order.

    >>> as_ranges([7, [1, 2], 3])
    [[1, 3], [7, 7]]
    """
    ranges: list[list[int]] = []
    for first, last in sorted(map(_range, items)):
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1][1] = max(ranges[-1][1], last)
        elif first <= last:
            ranges.append([first, last])
    return ranges


def _range(item: Any) -> tuple[int, int]:
    if isinstance(item, RemoteJob):
        item = item.position
    first, last = (item, item) if isinstance(item, int) else item
    return int(first), int(last)
