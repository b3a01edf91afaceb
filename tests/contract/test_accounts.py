"""Tests of several accounts in one group: an id belongs to one account."""

from __future__ import annotations

import itertools
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from scripted_cloud import DROP, ScriptedCloud

from jobgroup import (
    CredentialsError,
    DuplicateJobError,
    InvalidProviderError,
    JobGroup,
    JobGroupWarning,
    ResultsError,
    UnconfirmedJobError,
    forget_tokens,
    set_token,
)
from jobgroup.cli.main import main


class CountingCloud(ScriptedCloud):
    """A cloud whose ids are numbers. Each such cloud has a job 1."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)

    def make(self, status: str = "") -> str:
        job_id = str(next(self._numbers))
        self.documents[job_id] = {"status": status or self.first_word}
        return job_id


@pytest.fixture
def clouds():
    """Start two clouds that number their jobs in the same way."""
    with CountingCloud() as one, CountingCloud() as other:
        for cloud in (one, other):
            set_token(cloud.token, url=cloud.url)
        yield one, other


@pytest.fixture
def mixed(clouds, timer):
    """Make a group with the given number of jobs for each of the two clouds, in turn."""

    def make(each: int, name: str = "mixed", **options) -> JobGroup:
        jg = JobGroup(name, **options)
        jg.add_many([timer(cloud, f"{i}") for i in range(each) for cloud in clouds])
        return jg

    return make


def test_all_jobs_are_sent_if_two_clouds_number_alike(clouds, mixed):
    """In parallel and sequentially, each job is created once, and none is unconfirmed."""
    parallel = mixed(3)
    parallel.run_parallel()
    for cloud in clouds:
        assert cloud.count("create") == 3
        for job_id in cloud.ids():
            cloud.tell(job_id, "completed")
    ids = [job.id for job in parallel]
    assert sorted(ids) == ["1", "1", "2", "2", "3", "3"]
    parallel.refresh()
    assert [job.state for job in parallel] == ["success"] * 6
    for cloud in clouds:
        cloud.first_word = "completed"
    in_sequence = mixed(2, "in sequence")
    in_sequence.run_sequential(0)
    assert [job.state for job in in_sequence] == ["success"] * 4
    assert [cloud.count("create") for cloud in clouds] == [5, 5]


def test_repeated_id_of_one_account_is_not_accepted(clouds, mixed, timer):
    """A response with the id of another job of the same cloud does not count."""
    jg = mixed(1)
    jg.run_parallel()
    clouds[0].faults["create"] = lambda *_: (200, {"job_id": "1"})
    jg.add(timer(clouds[0], "late"))
    with pytest.raises(UnconfirmedJobError, match="already the id of job 0 of this group"):
        jg.run_parallel()
    assert [job.state for job in jg] == ["waiting", "waiting", "unconfirmed"]


def test_cached_results_belong_to_their_own_account(clouds, mixed):
    """Two jobs with the same id each have their own result, cached too."""
    jg = mixed(1, cache_results=True)
    jg.run_parallel()
    for number, cloud in enumerate(clouds):
        cloud.tell("1", "completed")
        cloud.results["1"] = {"results": json.dumps({"results": f"of cloud {number}"})}
    jg.refresh()
    wanted = [[{"results": "of cloud 0"}, {"results": "of cloud 1"}]] * 2
    assert [jg.get_results(), JobGroup.open("mixed").get_results()] == wanted
    assert [cloud.count("result") for cloud in clouds] == [1, 1]


def test_reruns_cancels_and_commands_reach_the_right_cloud(clouds, mixed):
    """A rerun on one cloud and a cancellation on the other leave the other jobs unchanged."""
    jg = mixed(1)
    jg.run_parallel()
    clouds[0].tell("1", "error")
    jg.refresh()
    jg.rerun_failed_parallel()
    jg[1].cancel()
    assert [cloud.count("rerun") for cloud in clouds] == [1, 0]
    assert [cloud.count("cancel") for cloud in clouds] == [0, 1]


def test_adopt_takes_an_id_that_another_account_has_too(clouds, mixed):
    """The id is another job's. An id that the same account has in the group is rejected."""
    jg = mixed(1)
    jg.run_parallel()
    for cloud in clouds:
        cloud.make()
    jg.adopt("2", url=clouds[0].url, platform="test:timer")
    jg.adopt("2", url=clouds[1].url, platform="test:timer")
    assert [job.id for job in jg] == ["1", "1", "2", "2"]
    for cloud in clouds:
        for held in ("1", "2"):
            with pytest.raises(DuplicateJobError, match="already in the group"):
                jg.adopt(held, url=cloud.url, platform="test:timer")


