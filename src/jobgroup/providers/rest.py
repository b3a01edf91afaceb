"""JSON over HTTP for one account: what most clouds need, and what a provider is soonest made with.

Every error that it raises says rightly, by `may_have_arrived`, whether a request may have arrived.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote

from jobgroup.errors import (
    CloudUnavailableError,
    CloudUnreachableError,
    InvalidResponseError,
    RemoteNotFoundError,
    RequestRejectedError,
)
from jobgroup.origin import normalise_origin
from jobgroup.providers.base import MAX_ID_CHARACTERS, Account, is_id, shown_id
from jobgroup.providers.documents import parse_json
from jobgroup.providers.http import (
    MAX_RESPONSE_BYTES,
    MAX_RESULT_BYTES,
    READ_TIMEOUT_S,
    REQUEST_TIMEOUT_S,
    HttpClient,
    Response,
    ResponseTooLargeError,
    bearer,
)
from jobgroup.providers.responses import error_for
from jobgroup.retry import retry

T = TypeVar("T")

MAX_READ_ATTEMPTS: Final = 3
READ_WAIT_INITIAL_S: Final = 0.25
MAX_READ_WAIT_S: Final = 5.0
"""A cloud that asks for a longer wait gets it from the caller, who waits without holding a slot."""


class RestClient:
    """Requests to a REST service, whose responses are JSON objects.

    The token is asked for at each request and goes nowhere but to the account's origin. Paths begin
    with a slash; what is put into them goes through `quote_segment`. All methods raise errors of
    ``jobgroup.errors`` alone: CloudUnreachableError, NoResponseError, CredentialsError,
    InvalidResponseError, and for 3xx, 4xx or 5xx what `responses.error_for` makes of it.

    Args:
        account: whom it acts for.
        auth: returns the headers that show a token; ``Authorization: Bearer`` where none is given.
        is_quota_error: whether a refusal (4xx) means that the account may have no more jobs at
            present; it raises QuotaExceededError then.
        on_response: called with each response before it is looked at.
        read_timeout_s: seconds that the service may say nothing before a request counts as lost.
        timeout_s: seconds that one request may take in all; a result has
            `http.RESULT_TIMEOUT_S`.
    """

    def __init__(
        self,
        account: Account,
        *,
        auth: Callable[[str], Mapping[str, str]] = bearer,
        is_quota_error: Callable[[Response], bool] = lambda _: False,
        on_response: Callable[[Response], object] = lambda _: None,
        read_timeout_s: float = READ_TIMEOUT_S,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        self.origin = normalise_origin(account.origin)
        self._http = HttpClient(
            account, auth=auth, read_timeout_s=read_timeout_s, timeout_s=timeout_s
        )
        self._is_quota_error = is_quota_error
        self._on_response = on_response

    async def get(self, path: str, *, max_bytes: int = MAX_RESPONSE_BYTES) -> dict[str, Any]:
        """The JSON object at a path, asked for a few times where a repeat may help."""

        async def read_once() -> dict[str, Any]:
            return self.json(await self.request("GET", path, max_bytes=max_bytes))

        return await retry_read(read_once)

    async def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a JSON object, or nothing, exactly once."""
        return await self.request("POST", path, body=body, headers=headers)

    async def create(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        id_field: str = "id",
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """`post` what creates a job, and return the id that the response names in `id_field`.

        Raises InvalidResponseError where it names none: the job may exist.
        """
        response = await self.post(path, body, headers=headers)
        remote_id = self.json(response).get(id_field)
        if isinstance(remote_id, str) and is_id(remote_id):
            return remote_id
        given = "" if remote_id is None else response.secret.hide_in(shown_id(remote_id))
        instead = given and f" that can be one: it has {given}"
        raise InvalidResponseError(
            f"{self.origin} took the request, but its answer names no {id_field}{instead}. "
            "The job may exist: look for it on the cloud's own page.",
            origin=self.origin,
            status_code=response.status,
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_RESPONSE_BYTES,
    ) -> Response:
        """Send one request, once; the response, if it is 2xx."""
        response = await self.request_raw(
            method, path, body=body, headers=headers, max_bytes=max_bytes
        )
        self.raise_for(response)
        return response

    async def request_raw(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_RESPONSE_BYTES,
    ) -> Response:
        """Send one request, once; the response, whatever its status."""
        content = None if body is None else self._encoded(body)
        response = await self._http.request(
            method, path, content=content, headers=headers, max_bytes=max_bytes
        )
        self._on_response(response)
        return response

    def raise_for(self, response: Response) -> None:
        """Raise the error that a response means, if it means one."""
        error = error_for(
            response.status,
            response.body,
            origin=self.origin,
            retry_after=response.headers.get("retry-after"),
            location=response.headers.get("location"),
            secret=response.secret,
            is_quota_error=400 <= response.status < 500 and self._is_quota_error(response),
        )
        if error is not None:
            raise error

    def json(self, response: Response) -> dict[str, Any]:
        """The JSON object that a response holds. Raises InvalidResponseError where it is none."""
        try:
            document = parse_json(response.body)
        except ValueError:
            document = None
        if isinstance(document, dict):
            return document
        raise InvalidResponseError(
            f"{self.origin} answered HTTP {response.status} with something that is no JSON object.",
            origin=self.origin,
            status_code=response.status,
        )

    def check_about(self, document: Mapping[str, Any], remote_id: str, id_field: str) -> None:
        """Raise InvalidResponseError if a document names another job than the one asked for."""
        named = document.get(id_field)
        if isinstance(named, str) and named.lower() != remote_id.lower():
            raise InvalidResponseError(
                f"{self.origin} answered about another job than {remote_id}; it was not recorded.",
                origin=self.origin,
                status_code=200,
            )

    async def download(self, url: str, *, max_bytes: int = MAX_RESULT_BYTES) -> str:
        """The text at a url that a response named, on whatever host: no token goes there.

        Raises InvalidResponseError for a url that is neither https nor, for an account on this
        machine, on this machine too.
        """

        async def read_once() -> str:
            response = await self._http.fetch(url, max_bytes=max_bytes)
            self.raise_for(response)
            return response.body.decode("utf-8", "replace")

        return await retry_read(read_once)

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()

    def _encoded(self, body: Mapping[str, Any]) -> bytes:
        try:
            return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError) as error:
            raise RequestRejectedError(
                f"The job's body is not JSON ({error}); it was not sent.",
                origin=self.origin,
                status_code=422,
            ) from None


