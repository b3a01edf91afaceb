"""Promise 4: one job never harms another."""

from __future__ import annotations

import json
import sqlite3
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from status_fuzz import fuzz_statuses
from unruly import UnrulyCloud

from jobgroup import (
    JobGroup,
    JobGroupError,
    JobGroupWarning,
    RemoteJob,
    ResultsError,
    set_token,
)
from jobgroup.store.paths import group_path

BAD_STATUS = {
    "404": (404, {"error": "Job not found"}),
    "403": (403, {"error": "Not yours"}),
    "500": (500, {"error": "Internal error"}),
    "500 with nested brackets": (500, b"[" * 50_000),
    "html": (200, b"<html>Bad Gateway</html>"),
    "nothing": (200, b""),
    "not utf-8": (200, b'{"status": "\xff\xfe"}'),
    "a list": (200, []),
    "nested brackets": (200, b"[" * 50_000),
    "cut": (200, b'{"status": "compl'),
    "wrong types": (200, {"status": 5, "progress": "x", "duration": [], "status_message": {}}),
    "half a character": (200, b'{"status": "running", "progress_message": "\\ud800"}'),
    "half a character as word": (200, b'{"status": "\\udfff"}'),
    "half a character in a refusal": (422, b'{"error": "\\ud800"}'),
    "a zero character": (200, b'{"status": "running", "progress_message": "a\\u0000b"}'),
    "numbers without end": (200, b'{"status": "running", "duration": 1e999, "progress": NaN}'),
    "a long number": (200, b'{"status": "running", "start_time": ' + b"9" * 5000 + b"}"),
    "a long number beside a status": (200, b'{"status": "running", "shots": ' + b"9" * 5000 + b"}"),
    "redirect": (302, b"", {"Location": "http://127.0.0.1:9/"}),
}
BAD_RESULT = {
    "404": (404, {"error": "Job not found"}),
    "500": (500, {"error": "Internal error"}),
    "html": (200, b"<html>Bad Gateway</html>"),
    "no results": (200, {"results": None}),
    "not JSON": (200, {"results": "no JSON"}),
    "nested brackets": (200, {"results": "[" * 50_000}),
    "undecodable": (200, {"results": '{"results": ":PCVL:BSDistribution:garbage"}'}),
    "a word of ours": (200, {"composition": {}, "parts": [5]}),
    "foreign code": (200, {"results": '{"job_context": {"result_mapping": ["os", "getcwd"]}}'}),
}


@pytest.fixture(scope="module")
def answering_cloud() -> Iterator[UnrulyCloud]:
    """A cloud whose responses a test chooses."""
    with UnrulyCloud() as running:
        yield running


@pytest.fixture
def unruly(answering_cloud: UnrulyCloud) -> UnrulyCloud:
    """Arguments for jobs of that cloud, with its token set in this process."""
    set_token(answering_cloud.token, url=answering_cloud.url)
    return answering_cloud


@pytest.fixture
def sent(unruly: UnrulyCloud) -> Callable[..., JobGroup]:
    """Create a group with jobs that the unruly cloud has accepted. After that, `answer` chooses the
    responses.
    """

    def make(jobs: int = 3, name: str = "experiment") -> JobGroup:
        unruly.answer = lambda call, job_id: None
        jg = JobGroup(name)
        body = {"command": "timer"}
        jg.add_many(
            [RemoteJob(body, platform="p", url=unruly.url, name=str(i)) for i in range(jobs)]
        )
        jg.run_parallel()
        unruly.asked.clear()
        return jg

    return make


def only_for(bad_id: str | None, call: str, answer: Any) -> Callable[[str, str], Any]:
    """A response to one kind of request about one job."""
    return lambda asked, job_id: answer if (asked, job_id) == (call, bad_id) else None


