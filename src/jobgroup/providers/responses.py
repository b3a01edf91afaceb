"""Convert HTTP responses to errors, with the cloud's own detail. Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
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
from jobgroup.retry import MAX_RETRY_AFTER_S
from jobgroup.secret import NOTHING, Secret
from jobgroup.words import on_one_line

_log = logger(__name__)

MAX_DETAIL: Final = 500
"""Maximum number of characters of a cloud's text in an error."""

_JOB_LIMIT: Final = re.compile(
    r"cannot (create|have) more than \d+\b[^.]*\b(jobs?|executions?|tasks?)\b"
    r"(?! (per|an?|each|every)\b)",  # a rate
    re.IGNORECASE,
)
_NO_CREDITS: Final = re.compile(r"not enough\b.*\b(credits?|time left)", re.IGNORECASE)
_SECONDS: Final = re.compile(r"-?\d+(\.\d+)?")


def error_for(  # noqa: C901 # it is a table of statuses
    status: int,
    body: bytes | bytearray,
    *,
    origin: str,
    retry_after: str | None = None,
    date: str | None = None,
    location: str | None = None,
    secret: Secret = NOTHING,
    is_quota_error: bool = False,
) -> CloudError | InvalidTokenError | None:
    """Return the error for a response; None for 2xx.

    Args:
        status: HTTP status.
        body: body of the response, which may explain the error.
        origin: origin that responded.
        retry_after: ``Retry-After`` header.
        date: ``Date`` header. A date in ``Retry-After`` is from the same clock.
        location: ``Location`` header; the error shows only its host.
        secret: text that the error must not show.
        is_quota_error: whether a rejection means that the plan allows no more jobs now.
    """
    if 200 <= status < 300:
        return None
    detail = extract_detail(body, secret)
    phrase = next((each.phrase for each in HTTPStatus if each == status), "")
    said = detail or f"HTTP {status} {phrase}".strip()
    is_at_limit = 400 <= status < 500 and status != 408 and bool(_JOB_LIMIT.search(said))
    if status == 429 and retry_after:  # a limit of the rate
        is_at_limit = False
    kind: type[CloudError] = RequestRejectedError
    message = f"{origin} rejects the request: {said}"
    if status == 402 or (status in (401, 403) and _NO_CREDITS.search(said)):
        kind = InsufficientCreditsError
        message = (
            f"{origin} reports too few credits ({said}). Sent jobs are not affected. Add credits to"
            " the account, then run the group again."
        )
    elif status == 401 and not is_at_limit:
        return InvalidTokenError(
            f"{origin} rejects the token ({said}). Your jobs keep their last known state. Set a"
            f" valid token with jobgroup.set_token(token, url={origin!r})."
        )
    elif is_quota_error or is_at_limit:
        kind = QuotaExceededError
        message = (
            f"{origin} allows no more jobs now ({said}). Sent jobs stay sent; the others stay"
            " unsent. With queue=True (or --queue), a run waits for free slots."
        )
    elif status == 404:
        kind, message = (
            RemoteNotFoundError,
            f"{origin} found nothing with that id or path ({said}).",
        )
    elif status == 511:
        kind = CloudUnavailableError
        message = (
            f"Your network requires a sign-in before it forwards requests to {origin} ({said})."
            " Nothing was sent. Sign in with a browser, then try again."
        )
    elif status in (408, 425, 429) or status >= 500:
        kind = CloudUnavailableError
        message = f"{origin} is temporarily unavailable ({said}). Try again later."
        if status in NEVER_DONE:
            message = f"{origin} does not support this request ({said})."
    elif status in SENT_ELSEWHERE:
        kind = InvalidResponseError
        message = (
            f"{origin} redirects to {host_of(location)} (HTTP {status}), and jobgroup follows no"
            f" redirects{f' ({detail})' if detail else ''}. The request had no effect. Sign in to"
            " your network with a browser, or correct the cloud's URL."
        )
    elif status < 400:
        kind = InvalidResponseError
        message = (
            f"{origin} returned {said}, which is not a response to the request. Check the URL."
        )
    return kind(
        message,
        origin=origin,
        status_code=status,
        detail=detail,
        retry_after_s=retry_after_s(retry_after, date),
    )


def extract_detail(body: bytes | bytearray, secret: Secret = NOTHING) -> str | None:
    """Return the cloud's own text from an error response, on one line; None if there is none."""
    text = body[: 64 * 1024].decode("utf-8", "replace")
    try:
        found = _detail(parse_json(text.encode()))
    except ValueError:
        found = "" if "<" in text[:200] else text  # not an HTML page of a gateway
    found = " ".join(on_one_line(secret.hide_in(found)).split())
    return (found if len(found) <= MAX_DETAIL else found[: MAX_DETAIL - 1] + "…") or None


def _detail(document: object) -> str:
    if isinstance(document, str):
        return document
    if not isinstance(document, dict):
        return ""
    if isinstance(document.get("error"), dict):
        return _detail(document["error"])
    texts = (document.get(key) for key in ("error", "message", "msg"))
    said = next((text for text in texts if isinstance(text, str)), "")
    details = (document.get(key) for key in ("detail", "details", "help_message"))
    detail = next(filter(None, details), None)
    if isinstance(detail, str):
        return f"{said} ({detail})" if said else detail
    return f"{said} {json.dumps(detail, ensure_ascii=False)}".strip() if detail else said


def retry_after_s(value: str | None, date: str | None = None) -> float | None:
    """Return a Retry-After header in seconds, at most an hour; None if it is invalid.

    A date counts from the response's own `date`, because this machine's clock may be wrong.

    >>> retry_after_s("315360000"), retry_after_s("soon")
    (3600.0, None)
    >>> retry_after_s("Sun, 22 Nov 2026 12:00:40 GMT", "Sun, 22 Nov 2026 12:00:10 GMT")
    30.0
    """
    value = (value or "").strip()
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    else:
        moment = _moment_of(value)
        if moment is None:
            return None
        seconds = (moment - (_moment_of(date or "") or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def _moment_of(date: str) -> datetime | None:
    from email.utils import parsedate_to_datetime  # imports 15 modules

    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def unreadable(error: Exception, origin: str = "") -> InvalidResponseError:
    """Return the error for a response that our code failed to read. It concerns one job.

    Args:
        error: exception from our code.
        origin: origin that responded.
    """
    _log.debug("a response could not be read", exc_info=error)
    return InvalidResponseError(
        f"{origin or 'The cloud'} returned a response that cannot be read ({type(error).__name__}:"
        f" {str(error)[:200]}). Other jobs are not affected. The log has details at level DEBUG.",
        origin=origin,
        status_code=200,
    )


def host_of(location: str | None) -> str:
    """Return the host of a URL from a response, without any secret in the URL."""
    try:
        host = urlsplit(location or "").hostname
    except ValueError:
        host = None
    return on_one_line(host[:100]) if host else "another address"