def quote_segment(remote_id: str | bytes) -> str:
    """An id as one segment of a path, whatever is in it.

    Raises RemoteNotFoundError for what can be no id, as a segment of nothing but dots.

    >>> quote_segment("../a b")
    '..%2Fa%20b'
    """
    # a damaged row has bytes there, of which no one-segment path is another's
    if not isinstance(remote_id, bytes) and not is_id(remote_id):
        shown = ascii(remote_id)[:80]
        raise RemoteNotFoundError(
            f"{shown} can be no job's id: that is a text of 1 to {MAX_ID_CHARACTERS} printable"
            " characters. The cloud was not asked.",
            status_code=404,
        )
    return quote(remote_id, safe="")


async def retry_read(read: Callable[[], Awaitable[T]]) -> T:
    """Return what a read returns, made up to `MAX_READ_ATTEMPTS` times.

    A read that took long to fail is not repeated here: the caller may do that.
    """
    return await retry(
        read,
        on=is_retryable,
        attempts=lambda: MAX_READ_ATTEMPTS,
        timeout=2 * MAX_READ_WAIT_S,
        wait_initial=READ_WAIT_INITIAL_S,
        wait_max=MAX_READ_WAIT_S,
    )


def is_retryable(error: BaseException) -> bool:
    """Whether the same read may succeed in a moment."""
    return (
        isinstance(error, CloudUnreachableError | CloudUnavailableError | InvalidResponseError)
        and not isinstance(error, ResponseTooLargeError)
        and not getattr(error, "is_misconfigured", False)
        and (error.retry_after_s or 0.0) <= MAX_READ_WAIT_S
    )
