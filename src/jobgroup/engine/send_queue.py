"""The order in which a run sends its jobs: what somebody wants next, then the group's. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence


class SendQueue:
    """Jobs that wait to be sent, by position.

    >>> lineup = SendQueue([0, 1, 2, 3])
    >>> lineup.prefer([2, 1])
    0
    >>> [lineup.take() for _ in range(len(lineup))]
    [2, 1, 0, 3]
    """

    def __init__(self, positions: Iterable[int] = ()) -> None:
        self._waiting = set(positions)
        self._known = set(self._waiting)
        # (wish, place, position); earlier entries of a job that was preferred later are passed over
        self._heap = [(0, position, position) for position in sorted(self._waiting)]
        self._keys: dict[int, tuple[int, int, int]] = {}
        self._wish = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def prefer(self, positions: Sequence[int]) -> int:
        """Let jobs go before all others, in this order; those that it never had join it.

        Returns how many joined.
        """
        joining = set(positions) - self._known
        self._known |= joining
        self._waiting |= joining
        self._wish -= 1
        for place, position in enumerate(positions):
            self._keys[position] = (self._wish, place, position)
            if position in self._waiting:
                heapq.heappush(self._heap, self._keys[position])
        return len(joining)

    def take(self) -> int:
        """The next job, which waits no longer.

        Raises:
            IndexError: none waits.
        """
        while True:
            *_, position = heapq.heappop(self._heap)
            if position in self._waiting:
                self._waiting.remove(position)
                return position

    def put_back(self, position: int) -> None:
        """It could not be sent now: it waits again, at its place."""
        self._waiting.add(position)
        heapq.heappush(self._heap, self._keys.get(position, (0, position, position)))
