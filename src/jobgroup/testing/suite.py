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
from jobgroup.testing.fault_proxy import HOLD, LOSE, Reply, Wire
from jobgroup.testing.harness import Trial, as_sent, claim, fail

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
        failing: that of one that fails; None where the service has none.
        lasting: that of one that runs for a minute unless it is canceled; None where it has none.
        unknown_id: an id that the service could have given, but did not.
        longest_s: how long one call or one job may take.
    """

    create: ClassVar[ProviderFactory]
    succeeding: ClassVar[Mapping[str, Any]]
    failing: ClassVar[Mapping[str, Any] | None] = None
    lasting: ClassVar[Mapping[str, Any] | None] = None
    unknown_id: ClassVar[str] = "00000000-0000-4000-8000-000000000000"
    longest_s: ClassVar[float] = 60.0

    @pytest.fixture
    def service(self) -> Service:
        """The service, with `url` and `token`: each author's class has this fixture."""
        fail("Write a fixture `service` in the test class: it gives an object with url and token.")

    def is_create(self, method: str, path: str) -> bool:
        """Whether a request makes a job; every POST that does not cancel, where not overridden."""
        return method == "POST" and "cancel" not in path

    @pytest.fixture
    def trial(self, service: Service) -> Iterator[Trial]:
        """A provider of this test's own, and the wire to its service."""
        create = type(self).create
        with (
            Wire(service.url) as wire,
            Trial(create, wire, service.token, self.is_create, self.longest_s) as trial,
        ):
            yield trial

    # -- what it is --------------------------------------------------------------------------------

    def test_it_is_a_provider(self, trial: Trial) -> None:
        """It has the protocol's methods, and says whether it can look up."""
        claim(
            isinstance(trial.provider, Provider),
            f"{type(trial.provider).__name__} lacks a method of jobgroup.providers.base.Provider.",
        )
        claim(
            isinstance(trial.provider.supports_idempotency_keys, bool),
            "`supports_idempotency_keys` is True or False, not "
            f"{trial.provider.supports_idempotency_keys!r}.",
        )

    def test_making_it_asks_nothing(self, trial: Trial) -> None:
        """Opening a group makes providers; nobody is asked before something is wanted."""
        claim(not trial.wire.passed, f"Making it sent {trial.wire.passed}.")

    def test_it_can_be_closed_twice(self, trial: Trial) -> None:
        """And before the first request; after it nothing is asked any more."""
        trial.ask("aclose")
        trial.ask("aclose")

    # -- the life of a job -------------------------------------------------------------------------

    def test_a_job_succeeds_and_gives_its_result(self, trial: Trial) -> None:
        """Created once, watched to its end, and its result is a JSON document with `results`."""
        remote_id = trial.submit(self.succeeding)
        claim(trial.creates == 1, f"One submit made {trial.creates} requests that make a job.")
        trial.until(remote_id, SUCCESS)
        document = trial.ask("result", remote_id)
        claim(isinstance(document, dict), f"`result` gave {document!r:.80}, not a dictionary.")
        found = document.get("results")
        claim(found is not None, f"`result` gave {sorted(document)}; what came out is `results`.")
        try:
            json.loads(found) if isinstance(found, str) else json.dumps(document)
        except (TypeError, ValueError) as error:
            fail(f"`results` is neither the text of a JSON document nor JSON-ready ({error}).")

    def test_two_submits_are_two_jobs(self, trial: Trial) -> None:
        """The same body under another key is another job: people repeat measurements."""
        first, second = trial.submit(self.succeeding), trial.submit(self.succeeding)
        claim(first != second, f"Two submits with different keys gave one job, {first}.")

    def test_submit_leaves_the_body_alone(self, trial: Trial) -> None:
        """The body belongs to the group, and may be sent again."""
        body = as_sent(self.succeeding)
        before = json.dumps(body)
        trial.ask("submit", body, key="body")
        claim(json.dumps(body) == before, "`submit` changed the body that it was given.")

    def test_a_job_fails_and_says_why(self, trial: Trial) -> None:
        """The state is error, and the message is what the service says of it."""
        told = trial.until(trial.submit(_given(self.failing, "failing")), frozenset({"error"}))
        claim(bool(told.message), "A failed job's status has no message: why did it fail?")

    def test_a_job_is_canceled(self, trial: Trial) -> None:
        """Asked once, and then it is canceled."""
        remote_id = trial.submit(_given(self.lasting, "lasting"))
        before = len(trial.wire.passed)
        trial.ask("cancel", remote_id)
        asked = [p for p in trial.wire.passed[before:] if p.method != "GET"]
        claim(len(asked) <= 1, f"One cancel sent {len(asked)} requests.")
        trial.until(remote_id, frozenset({"canceled"}))

    def test_a_failed_job_is_rerun_or_left_to_be_sent_anew(self, trial: Trial) -> None:
        """A rerun is a new job with a new id; None says that none was made."""
        failed = trial.submit(_given(self.failing, "failing"))
        trial.until(failed, FAILED)
        before = trial.creates
        again = trial.ask("rerun", failed, key="again")
        if again is None:
            return
        claim(trial.check_id(again, "rerun") != failed, "A rerun gave the id of the failed job.")
        claim(trial.creates == before + 1, f"One rerun sent {trial.creates - before} requests.")
        trial.until(again, TERMINAL)

    def test_many_jobs_are_asked_about_at_once(self, trial: Trial) -> None:
        """Each job gets its own answer; one that is not known harms none of the others."""
        made = [trial.submit(self.succeeding) for _ in range(3)]
        answers = trial.answers([made[0], self.unknown_id, *made[1:]])
        wrong = [answers[i] for i in made if not isinstance(answers[i], RemoteStatus)]
        claim(not wrong, f"Beside a job that is not known, others got {wrong}.")
        _check_kind(answers[self.unknown_id], RemoteNotFoundError, "of a job that is not known")

    def test_a_job_that_is_not_known(self, trial: Trial) -> None:
        """No result, and nothing to cancel."""
        trial.error_of(RemoteNotFoundError, "result", self.unknown_id)
        trial.error_of(JobGroupError, "cancel", self.unknown_id)

    def test_asking_about_no_job_asks_nobody(self, trial: Trial) -> None:
        """No jobs, no requests."""
        claim(trial.answers([]) == {}, "`status` of no jobs gave some.")
        claim(not trial.wire.passed, f"`status` of no jobs sent {trial.wire.passed}.")

    def test_an_id_is_data(self, trial: Trial) -> None:
        """An id from a damaged file or a rogue service leads to no other place of the service."""
        trial.answers(["../../admin?all=1"])
        led = [p.path for p in trial.wire.passed if "/admin" in p.path or "?all" in p.path]
        claim(not led, f"An id became part of a path: {led[:1]}. Quote it (rest.segment does).")

    def test_free_slots_are_told_or_not_known(self, trial: Trial) -> None:
        """If they are told and few, they run out, and the next job raises QuotaExceededError."""
        told = trial.ask("availability")
        claim(isinstance(told, Availability), f"`availability` gave {told!r:.80}.")
        if self.lasting is None or told.queue_free is None or told.queue_free > 20:
            return
        made = [trial.submit(self.lasting) for _ in range(told.queue_free)]
        left = trial.ask("availability").queue_free
        claim(left == 0, f"{len(made)} jobs fill the plan, and `availability` tells {left} slots.")
        error = trial.error_of(
            QuotaExceededError, "submit", as_sent(self.lasting), key="one too many"
        )
        claim(not may_have_arrived(error), "A plan that is full leaves a job in doubt.")
        for remote_id in made:
            trial.ask("cancel", remote_id)

    # -- accounts ----------------------------------------------------------------------------------

    def test_a_refused_token(self, trial: Trial) -> None:
        """It is InvalidTokenError for whatever is asked, and no job is in doubt."""
        trial.tokens = lambda: "not-the-token"
        error = trial.error_of(InvalidTokenError, "submit", as_sent(self.succeeding), key="k")
        claim("not-the-token" not in str(error), "The error shows the token.")
        trial.error_of(InvalidTokenError, "result", self.unknown_id)
        _check_kind(_one(trial, self.unknown_id), InvalidTokenError, "for a refused token")

    def test_a_refused_account_is_not_asked_about_every_job(self, trial: Trial) -> None:
        """Once a token is refused, the other jobs' answers are known."""
        trial.tokens = lambda: "not-the-token"
        _all_answered(trial, InvalidTokenError)
        asked = len(trial.wire.passed)
        claim(asked < 200, f"A refused token was shown {asked} times for {len(_MANY)} jobs.")

    def test_without_a_token_nothing_leaves(self, trial: Trial) -> None:
        """The account raises MissingTokenError, and so does what needs a token."""

        def none() -> str:
            raise MissingTokenError("no token")

        trial.tokens = none
        trial.error_of(MissingTokenError, "submit", as_sent(self.succeeding), key="k")
        claim(not trial.wire.passed, f"Without a token {trial.wire.passed} left.")

    def test_a_new_token_is_used_at_once(self, trial: Trial) -> None:
        """A token is asked for at each request: people renew it while jobs run."""
        good, trial.tokens = trial.tokens, lambda: "not-the-token"
        trial.error_of(InvalidTokenError, "submit", as_sent(self.succeeding), key="k")
        trial.tokens = good
        trial.submit(self.succeeding)

    def test_the_token_shows_nowhere(self, trial: Trial, service: Service) -> None:
        """Neither in the provider's repr nor in a request's path."""
        trial.submit(self.succeeding)
        claim(service.token not in repr(trial.provider), "The provider's repr shows the token.")
        claim(not trial.seen(service.token), "The token stands in a path, where servers log it.")

    # -- the network -------------------------------------------------------------------------------

    def test_a_cloud_that_is_away(self, trial: Trial) -> None:
        """Nobody listens: certainly no job was made, and every job's answer says so."""
        trial.wire.cut()
        error = trial.error_of(CloudUnreachableError, "submit", as_sent(self.succeeding), key="k")
        claim(
            not isinstance(error, NoResponseError),
            "A connection that was refused is NoResponseError, so a job that cannot exist is in"
            " doubt; raise CloudUnreachableError.",
        )
        _all_answered(trial, CloudUnreachableError)

    def test_a_lost_answer_leaves_the_job_in_doubt(self, trial: Trial) -> None:
        """The request arrived, its answer did not: never sent again by the provider itself."""
        trial.spoil_creates(LOSE)
        error = trial.error_of(JobGroupError, "submit", as_sent(self.succeeding), key="lost")
        _check_doubt(error, "the answer to a create was lost")
        claim(
            trial.creates == 1,
            f"After a lost answer the create was sent {trial.creates} times in all: each may be a"
            " job that is paid for.",
        )
        trial.wire.fault = lambda _: None
        trial.ask("availability")
        if not trial.provider.supports_idempotency_keys:
            return
        first, again = (trial.submit(self.succeeding, "lost") for _ in range(2))
        claim(
            first == again,
            "It claims `supports_idempotency_keys`, and the same key gave two jobs, "
            f"{first} and {again}.",
        )
        other = trial.submit(self.succeeding, "another")
        claim(other != first, f"Two different keys gave one job, {first}.")

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_a_server_s_error_leaves_the_job_in_doubt(self, trial: Trial, status: int) -> None:
        """It may have stored the job before it failed."""
        trial.spoil_creates(Reply(status, {"error": "the wire says so"}))
        error = trial.error_of(JobGroupError, "submit", as_sent(self.succeeding), key="k")
        _check_doubt(error, f"a create was answered with {status}")
        claim(trial.creates == 1, f"After {status} the create was sent {trial.creates} times.")

    def test_a_refusal_is_certain(self, trial: Trial) -> None:
        """400: the service understood, and made no job."""
        trial.spoil_creates(Reply(400, {"error": "the wire refuses"}))
        error = trial.error_of(RequestRejectedError, "submit", as_sent(self.succeeding), key="k")
        claim(
            not may_have_arrived(error),
            "After 400 the job is in doubt; give the error its status_code.",
        )
        claim(trial.creates == 1, f"After 400 the create was sent {trial.creates} times.")

    def test_too_many_requests(self, trial: Trial) -> None:
        """429 is CloudUnavailableError with the wait that the service asks for; nobody insists."""
        trial.spoil_all(Reply(429, {"error": "slowly"}, {"Retry-After": "77"}))
        error = trial.error_of(CloudUnavailableError, "submit", as_sent(self.succeeding), key="k")
        claim(
            error.retry_after_s == 77,
            f"The service asked for 77 s (Retry-After), and retry_after_s is"
            f" {error.retry_after_s!r}.",
        )
        claim(not may_have_arrived(error), "After 429 the job is in doubt.")
        before = len(trial.wire.passed)
        _all_answered(trial, CloudUnavailableError)
        asked = len(trial.wire.passed) - before
        claim(asked < 200, f"While the service asked for quiet it got {asked} requests.")

    def test_an_answer_that_is_no_json(self, trial: Trial) -> None:
        """A gateway's page: a create is in doubt, a status is that job's error alone."""
        trial.spoil_all(Reply(200, "<html>welcome</html>", {"Content-Type": "text/html"}))
        error = trial.error_of(JobGroupError, "submit", as_sent(self.succeeding), key="k")
        _check_doubt(error, "a create was answered with a page")
        _check_kind(
            _one(trial, self.unknown_id), InvalidResponseError, "for an answer that is a page"
        )

    def test_it_does_not_hold_up_the_others(self, trial: Trial) -> None:
        """While one request waits the loop goes on: all clouds and groups share it."""
        trial.spoil_all(HOLD)
        trial.while_held("status", lambda: trial.provider.status([self.unknown_id]))
        claim(
            not trial.wire.was_stuck,
            "While `status` waited for its answer nothing else ran: it blocks the loop. Use an"
            " asynchronous client, or a thread.",
        )

    # -- a whole group -----------------------------------------------------------------------------

    def test_a_group_runs(
        self, trial: Trial, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
        set_token(service.token, url=trial.wire.url)
        platform = str(self.succeeding.get("platform_name", "any"))
        group = JobGroup("conformance")
        for _ in range(3):
            job = RemoteJob(self.succeeding, platform=platform, url=trial.wire.url, provider=name)
            group.add(job)
        group.run_parallel()
        claim(trial.creates == 3, f"Three jobs made {trial.creates} requests that make a job.")
        try:
            group.wait(self.longest_s)
        except TimeoutError:
            fail(f"The jobs did not end within {self.longest_s:.0f} s: {group!r}")
        results = group.get_results()
        claim(None not in results, f"Three jobs succeeded, and their results are {results!r:.200}.")


def _given(hook: Any, name: str) -> Any:
    if hook is None:
        pytest.skip(f"`{name}` is not given, so this is not tried.")
    return hook


def _one(trial: Trial, remote_id: str) -> RemoteStatus | Exception:
    return trial.answers([remote_id])[remote_id]


def _all_answered(trial: Trial, kind: type[Exception]) -> None:
    for answer in trial.answers(_MANY).values():
        _check_kind(answer, kind, "of each job")


def _check_kind(answer: object, kind: type[Exception], when: str) -> None:
    claim(
        isinstance(answer, kind),
        f"`status` {when} gave {type(answer).__name__} ({answer!s:.120}), where {kind.__name__}"
        " belongs.",
    )


def _check_doubt(error: BaseException, why: str) -> None:
    claim(
        may_have_arrived(error),
        f"{why.capitalize()}, and `submit` raised {type(error).__name__}, which says that no job"
        " was made: it would be sent and paid for again. Raise NoResponseError.",
    )
