"""Keep the state of a job whose cloud responds for a moment without a status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobgroup.errors import InvalidResponseError
from jobgroup.logs import logger
from jobgroup.status import RemoteStatus

if TYPE_CHECKING:
    from jobgroup.engine.poll_schedule import PolledJob

BLANK_S: Final = 60.0
"""Seconds for which a job keeps its state although the responses about it have no status."""

_log = logger(__name__)


def unless_blank(
    job: PolledJob, answer: RemoteStatus | Exception | None, now: float
) -> RemoteStatus | Exception | None:
    """Return a response about a job, or an error if it has no status and had one a moment ago.

    Args:
        job: job, in which the time of the first response without a status is kept.
        answer: response about the job.
        now: value of `time.monotonic`.
    """
    if not isinstance(answer, RemoteStatus):
        return answer
    if answer.provider_status or answer.state != "unknown":
        job.blank_since = None
        return answer
    if job.blank_since is None:
        job.blank_since = now
    if now >= job.blank_since + BLANK_S:
        return answer
    text = f"{job.target.origin} returned a response without a status. The job keeps its state."
    _log.warning("%s", text)
    return InvalidResponseError(text, origin=job.target.origin, status_code=200)
