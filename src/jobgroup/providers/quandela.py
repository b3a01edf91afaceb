"""Create, poll, cancel and rerun jobs through Quandela Cloud's REST API."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

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
from jobgroup.providers.quandela_paths import (
    AVAILABILITY,
    CURRENT,
    JOB_FIELDS,
    NO_PATH,
    Paths,
    PathSearch,
)
from jobgroup.providers.quandela_schema import availability, remote_status, submission
from jobgroup.providers.rest import RestClient
from jobgroup.providers.restart import NOT_FOUND, RestartCheck

T = TypeVar("T")

_REJECTIONS: Final = (RemoteNotFoundError, RequestRejectedError)


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
        self._job = ""  # id of the latest job that the cloud created or found

    async def submit(self, body: Body, *, key: str) -> str:
        """Create a job from an unchanged create body, and return the job's remote id."""
        return await self._send(
            lambda paths: self._create(paths.create, body, key),
            platform=str(body.get("platform_name") or ""),
            creates=True,
        )

    async def rerun(self, remote_id: str, *, key: str) -> str | None:
        """Run a job again as a new job, and return its id.

        Return None if the account may not rerun the job (403), or if the cloud no longer has the
        job (404) or cannot rerun jobs (405).
        """
        try:
            return await self._send(
                lambda paths: self._create(paths.of("rerun", remote_id), None, key),
                remote_ids=[remote_id],
                creates=True,
            )
        except QuotaExceededError:
            raise
        except _REJECTIONS as error:
            if error.status_code not in NO_PATH:
                raise
            return None

    async def cancel(self, remote_id: str) -> None:
        if not self._search.are_confirmed:  # a server may accept a POST request to any path
            await self._read("status", remote_id)
        await self._send(lambda paths: self._rest.post(paths.of("cancel", remote_id)))

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        if not remote_ids:
            return {}
        try:
            await self._search.paths(remote_ids)
        except JobGroupError as error:
            return dict.fromkeys(remote_ids, error)
        return await poll_each(remote_ids, self._status_of)

    async def result(self, remote_id: str) -> dict[str, Any]:
        document = await self._read("result", remote_id, max_bytes=MAX_RESULT_BYTES)
        if isinstance(document.get("results"), dict):  # not as text, as some servers send it
            document["results"] = json.dumps(document["results"])
        return document

    async def submission(self, remote_id: str) -> Submission:
        path = CURRENT.of("data", remote_id)  # the older paths have no such call
        try:
            found = await self._read_newer(path, remote_id, max_bytes=MAX_RESULT_BYTES)
        except RequestRejectedError:
            found = None
        return Submission() if found is None else submission(found)

    async def availability(self) -> Availability:
        """Return the plan's free slots; all None if the cloud does not report them."""
        found = await self._read_newer(AVAILABILITY, self._job)
        return Availability() if found is None else availability(found)

    async def aclose(self) -> None:
        await self._rest.aclose()

    async def _status_of(self, remote_id: str) -> RemoteStatus:
        return remote_status(await self._read("status", remote_id))

    async def _create(self, path: str, body: Body | None, key: str) -> str:
        headers = {"Idempotency-Key": key}
        self._job = await self._rest.create(path, body, id_field="job_id", headers=headers)
        return self._job

    async def _read(
        self, what: str, remote_id: str, *, max_bytes: int = MAX_RESPONSE_BYTES
    ) -> dict[str, Any]:
        async def get(paths: Paths) -> dict[str, Any]:
            document = await self._rest.get(paths.of(what, remote_id), max_bytes=max_bytes)
            if not (JOB_FIELDS & document.keys() or self._search.are_known):
                raise self._rest.invalid(
                    "returned a document that is not about a job. Check the URL.", 200
                )
            self._rest.check_about(document, remote_id, "job_id")
            self._job = remote_id
            return document

        return await self._send(get, remote_ids=[remote_id])

    async def _read_newer(
        self, path: str, known_id: str, *, max_bytes: int = MAX_RESPONSE_BYTES
    ) -> dict[str, Any] | None:
        """Return the response of a call that older clouds lack; None if this cloud lacks it.

        For a missing call, an older cloud may also reject the request or the token, or fail. An
        expired token or an outage is ruled out if it responds to a request for the status of a
        known job.
        """
        for _ in range(2):  # the token may have been replaced after the first request
            try:
                return await self._rest.get(path, max_bytes=max_bytes)
            except RemoteNotFoundError:
                return None
            except (CloudError, InvalidTokenError) as error:
                if not self._search.may_lack_newer_calls(error):
                    raise
                if isinstance(error, RequestRejectedError):
                    return None
                with suppress(RemoteNotFoundError):  # the job may have been deleted
                    await self._read("status", known_id)
        return None

    async def _send(
        self,
        send: Callable[[Paths], Awaitable[T]],
        *,
        remote_ids: Sequence[str] = (),
        platform: str = "",
        creates: bool = False,
    ) -> T:
        """Send a request, and again if it was rejected and the cloud may have the other paths."""
        rejections: tuple[type[CloudError], ...] = _REJECTIONS
        if not creates:  # an invalid response may come from a site that has pages at all paths
            rejections = (*_REJECTIONS, InvalidResponseError)
        try:
            paths = await self._search.paths(remote_ids, platform)
        except CloudError as error:
            raise self._unsent(error) if creates else error from None
        try:
            response = await send(paths)
        except rejections as error:
            if not await self._may_lack(paths, error, remote_ids if creates else ()):
                raise await self._judged(error, creates=creates) from None
            paths = paths.other
            try:
                response = await send(paths)
            except rejections as other:
                refusal = _more_telling(error, other)
                raise await self._judged(refusal, creates=creates) from None
        self._search.confirm(paths)
        return response

    async def _may_lack(self, paths: Paths, error: CloudError, to_rerun: Sequence[str]) -> bool:
        """Return whether the cloud may have the other paths, or has them if a job is to be rerun.

        A server may respond to a POST request to any path as if it had rerun the job.
        """
        if not self._search.may_lack(paths, error):
            return False
        if self._search.are_confirmed or not to_rerun:
            return True
        try:
            await self._read("status", to_rerun[0])
        except _REJECTIONS:
            return False
        except CloudError as failure:
            raise self._unsent(failure) from None
        return self._search.may_lack(paths, error)

    async def _judged(self, error: CloudError, *, creates: bool) -> CloudError:
        """Return an error, or an outage if the error may say nothing of the job."""
        found = error
        if not self._search.failure:
            found = await self._restart.unless_down(error)
        elif error.status_code in (*NOT_FOUND, 405):
            found = self._search.failure
        return self._unsent(found) if creates else found

    def _unsent(self, error: CloudError) -> CloudError:
        """Return the error of a request before a create as one that proves that no job exists."""
        if not may_have_arrived(error):
            return error
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


def _more_telling(first: CloudError, other: CloudError) -> CloudError:
    """Return the rejection to report of two, the second of which came from the other paths."""
    is_invalid = isinstance(first, InvalidResponseError)
    no_path = NO_PATH if is_invalid else (404, 405)  # otherwise, a 403 may concern the job
    return first if other.status_code in no_path else other
