"""Tell a job that a cloud no longer has from a cloud that finds nothing, because it restarts.

While a cloud restarts, its gateway may respond with 404 to every request. A path that exists for
every account tells the two cases apart: if it existed and is gone too, this is an outage.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import Final

from jobgroup.errors import CloudError, CloudUnavailableError
from jobgroup.providers.rest import RestClient

RESTART_CHECK_INTERVAL_S: Final = 1.0
"""Seconds for which the outcome of a check is used."""

NOT_FOUND: Final = (404, 410)
"""Statuses of a path that does not exist."""


class RestartCheck:
    """A check whether a cloud that responds with 404 still has its own paths.

    Args:
        rest: client of the cloud.
        path: path that exists for every account; "" if none is known yet.
    """

    def __init__(self, rest: RestClient, path: str = "") -> None:
        self._rest = rest
        self._checking = asyncio.Lock()
        self._outage: CloudError | None = None
        self._checked_at = -math.inf
        self.path = path

    async def unless_down(self, error: CloudError) -> CloudError:
        """Return an error, or an outage if the error is a 404, and `path` is gone too."""
        if error.status_code != 404 or not self.path:
            return error
        async with self._checking:
            if time.monotonic() >= self._checked_at + RESTART_CHECK_INTERVAL_S:
                self._outage = await self._find_outage()
                self._checked_at = time.monotonic()
        return self._outage or error

    async def _find_outage(self) -> CloudError | None:
        try:
            status = await self._rest.probe(self.path)
        except CloudError as failure:
            return None if failure.status_code == 429 else failure
        if status not in NOT_FOUND:
            return None
        return CloudUnavailableError(
            f"{self._rest.origin} does not find its own paths (HTTP {status}), so it is probably"
            " restarting. The request had no effect. Try again later.",
            origin=self._rest.origin,
            status_code=status,
        )
