"""Promise 6: a token is not part of a group, and reaches only its cloud."""

from __future__ import annotations

import json
import logging
import threading
import time
import traceback
import warnings
from pathlib import Path

import pytest
from ipywidgets import Widget
from unruly import UnrulyCloud

from jobgroup import (
    CredentialsError,
    InsufficientCreditsError,
    InvalidTokenError,
    JobGroup,
    JobGroupError,
    RemoteJob,
    forget_tokens,
    set_token,
)
from jobgroup.engine.queued_sending import MAX_CREATES_IN_FLIGHT

CANARY = "canary-7f3a9c51e2d84b06-token"


@pytest.fixture
def canary_cloud(begin, monkeypatch):
    """A cloud with a token that can be recognized anywhere."""
    running = begin(token=CANARY)
    monkeypatch.setenv("JOBGROUP_URL", running.url)
    return running


def test_the_token_is_never_exposed(canary_cloud, job, caplog, tmp_path, capfd):
    """No file, log, error, repr, bundle or trait contains the token, whatever the cloud does."""
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    jg = JobGroup("experiment")
    jg.add_many([job(str(i), url=canary_cloud.url) for i in range(3)])
    jg.add(job("fails", url=canary_cloud.url, fail="on purpose"))
    jg.add(job("long", url=canary_cloud.url, duration_s=600))
    jg[4].execute_async()  # there must be a job to poll, whatever the cloud does

    def collect(function, *args, **kwargs) -> None:
        try:
            texts.append(repr(function(*args, **kwargs)))
        except Exception as error:  # noqa: BLE001 (every error is checked)
            chain = "".join(traceback.format_exception(error))
            texts.extend([str(error), repr(error), repr(vars(error)), chain])

    faults = [
        ("refuse_token", {}),
        ("no_credits", {}),
        (
            "malformed_response",
            {"body": json.dumps({"error": f"Bearer {CANARY}", "status": CANARY})},
        ),
        ("http_error", {"status": 400, "message": f"Your header was Bearer {CANARY}"}),
        ("http_error", {"status": 503, "message": f"Bearer {CANARY}"}),
        ("drop_request", {}),
    ]
    for kind, options in faults:
        number = canary_cloud.faults.add(kind, **options)
        for call in (jg.run_parallel, jg.progress, jg.get_results, jg.cancel_all, jg[0].cancel):
            collect(call)
        collect(jg.state.trait_values)
        canary_cloud.faults.remove(number)
    for unconfirmed in jg.list_unconfirmed_jobs():
        collect(unconfirmed.resend)
    collect(jg.run_parallel)
    jg.cancel([4])
    jg.wait(120)
    collect(jg.get_results)
    collect(jg.rerun)
    collect(jg._repr_mimebundle_)
    Widget.close_all()  # no browser closes the widgets
    collect(lambda: [(j, j.attempts, j.events, j.message, j.params, j.metadata) for j in jg])
    collect(lambda: vars(jg) | vars(jg[0]))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        JobGroup.delete_job_group("experiment")
    texts += map(str, warned)
    texts += [record.getMessage() + str(record.exc_info) for record in caplog.records]
    texts += capfd.readouterr()
    assert len(texts) > 30
    assert [t for t in texts if CANARY in t] == []
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert any(p.suffix == ".jobgroup" for p in files)
    assert [p for p in files if CANARY.encode() in p.read_bytes()] == []


def test_the_token_of_a_job_is_not_stored_with_it(canary_cloud, data_dir):
    """Perceval's processors contain the token. The group that their job is added to does not."""
    import perceval

    processor = perceval.RemoteProcessor("sim:slos", url=canary_cloud.url, token=CANARY)
    processor.set_circuit(perceval.BS())
    processor.min_detected_photons_filter(1)
    processor.with_input(perceval.BasicState([1, 0]))
    jg = JobGroup("experiment")
    jg.add(perceval.algorithm.Sampler(processor, max_shots_per_call=10).probs)
    files = [p for p in Path(data_dir).rglob("*") if p.is_file()]
    assert files
    assert [p for p in files if CANARY.encode() in p.read_bytes()] == []


@pytest.mark.parametrize(
    "how", ["run_parallel", "queue", "run_sequential", "progress", "results", "wait"]
)
def test_a_run_stops_at_a_refused_token_and_continues_with_a_valid_one(how, group, cloud, ledger):
    """A blocking call raises InvalidTokenError. With a valid token, a second call continues."""
    jg = group(3)
    if how in ("progress", "results", "wait"):
        jg.run_parallel()
    calls = {
        "run_parallel": jg.run_parallel,
        "queue": lambda: jg.run_parallel(queue=True),
        "run_sequential": lambda: jg.run_sequential(0),
        "progress": jg.progress,
        "results": lambda: jg.get_results(errors="raise"),
        "wait": jg.wait,
    }
    states = [j.state for j in jg]
    set_token("revoked", url=cloud.url)
    for _ in range(2):
        with pytest.raises(InvalidTokenError, match="set_token"):
            calls[how]()
    assert [j.state for j in jg] == states
    assert jg.state.incident == "token"
    set_token(cloud.token, url=cloud.url)
    calls[how]()
    jg.wait(120)
    assert [j.state for j in jg] == ["success"] * 3
    assert jg.state.incident == ""
    ledger(jg).check().each_once("0", "1", "2")


