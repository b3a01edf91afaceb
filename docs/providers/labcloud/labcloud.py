"""LabCloud for jobgroup: an ordinary REST service, whose jobs are called runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobgroup.providers.base import Account, Availability, Provider, RemoteStatus
from jobgroup.providers.fields import moment, number, text
from jobgroup.providers.http import MAX_RESULT_BYTES, Answer
from jobgroup.providers.polling import poll_each
from jobgroup.providers.rest import RestClient, segment

STATES = {
    "queued": "waiting",
    "active": "running",
    "done": "success",
    "failed": "error",
    "stopped": "canceled",
}


def create(account: Account) -> Provider:
    """What the entry point names: a provider for one account."""
    return LabCloud(account)


class LabCloud:
    """One account of LabCloud."""

    supports_idempotency_keys = (
        True  # a run with a `ref` that it has already is not made a second time
    )

    def __init__(self, account: Account) -> None:
        self._rest = RestClient(account, sign=_signed, is_full=_is_full)

    async def submit(self, body: dict[str, Any], *, key: str) -> str:
        """Make a run; ours are called by the job's name, and found again by its key."""
        run = {
            "device": body["platform_name"],
            "title": body["job_name"],
            "program": body["payload"],
            "ref": key,
        }
        return await self._rest.create("/v1/runs", run, id_field="run")

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        """LabCloud tells of one run at a time, so each is asked about, many at once."""
        return await poll_each(remote_ids, self._status_of)

    async def result(self, remote_id: str) -> dict[str, Any]:
        """What came out: counts by outcome."""
        path = f"/v1/runs/{segment(remote_id)}/output"
        document = await self._rest.get(path, max_bytes=MAX_RESULT_BYTES)
        return {"results": {"results": document.get("counts"), "shots": document.get("shots")}}

    async def cancel(self, remote_id: str) -> None:
        """Stop a run."""
        await self._rest.ask("DELETE", f"/v1/runs/{segment(remote_id)}")

    async def rerun(
        self, remote_id: str, *, key: str, changes: Mapping[str, Any] | None = None
    ) -> str | None:
        """LabCloud has no such call: jobgroup sends the body again."""
        return None

    async def availability(self) -> Availability:
        """How many more runs it takes now."""
        quota = await self._rest.get("/v1/quota")
        used, limit = number(quota, "used"), number(quota, "limit")
        if used is None or limit is None:
            return Availability()
        return Availability(queue_free=max(0, int(limit - used)), queue_max=int(limit))

    async def aclose(self) -> None:
        """Close connections."""
        await self._rest.aclose()

    async def _status_of(self, remote_id: str) -> RemoteStatus:
        run = await self._rest.get(f"/v1/runs/{segment(remote_id)}")
        word = text(run, "state") or ""
        return RemoteStatus(
            provider_status=word,
            state=STATES.get(word, "unknown"),
            message=text(run, "reason"),
            progress=number(run, "fraction"),
            created_at=moment(run, "made"),
            started_at=moment(run, "began"),
            duration_s=number(run, "seconds"),
            name=text(run, "title"),
        )


def _signed(token: str) -> dict[str, str]:
    return {"Api-Key": token}


def _is_full(answer: Answer) -> bool:
    return answer.status == 409 and b'"quota"' in answer.body