def test_bad_statuses_affect_only_their_jobs(sent, unruly, until):
    """Whatever the cloud returns for some jobs, the jobs before and after them end. The affected
    jobs keep their states, and continue when the responses are valid.
    """
    bad = range(2, 2 + len(BAD_STATUS))
    jg = sent(len(BAD_STATUS) + 45)
    answers = dict(zip([jg[i].id for i in bad], BAD_STATUS.values(), strict=True))
    unruly.answer = lambda call, job_id: answers.get(job_id) if call == "status" else None
    good = [i for i in range(len(jg)) if i not in bad]

    def have_ended(positions: Iterable[int]) -> bool:
        jg.refresh()
        return all(jg[i].state == "success" for i in positions)

    until(lambda: have_ended(good))
    assert {jg[i].state for i in bad} <= {"waiting", "running", "unknown"}
    assert jg.progress()["Total"] == len(jg)
    assert all(repr(jg[i]) for i in bad)
    with pytest.warns(JobGroupWarning, match="had not ended"):
        assert jg.get_results()[-1] is not None
    unruly.answer = lambda call, job_id: None
    until(lambda: have_ended(bad))


def test_a_job_that_is_not_found_delays_no_other(sent, unruly):
    """One round of requests reaches all later jobs."""
    jg = sent(150)
    unruly.answer = only_for(jg[0].id, "status", (404, {"error": "Job not found"}))
    jg.refresh()
    assert [j.state == "success" for j in jg] == [False] + [True] * 149


def test_bad_results_affect_only_their_jobs(sent, unruly):
    """The other results are returned, with a warning if failures are collected and otherwise in the
    error.
    """
    jg = sent(len(BAD_RESULT) + 2)
    jg.refresh()
    bad = range(1, 1 + len(BAD_RESULT))
    answers = dict(zip([jg[i].id for i in bad], BAD_RESULT.values(), strict=True))
    unruly.answer = lambda call, job_id: answers.get(job_id) if call == "result" else None
    with pytest.warns(UserWarning, match="job 1"):
        results = jg.get_results()
    assert [i for i, r in enumerate(results) if r is None] == list(bad)
    with pytest.raises(ResultsError) as raised:
        jg.get_results(errors="raise")
    assert [i for i, r in enumerate(raised.value.results) if r is None] == list(bad)
    assert sorted(raised.value.failures) == list(bad)
    assert all(isinstance(e, JobGroupError) for e in raised.value.failures.values())
    for i in bad:
        with pytest.raises(JobGroupError):
            jg[i].get_results()


BAD_IDS = ["\ud800", "", None, 5, "x" * 5000, "a\x00b", "../../x", "?a=b#c"]


def test_bad_ids_affect_only_their_jobs(sent, unruly, until):
    """A job with an invalid id is unconfirmed, or keeps the id. Each job is sent once."""
    jg = sent(0)
    for i in range(len(BAD_IDS) + 2):
        jg.add(RemoteJob({"c": 1}, platform="p", url=unruly.url, name=str(i)))
    reported = iter([(200, json.dumps({"job_id": job_id}).encode()) for job_id in BAD_IDS])
    unruly.answer = lambda call, _: next(reported, None) if call == "create" else None
    while jg.list_unsent_jobs():
        with suppress(JobGroupError):
            jg.run_parallel()
    assert {jg[i].state for i in range(len(BAD_IDS))} <= {"unconfirmed", "waiting", "running"}
    until(lambda: jg.refresh() or [jg[-1].state, jg[-2].state] == ["success", "success"])
    assert unruly.count("create") == len(jg)


def damage(sql: str, value: Any = None, *, position: int = 0) -> None:
    """Edit the group's file outside jobgroup."""
    with closing(sqlite3.connect(group_path("experiment"), timeout=120)) as file, file:
        named = {"value": value, "position": position, "payload": position + 1}
        file.execute("PRAGMA ignore_check_constraints = ON")  # damage ignores constraints
        file.execute(sql, named)


