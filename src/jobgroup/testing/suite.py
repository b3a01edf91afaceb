"""`ProviderSuite`: what every provider has to do, as tests that an author's class inherits."""

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
    """A service that runs: the real one, or a stand-in of it."""

    url: str
    token: str


class ProviderSuite:
    """Inherit from it in a class whose name begins with Test, and say what it is to be tried on.

    Each test has a provider of its own, and a relay between it and the service that loses answers,
    forges refusals and counts requests. A test that fails says in a sentence what is wrong.

    Attributes:
        create: the function that the entry point names, as a ``staticmethod``.
        succeeding: the body of a job that succeeds: ``{"payload": {...}, ...}``.
        failing: that of one that fails; None if the service has none.
        lasting: that of one that runs for a minute unless it is canceled; None if there is none.
        unknown_id: an id that the service could have given, but did not.
        timeout_s: how long one call or one job may take.
    """

    create: ClassVar[ProviderFactory]
    succeeding: ClassVar[Mapping[str, Any]]
    failing: ClassVar[Mapping[str, Any] | None] = None
    lasting: ClassVar[Mapping[str, Any] | None] = None
    unknown_id: ClassVar[str] = "00000000-0000-4000-8000-000000000000"
    timeout_s: ClassVar[float] = 60.0

    @pytest.fixture
    def service(self) -> Service:
        """The service, with `url` and `token`: each author's class has this fixture."""
        fail("Write a fixture `service` in the test class: it gives an object with url and token.")

    def is_create(self, method: str, path: str) -> bool:
        """Whether a request makes a job; every POST that does not cancel, where not overridden."""
        return method == "POST" and "cancel" not in path

    @pytest.fixture
    def harness(self, service: Service) -> Iterator[ProviderHarness]:
        """A provider of this test's own, and the proxy to its service."""
        create = type(self).create
        with (
            FaultProxy(service.url) as proxy,
            ProviderHarness(
                create, proxy, service.token, self.is_create, self.timeout_s
            ) as harness,
        ):
            yield harness

    # -- what it is --------------------------------------------------------------------------------

    def test_it_is_a_provider(self, harness: ProviderHarness) -> None:
        """It has the protocol's methods, and says whether it can look up."""
        check(
            isinstance(harness.provider, Provider),
            f"{type(harness.provider).__name__} lacks a method of"
            " jobgroup.providers.base.Provider.",
        )
        check(
            isinstance(harness.provider.supports_idempotency_keys, bool),
            "`supports_idempotency_keys` is True or False, not "
            f"{harness.provider.supports_idempotency_keys!r}.",
        )

    def test_making_it_asks_nothing(self, harness: ProviderHarness) -> None:
        """Opening a group makes providers, which must not make requests yet."""
        check(not harness.proxy.requests, f"Making it sent {harness.proxy.requests}.")

    def test_it_can_be_closed_twice(self, harness: ProviderHarness) -> None:
        """And before the first request; after it nothing is asked any more."""
        harness.ask("aclose")
        harness.ask("aclose")

    # -- the life of a job -------------------------------------------------------------------------

    def test_a_job_succeeds_and_gives_its_result(self, harness: ProviderHarness) -> None:
        """Created once, watched to its end, and its result is a JSON document with `results`."""
        remote_id = harness.submit(self.succeeding)
        check(harness.creates == 1, f"One submit made {harness.creates} requests that make a job.")
        harness.until(remote_id, SUCCESS)
        document = harness.ask("result", remote_id)
        check(isinstance(document, dict), f"`result` gave {document!r:.80}, not a dictionary.")
        found = document.get("results")
        check(found is not None, f"`result` gave {sorted(document)}; what came out is `results`.")
        try:
            json.loads(found) if isinstance(found, str) else json.dumps(document)
        except (TypeError, ValueError) as error:
            fail(f"`results` is neither the text of a JSON document nor JSON-ready ({error}).")

    def test_two_submits_are_two_jobs(self, harness: ProviderHarness) -> None:
        """The same body under another key is another job: people repeat measurements."""
        first, second = harness.submit(self.succeeding), harness.submit(self.succeeding)
        check(first != second, f"Two submits with different keys gave one job, {first}.")

    def test_submit_leaves_the_body_alone(self, harness: ProviderHarness) -> None:
        """The body belongs to the group, and may be sent again."""
        body = as_sent(self.succeeding)
        before = json.dumps(body)
        harness.ask("submit", body, key="body")
        check(json.dumps(body) == before, "`submit` changed the body that it was given.")

    def test_a_job_fails_and_says_why(self, harness: ProviderHarness) -> None:
        """The state is error, and the message is what the service says of it."""
        told = harness.until(harness.submit(_given(self.failing, "failing")), frozenset({"error"}))
        check(bool(told.message), "A failed job's status has no message: why did it fail?")

    def test_a_job_is_canceled(self, harness: ProviderHarness) -> None:
        """Asked once, and then it is canceled."""
        remote_id = harness.submit(_given(self.lasting, "lasting"))
        before = len(harness.proxy.requests)
        harness.ask("cancel", remote_id)
        asked = [p for p in harness.proxy.requests[before:] if p.method != "GET"]
        check(len(asked) <= 1, f"One cancel sent {len(asked)} requests.")
        harness.until(remote_id, frozenset({"canceled"}))

    def test_a_failed_job_is_rerun_or_left_to_be_sent_anew(self, harness: ProviderHarness) -> None:
        """A rerun is a new job with a new id; None says that none was made."""
        failed = harness.submit(_given(self.failing, "failing"))
        harness.until(failed, FAILED)
        before = harness.creates
        again = harness.ask("rerun", failed, key="again")
        if again is None:
            return
        check(harness.check_id(again, "rerun") != failed, "A rerun gave the id of the failed job.")
        check(harness.creates == before + 1, f"One rerun sent {harness.creates - before} requests.")
        harness.until(again, TERMINAL)

    def test_many_jobs_are_asked_about_at_once(self, harness: ProviderHarness) -> None:
        """Each job gets its own answer; one that is not known harms none of the others."""
        made = [harness.submit(self.succeeding) for _ in range(3)]
        answers = harness.answers([made[0], self.unknown_id, *made[1:]])
        wrong = [answers[i] for i in made if not isinstance(answers[i], RemoteStatus)]
        check(not wrong, f"Beside a job that is not known, others got {wrong}.")
        _check_kind(answers[self.unknown_id], RemoteNotFoundError, "of a job that is not known")

    def test_a_job_that_is_not_known(self, harness: ProviderHarness) -> None:
        """No result, and nothing to cancel."""
        harness.error_of(RemoteNotFoundError, "result", self.unknown_id)
        harness.error_of(JobGroupError, "cancel", self.unknown_id)

    def test_asking_about_no_job_asks_nobody(self, harness: ProviderHarness) -> None:
        """No jobs, no requests."""
        check(harness.answers([]) == {}, "`status` of no jobs gave some.")
        check(not harness.proxy.requests, f"`status` of no jobs sent {harness.proxy.requests}.")

    def test_an_id_is_data(self, harness: ProviderHarness) -> None:
        """An id from a damaged file or a rogue service leads to no other place of the service."""
        harness.answers(["../../admin?all=1"])
        led = [p.path for p in harness.proxy.requests if "/admin" in p.path or "?all" in p.path]
        check(not led, f"An id became part of a path: {led[:1]}. Quote it (rest.quote_segment).")

    def test_free_slots_are_reported_or_unknown(self, harness: ProviderHarness) -> None:
        """If few are reported, they run out, and the next job raises QuotaExceededError."""
        told = harness.ask("availability")
        check(isinstance(told, Availability), f"`availability` gave {told!r:.80}.")
        if self.lasting is None or told.queue_free is None or told.queue_free > 20:
            return
        made = [harness.submit(self.lasting) for _ in range(told.queue_free)]
        left = harness.ask("availability").queue_free
        check(left == 0, f"{len(made)} jobs fill the plan, and `availability` tells {left} slots.")
        error = harness.error_of(
            QuotaExceededError, "submit", as_sent(self.lasting), key="one too many"
        )
        check(not may_have_arrived(error), "A full plan leaves an unconfirmed job.")
        for remote_id in made:
            harness.ask("cancel", remote_id)

    # -- accounts ----------------------------------------------------------------------------------

    def test_a_refused_token(self, harness: ProviderHarness) -> None:
        """Every request raises InvalidTokenError, and no job is unconfirmed."""
        harness.tokens = lambda: "not-the-token"
        error = harness.error_of(InvalidTokenError, "submit", as_sent(self.succeeding), key="k")
        check("not-the-token" not in str(error), "The error shows the token.")
        harness.error_of(InvalidTokenError, "result", self.unknown_id)
        _check_kind(_one(harness, self.unknown_id), InvalidTokenError, "for a refused token")

    def test_a_refused_account_is_not_asked_about_every_job(self, harness: ProviderHarness) -> None:
        """Once a token is refused, the other jobs' answers are known."""
        harness.tokens = lambda: "not-the-token"
        _all_answered(harness, InvalidTokenError)
        asked = len(harness.proxy.requests)
        check(asked < 200, f"A refused token was shown {asked} times for {len(_MANY)} jobs.")

    def test_without_a_token_nothing_leaves(self, harness: ProviderHarness) -> None:
        """The account raises MissingTokenError, and so does what needs a token."""

        def none() -> str:
            raise MissingTokenError("no token")

        harness.tokens = none
        harness.error_of(MissingTokenError, "submit", as_sent(self.succeeding), key="k")
        check(not harness.proxy.requests, f"Without a token {harness.proxy.requests} left.")

    def test_a_new_token_is_used_at_once(self, harness: ProviderHarness) -> None:
        """A token is asked for at each request: people renew it while jobs run."""
        good, harness.tokens = harness.tokens, lambda: "not-the-token"
        harness.error_of(InvalidTokenError, "submit", as_sent(self.succeeding), key="k")
        harness.tokens = good
        harness.submit(self.succeeding)

    def test_the_token_shows_nowhere(self, harness: ProviderHarness, service: Service) -> None:
        """Neither in the provider's repr nor in a request's path."""
        harness.submit(self.succeeding)
        check(service.token not in repr(harness.provider), "The provider's repr shows the token.")
        check(not harness.seen(service.token), "The token is in a path, which servers log.")

    # -- the network -------------------------------------------------------------------------------

    def test_a_cloud_that_is_away(self, harness: ProviderHarness) -> None:
        """No server listens: certainly no job was made, and every job's answer says so."""
        harness.proxy.cut()
        error = harness.error_of(CloudUnreachableError, "submit", as_sent(self.succeeding), key="k")
        check(
            not isinstance(error, NoResponseError),
            "A refused connection raises NoResponseError, so a job that cannot exist is"
            " unconfirmed; raise CloudUnreachableError.",
        )
        _all_answered(harness, CloudUnreachableError)

    def test_a_lost_answer_leaves_the_job_in_doubt(self, harness: ProviderHarness) -> None:
        """The request arrived, its answer did not: never sent again by the provider itself."""
        harness.fault_creates(DROP_RESPONSE)
        error = harness.error_of(JobGroupError, "submit", as_sent(self.succeeding), key="lost")
        _check_doubt(error, "the answer to a create was lost")
        check(
            harness.creates == 1,
            f"After a lost answer the create was sent {harness.creates} times in all: each may be a"
            " job that is paid for.",
        )
        harness.proxy.fault = lambda _: None
        harness.ask("availability")
        if not harness.provider.supports_idempotency_keys:
            return
        first, again = (harness.submit(self.succeeding, "lost") for _ in range(2))
        check(
            first == again,
            "It claims `supports_idempotency_keys`, and the same key gave two jobs, "
            f"{first} and {again}.",
        )
        other = harness.submit(self.succeeding, "another")
        check(other != first, f"Two different keys gave one job, {first}.")

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_a_server_s_error_leaves_the_job_in_doubt(
        self, harness: ProviderHarness, status: int
    ) -> None:
        """It may have stored the job before it failed."""
        harness.fault_creates(StubResponse(status, {"error": "the proxy says so"}))
        error = harness.error_of(JobGroupError, "submit", as_sent(self.succeeding), key="k")
        _check_doubt(error, f"a create was answered with {status}")
        check(harness.creates == 1, f"After {status} the create was sent {harness.creates} times.")

    def test_a_refusal_is_certain(self, harness: ProviderHarness) -> None:
        """400: the service understood, and made no job."""
        harness.fault_creates(StubResponse(400, {"error": "the proxy refuses"}))
        error = harness.error_of(RequestRejectedError, "submit", as_sent(self.succeeding), key="k")
        check(
            not may_have_arrived(error),
            "After 400 the job is unconfirmed; give the error its status_code.",
        )
        check(harness.creates == 1, f"After 400 the create was sent {harness.creates} times.")

    def test_too_many_requests(self, harness: ProviderHarness) -> None:
        """429 is CloudUnavailableError with the wait that the service asks for, without repeats."""
        harness.fault_all(StubResponse(429, {"error": "slowly"}, {"Retry-After": "77"}))
        error = harness.error_of(CloudUnavailableError, "submit", as_sent(self.succeeding), key="k")
        check(
            error.retry_after_s == 77,
            f"The service asked for 77 s (Retry-After), and retry_after_s is"
            f" {error.retry_after_s!r}.",
        )
        check(not may_have_arrived(error), "After 429 the job is unconfirmed.")
        before = len(harness.proxy.requests)
        _all_answered(harness, CloudUnavailableError)
        asked = len(harness.proxy.requests) - before
        check(asked < 200, f"While the service asked for quiet it got {asked} requests.")

    def test_an_answer_that_is_no_json(self, harness: ProviderHarness) -> None:
        """A gateway's page: a create is unconfirmed, a status is that job's error alone."""
        harness.fault_all(StubResponse(200, "<html>welcome</html>", {"Content-Type": "text/html"}))
        error = harness.error_of(JobGroupError, "submit", as_sent(self.succeeding), key="k")
        _check_doubt(error, "a create was answered with a page")
        _check_kind(
            _one(harness, self.unknown_id), InvalidResponseError, "for an answer that is a page"
        )

    def test_it_does_not_hold_up_the_others(self, harness: ProviderHarness) -> None:
        """While one request waits, the loop continues: all clouds and groups share it."""
        harness.fault_all(HOLD)
        harness.while_held("status", lambda: harness.provider.status([self.unknown_id]))
        check(
            not harness.proxy.was_stuck,
            "While `status` waited for its answer nothing else ran: it blocks the loop. Use an"
            " asynchronous client, or a thread.",
        )

    # -- a whole group -----------------------------------------------------------------------------

    def test_a_group_runs(
        self,
        harness: ProviderHarness,
        service: Service,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """By entry point, as users have it: jobs added, run once each, watched and read."""
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
        check(harness.creates == 3, f"Three jobs made {harness.creates} requests that make a job.")
        try:
            group.wait(self.timeout_s)
        except TimeoutError:
            fail(f"The jobs did not end within {self.timeout_s:.0f} s: {group!r}")
        results = group.get_results()
        check(None not in results, f"Three jobs succeeded, and their results are {results!r:.200}.")


def _given(hook: Any, name: str) -> Any:
    if hook is None:
        pytest.skip(f"`{name}` is not given, so this is not tried.")
    return hook


def _one(harness: ProviderHarness, remote_id: str) -> RemoteStatus | Exception:
    return harness.answers([remote_id])[remote_id]


def _all_answered(harness: ProviderHarness, kind: type[Exception]) -> None:
    for answer in harness.answers(_MANY).values():
        _check_kind(answer, kind, "of each job")


def _check_kind(answer: object, kind: type[Exception], when: str) -> None:
    check(
        isinstance(answer, kind),
        f"`status` {when} gave {type(answer).__name__} ({answer!s:.120}), where {kind.__name__}"
        " belongs.",
    )


def _check_doubt(error: BaseException, why: str) -> None:
    check(
        may_have_arrived(error),
        f"{why.capitalize()}, and `submit` raised {type(error).__name__}, which says that no job"
        " was made: it would be sent and paid for again. Raise NoResponseError.",
    )
