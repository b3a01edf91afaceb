"""Quandela Cloud: creating, watching, cancelling and rerunning jobs over its REST interface."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from jobgroup.errors import (
    BadAnswerError,
    CloudBusyError,
    CloudError,
    CloudUnreachableError,
    CredentialsError,
    JobGroupError,
    JobLimitError,
    RemoteNotFoundError,
    RequestLostError,
    RequestRefusedError,
)
from jobgroup.origin import normalise_origin
from jobgroup.providers.answers import availability, error_for, remote_status
from jobgroup.providers.base import (
    Account,
    Availability,
    Body,
    RemoteStatus,
    may_have_arrived,
)
from jobgroup.providers.http import (
    MAX_ANSWER_BYTES,
    MAX_RESULT_BYTES,
    SILENCE_S,
    Answer,
    HttpClient,
)
from jobgroup.providers.retry import repeated

STATUS_AT_FIRST: Final = 40
STATUS_CONCURRENCY: Final = 100
"""Status questions in flight: so many at first, one more for each good answer, up to so many. The
connections beyond them stay free for creates and results."""

GIVE_UP_AFTER: Final = 10
"""Failures in a row, each after its repeats, that make one round of questions stop."""

_SUPPORTS_KEYS: Final = "idempotency-key-support"
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class _Paths:
    create: str
    status: str
    result: str
    cancel: str
    rerun: str
    takes_changes: bool


_CURRENT: Final = _Paths(
    create="/api/jobs",
    status="/api/jobs/{}/status",
    result="/api/jobs/{}/result",
    cancel="/api/jobs/{}/cancel",
    rerun="/api/jobs/{}/rerun",
    takes_changes=True,
)
_OLDER: Final = _Paths(
    create="/api/job",
    status="/api/job/status/{}",
    result="/api/job/result/{}",
    cancel="/api/job/cancel/{}",
    rerun="/api/job/rerun/{}",
    takes_changes=False,
)


class _Sweep:
    """One round of status questions: what is still to ask, what came, when to stop asking."""

    def __init__(self, remote_ids: Sequence[str]) -> None:
        self.waiting: Iterator[str] = iter(dict.fromkeys(remote_ids))
        self.answers: dict[str, RemoteStatus | Exception] = {}
        self.in_flight = min(STATUS_AT_FIRST, len(remote_ids))
        self._failures_in_a_row = 0

    def answered(self, remote_id: str, answer: RemoteStatus) -> None:
        self.answers[remote_id] = answer
        self._failures_in_a_row = 0

    def failed(self, remote_id: str, error: JobGroupError) -> None:
        self.answers[remote_id] = error
        if isinstance(error, RemoteNotFoundError | RequestRefusedError):
            return  # about this job alone
        self._failures_in_a_row += 1
        if _concerns_the_account(error) or self._failures_in_a_row >= GIVE_UP_AFTER:
            self.give_up(error)

    def give_up(self, error: JobGroupError) -> None:
        self.answers.update(dict.fromkeys(self.waiting, error))


def create(account: Account) -> QuandelaCloud:
    """The provider for an account of Quandela Cloud (entry point ``quandela``)."""
    return QuandelaCloud(account)


class QuandelaCloud:
    """One account of a Quandela Cloud, or of what speaks its language.

    A cloud has the current paths, the older ones, or both. Which is found by asking GET of the path
    that creates: where it exists the answer is 405. `can_look_up` turns true when the cloud says,
    with the header ``Idempotency-Key-Support: true``, that it honours ``Idempotency-Key``.
    `silence_s` is how long it may say nothing before a request counts as lost.
    """

    def __init__(self, account: Account, *, silence_s: float = SILENCE_S) -> None:
        self.can_look_up = False
        self._origin = normalise_origin(account.origin)
        self._http = HttpClient(account, silence_s=silence_s)
        self._paths: _Paths | None = None
        self._paths_are_known = False
        self._finding = asyncio.Lock()

    async def submit(self, body: Body, *, key: str) -> str:
        """Create a job from a create body, sent as it is, and return its remote id."""
        paths = await self._paths_before_post()
        return await self._create(paths.create, body, key)

    async def rerun(
        self, remote_id: str, *, key: str, changes: Mapping[str, Any] | None = None
    ) -> str | None:
        """Run a job again as a new one and return its id.

        None where the account may not (403), the cloud no longer has the job (404) or cannot rerun
        (405), or where it has only the older paths, which take no changes.
        """
        paths = await self._paths_before_post()
        if changes and not paths.takes_changes:
            return None
        try:
            return await self._create(
                paths.rerun.format(_segment(remote_id)), dict(changes) if changes else None, key
            )
        except JobLimitError:
            raise
        except (RemoteNotFoundError, RequestRefusedError) as error:
            if error.status_code in (403, 404, 405):
                return None
            raise

    async def cancel(self, remote_id: str) -> None:
        """Ask for a job's cancellation."""
        paths = await self._paths_in_use()
        await self._ask("POST", paths.cancel.format(_segment(remote_id)))

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        """Ask about jobs, many at a time; each gets its answer or its own error.

        Once the account is refused, unreachable or throttled, or after `GIVE_UP_AFTER` failures in
        a row, the jobs that were not yet asked about get that same error unasked.
        """
        sweep = _Sweep(remote_ids)
        try:
            await self._paths_in_use()
        except JobGroupError as error:
            sweep.give_up(error)
        async with asyncio.TaskGroup() as workers:
            for _ in range(sweep.in_flight):
                workers.create_task(self._ask_status(sweep, workers))
        return sweep.answers

    async def result(self, remote_id: str) -> dict[str, Any]:
        """The result document as the cloud gives it, undecoded."""
        return await self._read_job("result", remote_id, max_bytes=MAX_RESULT_BYTES)

    async def availability(self) -> Availability:
        """The plan's free slots; all None from a cloud that does not tell."""
        try:
            return availability(await self._read("/api/jobs/availability"))
        except RemoteNotFoundError:
            return Availability()

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def _ask_status(self, sweep: _Sweep, workers: asyncio.TaskGroup) -> None:
        for remote_id in sweep.waiting:
            try:
                answer = remote_status(await self._read_job("status", remote_id))
            except JobGroupError as error:
                sweep.failed(remote_id, error)
            else:
                sweep.answered(remote_id, answer)
                if sweep.in_flight < STATUS_CONCURRENCY:
                    sweep.in_flight += 1
                    workers.create_task(self._ask_status(sweep, workers))

    async def _create(self, path: str, body: Body | None, key: str) -> str:
        answer = await self._ask("POST", path, body=body, headers={"Idempotency-Key": key})
        document = self._document(answer)
        remote_id = document.get("job_id")
        if not isinstance(remote_id, str) or not _is_id(remote_id):
            raise BadAnswerError(
                f"{self._origin} took the request, but its answer names no job_id. "
                "The job may exist: look for it on the cloud's own page.",
                origin=self._origin,
                status_code=answer.status,
            )
        return remote_id

    async def _read_job(
        self, what: str, remote_id: str, *, max_bytes: int = MAX_ANSWER_BYTES
    ) -> dict[str, Any]:
        paths = await self._paths_in_use()
        segment = _segment(remote_id)
        try:
            document = await self._read(getattr(paths, what).format(segment), max_bytes)
        except RemoteNotFoundError:
            if self._paths_are_known:
                raise
            paths = _OLDER if paths is _CURRENT else _CURRENT
            document = await self._read(getattr(paths, what).format(segment), max_bytes)
        self._paths, self._paths_are_known = paths, True
        return document

    async def _read(self, path: str, max_bytes: int = MAX_ANSWER_BYTES) -> dict[str, Any]:
        async def read_once(path: str) -> dict[str, Any]:
            return self._document(await self._ask("GET", path, max_bytes=max_bytes))

        return await repeated(read_once, path)

    async def _paths_before_post(self) -> _Paths:
        try:
            return await self._paths_in_use()
        except CloudError as error:
            if not may_have_arrived(error):
                raise
            raise CloudUnreachableError(
                f"{error} The job was not sent.",
                origin=self._origin,
                status_code=error.status_code,
                sentence=error.sentence,
                retry_after_s=error.retry_after_s,
            ) from error

    async def _paths_in_use(self) -> _Paths:
        async with self._finding:
            return self._paths or await self._find_paths()

    async def _find_paths(self) -> _Paths:
        for paths in (_CURRENT, _OLDER):
            status = await repeated(self._probe, paths.create)
            if status == 405 or 200 <= status < 300:
                self._paths, self._paths_are_known = paths, True
                return paths
            if status not in (404, 410):
                return paths  # a refused token, say; a gateway may answer so for any path
        # Every released client calls the older paths. The first job that is found decides.
        self._paths = _OLDER
        return _OLDER

    async def _probe(self, path: str) -> int:
        answer = await self._http.request("GET", path)
        self._notice(answer)
        if answer.status in (408, 425, 429) or 300 <= answer.status < 400 or answer.status >= 500:
            self._raise_for(answer)
        return answer.status

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        content = None if body is None else self._encoded(body)
        answer = await self._http.request(
            method, path, content=content, headers=headers, max_bytes=max_bytes
        )
        self._notice(answer)
        self._raise_for(answer)
        return answer

    def _encoded(self, body: Body) -> bytes:
        try:
            return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError) as error:
            raise RequestRefusedError(
                f"The job's body is not JSON ({error}); it was not sent.",
                origin=self._origin,
                status_code=422,
            ) from None

    def _notice(self, answer: Answer) -> None:
        # the latest answer counts: a cloud that no longer knows keys would make a second job
        self.can_look_up = answer.headers.get(_SUPPORTS_KEYS, "").strip().lower() == "true"

    def _raise_for(self, answer: Answer) -> None:
        error = error_for(
            answer.status,
            answer.body,
            origin=self._origin,
            retry_after=answer.headers.get("retry-after"),
            secret=answer.secret,
        )
        if error is not None:
            raise error

    def _document(self, answer: Answer) -> dict[str, Any]:
        try:
            document = json.loads(answer.body)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            return document
        raise BadAnswerError(
            f"{self._origin} answered HTTP {answer.status} with something that is no JSON object.",
            origin=self._origin,
            status_code=answer.status,
        )


def _segment(remote_id: str) -> str:
    return quote(remote_id, safe="")


def _concerns_the_account(error: JobGroupError) -> bool:
    match error:
        case CredentialsError():
            return True
        case CloudBusyError():
            return error.status_code == 429
        case CloudUnreachableError():
            return not isinstance(error, RequestLostError)
    return False


def _is_id(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_ID and text.isprintable()