DAMAGE = {
    "a body that is no zlib": ("UPDATE payloads SET body = x'00' WHERE id = :payload",),
    "a flipped bit in a body": (
        (
            "UPDATE payloads SET body = substr(body, 1, 20) || x'41' || substr(body, 22)\n"
            "WHERE id = :payload"
        ),
    ),
    "a body that is no JSON": (
        "UPDATE payloads SET body = :value WHERE id = :payload",
        zlib.compress(b"{"),
    ),
    "a body that is a list": (
        "UPDATE payloads SET body = :value WHERE id = :payload",
        zlib.compress(b"[]"),
    ),
    "a body of brackets": (
        "UPDATE payloads SET body = :value WHERE id = :payload",
        zlib.compress(b"[" * 100_000),
    ),
    "a body that is text": ("UPDATE payloads SET body = 'text' WHERE id = :payload",),
    "no payload": ("DELETE FROM payloads WHERE id = :payload",),
    "params that are no JSON": ("UPDATE jobs SET params = '{' WHERE position = :position",),
    "params of brackets": (
        "UPDATE jobs SET params = :value WHERE position = :position",
        "[" * 100_000,
    ),
    "labels that are a list": ("UPDATE jobs SET labels = '[1]' WHERE position = :position",),
    "a name that is bytes": ("UPDATE jobs SET name = x'ff00' WHERE position = :position",),
    "a state that does not exist": (
        "UPDATE jobs SET state = 'sucbess' WHERE position = :position",
    ),
    "a provider that is not installed": (
        (
            "UPDATE jobs SET target_id = (SELECT id FROM targets WHERE provider = 'other')"
            " WHERE position = :position"
        ),
    ),
    "an attempt that is gone": ("UPDATE jobs SET attempt_id = 999 WHERE position = :position",),
    "times that are text": ("UPDATE jobs SET added_at = 'noon' WHERE position = :position",),
}


@pytest.mark.parametrize("queue", [False, True], ids=["parallel", "queue"])
def test_damaged_rows_affect_only_their_jobs(queue, sent, unruly, until):
    """If rows are damaged before their jobs are sent, the other jobs can be run, watched and
    listed. Only jobgroup's errors are raised, and an unreadable body is not sent.
    """
    jg = sent(0)
    for i in range(len(DAMAGE) + 2):
        jg.add(RemoteJob({"c": 1, "n": i}, platform="p", url=unruly.url, name=str(i)))
    del jg
    damage("INSERT INTO targets SELECT 9, 'other', origin, account, platform FROM targets")
    for position, edit in enumerate(DAMAGE.values(), 1):
        damage(*edit, position=position)
    jg = JobGroup.open("experiment")
    good = [0, len(jg) - 1]
    for _ in range(2):
        with suppress(JobGroupError):
            jg.run_parallel(queue=queue)
    if not queue:
        jg.start(good).result(120)
    until(lambda: jg.refresh() or all(jg[i].state == "success" for i in good))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JobGroupWarning)  # some of the damaged jobs did not end
        assert jg.get_results()[-1] is not None
    assert jg.progress()["Total"] == sum(jg.state.counts.values()) == len(jg)
    assert all(repr(job) and isinstance(job.params | job.labels | job.metadata, dict) for job in jg)
    for position, what in enumerate(DAMAGE, 1):
        if "body" in what or "payload" in what:
            assert not jg[position].was_sent, what
            with pytest.raises(JobGroupError):
                jg[position].execute_async()


def test_rows_damaged_during_a_run_affect_only_their_jobs(sent, unruly, until):
    """The same holds for the ids, times and positions of jobs that are on the cloud."""
    jg = sent(6)
    edits = ["remote_id = x'ff'", "remote_id = 'lost'", "sent_at = 'noon'", "state = 5"]
    for position, edit in enumerate(edits):
        table, key = ("subjobs", "attempt_id") if "id" in edit else ("attempts", "id")
        damage(
            f"UPDATE {table} SET {edit}"
            f" WHERE {key} = (SELECT attempt_id FROM jobs WHERE position = :position)",
            position=position,
        )
    damage("UPDATE jobs SET target_id = 99 WHERE position = 4")
    unruly.answer = only_for("lost", "status", (404, {"error": "Job not found"}))
    until(lambda: jg.refresh() or jg[5].state == "success")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JobGroupWarning)  # some of the damaged jobs did not end
        assert jg.get_results()[5] is not None
    with warnings.catch_warnings(record=True) as reported:  # no warning if its end was seen before
        warnings.simplefilter("always")
        jg.cancel_all()
    assert {str(w.message)[:28] for w in reported} <= {"Job 0 could not be canceled:"}


def test_random_statuses_affect_only_their_jobs(unruly):
    """After random responses, JSON or not, the last job is polled and ends."""
    fuzz_statuses(2, derandomize=True)(unruly)
