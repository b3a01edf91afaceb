"""Create, poll, cancel and rerun jobs through Quandela Cloud's REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jobgroup.errors import (
    CloudError,
    CloudUnreachableError,
    InvalidResponseError,
    InvalidTokenError,
    JobGroupError,
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
from jobgroup.providers.quandela_paths import AVAILABILITY, CURRENT, JOB_FIELDS, Paths, PathSearch
from jobgroup.providers.quandela_schema import availability, remote_status, submission
from jobgroup.providers.rest import RestClient
from jobgroup.providers.restart import NOT_FOUND, RestartCheck

_NO_PATH: Final = (403, 404, 405)
"""Statuses with which a cloud or a gateway rejects a POST request to a path that does not exist."""

_NO_PATH_OF_JOB: Final = (404, 405)
"""The same, for a request that reads a job; it may also mean that the job does not exist."""


def create(account: Account) -> QuandelaCloud:
    """Return the provider for an account of Quandela Cloud (entry point ``quandela``)."""
    return QuandelaCloud(account)


class QuandelaCloud:
    """An account of Quandela Cloud, or of a service with the same API.

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
        self._restart = RestartCheck(self._rest)
        self._search = PathSearch(self._rest, self._restart)

    async def submit(self, body: Body, *, key: str) -> str:
        """Create a job from an unchanged create body, and return the job's remote id."""
        paths = await self._paths_before_post(platform=str(body.get("platform_name") or ""))
        try:
            remote_id = await self._create(paths.create, body, key)
        except QuotaExceededError:
            raise
        except (RemoteNotFoundError, RequestRejectedError) as error:
            # Some servers respond to GET requests as if they had the other paths.
            swaps = paths is CURRENT or error.status_code != 403
            may_swap = swaps and self._search.may_lack(paths, error)
            if not may_swap or error.status_code not in _NO_PATH:
                raise await self._judged_post(error) from None
            paths = paths.other
            try:
                remote_id = await self._create(paths.create, body, key)
            except QuotaExceededError:
                raise
            except (RemoteNotFoundError, RequestRejectedError) as other:
                refusal = error if other.status_code in _NO_PATH else other
                raise await self._judged_post(refusal) from None
        self._search.confirm(paths)
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
        if not self._search.are_confirmed:  # a server may accept a POST request to any path
            await self._read_job("status", remote_id)
        paths = await self._search.paths()
        try:
            await self._rest.post(paths.of("cancel", remote_id))
        except RemoteNotFoundError as error:
            raise await self._judged(error) from None

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        if not remote_ids:
            return {}
        try:
            await self._search.paths(remote_ids)
        except JobGroupError as error:
            return dict.fromkeys(remote_ids, error)
        return await poll_each(remote_ids, self._status_of)

    async def result(self, remote_id: str) -> dict[str, Any]:
        document = await self._read_job("result", remote_id, max_bytes=MAX_RESULT_BYTES)
        if isinstance(document.get("results"), dict):  # not as text, as some servers send it
            document["results"] = json.dumps(document["results"])
        return document

    async def submission(self, remote_id: str) -> Submission:
        path = CURRENT.of("data", remote_id)  # the older paths have no such call
        try:
            return submission(await self._rest.get(path, max_bytes=MAX_RESULT_BYTES))
        except (RemoteNotFoundError, RequestRejectedError):
            return Submission()
        except (CloudError, InvalidTokenError) as error:
            if self._search.may_lack_newer_calls(error):
                return Submission()
            raise

    async def availability(self) -> Availability:
        """Return the plan's free slots; all None if the cloud does not report them."""
        try:
            return availability(await self._rest.get(AVAILABILITY))
        except RemoteNotFoundError:
            return Availability()
        except (CloudError, InvalidTokenError) as error:
            if self._search.may_lack_newer_calls(error):
                return Availability()
            raise

    async def aclose(self) -> None:
        await self._rest.aclose()

    async def _status_of(self, remote_id: str) -> RemoteStatus:
        return remote_status(await self._read_job("status", remote_id))

    async def _create(self, path: str, body: Body | None, key: str) -> str:
        headers = {"Idempotency-Key": key}
        return await self._rest.create(path, body, id_field="job_id", headers=headers)

    async def _read_job(
        self, what: str, remote_id: str, *, max_bytes: int = MAX_RESPONSE_BYTES
    ) -> dict[str, Any]:
        paths = await self._search.paths([remote_id])
        try:
            document = await self._rest.get(paths.of(what, remote_id), max_bytes=max_bytes)
        except (RemoteNotFoundError, RequestRejectedError, InvalidResponseError) as error:
            is_other = error.status_code in (200, *_NO_PATH_OF_JOB)  # 200 with a page for people
            if not is_other or not self._search.may_lack(paths, error):
                raise await self._judged(error) from None
            paths = paths.other
            try:
                document = await self._rest.get(paths.of(what, remote_id), max_bytes=max_bytes)
            except (RemoteNotFoundError, RequestRejectedError) as refusal:
                if refusal.status_code not in _NO_PATH_OF_JOB:
                    raise
                raise await self._judged(error) from None
            if not JOB_FIELDS & document.keys():  # a server may respond to any path
                raise await self._judged(error) from None
        if JOB_FIELDS & document.keys():
            self._search.confirm(paths)
        self._rest.check_about(document, remote_id, "job_id")
        return document

    async def _judged(self, error: CloudError) -> CloudError:
        """Return an error, or an outage if the error may say nothing of the job."""
        if failure := self._search.failure:
            return failure if error.status_code in (*NOT_FOUND, 405) else error
        return await self._restart.unless_down(error)

    async def _judged_post(self, error: CloudError) -> CloudError:
        found = await self._judged(error)
        return self._not_sent(found) if found is self._search.failure else found

    async def _paths_before_post(self, remote_ids: Sequence[str] = (), platform: str = "") -> Paths:
        try:
            return await self._search.paths(remote_ids, platform)
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

    def _read_key_support(self, response: Response) -> None:
        # The cloud's latest response counts: a cloud that no longer supports keys would create a
        # second job. A 5xx is often a gateway's.
        if response.status >= 500:
            return
        support = response.headers.get("idempotency-key-support", "")
        self.supports_idempotency_keys = support.strip().lower() == "true"
