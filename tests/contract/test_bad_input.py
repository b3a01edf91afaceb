"""Tests of bad input: each error says what to do, and nothing else changes."""

from __future__ import annotations

import json
import pickle
import socket
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import perceval as pcvl
import pytest
from perceval.algorithm import Sampler

from jobgroup import (
    CloudUnreachableError,
    DuplicateJobError,
    InsufficientCreditsError,
    InvalidNameError,
    InvalidTokenError,
    JobGroup,
    JobGroupError,
    JobGroupWarning,
    RemoteJob,
    RemoteNotFoundError,
    RequestRejectedError,
    set_token,
)

# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", " ", "\t", "a\nb", "a\x00b", "\x7f", "x" * 201, "é" * 101])
def test_impossible_group_name_is_refused(name, data_dir):
    """Every call that takes a name raises ValueError with the reason; no file is created."""
    JobGroup("other")
    for use in (JobGroup, JobGroup.open, JobGroup.delete_job_group, JobGroup.restore):
        with pytest.raises(InvalidNameError, match="name") as caught:
            use(name)
        assert isinstance(caught.value, ValueError)
        assert "\n" not in str(caught.value)
        assert "\x00" not in str(caught.value)
    assert JobGroup.list_existing() == ["other"]


@pytest.mark.parametrize("name", [None, 3, b"bytes", ["a"]])
def test_group_name_must_be_a_text(name):
    """The TypeError names the given value."""
    with pytest.raises(TypeError, match=type(name).__name__):
        JobGroup(name)
    assert JobGroup.list_existing() == []


def test_delete_names_a_similar_group_if_the_name_is_unknown(group, scripted, snapshot):
    """A warning names the similar group, and nothing is deleted."""
    jg = group(scripted, 2)
    before = snapshot(jg)
    with pytest.warns(JobGroupWarning, match=r"'experimant'.*'experiment'.*list_existing"):
        JobGroup.delete_job_group("experimant")
    assert snapshot(jg) == before
    assert JobGroup.list_existing() == ["experiment"]
    assert JobGroup.list_trash() == []


# -- jobs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["platform", "name", "account", "provider", "url"])
@pytest.mark.parametrize("value", [2**70, Decimal(1), Path("p"), b"p", ["p"]], ids=repr)
def test_job_name_must_be_a_text(scripted, field, value):
    """The job's constructor raises TypeError. An unfinished job's repr says so too."""
    given = {"platform": "p", "url": scripted.url} | {field: value}
    with pytest.raises(TypeError, match=type(value).__name__):
        RemoteJob({"command": "probs"}, **given)
    assert repr(RemoteJob.__new__(RemoteJob)).startswith("RemoteJob 'unnamed'")


def test_command_that_is_not_a_text_gives_no_name(scripted):
    """Only the cloud judges the content of a body."""
    assert RemoteJob({"command": 7}, platform="p", url=scripted.url).name == "unnamed"


@pytest.mark.parametrize("field", ["platform", "name", "account", "url"])
def test_longest_text_of_a_job_loads_again(scripted, field, tmp_path):
    """The longest text survives export and load. One more character is rejected at once."""
    start = f"{scripted.url}/" if field == "url" else ""
    given = {"platform": "p", "url": scripted.url}
    longest = start.ljust(10_000, "x")
    jg = JobGroup("longest")
    jg.add(RemoteJob({"command": "probs"}, **given | {field: longest}))
    with pytest.raises(ValueError, match=f"The {field} of a job may have"):
        RemoteJob({"command": "probs"}, **given | {field: longest + "x"})
    jg.export(tmp_path / "out.jobgroup")
    JobGroup.delete_job_group("longest")
    assert len(JobGroup.load(tmp_path / "out.jobgroup")) == 1