def test_confirm_takes_an_id_that_another_account_has_too(clouds, timer):
    """An unconfirmed job can have the id, unless another job of its account has it."""
    one, other = clouds
    jg = JobGroup("open outcomes")
    jg.add_many([timer(one, "0"), timer(one, "1"), timer(other, "2")])
    other.faults["create"] = lambda *_: DROP
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    jg.run_parallel()
    assert [job.id for job in jg] == ["1", "2", None]
    jg.adopt(other.make(), url=other.url, platform="test:timer")
    with pytest.raises(DuplicateJobError, match="1 is already job 3"):
        jg[2].confirm("1")
    jg[2].confirm(other.make())
    assert [job.id for job in jg] == ["1", "2", "2", "1"]


def test_command_refuses_an_id_that_two_accounts_have(clouds, mixed, capsys):
    """The command shows the positions of both jobs and does nothing. A position selects one."""
    mixed(1).run_parallel()
    assert main(["cancel", "mixed", "1"]) == 2
    assert "at 0, 1. Give its position instead, for example 0-0." in (capsys.readouterr().err)
    assert [cloud.count("cancel") for cloud in clouds] == [0, 0]
    assert main(["cancel", "mixed", "1-1"]) == 0
    assert [cloud.count("cancel") for cloud in clouds] == [0, 1]


def test_malformed_origin_affects_only_its_jobs(clouds, mixed, timer, data_dir):
    """In an edited file, jobgroup still sends, polls and reads the other cloud's jobs."""
    jg = mixed(1)
    jg.run_parallel()
    jg.add_many([timer(cloud, "later") for cloud in clouds])
    clouds[0].first_word = "completed"
    clouds[0].tell("1", "completed")
    (path,) = (data_dir / "groups").glob("*.jobgroup")
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(
            "UPDATE targets SET origin = 'https://[::1' WHERE origin = ?", (clouds[1].url,)
        )
    with pytest.raises(InvalidProviderError, match="is not the URL of a cloud"):
        jg.run_parallel()
    jg.refresh()
    assert [job.state for job in jg] == ["success", "waiting", "success", "unsent"]
    with pytest.warns(JobGroupWarning, match="1 job of 'mixed' had not ended"):
        assert jg.get_results() == [{"results": {}}, None, {"results": {}}, None]


# -- one account's token is missing or refused -----------------------------------------------------


@pytest.fixture(params=["missing", "refused"])
def lock_out(clouds, request):
    """Remove the token of the second cloud."""

    def lock() -> None:
        if request.param == "refused":
            set_token("revoked", url=clouds[1].url)
        else:
            forget_tokens()
            set_token(clouds[0].token, url=clouds[0].url)

    return lock


def _end(cloud):
    for job_id in cloud.ids():
        cloud.results[job_id] = {"results": json.dumps({"results": int(job_id)})}
        cloud.tell(job_id, "completed")


def _taken(jg):
    """Collect the items of a stream until it raises."""
    found = []
    with pytest.raises(CredentialsError):
        for job, result in jg.as_completed():
            found.append((job.position, result))
    return found


@pytest.fixture
def locked_out(clouds, mixed, lock_out):
    """Make four finished jobs, two of them of an account without a token."""
    jg = mixed(2)
    jg.run_parallel()
    for cloud in clouds:
        _end(cloud)
    jg.refresh()
    lock_out()
    return jg


def test_results_of_other_accounts_are_returned(locked_out):
    """Results of the locked account are missing, and its error gives the reason."""
    expected = [{"results": 1}, None, {"results": 2}, None]
    with pytest.warns(UserWarning, match=r"2 of 4 .*job 1.*set_token"):
        assert locked_out.get_results() == expected
    with pytest.raises(ResultsError) as caught:
        locked_out.get_results(errors="raise")
    assert caught.value.results == expected
    assert list(caught.value.failures) == [1, 3]
    assert all(isinstance(e, CredentialsError) for e in caught.value.failures.values())


def test_results_of_other_accounts_are_kept(locked_out):
    """The report has the account's error for each of the account's jobs."""
    report = locked_out.keep_results()
    assert report.done == [0, 2]
    assert ["set_token" in report.failed[position] for position in (1, 3)] == [True, True]


