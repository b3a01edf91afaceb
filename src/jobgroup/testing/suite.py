"""Define `ProviderSuite`, tests of a provider that an author's class inherits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol
from uuid import uuid4

import pytest

from jobgroup.credentials import set_token
from jobgroup.errors import (
    CloudUnavailableError,
    CloudUnreachableError,
    InvalidResponseError,
    InvalidTokenError,
    JobGroupError,
    MissingTokenError,
    NoResponseError,
    QuotaExceededError,
    RemoteNotFoundError,
    RequestRejectedError,
)
from jobgroup.group import JobGroup
from jobgroup.job import RemoteJob
from jobgroup.providers import GROUP
from jobgroup.providers.base import (
    Availability,
    Provider,
    ProviderFactory,
    RemoteStatus,
    may_have_arrived,
)
from jobgroup.status import FAILED, TERMINAL
from jobgroup.testing.fault_proxy import DROP_RESPONSE, HOLD, FaultProxy, StubResponse
from jobgroup.testing.harness import ProviderHarness, as_sent, check, fail

SUCCESS = frozenset({"success"})
_MANY = [f"no-such-job-{i}" for i in range(500)]


class Service(Protocol):
    """A running service: the real one, or an imitation."""

    url: str
    token: str


class ProviderSuite:
    """Tests of a provider. Inherit from it in a class named Test..., and set the attributes.

    Each test has its own provider and its own proxy between the provider and the service. The proxy
    drops responses, forges errors and counts requests. A failed test gives the reason in a
    sentence.

    Attributes:
        create: function that the entry point names, as a ``staticmethod``.
        succeeding: body of a job that succeeds: ``{"payload": {...}, ...}``.
        failing: body of a job that fails; None if the service has none.
        lasting: body of a job that runs for a minute unless it is canceled; None if there is none.
        unknown_id: id, in the service's form, of a job that does not exist.
        timeout_s: time limit of one call or one job, in seconds.
    """

    create: ClassVar[ProviderFactory]
    succeeding: ClassVar[Mapping[str, Any]]
    failing: ClassVar[Mapping[str, Any] | None] = None
    lasting: ClassVar[Mapping[str, Any] | None] = None
    unknown_id: ClassVar[str] = "00000000-0000-4000-8000-000000000000"
    timeout_s: ClassVar[float] = 60.0

    @pytest.fixture
    def service(self) -> Service:
        """Return the service, with `url` and `token`. Define this fixture in your class."""
        fail("Define a fixture `service` in the test class that returns an object with url, token.")

    def is_create(self, method: str, path: str) -> bool:
        """Return whether a request creates a job; by default, a POST that does not cancel does."""
        return method == "POST" and "cancel" not in path

    @pytest.fixture
    def harness(self, service: Service) -> Iterator[ProviderHarness]:
        """Return a provider for one test, behind a proxy to its service."""
        create = type(self).create
        with (
            FaultProxy(service.url) as proxy,
            ProviderHarness(
                create, proxy, service.token, self.is_create, self.timeout_s
            ) as harness,
        ):
            yield harness

    def test_it_is_a_provider(self, harness: ProviderHarness) -> None:
        """The provider has all methods, and declares whether it supports idempotency keys."""
        check(
            isinstance(harness.provider, Provider),
            f"{type(harness.provider).__name__} lacks a method of"
            " jobgroup.providers.base.Provider.",
        )
        check(
            isinstance(harness.provider.supports_idempotency_keys, bool),
            "`supports_idempotency_keys` must be True or False, got "
            f"{harness.provider.supports_idempotency_keys!r}.",
        )

    def test_creating_it_sends_nothing(self, harness: ProviderHarness) -> None:
        """A new provider sends nothing, because opening a group creates providers."""
        check(not harness.proxy.requests, f"Creating the provider sent {harness.proxy.requests}.")

    def test_it_can_be_closed_twice(self, harness: ProviderHarness) -> None:
        """The provider can also be closed before its first request."""
        harness.ask("aclose")
        harness.ask("aclose")

    def test_a_job_succeeds_and_returns_its_result(self, harness: ProviderHarness) -> None:
        """The job is created once and succeeds. Its result is a JSON document with `results`."""
        remote_id = harness.submit(self.succeeding)
        check(
            harness.creates == 1, f"One submit sent {harness.creates} requests that create a job."
        )
        harness.until(remote_id, SUCCESS)
        document = harness.ask("result", remote_id)
        check(isinstance(document, dict), f"`result` returned {document!r:.80}, not a dictionary.")
        found = document.get("results")
        check(found is not None, f"`result` returned {sorted(document)} without `results`.")
        try:
            json.loads(found) if isinstance(found, str) else json.dumps(document)
        except (TypeError, ValueError) as error:
            fail(f"`results` is neither the text of a JSON document nor JSON-ready ({error}).")

    def test_two_submits_are_two_jobs(self, harness: ProviderHarness) -> None:
        """The same body with a different key is a new job, because users repeat measurements."""
        first, second = harness.submit(self.succeeding), harness.submit(self.succeeding)
        check(first != second, f"Two submits with different keys returned one job, {first}.")

    def test_submit_does_not_change_the_body(self, harness: ProviderHarness) -> None:
        """The body belongs to the group, which may send it again."""
        body = as_sent(self.succeeding)
        before = json.dumps(body)
        harness.ask("submit", body, key="body")
        check(json.dumps(body) == before, "`submit` changed the body.")

    def test_a_job_fails_with_a_message(self, harness: ProviderHarness) -> None:
        """The job's state is error, and the job's message is the service's."""
        status = harness.until(
            harness.submit(_given(self.failing, "failing")), frozenset({"error"})
        )
        check(bool(status.message), "The status of a failed job has no message.")

    def test_a_job_is_canceled(self, harness: ProviderHarness) -> None:
        """One call sends one request, and the job is canceled."""
        remote_id = harness.submit(_given(self.lasting, "lasting"))
        before = len(harness.proxy.requests)
        harness.ask("cancel", remote_id)
        asked = [p for p in harness.proxy.requests[before:] if p.method != "GET"]
        check(len(asked) <= 1, f"One cancel sent {len(asked)} requests.")
        harness.until(remote_id, frozenset({"canceled"}))

    def test_a_failed_job_is_rerun_or_none_is_created(self, harness: ProviderHarness) -> None:
        """A rerun is a new job with a new id; None means that no job was created."""
        failed = harness.submit(_given(self.failing, "failing"))
        harness.until(failed, FAILED)
        before = harness.creates
        again = harness.ask("rerun", failed, key="again")
        if again is None:
            return
        check(
            harness.check_id(again, "rerun") != failed, "A rerun returned the id of the failed job."
        )
        check(harness.creates == before + 1, f"One rerun sent {harness.creates - before} requests.")
        harness.until(again, TERMINAL)

    def test_status_answers_for_many_jobs(self, harness: ProviderHarness) -> None:
        """`status` returns one result for each job; an unknown job does not affect the others."""
        made = [harness.submit(self.succeeding) for _ in range(3)]
        answers = harness.answers([made[0], self.unknown_id, *made[1:]])
        wrong = [answers[i] for i in made if not isinstance(answers[i], RemoteStatus)]
        check(not wrong, f"In a request with an unknown job, other jobs got {wrong}.")
        _check_kind(answers[self.unknown_id], RemoteNotFoundError, "of an unknown job")

    def test_an_unknown_job_raises_an_error(self, harness: ProviderHarness) -> None:
        """An unknown job has no result and cannot be canceled."""
        harness.error_of(RemoteNotFoundError, "result", self.unknown_id)
        harness.error_of(JobGroupError, "cancel", self.unknown_id)

    def test_status_of_no_jobs_sends_nothing(self, harness: ProviderHarness) -> None:
        """`status` returns an empty dictionary."""
        check(harness.answers([]) == {}, "`status` of no jobs returned answers.")
        check(not harness.proxy.requests, f"`status` of no jobs sent {harness.proxy.requests}.")

    def test_an_id_is_quoted(self, harness: ProviderHarness) -> None:
        """An id from a damaged file or a hostile service reaches no other path of the service."""
        harness.answers(["../../admin?all=1"])
        led = [p.path for p in harness.proxy.requests if "/admin" in p.path or "?all" in p.path]
        check(not led, f"An id became part of a path: {led[:1]}. Quote it (rest.quote_segment).")

    def test_free_slots_are_right_or_unknown(self, harness: ProviderHarness) -> None:
        """If all slots are taken, the next job raises QuotaExceededError."""
        free = harness.ask("availability")
        check(isinstance(free, Availability), f"`availability` returned {free!r:.80}.")
        if self.lasting is None or free.queue_free is None or free.queue_free > 20:
            return
        made = [harness.submit(self.lasting) for _ in range(free.queue_free)]
        left = harness.ask("availability").queue_free
        check(
            left == 0, f"{len(made)} jobs fill the plan, but `availability` returns {left} slots."
        )
        error = harness.error_of(
            QuotaExceededError, "submit", as_sent(self.lasting), key="one too many"
        )
        check(not may_have_arrived(error), "A full plan leaves a job unconfirmed.")
        for remote_id in made:
            harness.ask("cancel", remote_id)

    def test_a_rejected_token_raises_an_error(self, harness: ProviderHarness) -> None:
        """Every call raises InvalidTokenError, and no job is unconfirmed."""
        harness.tokens = lambda: "not-the-token"
        error = harness.error_of(InvalidTokenError, "submit", as_sent(self.succeeding), key="k")
        check("not-the-token" not in str(error), "The error shows the token.")
        harness.error_of(InvalidTokenError, "result", self.unknown_id)
        _check_kind(_one(harness, self.unknown_id), InvalidTokenError, "for a rejected token")

    def test_a_rejected_token_is_not_sent_for_every_job(self, harness: ProviderHarness) -> None:
        """After the first rejection, the other jobs get an error without a request."""
        harness.tokens = lambda: "not-the-token"
        _all_answered(harness, InvalidTokenError)
        asked = len(harness.proxy.requests)
        check(asked < 200, f"A rejected token was sent {asked} times for {len(_MANY)} jobs.")

    def test_without_a_token_nothing_is_sent(self, harness: ProviderHarness) -> None:
        """A call that needs a token raises the account's MissingTokenError."""

        def none() -> str:
            raise MissingTokenError("no token")

        harness.tokens = none
        harness.error_of(MissingTokenError, "submit", as_sent(self.succeeding), key="k")
        check(not harness.proxy.requests, f"Without a token, {harness.proxy.requests} was sent.")

    def test_a_new_token_is_used_at_once(self, harness: ProviderHarness) -> None:
        """The provider reads the token for each request, because users renew it while jobs run."""
        good, harness.tokens = harness.tokens, lambda: "not-the-token"
        harness.error_of(InvalidTokenError, "submit", as_sent(self.succeeding), key="k")
        harness.tokens = good
        harness.submit(self.succeeding)

    def test_the_token_is_never_shown(self, harness: ProviderHarness, service: Service) -> None:
        """The token is not in the provider's repr, or in the paths of requests."""
        harness.submit(self.succeeding)
        check(service.token not in repr(harness.provider), "The provider's repr shows the token.")
        check(not harness.seen(service.token), "A path contains the token, and servers log paths.")

    def test_an_unreachable_cloud_raises_an_error(self, harness: ProviderHarness) -> None:
        """No job can exist, and the status of each job is a CloudUnreachableError."""
        harness.proxy.cut()
        error = harness.error_of(CloudUnreachableError, "submit", as_sent(self.succeeding), key="k")
        check(
            not isinstance(error, NoResponseError),
            "A refused connection raised NoResponseError, which leaves a job unconfirmed that"
            " cannot exist. Raise CloudUnreachableError.",
        )
        _all_answered(harness, CloudUnreachableError)

    def test_a_lost_response_leaves_the_job_unconfirmed(self, harness: ProviderHarness) -> None:
        """The request arrived but its response did not, so the provider must not send it again."""
        harness.fault_creates(DROP_RESPONSE)
        error = harness.error_of(JobGroupError, "submit", as_sent(self.succeeding), key="lost")
        _check_unconfirmed(error, "the response to a create was lost")
        check(
            harness.creates == 1,
            f"After a lost response, the create was sent {harness.creates} times in all. Each may"
            " have created a job that is paid for.",
        )
        harness.proxy.fault = lambda _: None
        harness.ask("availability")
        if not harness.provider.supports_idempotency_keys:
            return
        first, again = (harness.submit(self.succeeding, "lost") for _ in range(2))
        check(
            first == again,
            "The provider declares `supports_idempotency_keys`, but the same key returned two"
            f" jobs, {first} and {again}.",
        )
        other = harness.submit(self.succeeding, "another")
        check(other != first, f"Two different keys returned one job, {first}.")

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_a_server_error_leaves_the_job_unconfirmed(
        self, harness: ProviderHarness, status: int
    ) -> None:
        """The service may have stored the job before it failed."""
        harness.fault_creates(StubResponse(status, {"error": "an error of the proxy"}))
        error = harness.error_of(JobGroupError, "submit", as_sent(self.succeeding), key="k")
        _check_unconfirmed(error, f"the response to a create was {status}")
        check(harness.creates == 1, f"After {status}, the create was sent {harness.creates} times.")

    def test_a_rejected_request_creates_no_job(self, harness: ProviderHarness) -> None:
        """After 400, it is certain that there is no job."""
        harness.fault_creates(StubResponse(400, {"error": "rejected by the proxy"}))
        error = harness.error_of(RequestRejectedError, "submit", as_sent(self.succeeding), key="k")
        check(
            not may_have_arrived(error),
            "After 400, the job is unconfirmed. Give the error its status_code.",
        )
        check(harness.creates == 1, f"After 400, the create was sent {harness.creates} times.")

    def test_too_many_requests(self, harness: ProviderHarness) -> None:
        """429 raises CloudUnavailableError with the service's delay, and no request follows."""
        harness.fault_all(StubResponse(429, {"error": "slowly"}, {"Retry-After": "77"}))
        error = harness.error_of(CloudUnavailableError, "submit", as_sent(self.succeeding), key="k")
        check(
            error.retry_after_s == 77,
            f"The service asked for 77 s (Retry-After), but retry_after_s is"
            f" {error.retry_after_s!r}.",
        )
        check(not may_have_arrived(error), "After 429, the job is unconfirmed.")
        before = len(harness.proxy.requests)
        _all_answered(harness, CloudUnavailableError)
        asked = len(harness.proxy.requests) - before
        check(asked < 200, f"After 429, the service got {asked} more requests.")

    def test_a_response_that_is_no_json_raises_an_error(self, harness: ProviderHarness) -> None:
        """If a gateway returns a page, a create is unconfirmed, and a status has an error."""
        harness.fault_all(StubResponse(200, "<html>welcome</html>", {"Content-Type": "text/html"}))
        error = harness.error_of(JobGroupError, "submit", as_sent(self.succeeding), key="k")
        _check_unconfirmed(error, "the response to a create was a web page")
        _check_kind(_one(harness, self.unknown_id), InvalidResponseError, "after a web page")

    def test_it_does_not_block_the_loop(self, harness: ProviderHarness) -> None:
        """The loop, which all clouds and groups share, continues while a request waits."""
        harness.fault_all(HOLD)
        harness.while_held("status", lambda: harness.provider.status([self.unknown_id]))
        check(
            not harness.proxy.was_stuck,
            "Nothing else ran while `status` waited for its response: it blocks the loop. Use an"
            " asynchronous client, or a thread.",
        )

    def test_a_group_runs(
        self,
        harness: ProviderHarness,
        service: Service,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A group with the provider sends three jobs once each, and they succeed."""
        create, name = type(self).create, f"conformance-{uuid4().hex[:8]}"
        info = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        entry = f"{name} = {create.__module__}:{create.__qualname__}"
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entry}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setenv("JOBGROUP_DATA_DIR", str(tmp_path / "groups"))
        set_token(service.token, url=harness.proxy.url)
        platform = str(self.succeeding.get("platform_name", "any"))
        group = JobGroup("conformance")
        for _ in range(3):
            job = RemoteJob(
                self.succeeding, platform=platform, url=harness.proxy.url, provider=name
            )
            group.add(job)
        group.run_parallel()
        check(
            harness.creates == 3, f"Three jobs sent {harness.creates} requests that create a job."
        )
        try:
            group.wait(self.timeout_s)
        except TimeoutError:
            fail(f"The jobs did not end within {self.timeout_s:.0f} s: {group!r}")
        results = group.get_results()
        check(None not in results, f"Three jobs succeeded, but their results are {results!r:.200}.")


def _given(hook: Any, name: str) -> Any:
    if hook is None:
        pytest.skip(f"`{name}` is not set, so this is not tested.")
    return hook


def _one(harness: ProviderHarness, remote_id: str) -> RemoteStatus | Exception:
    return harness.answers([remote_id])[remote_id]


def _all_answered(harness: ProviderHarness, kind: type[Exception]) -> None:
    for answer in harness.answers(_MANY).values():
        _check_kind(answer, kind, "of each job")


def _check_kind(answer: object, kind: type[Exception], when: str) -> None:
    check(
        isinstance(answer, kind),
        f"`status` {when} returned {type(answer).__name__} ({answer!s:.120}) instead of"
        f" {kind.__name__}.",
    )


def _check_unconfirmed(error: BaseException, why: str) -> None:
    check(
        may_have_arrived(error),
        f"{why.capitalize()}, and `submit` raised {type(error).__name__}, which says that no job"
        " exists: it would be sent and paid for again. Raise NoResponseError.",
    )
