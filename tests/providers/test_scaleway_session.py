"""Perceval's own Scaleway sessions, from `add` to results, on an imitation of Scaleway."""

from __future__ import annotations

import subprocess
import sys
import time

import perceval as pcvl
import pytest
from perceval.algorithm import Sampler
from perceval.providers.scaleway import ScalewayCommunicationLayer, Session
from scaleway_imitation import PROJECT, imitating

from jobgroup import (
    InvalidTokenError,
    JobGroup,
    RemoteJob,
    RemoteNotFoundError,
    SessionEndedError,
    set_token,
)
from jobgroup.cloud import EmbeddedCloud


@pytest.fixture(scope="module")
def cloud(worker):
    """Run the embedded cloud that executes the imitation's jobs."""
    plan = {"max_queue": 100, "max_concurrent": 4}
    with EmbeddedCloud(executor=worker, workers=1, **plan) as running:
        yield running


@pytest.fixture
def scaleway(cloud):
    """Run an imitation for one test."""
    with imitating(cloud) as running:
        yield running


@pytest.fixture
def session_of(scaleway):
    """Make Perceval's session, as its documentation shows."""

    def make(**options):
        return Session("sim:altair", PROJECT, token=scaleway.token, url=scaleway.url, **options)

    return make


def _sampler(session):
    processor = session.build_remote_processor()
    processor.add(0, pcvl.catalog["postprocessed cnot"].build_experiment())
    processor.min_detected_photons_filter(2)
    processor.with_input(pcvl.BasicState([0, 1, 0, 1]))
    return Sampler(processor, max_shots_per_call=1_000_000)


def _add(jg, session, jobs=1):
    sampler = _sampler(session)
    for _ in range(jobs):
        jg.add(sampler.sample_count, max_samples=1_000)


def _timer(scaleway, **parameters):
    """Make a job that takes a given time and succeeds or fails."""
    body = {
        "payload": {"command": "timer", "parameters": parameters},
        "project_id": PROJECT,
        "session_id": list(scaleway.sessions)[-1],
    }
    return RemoteJob(body, platform="sim:altair", url=scaleway.url, provider="scaleway")


def test_jobs_of_a_session_from_add_to_results(scaleway, session_of):
    """Each job is sent once to its session, polled, and decoded as by Perceval."""
    jg = JobGroup("cnot on scaleway")
    with session_of() as session:
        sampler = _sampler(session)
        asked_before = len(scaleway.asked)
        for _ in range(3):
            jg.add(sampler.sample_count, max_samples=1_000)
        assert len(scaleway.asked) == asked_before, "adding asks nobody"
        jg.run_parallel()
        jg.wait(300)
        theirs = _sampler(session).sample_count
        theirs.execute_sync(max_samples=1_000)
        expected = theirs.get_results()
        jg.add(theirs)
    *results, of_theirs = jg.get_results()
    assert of_theirs == expected, "a job that was sent before is read too"
    assert [type(r) for r in results] == [dict] * 3
    assert set(results[0]) == set(expected)
    assert sum(results[0]["results"].values()) == sum(expected["results"].values()) == 1_000
    assert jg.progress()["Finished"] == [4, {"successful": 4, "unsuccessful": 0}]
    *bodies, of_perceval = (job["body"] for job in scaleway.jobs.values())
    assert bodies[0] == of_perceval, "the very request that Perceval's own client sends"
    status = jg.remote_jobs[0].status
    assert status.creation_timestamp
    assert status.duration


def test_execution_is_sent_to_its_session(scaleway):
    """An Execution is sent as by Perceval and has the same results."""
    layer = ScalewayCommunicationLayer(
        "sim:altair", PROJECT, token=scaleway.token, url=scaleway.url
    )
    experiment = pcvl.catalog["postprocessed cnot"].build_experiment()
    experiment.min_detected_photons_filter(2)
    experiment.with_input(pcvl.BasicState([0, 1, 0, 1]))
    computer = pcvl.RemoteComputer(layer)
    factory = pcvl.ExecutionFactory(computer, experiment, 1_000_000)
    execution, by_hand = factory.probs, factory.probs
    jg = JobGroup("execution on scaleway")
    with computer.acquire():
        jg.add(execution)
        jg.run_parallel()
        jg.wait(300)
        theirs = by_hand.execute_sync()
    assert jg.get_results() == [theirs]
    body, of_perceval = (job["body"] for job in scaleway.jobs.values())
    assert body == of_perceval


def test_large_results_are_downloaded_without_the_token(scaleway, session_of):
    """A result at a URL is downloaded without the token."""
    scaleway.stores_results_elsewhere = True
    jg = JobGroup("stored")
    with session_of() as session:
        _add(jg, session)
        jg.run_parallel()
        jg.wait(300)
        (result,) = jg.get_results()
    assert sum(result["results"].values()) == 1_000
    assert [token for _, path, token in scaleway.asked if path.startswith("/stored/")] == [""]


