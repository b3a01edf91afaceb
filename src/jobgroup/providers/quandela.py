"""Create, poll, cancel and rerun jobs through Quandela Cloud's REST API."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from jobgroup.errors import (
    CloudError,
    CloudUnavailableError,
    CloudUnreachableError,
    InvalidResponseError,
    JobGroupError,
    NoResponseError,
    QuotaExceededError,
    RemoteNotFoundError,
    RequestRejectedError,
)
from jobgroup.providers.base import (
    Account,
    Availability,
    Body,
    RemoteStatus,
    Submission,
    may_have_arrived,
)
from jobgroup.providers.http import MAX_RESPONSE_BYTES, MAX_RESULT_BYTES, READ_TIMEOUT_S, Response
from jobgroup.providers.polling import poll_each
from jobgroup.providers.quandela_schema import availability, remote_status, submission
from jobgroup.providers.rest import RestClient, quote_segment, retry_read
from jobgroup.providers.restart import NOT_FOUND, RestartCheck


@dataclass(frozen=True, slots=True)
class _Paths:
    create: str
    job: str

    def of(self, what: str, remote_id: str) -> str:
        return self.job.format(id=quote_segment(remote_id), what=what)


_CURRENT: Final = _Paths("/api/jobs", "/api/jobs/{id}/{what}")
_OLDER: Final = _Paths("/api/job", "/api/job/{what}/{id}")


_NO_PATH: Final = (403, 404, 405)
"""Statuses with which a cloud or a gateway rejects a POST request to a path that does not exist."""

_AVAILABILITY: Final = "/api/jobs/availability"

_FIELDS: Final = frozenset({"job_id", "status", "results"})
"""Fields of which every document about a job has at least one."""


MAX_LOOKUPS: Final = 3
"""Number of jobs that are looked up if the search for the paths fails."""


def _platform_paths(platform: str) -> list[str]:
    name = quote(platform, safe="", errors="replace")
    return [f"/api/platforms/{name}/processor", f"/api/platform/{name}"] if name else []


def _other(paths: _Paths) -> _Paths:
    return _OLDER if paths is _CURRENT else _CURRENT


def create(account: Account) -> QuandelaCloud:
    """Return the provider for an account of Quandela Cloud (entry point ``quandela``)."""
    return QuandelaCloud(account)


class QuandelaCloud:
    """An account of Quandela Cloud, or of a service with the same API.

    A cloud has the current paths, the older ones, or both. If a path that creates jobs exists, the
    response to a GET request is 405. Perceval makes no such requests, so a server may fail for
    them: if it responds to a request that Perceval makes, it has the older paths.
    `supports_idempotency_keys` becomes true when the cloud sends the header
    ``Idempotency-Key-Support: true``.

    Args:
        account: the account.
        read_timeout_s: seconds of silence after which a request counts as lost.
    """

    def __init__(self, account: Account, *, read_timeout_s: float = READ_TIMEOUT_S) -> None:
        self.supports_idempotency_keys = False
        self._rest = RestClient(
            account, on_response=self._read_key_support, read_timeout_s=read_timeout_s
        )
        self._paths: _Paths | None = None
        self._paths_are_known = False
        self._search_failure: CloudError | None = None
        """Failure of the search for the paths, if they are a guess."""
        self._finding = asyncio.Lock()
        self._failed_searches: dict[tuple[str, bool], tuple[float, CloudError]] = {}
        self._restart = RestartCheck(self._rest)

    async def submit(self, body: Body, *, key: str) -> str:
        """Create a job from an unchanged create body, and return the job's remote id."""
        paths = await self._paths_before_post(platform=str(body.get("platform_name") or ""))
        try:
            remote_id = await self._create(paths.create, body, key)
        except QuotaExceededError:
            raise
        except (RemoteNotFoundError, RequestRejectedError) as error:
            # Some servers respond to GET requests as if they had the other paths.
            swaps = paths is _CURRENT or error.status_code != 403
            if self._paths_are_known or error.status_code not in _NO_PATH or not swaps:
                raise await self._judged_post(error) from None
            paths = _other(paths)
            try:
                remote_id = await self._create_instead(paths.create, body, key, error)
            except (RemoteNotFoundError, RequestRejectedError) as refusal:
                raise await self._judged_post(refusal) from None
        self._paths, self._paths_are_known = paths, True
        return remote_id

    async def rerun(self, remote_id: str, *, key: str) -> str | None:
        """Run a job again as a new job, and return its id.

        Return None if the account may not rerun the job (403), or if the cloud no longer has the
        job (404) or cannot rerun jobs (405).
        """
        paths = await self._paths_before_post([remote_id])
        try:
            return await self._create(paths.of("rerun", remote_id), None, key)
        except QuotaExceededError:
            raise
        except (RemoteNotFoundError, RequestRejectedError) as error:
            if error.status_code not in _NO_PATH:
                raise
            found = await self._judged_post(error)
            if found is not error:
                raise found from None
            return None

    async def cancel(self, remote_id: str) -> None:
        if not self._paths_are_known:  # a server may accept a POST request to any path
            await self._read_job("status", remote_id)
        paths = await self._paths_in_use()
        try:
            await self._rest.post(paths.of("cancel", remote_id))
        except RemoteNotFoundError as error:
            raise await self._judged(error) from None

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        if not remote_ids:
            return {}
        try:
            await self._paths_in_use(remote_ids)
        except JobGroupError as error:
            return dict.fromkeys(remote_ids, error)
        return await poll_each(remote_ids, self._status_of)

    async def result(self, remote_id: str) -> dict[str, Any]:
        document = await self._read_job("result", remote_id, max_bytes=MAX_RESULT_BYTES)
        if isinstance(document.get("results"), dict):  # not as text, as some servers send it
            document["results"] = json.dumps(document["results"])
        return document

    async def submission(self, remote_id: str) -> Submission:
        path = _CURRENT.of("data", remote_id)  # the older paths have no such call
        try:
            return submission(await self._rest.get(path, max_bytes=MAX_RESULT_BYTES))
        except (RemoteNotFoundError, RequestRejectedError):
            return Submission()

    async def availability(self) -> Availability:
        """Return the plan's free slots; all None if the cloud does not report them."""
        try:
            return availability(await self._rest.get(_AVAILABILITY))
        except RemoteNotFoundError:
            return Availability()

    async def aclose(self) -> None:
        await self._rest.aclose()

    async def _status_of(self, remote_id: str) -> RemoteStatus:
        return remote_status(await self._read_job("status", remote_id))

    async def _create(self, path: str, body: Body | None, key: str) -> str:
        headers = {"Idempotency-Key": key}
        return await self._rest.create(path, body, id_field="job_id", headers=headers)

    async def _create_instead(self, path: str, body: Body, key: str, refusal: CloudError) -> str:
        """Create a job on another path; if that path does not exist either, raise `refusal`."""
        try:
            return await self._create(path, body, key)
        except (RemoteNotFoundError, RequestRejectedError) as error:
            raise refusal if error.status_code in _NO_PATH else error from None

    async def _read_job(
        self, what: str, remote_id: str, *, max_bytes: int = MAX_RESPONSE_BYTES
    ) -> dict[str, Any]:
        paths = await self._paths_in_use([remote_id])
        try:
            document = await self._rest.get(paths.of(what, remote_id), max_bytes=max_bytes)
        except (RemoteNotFoundError, InvalidResponseError) as error:
            is_page = isinstance(error, RemoteNotFoundError) or error.status_code == 200
            if self._paths_are_known or not is_page:
                raise await self._judged(error) from None
            paths = _other(paths)
            try:
                document = await self._rest.get(paths.of(what, remote_id), max_bytes=max_bytes)
            except RemoteNotFoundError:
                raise await self._judged(error) from None
            if not _FIELDS & document.keys():  # a server may respond to any path
                raise await self._judged(error) from None
        self._paths, self._paths_are_known = paths, True
        self._rest.check_about(document, remote_id, "job_id")
        return document

    async def _judged(self, error: CloudError) -> CloudError:
        """Return an error, or an outage if the error may say nothing of the job."""
        if self._search_failure is not None and not self._paths_are_known:
            return self._search_failure if error.status_code in (*NOT_FOUND, 405) else error
        return await self._restart.unless_down(error)

    async def _judged_post(self, error: CloudError) -> CloudError:
        found = await self._judged(error)
        return self._not_sent(found) if found is self._search_failure else found

    async def _paths_before_post(
        self, remote_ids: Sequence[str] = (), platform: str = ""
    ) -> _Paths:
        try:
            return await self._paths_in_use(remote_ids, platform)
        except CloudError as error:
            if not may_have_arrived(error):
                raise
            raise self._not_sent(error) from error

    def _not_sent(self, error: CloudError) -> CloudUnreachableError:
        return CloudUnreachableError(
            f"{error} The job was not sent.",
            origin=self._rest.origin,
            status_code=error.status_code,
            detail=error.detail,
            retry_after_s=error.retry_after_s,
        )

    async def _paths_in_use(self, remote_ids: Sequence[str] = (), platform: str = "") -> _Paths:
        began, subject = time.monotonic(), (platform, bool(remote_ids))
        async with self._finding:
            if self._paths:
                return self._paths
            failed_at, failure = self._failed_searches.get(subject, (-math.inf, None))
            if failure and failed_at > began:  # another request's search, while this one waited
                raise failure
            try:
                return await self._find_paths(remote_ids, platform)
            except CloudError as error:
                self._failed_searches[subject] = time.monotonic(), error
                raise

    async def _find_paths(self, remote_ids: Sequence[str], platform: str) -> _Paths:
        """Find the paths that the cloud has.

        Raises:
            CloudError: the search failed, and the cloud does not respond about these jobs or this
                platform either.
        """
        failure: CloudError | None = None
        for paths in (_CURRENT, _OLDER):
            try:
                status = await retry_read(partial(self._rest.probe, paths.create))
            except (CloudUnavailableError, InvalidResponseError, NoResponseError) as error:
                if error.status_code == 429 or getattr(error, "is_timeout", False):
                    raise
                failure = failure or error  # a gateway may fail for one of the paths only
                continue
            if status == 405 or (failure is None and 200 <= status < 300):
                self._paths, self._paths_are_known = paths, status == 405
                self._restart.path = paths.create
                return paths
            if failure is None and status not in NOT_FOUND:
                return paths  # for example a rejected token, for any path
        if failure is not None:
            if not await self._is_up(failure, remote_ids, platform):
                raise failure
            self._search_failure = failure
        # All released clients call the older paths. The first job that is found decides.
        self._paths = _OLDER
        return _OLDER

    async def _is_up(self, failure: CloudError, remote_ids: Sequence[str], platform: str) -> bool:
        """Return whether the cloud responds to requests that Perceval makes, despite a failure.

        The failure must be one of the cloud itself: a gateway may respond although the cloud is
        down.
        """
        is_own = isinstance(failure, NoResponseError) or failure.status_code == 500
        if not is_own or failure.retry_after_s:
            return False
        for path in (_AVAILABILITY, *_platform_paths(platform)):
            with suppress(CloudError):
                await self._read_once(path)
                self._restart.path = path
                return True
        for remote_id in remote_ids[:MAX_LOOKUPS]:
            for paths in (_OLDER, _CURRENT):
                with suppress(CloudError):
                    if _FIELDS & (await self._read_once(paths.of("status", remote_id))).keys():
                        return True
        return False

    async def _read_once(self, path: str) -> dict[str, Any]:
        return self._rest.json(await self._rest.request("GET", path))

    def _read_key_support(self, response: Response) -> None:
        # The cloud's latest response counts: a cloud that no longer supports keys would create a
        # second job. A 5xx is often a gateway's.
        if response.status >= 500:
            return
        support = response.headers.get("idempotency-key-support", "")
        self.supports_idempotency_keys = support.strip().lower() == "true"