def test_a_revoked_token_pauses_a_queue(group, cloud, ledger, until, still):
    """A background queue sends nothing more, and continues after `set_token`."""
    jg = group(20)
    slow = cloud.faults.add("delay", calls=["create"], delay_s=1)  # several rounds of 1 s each
    run = jg.start(queue=True)
    until(lambda: len(cloud.jobs()) >= 3)
    number = cloud.faults.add("refuse_token")
    until(lambda: jg.state.incident == "token")
    assert still(lambda: len(cloud.jobs())) < 20
    assert not run.done()
    cloud.faults.remove(slow)
    cloud.faults.remove(number)
    set_token(cloud.token, url=cloud.url)
    run.result(120)
    jg.wait(120)
    ledger(jg).check().each_once(*map(str, range(20)))


def test_a_run_waits_if_its_token_is_forgotten(group, cloud, ledger, until, monkeypatch):
    """Without a valid token, nothing is sent and nothing is lost. With a valid one, the run
    continues.
    """
    monkeypatch.delenv("JOBGROUP_TOKEN")
    jg = group(20)
    slow = cloud.faults.add("delay", calls=["create"], delay_s=1)  # several rounds of 1 s each
    run = jg.start(queue=True)
    until(lambda: len(cloud.jobs()) >= 3)
    forget_tokens()
    until(lambda: jg.state.incident == "token")
    assert len(cloud.jobs()) < 20
    assert not run.done()
    cloud.faults.remove(slow)
    set_token(cloud.token, url=cloud.url)
    run.result(120)
    jg.wait(120)
    ledger(jg).check().each_once(*map(str, range(20)))


def test_a_new_process_with_a_valid_token_continues(group, cloud, child, ledger):
    """The new process sends the jobs that another process could not send without a valid token."""
    jg = group(3)
    set_token("revoked", url=cloud.url)
    with pytest.raises(InvalidTokenError):
        jg.run_parallel()
    said = child("jg = JobGroup.open('experiment'); jg.run_parallel(); jg.wait(120); say('done')")
    assert said.all() == ["done"]
    ledger(jg).check().each_once("0", "1", "2")


def test_missing_credits_are_not_a_refused_token(group, cloud, ledger):
    """Both are a 401 and differ only in the message. Sending stops, and reports this once."""
    jg = group(20)
    cloud.faults.add("no_credits", calls=["create"])
    with pytest.raises(InsufficientCreditsError, match=r"[Cc]redits") as raised:
        jg.run_parallel(queue=True)
    assert not isinstance(raised.value, InvalidTokenError)
    assert sum(entry.call == "create" for entry in cloud.log) <= MAX_CREATES_IN_FLIGHT
    assert jg.state.incident == "credits"
    assert len(jg.list_unsent_jobs()) == 20
    cloud.faults.clear()
    jg.run_parallel()
    ledger(jg).check().each_once(*map(str, range(20)))


def test_a_colleagues_file_sends_no_token_to_its_host(cloud, monkeypatch):
    """A job for another origin is not sent with this origin's token, or over plain http to another
    machine.
    """
    with UnrulyCloud() as stranger:
        monkeypatch.setenv("JOBGROUP_TOKEN", cloud.token)
        monkeypatch.setenv("PCVL_CLOUD_TOKEN", cloud.token)
        jg = JobGroup("theirs")
        for url in (stranger.url, "http://192.0.2.1", "https://192.0.2.1"):
            jg.add(RemoteJob({"command": "x"}, platform="p", url=url))
        for position in range(3):
            with pytest.raises(CredentialsError):
                jg[position].execute_async()
        with pytest.raises(CredentialsError):
            jg.run_parallel(queue=True)
        assert stranger.asked == []


def test_a_redirect_gets_no_token(cloud):
    """A client does not follow a cloud's redirects."""
    with UnrulyCloud() as here, UnrulyCloud() as there:
        set_token(here.token, url=here.url)
        jg = JobGroup("redirected")
        jg.add(RemoteJob({"command": "x"}, platform="p", url=here.url))
        here.answer = lambda call, job_id: (
            (307, b"", {"Location": f"{there.url}/api/jobs"}) if call == "create" else None
        )
        with pytest.raises(JobGroupError):
            jg.run_parallel()
        here.answer = lambda call, job_id: (302, b"", {"Location": f"{there.url}/api/jobs"})
        with pytest.raises(JobGroupError):
            jg.run_parallel()
        assert there.asked == []
        assert here.tokens == {f"Bearer {here.token}"}


def test_tokens_can_be_set_during_a_run(group, cloud, ledger):
    """Changing the token from another thread during a run breaks nothing."""
    jg = group(20)
    ended = threading.Event()

    def change() -> None:
        while not ended.is_set():
            set_token(cloud.token, url=cloud.url)
            time.sleep(0.001)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        jg.run_parallel(queue=True)
    finally:
        ended.set()
        changing.join()
    ledger(jg).check().each_once(*map(str, range(20)))
