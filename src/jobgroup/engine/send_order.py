"""Order a run's jobs: first prioritized jobs, then the group's order, then retries. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence


class SendOrder:
    """The entries of a run that wait to be sent.

    >>> queue = SendOrder([0, 1, 2, 3])
    >>> queue.prioritize([2, 1])
    0
    >>> [queue.pop() for _ in range(len(queue))]
    [2, 1, 0, 3]
    """

    def __init__(self, entry_ids: Iterable[int] = ()) -> None:
        self._waiting = set(entry_ids)
        self._known = set(self._waiting)
        # (batch, rank, entry_id); a prioritized job's older items are skipped
        self._heap = [(0, entry_id, entry_id) for entry_id in sorted(self._waiting)]
        self._keys: dict[int, tuple[int, int, int]] = {}
        self._batch = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def prioritize(self, entry_ids: Sequence[int]) -> int:
        """Put jobs before all others, in this order; return the number of jobs new to the queue."""
        joining = set(entry_ids) - self._known
        self._known |= joining
        self._waiting |= joining
        self._batch -= 1
        for rank, entry_id in enumerate(entry_ids):
            self._keys[entry_id] = (self._batch, rank, entry_id)
            if entry_id in self._waiting:
                heapq.heappush(self._heap, self._keys[entry_id])
        return len(joining)

    def push_last(self, entry_id: int) -> None:
        """Put a job that was already sent behind all unsent jobs."""
        self._known.add(entry_id)
        self._waiting.add(entry_id)
        self._keys[entry_id] = (1, entry_id, entry_id)
        heapq.heappush(self._heap, self._keys[entry_id])

    def pop(self) -> int:
        """Remove and return the next job. Raises IndexError if there is none."""
        while True:
            *_, entry_id = heapq.heappop(self._heap)
            if entry_id in self._waiting:
                self._waiting.remove(entry_id)
                return entry_id

    def push_back(self, entry_id: int) -> None:
        """Put a job that could not be sent at its former position in the queue."""
        self._waiting.add(entry_id)
        heapq.heappush(self._heap, self._keys.get(entry_id, (0, entry_id, entry_id)))
