"""Find out which of two sets of paths a service with Quandela Cloud's API has."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from jobgroup.errors import (
    CloudError,
    CloudUnavailableError,
    InvalidResponseError,
    NoResponseError,
)
from jobgroup.providers.rest import RestClient, quote_segment, retry_read
from jobgroup.providers.restart import NOT_FOUND, RestartCheck


@dataclass(frozen=True, slots=True)
class Paths:
    """A set of paths.

    Attributes:
        create: path that creates jobs.
        job: template of the paths that concern one job.
    """

    create: str
    job: str

    def of(self, what: str, remote_id: str) -> str:
        """Return the path of something that concerns a job, such as ``status`` or ``cancel``."""
        return self.job.format(id=quote_segment(remote_id), what=what)

    @property
    def other(self) -> Paths:
        """The set that these paths are not."""
        return OLDER if self is CURRENT else CURRENT


CURRENT: Final = Paths("/api/jobs", "/api/jobs/{id}/{what}")
OLDER: Final = Paths("/api/job", "/api/job/{what}/{id}")

AVAILABILITY: Final = "/api/jobs/availability"

JOB_FIELDS: Final = frozenset({"job_id", "status", "results"})
"""Fields of which every document about a job has at least one."""

_OWN_FAILURES: Final = frozenset({500, 501, *range(300, 400)})
"""Statuses of servers that do not expect a GET request. Some redirect it to a page for people."""

MAX_LOOKUPS: Final = 3
"""Number of jobs that are looked up if the search for the paths fails."""


class PathSearch:
    """The search for the paths of one cloud.

    A cloud has the current paths, the older ones, or both. If a path that creates jobs exists, the
    response to a GET request is 405. Perceval makes no such requests, so a server may fail for
    them: if it responds to a request that Perceval makes, it has the older paths.

    Args:
        rest: client of the cloud.
        restart: check that learns a path that exists for every account.
    """

    def __init__(self, rest: RestClient, restart: RestartCheck) -> None:
        self._rest = rest
        self._restart = restart
        self._found: Paths | None = None
        self._guessed_after: CloudError | None = None
        self._failures: dict[tuple[str, bool], tuple[float, CloudError]] = {}
        self._searching = asyncio.Lock()
        self.are_known = False
        """Whether the cloud responded as if it had the paths; otherwise they are likely."""
        self.are_confirmed = False
        """Whether the cloud created or found a job there."""

    @property
    def failure(self) -> CloudError | None:
        """Failure of the search, for as long as the paths are a guess because of it."""
        return None if self.are_known else self._guessed_after

    def confirm(self, paths: Paths) -> None:
        """Use paths from now on: the cloud has them, because it found a job there."""
        self._found, self.are_known, self.are_confirmed = paths, True, True

    async def paths(self, remote_ids: Sequence[str] = (), platform: str = "") -> Paths:
        """Return the paths of the cloud, after a search if none are known.

        Args:
            remote_ids: jobs that the cloud may be asked for if its other responses tell nothing.
            platform: platform that it may be asked for.

        Raises:
            CloudError: the search failed, and the cloud does not respond about these jobs or this
                platform either. Calls that waited for the same search get the same error.
        """
        began, subject = time.monotonic(), (platform, bool(remote_ids))
        async with self._searching:
            if self._found:
                return self._found
            failed_at, failure = self._failures.get(subject, (-math.inf, None))
            if failure and failed_at > began:
                raise failure
            try:
                return await self._search(remote_ids, platform)
            except CloudError as error:
                self._failures[subject] = time.monotonic(), error
                raise

    async def _search(self, remote_ids: Sequence[str], platform: str) -> Paths:
        failure: CloudError | None = None
        unclear: Paths | None = None
        for paths in (CURRENT, OLDER):
            try:
                status = await retry_read(partial(self._rest.probe, paths.create))
            except (CloudUnavailableError, InvalidResponseError, NoResponseError) as error:
                if error.status_code == 429 or getattr(error, "is_timeout", False):
                    raise
                failure = failure or error  # a gateway may fail for one of the paths only
                continue
            if status == 405 or (failure is None and 200 <= status < 300):
                self._found, self.are_known = paths, status == 405
                self._restart.path = paths.create
                return paths
            if status not in NOT_FOUND:
                unclear = unclear or paths  # for example a rejected token, for any path
        if failure is None and unclear is not None:
            return unclear
        if failure is not None:
            if not await self._is_up(failure, remote_ids, platform):
                raise failure
            self._guessed_after = failure
        # All released clients call the older paths. The first job that is found decides.
        self._found = OLDER
        return OLDER

    async def _is_up(self, failure: CloudError, remote_ids: Sequence[str], platform: str) -> bool:
        """Return whether the cloud responds to requests that Perceval makes, despite a failure.

        The failure must be one that the cloud itself may cause: a gateway may respond although the
        cloud is down.
        """
        is_own = isinstance(failure, NoResponseError) or failure.status_code in _OWN_FAILURES
        if not is_own or failure.retry_after_s:
            return False
        for path in (AVAILABILITY, *_platform_paths(platform)):
            with suppress(CloudError):
                await self._read_once(path)
                self._restart.path = path
                return True
        for remote_id in remote_ids[:MAX_LOOKUPS]:
            for paths in (OLDER, CURRENT):
                with suppress(CloudError):
                    if JOB_FIELDS & (await self._read_once(paths.of("status", remote_id))).keys():
                        return True
        return False

    async def _read_once(self, path: str) -> dict[str, Any]:
        return self._rest.json(await self._rest.request("GET", path))


def _platform_paths(platform: str) -> list[str]:
    name = quote(platform, safe="", errors="replace")
    return [f"/api/platforms/{name}/processor", f"/api/platform/{name}"] if name else []
