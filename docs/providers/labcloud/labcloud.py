"""LabCloud for jobgroup: an ordinary REST service, whose jobs are called runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobgroup.providers.base import Account, Availability, Provider, RemoteStatus
from jobgroup.providers.http import MAX_RESULT_BYTES, Response
from jobgroup.providers.polling import poll_each
from jobgroup.providers.rest import RestClient, quote_segment
from jobgroup.providers.values import get_number, get_str, get_timestamp

STATES = {
    "queued": "waiting",
    "active": "running",
    "done": "success",
    "failed": "error",
    "stopped": "canceled",
}


def create(account: Account) -> Provider:
    """Return a provider for one account; the entry point names this function."""
    return LabCloud(account)


class LabCloud:
    """One account of LabCloud."""

    supports_idempotency_keys = True  # a `ref` that LabCloud knows creates no second run

    def __init__(self, account: Account) -> None:
        self._rest = RestClient(account, auth=_auth, is_quota_error=_is_quota_error)

    async def submit(self, body: dict[str, Any], *, key: str) -> str:
        """Create a run that is named like the job and can be found by the key."""
        run = {
            "device": body["platform_name"],
            "title": body["job_name"],
            "program": body["payload"],
            "ref": key,
        }
        return await self._rest.create("/v1/runs", run, id_field="run")

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        """Return the state of each run; LabCloud reports one at a time."""
        return await poll_each(remote_ids, self._status_of)

    async def result(self, remote_id: str) -> dict[str, Any]:
        """Return the counts by outcome."""
        path = f"/v1/runs/{quote_segment(remote_id)}/output"
        document = await self._rest.get(path, max_bytes=MAX_RESULT_BYTES)
        return {"results": {"results": document.get("counts"), "shots": document.get("shots")}}

    async def cancel(self, remote_id: str) -> None:
        """Stop a run."""
        await self._rest.request("DELETE", f"/v1/runs/{quote_segment(remote_id)}")

    async def rerun(self, remote_id: str, *, key: str) -> str | None:
        """Return None, as LabCloud cannot rerun: jobgroup sends the body again."""
        return None

    async def availability(self) -> Availability:
        """Return how many more runs the account may start now."""
        quota = await self._rest.get("/v1/quota")
        used, limit = get_number(quota, "used"), get_number(quota, "limit")
        if used is None or limit is None:
            return Availability()
        return Availability(queue_free=max(0, int(limit - used)), queue_max=int(limit))

    async def aclose(self) -> None:
        """Close connections."""
        await self._rest.aclose()

    async def _status_of(self, remote_id: str) -> RemoteStatus:
        run = await self._rest.get(f"/v1/runs/{quote_segment(remote_id)}")
        word = get_str(run, "state") or ""
        return RemoteStatus(
            provider_status=word,
            state=STATES.get(word, "unknown"),
            message=get_str(run, "reason"),
            progress=get_number(run, "fraction"),
            created_at=get_timestamp(run, "made"),
            started_at=get_timestamp(run, "began"),
            duration_s=get_number(run, "seconds"),
            name=get_str(run, "title"),
        )


def _auth(token: str) -> dict[str, str]:
    return {"Api-Key": token}


def _is_quota_error(response: Response) -> bool:
    return response.status == 409 and b'"quota"' in response.body
