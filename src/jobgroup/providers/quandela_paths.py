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
    InvalidTokenError,
    NoResponseError,
    QuotaExceededError,
    RequestRejectedError,
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

NO_PATH: Final = (403, 404, 405)
"""Statuses with which a cloud or a gateway rejects a request for a path that does not exist."""

MAX_LOOKUPS: Final = 3
"""Number of jobs that are looked up if the search for the paths fails."""


class PathSearch:
    """The search for the paths of one cloud.

    A cloud has the current paths, the older ones, or both. If a path that creates jobs exists, the
    response to a GET request is 405. Other responses than 404 prove nothing: the current paths are
    used then, unless the older ones prove to exist. Perceval makes no such requests, so a server
    may fail for them: if it responds to a request that Perceval makes, it has the older paths.

    Args:
        rest: client of the cloud.
        restart: check that learns a path that exists for every account.
    """

    def __init__(self, rest: RestClient, restart: RestartCheck) -> None:
        self._rest = rest
        self._restart = restart
        self._found: Paths | None = None
        self._guessed_after: CloudError | None = None
        self._outcomes: dict[tuple[str, bool], tuple[float, Paths | CloudError]] = {}
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

    def may_lack(self, paths: Paths, error: CloudError) -> bool:
        """Return whether a rejection of these paths may mean that the cloud has the others.

        A server that does not know a path may respond with 405 to any request for it. Another
        request may have found the other paths in the meantime.
        """
        if isinstance(error, QuotaExceededError) or error.status_code not in (200, *NO_PATH):
            return False
        if self._found is not None and self._found is not paths:
            return True
        if error.status_code == 403 and paths is OLDER:
            return False  # gateways that hide paths know these, which all released clients call
        return not self.are_known or (error.status_code == 405 and not self.are_confirmed)

    def may_lack_newer_calls(self, error: CloudError | InvalidTokenError) -> bool:
        """Return whether a call that only the current paths have may fail because it is missing.

        The cloud created or found a job on the older paths.
        """
        may_be_missing = (
            isinstance(error, InvalidTokenError | RequestRejectedError)
            or error.status_code in _OWN_FAILURES
        )
        return may_be_missing and self.are_confirmed and self._found is OLDER

    async def paths(self, remote_ids: Sequence[str] = (), platform: str = "") -> Paths:
        """Return the paths of the cloud, after a search if none are known.

        Args:
            remote_ids: jobs that the cloud may be asked for if its other responses tell nothing.
            platform: platform that it may be asked for.

        Raises:
            CloudError: the search failed, and the cloud does not respond about these jobs or this
                platform either.
        """
        began, subject = time.monotonic(), (platform, bool(remote_ids))
        async with self._searching:
            if self._found:
                return self._found
            searched_at, outcome = self._outcomes.get(subject, (-math.inf, None))
            if outcome is None or searched_at < began:  # otherwise this call waited for that search
                try:
                    outcome = await self._search(remote_ids, platform)
                except CloudError as error:
                    outcome = error
                self._outcomes[subject] = time.monotonic(), outcome
        if isinstance(outcome, CloudError):
            raise outcome
        return outcome

    async def _search(self, remote_ids: Sequence[str], platform: str) -> Paths:
        failure: CloudError | None = None
        for paths in (CURRENT, OLDER):
            try:
                status = await retry_read(partial(self._rest.probe, paths.create))
            except (CloudUnavailableError, InvalidResponseError, NoResponseError) as error:
                if error.status_code == 429 or getattr(error, "is_timeout", False):
                    raise
                failure = failure or error  # a gateway may fail for one of the paths only
                continue
            if status == 405:
                return self._find(paths, are_known=True)
            if failure is None and status not in NOT_FOUND:
                # for example a rejected token or a page for people, for any path
                if paths is CURRENT and await self._has_older():
                    return self._find(OLDER, are_known=True)
                return self._find(paths, are_known=False) if status < 300 else paths
        if failure is not None:
            if not await self._is_up(failure, remote_ids, platform):
                raise failure
            self._guessed_after = failure
        # All released clients call the older paths. The first job that is found decides.
        self._found = OLDER
        return OLDER

    def _find(self, paths: Paths, *, are_known: bool) -> Paths:
        self._found, self.are_known = paths, are_known
        self._restart.path = paths.create
        return paths

    async def _has_older(self) -> bool:
        with suppress(CloudError):
            return await self._rest.probe(OLDER.create) == 405
        return False

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
