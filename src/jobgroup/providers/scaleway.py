"""Send and poll jobs on Scaleway's Quantum as a Service (QaaS), in sessions that users start."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from jobgroup.errors import (
    InvalidResponseError,
    JobGroupError,
    QuotaExceededError,
    RemoteNotFoundError,
    RequestRejectedError,
    SessionEndedError,
)
from jobgroup.providers.base import Account, Availability, Body, RemoteStatus
from jobgroup.providers.http import MAX_RESULT_BYTES, READ_TIMEOUT_S, Response
from jobgroup.providers.polling import poll_each
from jobgroup.providers.rest import RestClient, quote_segment
from jobgroup.providers.restart import RestartCheck
from jobgroup.providers.values import (
    MAX_JOB_DURATION_S,
    MAX_PROVIDER_NAME,
    MAX_WORD,
    bound_status,
    get_number,
    get_str,
    get_timestamp,
)
from jobgroup.status import RunningStatus

_JOBS: Final = "/qaas/v1alpha1/jobs"
_SESSIONS: Final = "/qaas/v1alpha1/sessions"
_LIVE: Final = ("running", "starting")
_ENDED: Final = ("stopped", "stopping")


def create(account: Account) -> ScalewayQaaS:
    """Return the provider for an account of Scaleway (entry point ``scaleway``)."""
    return ScalewayQaaS(account)


class ScalewayQaaS:
    """An account of Scaleway's QaaS.

    A job's body names its project and its session. If that session has ended, or the body names
    none, the job is sent to the newest running session of its project and platform. jobgroup never
    starts sessions, because they cost money.
    """

    supports_idempotency_keys = False

    def __init__(self, account: Account, *, read_timeout_s: float = READ_TIMEOUT_S) -> None:
        self._rest = RestClient(
            account,
            auth=scaleway_auth,
            is_quota_error=_is_quota_error,
            read_timeout_s=read_timeout_s,
        )
        self._restart = RestartCheck(self._rest, f"{_SESSIONS}?page_size=1")
        self._instead: dict[tuple[str, str, str], str] = {}

    async def submit(self, body: Body, *, key: str) -> str:  # noqa: ARG002 # without keys
        """Create a job in its session, or in the session's replacement, and return its remote id.

        Raises:
            SessionEndedError: no session of the job's project and platform is running.
        """
        made_for = (
            str(body.get("project_id") or ""),
            str(body.get("platform_id") or ""),
            str(body.get("session_id") or ""),
        )
        session_id = self._instead.get(made_for) or made_for[-1]
        why = "the job's session was not started"
        if session_id:
            try:
                return await self._create(body, session_id)
            except QuotaExceededError:
                raise
            except (RequestRejectedError, RemoteNotFoundError) as error:  # none was created
                found = await self._restart.unless_down(error)
                if found is not error:
                    raise found from None
                if not await self._has_ended(session_id):
                    raise
                why = f"session {session_id} has ended ({error.detail})"
        session_id = await self._running_session(body, why)
        remote_id = await self._create(body, session_id)
        self._instead[made_for] = session_id
        return remote_id

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        return await poll_each(remote_ids, self._status_of)

    async def result(self, remote_id: str) -> dict[str, Any]:
        """Return the first result as ``{"results": text}``; download it if necessary."""
        path = f"{_JOBS}/{quote_segment(remote_id)}/results"
        document = await self._rest.get(path, max_bytes=MAX_RESULT_BYTES)
        found = document.get("job_results")
        first = found[0] if isinstance(found, list) and found else None
        if isinstance(first, dict):
            found = first.get("result")
            stored = found if isinstance(found, str) and found else None
            if stored is None and (url := get_str(first, "url")):
                stored = await self._rest.download(url)
            if stored is not None:
                return {"results": stored, "job_id": remote_id}
        raise InvalidResponseError(
            f"{self._rest.origin} has no result of job {remote_id} yet. Fetch it again later.",
            origin=self._rest.origin,
            status_code=200,
        )

    async def cancel(self, remote_id: str) -> None:
        await self._rest.post(f"{_JOBS}/{quote_segment(remote_id)}/cancel")

    async def rerun(self, remote_id: str, *, key: str) -> str | None:  # noqa: ARG002
        """Return None, because Scaleway cannot rerun jobs. jobgroup sends the stored body."""
        return None

    async def availability(self) -> Availability:
        """Return an `Availability` without values, because Scaleway does not report slots."""
        return Availability()

    async def aclose(self) -> None:
        await self._rest.aclose()

    async def _create(self, body: Body, session_id: str) -> str:
        return await self._rest.create(
            _JOBS,
            {
                "name": body.get("job_name"),
                "circuit": {"percevalCircuit": json.dumps(body.get("payload", {}))},
                "project_id": body.get("project_id"),
                "session_id": session_id,
            },
        )

    async def _status_of(self, remote_id: str) -> RemoteStatus:
        try:
            document = await self._rest.get(f"{_JOBS}/{quote_segment(remote_id)}")
        except RemoteNotFoundError as error:
            raise await self._restart.unless_down(error) from None
        self._rest.check_about(document, remote_id, "id")
        word = get_str(document, "status", at_most=MAX_WORD) or ""
        return bound_status(
            RemoteStatus(
                provider_status=word,
                state=RunningStatus.from_server_response(word).value,
                message=get_str(document, "progress_message"),
                created_at=get_timestamp(document, "created_at"),
                started_at=get_timestamp(document, "started_at"),
                duration_s=_duration_s(document),
                name=get_str(document, "name", at_most=MAX_PROVIDER_NAME),
            )
        )

    async def _has_ended(self, session_id: str) -> bool:
        try:
            session = await self._rest.get(f"{_SESSIONS}/{quote_segment(session_id)}")
        except RemoteNotFoundError:
            return True
        except JobGroupError:
            return False  # the job's own error is reported instead
        return session.get("status") in _ENDED

    async def _running_session(self, body: Body, why: str) -> str:
        """Return the newest running session of a body's project and platform.

        Args:
            body: create body.
            why: reason for the search, which the error gives.
        """
        wanted = {k: body[k] for k in ("project_id", "platform_id") if body.get(k)}
        query = urlencode({**wanted, "order_by": "created_at_desc"})
        try:
            found = (await self._rest.get(f"{_SESSIONS}?{query}")).get("sessions")
        except RemoteNotFoundError:
            found = None
        for session in found if isinstance(found, list) else ():
            if (
                isinstance(session, dict)
                and session.get("status") in _LIVE
                and all(session.get(k) == v for k, v in wanted.items())
                and (session_id := get_str(session, "id"))
            ):
                return session_id
        raise SessionEndedError(
            f"{self._rest.origin}: {why}, and no other session of its project and platform is"
            " running. The job stays unsent. Start a session (session.start()) and run the group"
            " again.",
            origin=self._rest.origin,
            status_code=409,
        )


def scaleway_auth(token: str) -> dict[str, str]:
    """Return Scaleway's headers for a token."""
    return {"X-Auth-Token": token}


def _is_quota_error(response: Response) -> bool:
    return b'"quotas_exceeded"' in response.body


def _duration_s(document: Mapping[str, Any]) -> float | None:
    """Return the duration in seconds. Scaleway writes it as "12.5s" or as a number.

    >>> _duration_s({"job_duration": "12.5s"}), _duration_s({})
    (12.5, None)
    """
    given = document.get("job_duration")
    seconds = given.rstrip("s") if isinstance(given, str) else given
    return get_number({"job_duration": seconds}, "job_duration", at_most=MAX_JOB_DURATION_S)
