"""The order in which a run sends its jobs: the prioritized ones, then the group's order. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence


class SendQueue:
    """The jobs of a run that wait to be sent, by position.

    >>> queue = SendQueue([0, 1, 2, 3])
    >>> queue.prioritize([2, 1])
    0
    >>> [queue.pop() for _ in range(len(queue))]
    [2, 1, 0, 3]
    """

    def __init__(self, positions: Iterable[int] = ()) -> None:
        self._waiting = set(positions)
        self._known = set(self._waiting)
        # (batch, rank, position); earlier entries of a job that was prioritized are passed over
        self._heap = [(0, position, position) for position in sorted(self._waiting)]
        self._keys: dict[int, tuple[int, int, int]] = {}
        self._batch = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def prioritize(self, positions: Sequence[int]) -> int:
        """Put jobs before all others, in this order; jobs that are new to the queue join it.

        Returns how many joined.
        """
        joining = set(positions) - self._known
        self._known |= joining
        self._waiting |= joining
        self._batch -= 1
        for rank, position in enumerate(positions):
            self._keys[position] = (self._batch, rank, position)
            if position in self._waiting:
                heapq.heappush(self._heap, self._keys[position])
        return len(joining)

    def push_last(self, position: int) -> None:
        """Put a job behind all those that were not sent yet: it is to be sent once more."""
        self._known.add(position)
        self._waiting.add(position)
        self._keys[position] = (1, position, position)
        heapq.heappush(self._heap, self._keys[position])

    def pop(self) -> int:
        """Take the next job out of the queue. Raises IndexError if the queue is empty."""
        while True:
            *_, position = heapq.heappop(self._heap)
            if position in self._waiting:
                self._waiting.remove(position)
                return position

    def push_back(self, position: int) -> None:
        """Put a job back in its place: it could not be sent now."""
        self._waiting.add(position)
        heapq.heappush(self._heap, self._keys.get(position, (0, position, position)))