def test_table_has_the_results_of_other_accounts(locked_out):
    """The account's rows show the error."""
    errors = locked_out.results_table()["error"]
    assert ["set_token" in (error or "") for error in errors] == [False, True, False, True]


def test_unfinished_jobs_of_a_locked_account_count_as_failures(clouds, mixed, lock_out, until):
    """The jobs may have ended, so the call must not look complete."""
    jg = mixed(1)
    jg.run_parallel()
    lock_out()
    for call in (jg.get_results, jg.keep_results):
        with pytest.raises(CredentialsError):
            call()
    _end(clouds[0])
    jg.state.observe(lambda change: None, "counts")  # the engine follows it
    until(lambda: jg[0].state == "success")
    jg.state.unobserve_all()
    with pytest.warns(UserWarning, match=r"1 of 2 .*job 1.*set_token"):
        assert jg.get_results() == [{"results": 1}, None]
    report = jg.keep_results()
    assert (report.done, list(report.failed)) == ([], [1])  # get_results kept the first


def test_wait_includes_jobs_of_other_accounts(clouds, mixed, lock_out, until):
    """The call raises an error only when all pending jobs belong to the locked account."""
    jg = mixed(1)
    jg.run_parallel()
    lock_out()
    with ThreadPoolExecutor(2) as pool:
        awaited, streamed = pool.submit(jg.wait, 120), pool.submit(_taken, jg)
        until(lambda: clouds[0].count("status") > 2 and jg.state.incident == "token")
        ended = [awaited.done(), streamed.done()]
        _end(clouds[0])
        assert isinstance(awaited.exception(120), CredentialsError)
        assert streamed.result(120) == [(0, {"results": 1})]
    assert ended == [False, False]
    assert [job.state for job in jg] == ["success", "waiting"]


def test_run_waits_only_for_jobs_of_its_own_account(clouds, mixed, timer, lock_out):
    """Sequential jobs on one cloud do not wait for a job on another without a token."""
    jg = mixed(1)
    jg.run_parallel()
    lock_out()
    clouds[0].first_word = "completed"
    jg.add_many([timer(clouds[0], name) for name in ("a", "b")])
    jg.run_sequential(0)
    assert [job.state for job in jg] == ["waiting", "waiting", "success", "success"]


@pytest.fixture
def of_token(scripted):
    """Make Perceval's jobs with a token of the scripted cloud, which accepts two."""
    import perceval as pcvl
    from perceval.providers.quandela.rpc_handler import RPCHandler

    forget_tokens()
    scripted.tokens = {"alice", "bob"}

    def make(token: str, name: str) -> pcvl.RemoteJob:
        handler = RPCHandler("sim:altair", scripted.url, token)
        request = {"platform_name": "sim:altair", "payload": {"command": "probs"}}
        return pcvl.RemoteJob(request, handler, name)

    return make


def test_job_with_another_token_is_warned_about(of_token, scripted):
    """The jobs of a group share a token for each account, and one account would pay for both."""
    jg = JobGroup("two tokens")
    jg.add(of_token("alice", "a"))
    with pytest.warns(JobGroupWarning, match="another token") as caught:
        jg.add(of_token("bob", "b"))
    assert not any(token in str(each.message) for each in caught for token in ("alice", "bob"))
    jg.run_parallel()
    assert {asked.token for asked in scripted.asked} == {"bob"}


def test_account_keeps_the_jobs_of_two_tokens_apart(of_token, scripted):
    """Each job is sent and polled with the token of its account."""
    jg = JobGroup("two accounts")
    jg.add(of_token("alice", "a"), account="alice")
    jg.add_many([of_token("bob", "b")], account="bob")
    jg.add(of_token("alice", "c"), account="alice")
    jg.run_parallel()
    names = {asked.token: [] for asked in scripted.asked if asked.what == "create"}
    for asked in scripted.asked:
        if asked.what == "create":
            names[asked.token].append(asked.body["job_name"])
    assert {token: sorted(each) for token, each in names.items()} == {
        "alice": ["a", "c"],
        "bob": ["b"],
    }
    jg.refresh()
    token_of = {job.id: {"a": "alice", "b": "bob", "c": "alice"}[job.name] for job in jg}
    polled = {asked.id: asked.token for asked in scripted.asked if asked.what == "status"}
    assert polled == token_of
    with pytest.raises(TypeError, match="account"):
        jg.add(of_token("bob", "d"), account=7)
    assert len(jg) == 3