def test_error_cuts_long_values(group, scripted):
    """The error shortens megabytes of input, and names the type of endlessly nested values."""
    jg = group(scripted, 1)
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in ("x" * 10**6, deep, 10**6000):
        for use in (
            lambda value=value: jg.adopt(value),
            lambda value=value: jg.wait(timeout=value),
            lambda value=value: jg[value],
            lambda value=value: jg.prioritize([value]),
            lambda value=value: setattr(jg, "description", [value] * 10),
            lambda value=value: setattr(jg[0], "note", [value] * 10),
        ):
            with pytest.raises((TypeError, ValueError, IndexError)) as caught:
                use()
            assert len(str(caught.value)) < 1000
            assert "digits" not in str(caught.value)


def test_local_job_is_refused(group, scripted, snapshot):
    """The TypeError says how to create a job."""
    processor = pcvl.Processor("SLOS", pcvl.BS())
    processor.with_input(pcvl.BasicState([1, 0]))
    processor.min_detected_photons_filter(1)
    jg = group(scripted, 1)
    before = snapshot(jg)
    with pytest.raises(TypeError, match=r"RemoteProcessor.*Nothing was added"):
        jg.add(Sampler(processor).probs, max_samples=3)
    assert snapshot(jg) == before


def _sent(cloud, job_id):
    from perceval.providers.quandela.rpc_handler import RPCHandler

    return pcvl.RemoteJob.from_id(job_id, RPCHandler("sim:altair", cloud.url, cloud.token))


def test_duplicate_id_is_refused(group, scripted, snapshot):
    """ValueError names the position of the job that has the id."""
    jg = group(scripted, 2)
    jg.run_parallel()
    before = snapshot(jg)
    with pytest.raises(DuplicateJobError, match=r"position 1.*Nothing was added"):
        jg.add(_sent(scripted, jg[1].id))
    assert snapshot(jg) == before


def test_kwargs_are_refused_for_a_sent_job(scripted, snapshot, group):
    """The sent job would ignore the parameters."""
    jg = group(scripted, 1)
    before = snapshot(jg)
    with pytest.raises(TypeError, match="max_samples"):
        jg.add(_sent(scripted, scripted.make()), max_samples=3)
    assert snapshot(jg) == before


def test_unknown_kwargs_are_refused_when_the_job_is_added(cloud, sampler):
    """`add` raises Perceval's own error, before any run."""
    jg = JobGroup("mistyped")
    job = sampler(cloud).sample_count
    with pytest.raises(RuntimeError, match="max_sampels"):
        jg.add(job, max_sampels=10)
    assert len(jg) == 0
    jg.add(job, max_samples=10)


# -- tokens and urls -------------------------------------------------------------------------------


def _every_call(jg):
    """Return every call that needs the cloud, for a group with one sent and one unsent job."""
    return [
        jg.run_parallel,
        lambda: jg.run_sequential(0),
        jg.launch_async_jobs,
        jg[1].execute_async,
        lambda: jg.run_parallel(queue=True),
        jg.progress,
        jg.list_active_jobs,
        jg.get_results,
        jg.rerun_failed_parallel,
        lambda: jg[0].status,
    ]


def test_missing_token_is_refused(group, scripted, timer, snapshot, in_child):
    """MissingTokenError names the cloud and two remedies. Nothing is sent or changed."""
    jg = group(scripted, 1)
    jg.run_parallel()
    jg.add(timer(scripted))
    before = snapshot(jg)
    asked = scripted.count()
    reported = in_child(
        "import json; from jobgroup import JobGroup, MissingTokenError\n"
        "jg = JobGroup('experiment')\n"
        "answers = []\n"
        "for use in (jg.run_parallel, lambda: jg.run_sequential(0), jg.launch_async_jobs,\n"
        "            jg[1].execute_async, lambda: jg.run_parallel(queue=True), jg.progress,\n"
        "            jg.list_active_jobs, jg.get_results, jg.rerun_failed_parallel, jg.wait):\n"
        "    try: answers.append(f'{use} gave {use()}')\n"
        "    except MissingTokenError as error: answers.append(str(error))\n"
        "print(json.dumps(answers))"
    )
    for sentence in reported:
        assert scripted.url in sentence
        assert "jobgroup.set_token(" in sentence
        assert "JOBGROUP_TOKEN" in sentence
    assert snapshot(jg) == before
    assert scripted.count() == asked