def test_failed_and_canceled_jobs_are_sent_again(scaleway, session_of):
    """Scaleway has no rerun, so jobgroup sends the stored body as a new job."""
    jg = JobGroup("again")
    set_token(scaleway.token, url=scaleway.url)
    with session_of():
        jg.add(_timer(scaleway, fail="no photons today"))
        jg.add(_timer(scaleway, duration_s=600))
        jg.run_parallel()
        failed, canceled = jg.remote_jobs
        canceled.cancel()
        jg.wait(300)
        assert (failed.state, failed.message) == ("error", "no photons today")
        assert canceled.state == "canceled"
        first_ids = [job.id for job in jg]
        jg.rerun_failed_parallel()
        assert len(scaleway.jobs) == 4
        assert not {job.id for job in jg} & set(first_ids)
        assert [a.remote_id for a in failed.attempts] == [first_ids[0], failed.id]
        canceled.cancel()


def test_unreported_plan_is_found_by_its_rejections(scaleway, session_of):
    """Free slots are unknown, so a rejected job stays unsent, and a queue waits for a slot."""
    scaleway.most_jobs = 2
    jg = JobGroup("quota")
    with session_of() as session:
        _add(jg, session, jobs=3)
        with pytest.raises(ValueError, match="concurrent_job_count"):
            jg.launch_async_jobs()
        assert jg.estimate().free_slots is None
        with pytest.raises(Exception, match=r"quota.*stay unsent"):
            jg.run_parallel()
        assert len(scaleway.jobs) == 2
        assert len(jg.list_unsent_jobs()) == 1
        jg.start(queue=True)
        refused = scaleway.count("POST", "jobs")
        give_up = time.monotonic() + 180
        while scaleway.count("POST", "jobs") == refused and time.monotonic() < give_up:
            time.sleep(0.01)
        scaleway.most_jobs = 3
        jg.run_parallel(queue=True)
        jg.wait(300)
    assert len(scaleway.jobs) == 3


def test_ended_session_is_reported_and_another_takes_over(scaleway, session_of):
    """The error says what to do, and afterwards the group runs without a lost job."""
    jg = JobGroup("days")
    first = session_of()
    first.start()
    _add(jg, first, jobs=2)
    first.stop()
    with pytest.raises(SessionEndedError, match=r"has ended.*Start a session"):
        jg.run_parallel()
    assert len(jg.list_unsent_jobs()) == 2
    assert scaleway.jobs == {}
    with session_of():
        jg.run_parallel()
        newest = list(scaleway.sessions)[-1]
        assert [job["session_id"] for job in scaleway.jobs.values()] == [newest] * 2
        assert scaleway.count("POST", "jobs") == 1 + 1 + 2, "the ended one is not tried again"


def test_a_session_may_start_after_its_jobs_were_added(scaleway, session_of):
    """Jobs that were added before a session started are sent to the session that is running."""
    jg = JobGroup("prepared")
    session = session_of()
    _add(jg, session)
    with pytest.raises(SessionEndedError, match="was not started"):
        jg.run_parallel()
    with session:
        jg.run_parallel()
        assert len(scaleway.jobs) == 1


def test_expired_token_is_reported_and_replaced(scaleway, session_of, data_dir):
    """The error names the call that helps, and no token is in the group's folder."""
    jg = JobGroup("expired")
    session = session_of()
    session.start()
    _add(jg, session, jobs=2)
    scaleway.token = "scw-secret-renewed"
    with pytest.raises(InvalidTokenError, match=r"authentication is denied.*set_token"):
        jg.run_parallel()
    assert len(jg.list_unsent_jobs()) == 2
    set_token(scaleway.token, url=scaleway.url)
    jg.run_parallel()
    assert len(scaleway.jobs) == 2
    scaleway.token = "scw-secret-of-tomorrow"
    with pytest.raises(InvalidTokenError):
        jg.progress()
    kept = b"".join(p.read_bytes() for p in data_dir.rglob("*") if p.is_file())
    assert kept
    assert b"scw-secret" not in kept


def test_jobs_sent_outside_jobgroup_are_adopted(scaleway, session_of):
    """Adopted jobs have statuses and results, and an unknown id is rejected."""
    with session_of() as session:
        theirs = _sampler(session).sample_count
        theirs.execute_sync(max_samples=1_000)
        jg = JobGroup("adopted")
        options = {"url": scaleway.url, "provider": "scaleway", "token": scaleway.token}
        (job,) = jg.adopt(theirs.id, platform="sim:altair", **options)
        with pytest.raises(RemoteNotFoundError):
            jg.adopt("no-such-job", platform="sim:altair", **options)
        assert jg.get_results() == [theirs.get_results()]
    assert (job.state, job.provider, len(jg)) == ("success", "scaleway", 1)


def test_another_process_uses_percevals_own_token(scaleway, session_of, tmp_path):
    """SCALEWAY_CLOUD_TOKEN, which Perceval uses, works for the group without Perceval."""
    jg = JobGroup("elsewhere")
    with session_of() as session:
        _add(jg, session)
        folder = tmp_path / "perceval"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(f'{{"scaleway": {{"url": "{scaleway.url}"}}}}')
        source = (
            "import os, sys; from jobgroup import JobGroup\n"
            "os.environ['SCALEWAY_CLOUD_TOKEN'] = sys.argv[1]\n"
            "JobGroup('elsewhere').run_parallel(); print('perceval' in sys.modules)"
        )
        command = [sys.executable, "-c", source, scaleway.token]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == "False\n", done.stderr
    assert jg.remote_jobs[0].id in scaleway.jobs
