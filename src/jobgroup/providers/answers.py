"""What an answer of Quandela Cloud means: its sentence, its error, a job's status. Pure."""

from __future__ import annotations

import json
import logging
import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

from jobgroup.errors import (
    BadAnswerError,
    CloudBusyError,
    CloudError,
    JobLimitError,
    NotEnoughCreditsError,
    RemoteNotFoundError,
    RequestRefusedError,
    TokenRefusedError,
)
from jobgroup.providers.base import Availability, RemoteStatus
from jobgroup.status import FAILED, RunningStatus

MAX_SENTENCE: Final = 500
"""Characters of a cloud's words that an error keeps."""

MAX_MESSAGE: Final = 2000
"""Characters of a job's message that are kept."""

_JOB_LIMIT: Final = re.compile(r"cannot (create|have) more than \d+", re.IGNORECASE)
_NO_CREDITS: Final = re.compile(r"not enough\b.*\b(credits?|time left)", re.IGNORECASE)
_LONGEST_RETRY_AFTER_S: Final = 86_400.0

_log = logging.getLogger("jobgroup")


def error_for(
    status: int,
    body: bytes,
    *,
    origin: str,
    retry_after: str | None = None,
    secret: str = "",
) -> CloudError | TokenRefusedError | None:
    """The error that an answer means; None for 2xx."""
    if 200 <= status < 300:
        return None
    sentence = sentence_of(body, secret)
    said = sentence or f"HTTP {status} {_phrase(status)}".strip()
    kind: type[CloudError] = RequestRefusedError
    message = f"{origin} refuses the request: {said}"
    if status == 402 or (status in (401, 403) and _NO_CREDITS.search(said)):
        kind = NotEnoughCreditsError
        message = f"{origin}: {said}. Add credits to the account, then run again."
    elif status == 401:
        return TokenRefusedError(
            f"{origin} refuses the token ({said}). What was known is kept; give a valid one with "
            "jobgroup.set_token(...) or JOBGROUP_TOKEN."
        )
    elif status == 404:
        kind, message = RemoteNotFoundError, f"{origin}: {said}"
    elif status in (408, 425, 429) or status >= 500:
        kind, message = CloudBusyError, f"{origin} cannot do that now ({said}); later it may."
    elif status in (400, 403) and _JOB_LIMIT.search(said):
        kind = JobLimitError
        message = f"{origin}: {said}. What was sent stays sent, the rest stays unsent."
    elif status < 400:
        kind = BadAnswerError
        message = f"{origin} answered {said}, which was not followed. Check the url."
    return kind(
        message,
        origin=origin,
        status_code=status,
        sentence=sentence,
        retry_after_s=retry_after_s(retry_after),
    )


def sentence_of(body: bytes, secret: str = "") -> str | None:
    """The cloud's own words in an error's body, bounded and on one line; None without any."""
    text = body[: 64 * 1024].decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        words = "" if "<" in text[:200] else text  # a gateway's HTML page tells a user nothing
    else:
        words = _words(document)
    if secret:
        words = words.replace(secret, "[token]")
    words = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return (words if len(words) <= MAX_SENTENCE else words[: MAX_SENTENCE - 1] + "…") or None


def _words(document: object) -> str:
    if isinstance(document, str):
        return document
    if not isinstance(document, dict):
        return ""
    said = next(
        (document[k] for k in ("error", "message", "msg") if isinstance(document.get(k), str)), ""
    )
    detail = document.get("detail")
    if isinstance(detail, str):
        return f"{said} ({detail})" if said else detail
    if detail:
        return f"{said} {json.dumps(detail, ensure_ascii=False)}".strip()
    return str(said)


def retry_after_s(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, given as seconds or as a date; None without."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (aware - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_S) if math.isfinite(seconds) else None


def remote_status(document: dict[str, Any]) -> RemoteStatus:
    """A job's status as the cloud tells it. Missing and wrongly typed fields are logged as None."""
    word = _text(document, "status") or ""
    if not word:
        _log.warning("A status answer names no status; the job counts as unknown.")
    state = RunningStatus.from_server_response(word).value
    shots = _number(document, "shots")
    return RemoteStatus(
        word=word,
        state=state,
        message=_message(document, state),
        progress=_progress(document),
        created_at=_epoch(document, "creation_datetime"),
        started_at=_epoch(document, "start_time"),
        duration_s=_number(document, "duration"),
        shots=None if shots is None else int(shots),
        name=_text(document, "name"),
    )


def availability(document: dict[str, Any]) -> Availability:
    """A plan's limits; what the cloud does not say is None."""
    queue_max = _number(document, "max_jobs_in_queue")
    queued = _number(document, "num_jobs_in_queue")
    concurrent_max = _number(document, "max_concurrent_jobs")
    queue_free = None
    if queue_max is not None and queued is not None:
        queue_free = max(0, int(queue_max - queued))
    return Availability(
        queue_free=queue_free,
        queue_max=None if queue_max is None else int(queue_max),
        concurrent_max=None if concurrent_max is None else int(concurrent_max),
    )


def _message(document: dict[str, Any], state: str) -> str | None:
    # 0.12's servers told the reason in failure_code, later ones in status_message; "msg" is about
    # the answer itself ("ok") unless something went wrong.
    of_a_failure = ("status_message", "failure_code", "msg", "progress_message")
    of_a_job = ("progress_message", "status_message", "msg")
    for key in of_a_failure if state in FAILED else of_a_job:
        said = _text(document, key)
        if said and not (key == "msg" and said.lower() == "ok"):
            return said[:MAX_MESSAGE]
    return None


def _progress(document: dict[str, Any]) -> float | None:
    progress = _number(document, "progress")
    if progress is None:
        return None
    return min(progress / 100 if progress > 1 else progress, 1.0)


def _epoch(document: dict[str, Any], key: str) -> float | None:
    return _number(document, key) or None  # a 0 is "not yet", not 1970


def _number(document: dict[str, Any], key: str) -> float | None:
    value = document.get(key)
    if value is None:
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number) and number >= 0:
        return number
    _log.warning("An answer's field %s holds %.80r, which is no number; ignored.", key, value)
    return None


def _text(document: dict[str, Any], key: str) -> str | None:
    value = document.get(key)
    if value is None or isinstance(value, str):
        return value or None
    _log.warning("An answer's field %s holds %.80r, which is no text; ignored.", key, value)
    return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