def test_rejected_token_raises(group, scripted, timer, snapshot):
    """InvalidTokenError contains the cloud's text, and says how to set a valid token."""
    jg = group(scripted, 1)
    jg.run_parallel()
    jg.add(timer(scripted))
    before = snapshot(jg)
    set_token("wrong-3141", url=scripted.url)
    for use in _every_call(jg):
        with pytest.raises(InvalidTokenError, match="Invalid or expired job token") as caught:
            use()
        assert "set_token" in str(caught.value)
        assert "wrong-3141" not in str(caught.value)
        assert snapshot(jg) == before
    set_token(scripted.token, url=scripted.url)
    jg.run_parallel()
    assert [j.was_sent for j in jg] == [True, True]


@pytest.mark.parametrize("token", ["", " ", "two words", "ünïcode", None, 5])
def test_set_token_refuses_an_impossible_token(token, scripted, group):
    """The previous token stays."""
    with pytest.raises((TypeError, ValueError), match=r"[Tt]oken"):
        set_token(token, url=scripted.url)
    group(scripted, 1).run_parallel()


def test_token_never_travels_over_plain_http():
    """Without TLS, tokens are sent only to this machine."""
    with pytest.raises(ValueError, match="plain http"):
        set_token("secret", url="http://cloud.example.org")
    jg = JobGroup("plain")
    jg.add(RemoteJob({"command": "x"}, platform="p", url="http://cloud.example.org"))
    with pytest.raises(JobGroupError, match="https"):
        jg.run_parallel()
    assert jg[0].state == "unsent"


@pytest.mark.parametrize("url", ["", "cloud", "ftp://x", "http://", "https://u:p@x", 7])
def test_impossible_url_is_refused(url):
    """The call that takes the URL raises an error."""
    with pytest.raises((TypeError, ValueError), match=r"url|URL"):
        RemoteJob({"command": "x"}, platform="p", url=url)
    with pytest.raises((TypeError, ValueError), match=r"url|URL"):
        set_token("token", url=url)


