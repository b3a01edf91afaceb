"""Check another package's provider against the protocol, so that the engine can rely on it.

An unexpected error, or a value of a wrong type, becomes an error that names the provider. If the
call was about one job, so is the error. No message shows the token.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from jobgroup.errors import (
    CloudError,
    CredentialsError,
    InvalidProviderError,
    InvalidResponseError,
    JobGroupError,
    NoResponseError,
)
from jobgroup.logs import logger
from jobgroup.providers.base import (
    Account,
    Availability,
    Body,
    Provider,
    RemoteStatus,
    Submission,
    SupportsSubmissionLookup,
    is_id,
    shown_id,
)
from jobgroup.providers.documents import check_shape
from jobgroup.providers.polling import report_each_to, status_callback
from jobgroup.providers.values import (
    bound_availability,
    bound_number,
    bound_status,
    bound_submission,
)
from jobgroup.retry import MAX_RETRY_AFTER_S
from jobgroup.secret import NOTHING, Secret
from jobgroup.words import shown

CALL_TIMEOUT_S: Final = 600.0
"""Seconds for one call; `status` gets an additional second for each job."""

T = TypeVar("T")

_log = logger(__name__)


class _WrongValueError(Exception):
    """A method returned a value of a wrong type. The args are the value and a description."""


class ThirdPartyProvider:
    """A wrapper that checks all values and errors of a provider."""

    def __init__(self, inner: Provider, kind: str, account: Account) -> None:
        self._inner = inner
        self._kind = kind
        self._account = account

    @property
    def supports_idempotency_keys(self) -> bool:
        """Whether the provider's own attribute is exactly True."""
        return getattr(self._inner, "supports_idempotency_keys", False) is True

    async def submit(self, body: Body, *, key: str) -> str:
        """Create a job. If the provider does not return an id, the job may still exist."""
        own = copy.deepcopy(body)  # a copy, because the provider may change it
        return await self._call("submit", _id, own, key=key)

    async def rerun(self, remote_id: str, *, key: str) -> str | None:
        return await self._call(
            "rerun", lambda made: None if made is None else _id(made), remote_id, key=key
        )

    async def cancel(self, remote_id: str) -> None:
        await self._call("cancel", lambda _: None, remote_id)

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        """Return each job's status or error.

        Raises:
            InvalidProviderError: the provider returned something other than a mapping.
        """
        report = status_callback()
        with report_each_to(lambda i, value: report(i, self._each(value))):
            try:
                found = await self._call(
                    "status",
                    lambda value: _expect(Mapping, value, "a mapping by job id"),  # type: ignore[type-abstract]
                    list(remote_ids),
                    timeout_s=CALL_TIMEOUT_S + len(remote_ids),
                )
            except InvalidResponseError as error:
                raise InvalidProviderError(str(error)) from None
        return {remote_id: self._each(found.get(remote_id)) for remote_id in remote_ids}

    async def result(self, remote_id: str) -> dict[str, Any]:
        """Return the result document as JSON values; `plain` has a result that is not text."""
        return await self._call("result", _document, remote_id)

    async def submission(self, remote_id: str) -> Submission:
        """Return a job's creation; all values are None if the provider cannot look it up."""
        if not isinstance(self._inner, SupportsSubmissionLookup):
            return Submission()
        return await self._call("submission", _submission, remote_id)

    async def availability(self) -> Availability:
        return await self._call(
            "availability",
            lambda value: bound_availability(_expect(Availability, value, "an Availability")),
        )

    async def aclose(self) -> None:
        try:
            await self._call("aclose", lambda _: None)
        except JobGroupError as error:  # nothing depends on this answer
            _log.warning("The provider %r could not be closed: %s", self._kind, error)

    async def _call(
        self,
        name: str,
        parse: Callable[[Any], T],
        *args: Any,
        timeout_s: float = CALL_TIMEOUT_S,
        **kwargs: Any,
    ) -> T:
        limit = asyncio.timeout(timeout_s)
        try:
            async with limit:
                value = await getattr(self._inner, name)(*args, **kwargs)
            return parse(value)
        except JobGroupError as error:
            raised = self._without_secrets(error)
        except _WrongValueError as error:
            raised = self._wrong(name, error)
        except BaseException as error:  # any error must affect only this provider
            if isinstance(error, GeneratorExit) or (
                isinstance(error, asyncio.CancelledError) and _is_being_canceled()
            ):
                raise
            _log.debug("the provider %r failed in %s", self._kind, name, exc_info=True)
            if limit.expired():
                raised = NoResponseError(
                    f"The provider {self._kind!r} did not respond in {timeout_s:.0f} s ({name}).",
                    origin=self._account.origin,
                )
            else:
                raised = self._invalid(
                    f"failed in {name} ({self._described(error)}). This is a bug in its package."
                    " The log has details at level DEBUG."
                )
        raise raised  # without its cause, whose text and frames may show the token

    def _each(self, value: Any) -> RemoteStatus | Exception:
        """Return a valid status or error for a job, whatever the provider returned."""
        if isinstance(value, JobGroupError):
            return self._without_secrets(value)
        if isinstance(value, Exception):
            return self._invalid(f"failed ({self._described(value)}).")
        try:
            return bound_status(
                _expect(RemoteStatus, value, "a RemoteStatus or an error for each job")
            )
        except _WrongValueError as error:
            return self._wrong("status", error)
        except Exception as error:  # noqa: BLE001  # raised by the value's class
            return self._invalid(f"returned an unreadable status ({self._described(error)}).")

    def _wrong(self, name: str, error: _WrongValueError) -> InvalidResponseError:
        given, wanted = error.args
        return self._invalid(f"returned {given} from {name}, expected {wanted}.")

    def _invalid(self, what: str) -> InvalidResponseError:
        sentence = self._token().hide_in(f"The provider {self._kind!r} {what}")
        return InvalidResponseError(sentence, origin=self._account.origin)

    def _without_secrets(self, error: JobGroupError) -> JobGroupError:
        """Return an error without the token, and without the frames that may show it."""
        token = self._token()
        error.args = tuple(token.hide_in(a) if isinstance(a, str) else a for a in error.args)
        if isinstance(error, CloudError):
            error.retry_after_s = bound_number(
                error.retry_after_s, MAX_RETRY_AFTER_S, "retry_after_s"
            )
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)

    def _described(self, error: BaseException) -> str:
        try:
            text = f"{type(error).__name__}: {error}"
        except Exception:  # noqa: BLE001 # the error's `__str__` fails
            text = type(error).__name__
        return self._token().hide_in(text)[:300]

    def _token(self) -> Secret:
        return token_of(self._account)


def token_of(account: Account) -> Secret:
    """Return the account's token, which messages must not show; `NOTHING` if there is none."""
    try:
        return Secret(account.token())
    except CredentialsError:
        return NOTHING


def _expect(kind: type[T], value: Any, wanted: str) -> T:
    if isinstance(value, kind):
        return value
    raise _WrongValueError(shown(value), wanted)


def _id(value: Any) -> str:
    if is_id(value):
        return value
    raise _WrongValueError(shown_id(value), "the new job's id")


def _document(value: Any) -> dict[str, Any]:
    document: dict[str, Any] = _expect(dict, value, "a dictionary")
    try:
        shape = {k: v for k, v in document.items() if not isinstance(v, str)}
        check_shape(json.dumps(shape).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise _WrongValueError(f"invalid JSON ({error})", "a JSON document") from None
    results = document.get("results")
    return document if results is None or isinstance(results, str) else {"plain": results}


def _submission(value: Any) -> Submission:
    submission = _expect(Submission, value, "a Submission")
    if not isinstance(submission.body, dict | None):
        raise _WrongValueError(shown(value), "a Submission")
    return bound_submission(submission)


def _is_being_canceled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
