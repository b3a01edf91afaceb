"""Look up jobs on a cloud that were submitted outside jobgroup, before a group adopts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from jobgroup.engine.loop import task_group
from jobgroup.engine.session import GroupSession
from jobgroup.errors import InvalidResponseError, RemoteNotFoundError, RequestRejectedError
from jobgroup.logs import logger
from jobgroup.providers.base import RemoteStatus, Submission, SupportsSubmissionLookup
from jobgroup.store import Target

_log = logger(__name__)

MAX_BODIES_IN_FLIGHT = 20
"""Number of submissions to fetch at once; each may be large."""


@dataclass(frozen=True, slots=True)
class RemoteJobInfo:
    """A job on a cloud: its status and, if the cloud reports it, its submission."""

    remote_id: str
    status: RemoteStatus
    submission: Submission
    problem: InvalidResponseError | None = None
    """Reason why the submission could not be read."""


async def look_up(
    session: GroupSession, target: Target, remote_ids: Sequence[str]
) -> list[RemoteJobInfo]:
    """Return what an account's cloud reports about jobs, in the order of the given ids.

    Raises:
        RemoteNotFoundError: the cloud does not know one of the jobs.
        CloudError, CredentialsError: a request to the cloud failed.
    """
    if not remote_ids:
        return []
    provider = await session.provider(target)
    answers = await provider.status(remote_ids)
    # Clouds respond with 400 or 403 to an invalid id, or to the id of another user's job.
    foreign = RemoteNotFoundError | RequestRejectedError
    unknown = [i for i in remote_ids if isinstance(answers.get(i), foreign)]
    if unknown:
        raise _unknown(target.origin, unknown)
    statuses = {}
    for remote_id in remote_ids:
        answer = answers.get(remote_id)
        if isinstance(answer, RemoteStatus):
            statuses[remote_id] = answer
        else:
            raise answer or InvalidResponseError(f"{target.origin} does not report {remote_id}.")
    submissions: dict[str, Submission] = {}
    problems: dict[str, InvalidResponseError] = {}
    gate = anyio.Semaphore(MAX_BODIES_IN_FLIGHT)

    async def fetch(remote_id: str, provider: SupportsSubmissionLookup) -> None:
        async with gate:
            try:
                submissions[remote_id] = await provider.submission(remote_id)
            except InvalidResponseError as error:  # the job's status is known
                problems[remote_id] = error
                _log.warning("The submission of %s is not known: %s", remote_id, error)

    if isinstance(provider, SupportsSubmissionLookup):
        async with task_group() as group:
            for remote_id in remote_ids:
                group.start_soon(fetch, remote_id, provider)
    return [
        RemoteJobInfo(i, statuses[i], submissions.get(i, Submission()), problems.get(i))
        for i in remote_ids
    ]


def _unknown(origin: str, remote_ids: Sequence[str]) -> RemoteNotFoundError:
    more = f" and {len(remote_ids) - 1} more" if len(remote_ids) > 1 else ""
    return RemoteNotFoundError(
        f"{origin} knows no job {remote_ids[0]!r}{more} of this account. Nothing was adopted. Check"
        " the id, the URL, and whether the token is that of the account.",
        origin=origin,
        status_code=404,
    )