def test_unreachable_url_raises(timer, snapshot):
    """CloudUnreachableError names the URL and what to check. The jobs stay unsent."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    set_token("any", url=url)
    jg = JobGroup("nobody there")
    jg.add_many([RemoteJob({"command": "x"}, platform="p", url=url) for _ in range(2)])
    before = snapshot(jg)
    with pytest.raises(CloudUnreachableError, match=url) as caught:
        jg.run_parallel()
    assert "Check the URL" in str(caught.value)
    assert "timeout" not in str(caught.value)
    assert isinstance(caught.value, ConnectionError)
    assert snapshot(jg) == before
    assert jg.state.incident == "unreachable"


def test_group_keeps_the_last_state_while_the_cloud_is_away(group, scripted, timer, snapshot):
    """Reading raises no error, and `state` shows when the outage began."""
    jg = group(scripted, 2)
    jg.run_parallel()
    before = snapshot(jg)
    scripted.go_away()
    assert jg.progress()["Unfinished"] == [2, {"sent": 2, "not sent": 0}]
    assert snapshot(jg) == before
    assert jg.state.incident == "unreachable"
    assert scripted.url in jg.state.last_error
    assert jg.state.incident_since is not None


# -- what the cloud refuses ------------------------------------------------------------------------


def test_unknown_platform_refuses_its_job(cloud, timer, snapshot):
    """The error names the platform and the job. That job is refused, and the rest stays unsent."""
    jg = JobGroup("elsewhere")
    jg.add(timer(cloud, "first"))
    jg.add(RemoteJob({"command": "x"}, platform="sim:nowhere", url=cloud.url, name="second"))
    jg.add(timer(cloud, "third"))
    with pytest.raises(RemoteNotFoundError, match="sim:nowhere") as caught:
        jg.run_sequential(0)  # in parallel, the third job may already be in flight
    assert [j.was_sent for j in jg] == [True, False, False]
    assert [j.state for j in jg][1:] == ["refused", "unsent"]
    assert len(jg[1].attempts) == 0
    assert jg.state.incident == "", "the cloud has answered"
    _says_which_job_and_what_to_do(str(caught.value), 1)


def test_payload_that_the_cloud_rejects_names_its_job(cloud, timer):
    """The error has the cloud's text, the job and the remedy. The rest stays unsent."""
    jg = JobGroup("refused")
    jg.add(timer(cloud, "first"))
    body = {"command": "probs", "circuit": ":PCVL:zip:AAAA"}
    jg.add(RemoteJob(body, platform="sim:slos", url=cloud.url, name="second"))
    jg.add(timer(cloud, "third"))
    with pytest.raises(RequestRejectedError, match="Invalid payload") as caught:
        jg.run_sequential(0)  # in parallel, the third job may already be in flight
    assert caught.value.status_code == 400
    assert caught.value.detail.startswith("Invalid payload")
    assert [j.state for j in jg][1:] == ["refused", "unsent"]
    assert "Invalid payload" in jg[1].message
    _says_which_job_and_what_to_do(str(caught.value), 1)


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ((400, "Max shots must less than or equal to 1000"), RequestRejectedError),
        ((401, "Not enough credits"), InsufficientCreditsError),
        ((403, "You do not have permission to use this platform"), RequestRejectedError),
        ((404, "Platform not found: p"), RemoteNotFoundError),
        ((422, "Validation error"), RequestRejectedError),
    ],
)
@pytest.mark.parametrize("queue", [False, True])
def test_every_rejection_keeps_the_clouds_text(refusal, kind, queue, group, scripted):
    """The error and the job's message have the cloud's text. Nothing else changes."""
    status, sentence = refusal
    jg = group(scripted, 2)
    scripted.faults["create"] = lambda *_: (status, {"error": sentence})
    with pytest.raises(kind, match=sentence) as caught:
        jg.run_parallel(queue=queue)
    assert (caught.value.status_code, caught.value.detail) == (status, sentence)
    states = ["unsent", "unsent"]  # the job did not cause a lack of credits
    if kind is not InsufficientCreditsError:
        states = ["refused", "refused" if queue else "unsent"]
    assert [j.state for j in jg] == states
    assert sentence in jg[0].message
    assert all(j.attempts == [] for j in jg)
    ends_queue = queue and kind is InsufficientCreditsError  # with the first response to arrive
    _says_which_job_and_what_to_do(str(caught.value), *([0, 1] if ends_queue else [0]))


def _says_which_job_and_what_to_do(sentence, *positions):
    """Check that an error names one of these jobs, because a group may have thousands."""
    assert any(f"ob {p}" in sentence for p in positions), f"which job? {sentence}"
    advice = ("run it again", "run again", "again", "add ", "Add ", "check", "Check", "give", "set")
    assert any(a in sentence for a in advice), f"what to do? {sentence}"


# -- files -----------------------------------------------------------------------------------------


def test_damaged_body_affects_only_its_job(cloud, group, data_dir, timer):
    """The job's body is unreadable. A queued run sends the other jobs."""
    jg = group(cloud, 3)
    path = data_dir / "groups" / "experiment.jobgroup"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO payloads (digest, metadata, body) VALUES (x'00', '', x'0102')"
        )
        connection.execute(
            "UPDATE jobs SET payload_id = (SELECT max(id) FROM payloads) WHERE position = 1"
        )
    with pytest.raises(JobGroupError, match="body of job 1"):
        jg.run_parallel(queue=True)
    jg.wait(120)
    assert [j.state for j in jg] == ["success", "unsent", "success"]


# -- arguments -------------------------------------------------------------------------------------


def test_results_refuses_an_unknown_errors_option(group, scripted):
    """The error lists the valid options."""
    with pytest.raises(ValueError, match="collect"):
        group(scripted, 1).get_results(errors="ignore")


def test_cloud_errors_share_a_base_class_and_survive_pickling(group, scripted):
    """Users can catch all errors by one name, and send them between processes."""
    jg = group(scripted, 1)
    scripted.faults["create"] = lambda *_: (400, {"error": "Cannot create more than 1 jobs"})
    with pytest.raises(JobGroupError) as caught:
        jg.run_parallel()
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert (str(again), again.status_code) == (str(caught.value), 400)
    assert json.dumps(str(again))
