"""Send JSON over HTTP for one account, as most providers need it.

Given an error of this module, `may_have_arrived` returns whether the request may have arrived.
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
    HttpClient,
    Response,
    ResponseTooLargeError,
    bearer,
)
from jobgroup.providers.responses import error_for, host_of, retry_after_s
from jobgroup.retry import retry

T = TypeVar("T")

MAX_READ_ATTEMPTS: Final = 3
READ_WAIT_INITIAL_S: Final = 0.25
MAX_READ_WAIT_S: Final = 5.0
"""Maximum number of seconds between attempts. The caller decides about a longer wait."""


class RestClient:
    """A client of a REST service whose responses are JSON objects.

    A client reads the token for each request, and sends it only to the account's origin. Paths
    begin with a slash. Quote ids in them with `quote_segment`. Methods raise CloudUnreachableError,
    NoResponseError, CredentialsError and InvalidResponseError; for 3xx, 4xx and 5xx, they raise the
    errors of `responses.error_for`.

    Args:
        account: account to act for.
        auth: function that returns the headers for a token; ``Authorization: Bearer`` by default.
        is_quota_error: function that returns whether a 4xx response means that the plan allows no
            more jobs now. If so, the error is QuotaExceededError.
        on_response: function that is called first with each response.
        read_timeout_s: seconds without any byte from the service after which a request counts as
            lost.
    """

    def __init__(
        self,
        account: Account,
        *,
        auth: Callable[[str], Mapping[str, str]] = bearer,
        is_quota_error: Callable[[Response], bool] = lambda _: False,
        on_response: Callable[[Response], object] = lambda _: None,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self.origin = normalise_origin(account.origin)
        self._http = HttpClient(account, auth=auth, read_timeout_s=read_timeout_s)
        self._is_quota_error = is_quota_error
        self._on_response = on_response

    async def get(self, path: str, *, max_bytes: int = MAX_RESPONSE_BYTES) -> dict[str, Any]:
        """Return the JSON object at a path; retry if that may help."""

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
        """Send a JSON object or an empty body, exactly once."""
        return await self.request("POST", path, body=body, headers=headers)

    async def create(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        id_field: str = "id",
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Send a request that creates a job, once, and return the id in the response's `id_field`.

        Raises:
            InvalidResponseError: the response has no id; the job may exist.
        """
        response = await self.post(path, body, headers=headers)
        value = self.json(response).get(id_field)
        remote_id = _id_text(value)
        if is_id(remote_id):
            return remote_id
        given = ""
        if value is not None:
            given = f" (it has {response.secret.hide_in(shown_id(value))})"
        raise self.invalid(
            f"accepted the request but returned no valid {id_field}{given}.", response.status
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
        """Send a request once, and return the response if it is 2xx."""
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
        """Send a request once, and return the response, with any status."""
        content = None
        try:
            if body is not None:
                content = json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError) as error:
            raise RequestRejectedError(
                f"The job's body is not JSON ({error}). Nothing was sent. Add the job again.",
                origin=self.origin,
                status_code=422,
            ) from None
        response = await self._http.request(
            method, path, content=content, headers=headers, max_bytes=max_bytes
        )
        self._on_response(response)
        return response

    async def probe(self, path: str) -> int:
        """Return the status of a GET request for a path; raise an error that says nothing of it."""
        try:
            response = await self.request_raw("GET", path)
        except InvalidResponseError as error:  # for example a list of more jobs than fit
            return error.status_code or 200
        status = response.status
        if status in (408, 425, 429) or 300 <= status < 400 or status >= 500:
            self.raise_for(response)
        return status

    def raise_for(self, response: Response) -> None:
        """Raise the error for a response, if there is one."""
        error = error_for(
            response.status,
            response.body,
            origin=self.origin,
            retry_after=response.headers.get("retry-after"),
            date=response.headers.get("date"),
            location=response.headers.get("location"),
            secret=response.secret,
            is_quota_error=400 <= response.status < 500 and self._is_quota_error(response),
        )
        if error is not None:
            raise error

    def json(self, response: Response) -> dict[str, Any]:
        """Return the JSON object in a response, or raise InvalidResponseError."""
        try:
            document = parse_json(response.body)
        except ValueError:
            document = None
        if isinstance(document, dict):
            return document
        raise self.invalid(
            f"returned HTTP {response.status} with a body that is not JSON. Check the URL.",
            response.status,
        )

    def check_about(self, document: Mapping[str, Any], remote_id: str, id_field: str) -> None:
        """Raise InvalidResponseError if a document is about a different job."""
        named = document.get(id_field)
        if isinstance(named, str):
            is_other = named.lower() != remote_id.lower()
        else:  # a number may be an internal one, unless the id is a number too
            is_other = type(named) is int and remote_id.isdecimal() and named != int(remote_id)
        if is_other:
            raise self.invalid(
                f"returned another job than {remote_id}, so jobgroup ignored the response.", 200
            )

    def invalid(self, what: str, status: int) -> InvalidResponseError:
        """Return the error for an invalid response, which had this status."""
        return InvalidResponseError(f"{self.origin} {what}", origin=self.origin, status_code=status)

    async def download(self, url: str, *, max_bytes: int = MAX_RESULT_BYTES) -> str:
        """Return the text at a URL from a response, on any host, without sending the token.

        Raises:
            CloudUnavailableError, RequestRejectedError: the host did not return the text.
            InvalidResponseError: the URL is not https, and the URL and the account's origin are not
                both on this machine.
        """

        async def read_once() -> str:
            response = await self._http.fetch(url, max_bytes=max_bytes)
            if not 200 <= response.status < 300:  # no error of the cloud, nor about its token
                is_temporary = response.status in (408, 425, 429) or response.status >= 500
                kind = CloudUnavailableError if is_temporary else RequestRejectedError
                raise kind(
                    f"{host_of(url)} did not return the result (HTTP {response.status}). Try again"
                    " later.",
                    origin=self.origin,
                    status_code=response.status,
                    retry_after_s=retry_after_s(
                        response.headers.get("retry-after"), response.headers.get("date")
                    ),
                )
            return response.body.decode("utf-8", "replace")

        return await retry_read(read_once)

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()


def _id_text(value: object) -> str | None:
    """Return the text of an id in a document; some servers number their jobs."""
    if type(value) is int and value >= 0:
        return str(value)
    return value if isinstance(value, str) else None


def quote_segment(remote_id: str | bytes) -> str:
    """Quote an id as one segment of a path.

    Raises:
        RemoteNotFoundError: the value cannot be an id, for example because it has only dots.

    >>> quote_segment("../a b")
    '..%2Fa%20b'
    """
    # Bytes come from a damaged row. Quoted as one segment, they cannot name another resource.
    if not isinstance(remote_id, bytes) and not is_id(remote_id):
        raise RemoteNotFoundError(
            f"{ascii(remote_id)[:80]} is not a job id, which has 1 to {MAX_ID_CHARACTERS} printable"
            " characters. Nothing was sent.",
            status_code=404,
        )
    return quote(remote_id, safe="")


async def retry_read(read: Callable[[], Awaitable[T]]) -> T:
    """Return the result of a read, after at most `MAX_READ_ATTEMPTS` attempts.

    If a read took a long time to fail, it is not retried; the caller decides.
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
    """Return whether a read that failed with this error may succeed soon."""
    return (
        isinstance(error, CloudUnreachableError | CloudUnavailableError | InvalidResponseError)
        and not isinstance(error, ResponseTooLargeError)
        and not getattr(error, "is_misconfigured", False)
        and (error.retry_after_s or 0.0) <= MAX_READ_WAIT_S
    )
