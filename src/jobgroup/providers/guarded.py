"""Somebody else's provider, held to the protocol: the engine meets nothing but what that allows.

What it raises beyond `jobgroup.errors`, and what it returns of a wrong kind, becomes one sentence
that names it, for that job alone where it is about one job. No sentence shows the token.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
)
from jobgroup.providers.bounds import (
    bounded_availability,
    bounded_status,
    bounded_submission,
    number_within,
)
from jobgroup.providers.documents import check_shape
from jobgroup.providers.polling import heard_as_they_come, listener
from jobgroup.providers.responses import LONGEST_RETRY_AFTER_S
from jobgroup.remote_ids import is_id, shown_id
from jobgroup.secret import NOTHING, Secret
from jobgroup.words import shown

LONGEST_S: Final = 600.0
"""How long one call may take, and a second more for each job that is asked about."""

T = TypeVar("T")

_log = logger(__name__)


class GuardedProvider:
    """A provider around a provider.

    Args:
        inner: the one that is held to the protocol.
        kind: its name, for the sentences.
        account: whom it acts for.
    """

    def __init__(self, inner: Provider, kind: str, account: Account) -> None:
        self._inner = inner
        self._kind = kind
        self._account = account

    @property
    def supports_idempotency_keys(self) -> bool:
        """Whether it says so, with nothing but True."""
        return getattr(self._inner, "supports_idempotency_keys", False) is True

    async def submit(self, body: Body, *, key: str) -> str:
        """Create a job; an answer that is no id leaves its fate open."""
        own = copy.deepcopy(body)  # what it does with it is not the group's concern
        made = await self._call("submit", lambda: self._inner.submit(own, key=key))
        return self._id(made, "submit")

    async def rerun(
        self, remote_id: str, *, key: str, changes: Mapping[str, Any] | None = None
    ) -> str | None:
        """Run a job again."""
        made = await self._call(
            "rerun", lambda: self._inner.rerun(remote_id, key=key, changes=changes)
        )
        return None if made is None else self._id(made, "rerun")

    async def cancel(self, remote_id: str) -> None:
        """Ask for a job's cancellation."""
        await self._call("cancel", lambda: self._inner.cancel(remote_id))

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        """Each job's status or error. Raises InvalidProviderError where it is all wrong."""
        hear = listener()

        async def ask() -> Any:
            if hear is None:
                return await self._inner.status(list(remote_ids))
            with heard_as_they_come(lambda i, answer: hear(i, self._answer(answer))):
                return await self._inner.status(list(remote_ids))

        try:
            answers: Any = await self._call("status", ask, LONGEST_S + len(remote_ids))
        except InvalidResponseError as error:
            raise InvalidProviderError(str(error)) from None
        if not isinstance(answers, Mapping):
            raise InvalidProviderError(self._wrong("status", answers, "a mapping by job id"))
        return {remote_id: self._answer(answers.get(remote_id)) for remote_id in remote_ids}

    async def result(self, remote_id: str) -> dict[str, Any]:
        """The result document, JSON-ready; a result that is no text stands in `plain`."""
        document: Any = await self._call("result", lambda: self._inner.result(remote_id))
        if not isinstance(document, dict):
            raise self._bad(self._wrong("result", document, "a dictionary"))
        try:
            shape = {k: v for k, v in document.items() if not isinstance(v, str)}
            check_shape(json.dumps(shape).encode())
        except (TypeError, ValueError, RecursionError) as error:
            raise self._bad(
                f"The provider {self._kind!r} gave no JSON in `result`: {error}."
            ) from None
        found = document.get("results")
        return document if found is None or isinstance(found, str) else {"plain": found}

    async def submission(self, remote_id: str) -> Submission:
        """What was sent to create a job; nothing is known where the provider does not tell."""
        inner = self._inner
        if not isinstance(inner, SupportsSubmissionLookup):
            return Submission()
        told: Any = await self._call("submission", lambda: inner.submission(remote_id))
        if not isinstance(told, Submission) or not isinstance(told.body, dict | None):
            raise self._bad(self._wrong("submission", told, "a Submission"))
        return bounded_submission(told)

    async def availability(self) -> Availability:
        """The plan's free slots."""
        told: Any = await self._call("availability", self._inner.availability)
        if not isinstance(told, Availability):
            raise self._bad(self._wrong("availability", told, "an Availability"))
        return bounded_availability(told)

    async def aclose(self) -> None:
        """Close connections; what goes wrong with that is logged."""
        try:
            await self._call("aclose", self._inner.aclose)
        except JobGroupError as error:  # nothing depends on it
            _log.warning("The provider %r could not be closed: %s", self._kind, error)

    async def _call(
        self, name: str, call: Callable[[], Awaitable[T]], longest_s: float = LONGEST_S
    ) -> T:
        limit = asyncio.timeout(longest_s)
        try:
            async with limit:
                return await call()
        except JobGroupError as error:
            raised = self._clear(error)
        except BaseException as error:  # whatever it is, it stays with this provider
            if isinstance(error, GeneratorExit) or (
                isinstance(error, asyncio.CancelledError) and _is_being_canceled()
            ):
                raise
            _log.debug("the provider %r failed in %s", self._kind, name, exc_info=True)
            if limit.expired():
                raised = NoResponseError(
                    f"The provider {self._kind!r} gave no answer in {longest_s:.0f} s ({name}).",
                    origin=self._account.origin,
                )
            else:
                raised = self._bad(
                    f"The provider {self._kind!r} broke in {name} ({self._said(error)}). That is a"
                    " fault of its package; the log has more at level DEBUG."
                )
        raise raised  # without its cause, whose text and frames may show the token

    def _answer(self, answer: Any) -> RemoteStatus | Exception:
        if isinstance(answer, RemoteStatus):
            try:
                return bounded_status(answer)
            except Exception as error:  # noqa: BLE001  # of a value that is no plain number or text
                return self._bad(
                    f"The provider {self._kind!r} gave a status that cannot be read"
                    f" ({self._said(error)})."
                )
        if isinstance(answer, JobGroupError):
            return self._clear(answer)
        if isinstance(answer, Exception):
            return self._bad(f"The provider {self._kind!r} broke ({self._said(answer)}).")
        return self._bad(self._wrong("status", answer, "a RemoteStatus or an error for each job"))

    def _id(self, made: object, name: str) -> str:
        if is_id(made):
            return made
        wrong = (
            f"The provider {self._kind!r} gave {shown_id(made)} in {name}, where the new job's id"
        )
        raise self._bad(f"{wrong} belongs. The job may exist.")

    def _bad(self, sentence: str) -> InvalidResponseError:
        return InvalidResponseError(self._without_token(sentence), origin=self._account.origin)

    def _wrong(self, name: str, value: object, wanted: str) -> str:
        return f"The provider {self._kind!r} gave {shown(value)} in {name}, where {wanted} belongs."

    def _clear(self, error: JobGroupError) -> JobGroupError:
        """An error without the token: in its words, and in the frames that it comes from."""
        error.args = tuple(map(self._without_token, error.args))
        if isinstance(error, CloudError):
            error.retry_after_s = number_within(
                error.retry_after_s, LONGEST_RETRY_AFTER_S, "retry_after_s"
            )
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)

    def _said(self, error: BaseException) -> str:
        try:
            text = f"{type(error).__name__}: {error}"
        except Exception:  # noqa: BLE001  # its own text fails
            text = type(error).__name__
        return str(self._without_token(text))[:300]

    def _without_token(self, text: Any) -> Any:
        try:
            token = Secret(self._account.token())
        except CredentialsError:
            token = NOTHING
        return token.hide_in(text) if isinstance(text, str) else text


def _is_being_canceled() -> bool:
    """Whether it is the engine that ends a call, and not the provider that says so."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
