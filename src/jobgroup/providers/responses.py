"""What an HTTP response means: the error, with the cloud's own detail in it. Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from jobgroup.errors import (
    CloudError,
    CloudUnavailableError,
    InsufficientCreditsError,
    InvalidResponseError,
    InvalidTokenError,
    QuotaExceededError,
    RemoteNotFoundError,
    RequestRejectedError,
)
from jobgroup.logs import logger
from jobgroup.providers.base import NEVER_DONE, SENT_ELSEWHERE
from jobgroup.providers.documents import parse_json
from jobgroup.secret import NOTHING, Secret
from jobgroup.words import on_one_line

_log = logger(__name__)

MAX_DETAIL: Final = 500
"""Characters of a cloud's words that an error keeps."""

_JOB_LIMIT: Final = re.compile(r"cannot (create|have) more than \d+", re.IGNORECASE)
_NO_CREDITS: Final = re.compile(r"not enough\b.*\b(credits?|time left)", re.IGNORECASE)
_DETAILS: Final = ("detail", "details", "help_message")
_SECONDS: Final = re.compile(r"-?\d+(\.\d+)?")

MAX_RETRY_AFTER_S: Final = 3600.0
"""A cloud that asks for a longer pause is asked again after an hour."""


def error_for(
    status: int,
    body: bytes | bytearray,
    *,
    origin: str,
    retry_after: str | None = None,
    location: str | None = None,
    secret: Secret = NOTHING,
    is_quota_error: bool = False,
) -> CloudError | InvalidTokenError | None:
    """The error that an answer means; None for 2xx.

    Args:
        status: of the answer.
        body: of the answer; `extract_detail` finds the cloud's own words in it.
        origin: who answered.
        retry_after: the header of that name.
        location: the header of that name; only the host in it is shown.
        secret: what the error may not show.
        is_quota_error: a refusal means that the account may have no more jobs at present.
    """
    if 200 <= status < 300:
        return None
    detail = extract_detail(body, secret)
    said = detail or f"HTTP {status} {_phrase(status)}".strip()
    kind: type[CloudError] = RequestRejectedError
    message = f"{origin} refuses the request: {said}"
    if status == 402 or (status in (401, 403) and _NO_CREDITS.search(said)):
        kind = InsufficientCreditsError
        message = f"{origin}: {said}. Add credits to the account, then run again."
    elif status == 401:
        return InvalidTokenError(
            f"{origin} refuses the token ({said}). What was known is kept; give a valid one with "
            f"jobgroup.set_token(token, url={origin!r})."
        )
    elif is_quota_error or (status in (400, 403) and _JOB_LIMIT.search(said)):
        kind = QuotaExceededError
        message = (
            f"{origin}: {said}. What was sent stays sent, the rest stays unsent. With queue=True,"
            " in a terminal with --queue, a run waits for free slots until all are sent."
        )
    elif status == 404:
        kind, message = RemoteNotFoundError, f"{origin}: {said}"
    elif status == 511:
        kind = CloudUnavailableError
        message = (
            f"The network asks for a sign-in before it lets requests through to {origin} ({said})."
            " The request did not arrive; sign in with a browser, then try again."
        )
    elif status in (408, 425, 429) or status >= 500:
        kind, message = CloudUnavailableError, f"{origin} {_delay(status, said)}."
    elif status in SENT_ELSEWHERE:
        kind = InvalidResponseError
        message = (
            f"{origin} answered HTTP {status}, which sends requests on to {_host_of(location)} and"
            f" was not followed{f' ({detail})' if detail else ''}. Nothing was made; sign in"
            " where the network asks for it, or correct the cloud's url."
        )
    elif status < 400:
        kind = InvalidResponseError
        message = f"{origin} answered {said}, which is no answer to it. Check the url."
    return kind(
        message,
        origin=origin,
        status_code=status,
        detail=detail,
        retry_after_s=retry_after_s(retry_after),
    )


def _delay(status: int, said: str) -> str:
    if status in NEVER_DONE:
        return f"knows no such requests ({said})"
    return f"cannot do that now ({said}); later it may"


def extract_detail(body: bytes | bytearray, secret: Secret = NOTHING) -> str | None:
    """The cloud's own words in an error's body, bounded and on one line; None without any."""
    text = body[: 64 * 1024].decode("utf-8", "replace")
    try:
        document = parse_json(text.encode())
    except ValueError:
        words = "" if "<" in text[:200] else text  # a gateway's HTML page tells a user nothing
    else:
        words = _words(document)
    words = secret.hide_in(words)
    words = " ".join(on_one_line(words).split())
    return (words if len(words) <= MAX_DETAIL else words[: MAX_DETAIL - 1] + "…") or None


def _words(document: object) -> str:
    if isinstance(document, str):
        return document
    if not isinstance(document, dict):
        return ""
    if isinstance(document.get("error"), dict):
        return _words(document["error"])
    said = next(
        (document[k] for k in ("error", "message", "msg") if isinstance(document.get(k), str)), ""
    )
    detail = next((document[k] for k in _DETAILS if document.get(k)), None)
    if isinstance(detail, str):
        return f"{said} ({detail})" if said else detail
    if detail:
        return f"{said} {json.dumps(detail, ensure_ascii=False)}".strip()
    return str(said)


def retry_after_s(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, given as seconds or as a date; None without.

    It is an hour at most, and a header that is neither is none.

    >>> retry_after_s("315360000"), retry_after_s("soon")
    (3600.0, None)
    """
    value = (value or "").strip()
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    else:
        try:
            moment = parsedate_to_datetime(value)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            seconds = (aware - (now or datetime.now(UTC))).total_seconds()
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def unreadable(error: Exception, origin: str = "") -> InvalidResponseError:
    """What an answer means with which our own code did not reckon: that job has none.

    Args:
        error: that it raised.
        origin: who answered.
    """
    _log.debug("an answer could not be read", exc_info=error)
    return InvalidResponseError(
        f"{origin or 'The cloud'} gave an answer that cannot be read"
        f" ({type(error).__name__}: {str(error)[:200]}). Other jobs are not affected; the log has"
        " more at level DEBUG.",
        origin=origin,
        status_code=200,
    )


def _host_of(location: str | None) -> str:
    """Where a redirect points, without what may be secret in it."""
    try:
        host = urlsplit(location or "").hostname
    except ValueError:
        host = None
    return on_one_line(host[:100]) if host else "another address"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
