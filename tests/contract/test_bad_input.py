"""Bad input: each is a sentence that says what to do, and nothing else changes."""

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
    CorruptGroupError,
    DuplicateJobError,
    GroupNotFoundError,
    InsufficientCreditsError,
    InvalidNameError,
    InvalidTokenError,
    JobGroup,
    JobGroupError,
    RemoteJob,
    RemoteNotFoundError,
    RequestRejectedError,
    set_token,
)

# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", " ", "\t", "a\nb", "a\x00b", "\x7f", "x" * 201, "é" * 101])
def test_an_impossible_name(name, data_dir):
    """ValueError says what is wrong with it, wherever a name is taken; no file is made."""
    JobGroup("other")
    for use in (JobGroup, JobGroup.open, JobGroup.delete_job_group, JobGroup.restore):
        with pytest.raises(InvalidNameError, match="name") as caught:
            use(name)
        assert isinstance(caught.value, ValueError)
        assert "\n" not in str(caught.value)
        assert "\x00" not in str(caught.value)
    assert JobGroup.list_existing() == ["other"]


@pytest.mark.parametrize("name", [None, 3, b"bytes", ["a"]])
def test_a_name_that_is_no_text(name):
    """TypeError names what was given."""
    with pytest.raises(TypeError, match=type(name).__name__):
        JobGroup(name)
    assert JobGroup.list_existing() == []


def test_delete_of_a_name_that_does_not_exist(group, scripted, snapshot):
    """The sentence names the near one, and nothing is deleted."""
    jg = group(scripted, 2)
    before = snapshot(jg)
    with pytest.raises(GroupNotFoundError, match=r"'experiment'.*list_existing") as caught:
        JobGroup.delete_job_group("experimant")
    assert "'experimant'" in str(caught.value)
    assert snapshot(jg) == before
    assert JobGroup.list_existing() == ["experiment"]
    assert JobGroup.list_trash() == []


# -- jobs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["platform", "name", "account", "provider", "url"])
@pytest.mark.parametrize("value", [2**70, Decimal(1), Path("p"), b"p", ["p"]], ids=repr)
def test_a_name_of_a_job_that_is_no_text(scripted, field, value):
    """TypeError, as soon as the job is made; and what shows the half of it says so too."""
    given = {"platform": "p", "url": scripted.url} | {field: value}
    with pytest.raises(TypeError, match=type(value).__name__):
        RemoteJob({"command": "probs"}, **given)
    assert repr(RemoteJob.__new__(RemoteJob)).startswith("RemoteJob 'unnamed'")


def test_a_command_that_is_no_text_is_no_name(scripted):
    """What the body of a job holds is the cloud's concern."""
    assert RemoteJob({"command": 7}, platform="p", url=scripted.url).name == "unnamed"


@pytest.mark.parametrize("field", ["platform", "name", "account", "url"])
def test_what_add_takes_can_be_loaded_again(scripted, field, tmp_path):
    """The longest that is taken, out and in again; one character more is refused at once."""
    start = f"{scripted.url}/" if field == "url" else ""
    given = {"platform": "p", "url": scripted.url}
    longest = start.ljust(10_000, "x")
    jg = JobGroup("longest")
    jg.add(RemoteJob({"command": "probs"}, **given | {field: longest}))
    with pytest.raises(ValueError, match=f"too many for the {field} of a job"):
        RemoteJob({"command": "probs"}, **given | {field: longest + "x"})
    jg.export(tmp_path / "out.jobgroup")
    JobGroup.delete_job_group("longest")
    assert len(JobGroup.load(tmp_path / "out.jobgroup")) == 1


def test_a_sentence_quotes_little_of_what_it_was_given(group, scripted):
    """Megabytes of input are cut, and what is nested without end is named by its type."""
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


def test_a_local_job(group, scripted, snapshot):
    """TypeError says what to make it from."""
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


def test_a_duplicate_id(group, scripted, snapshot):
    """ValueError says where in the group that job is."""
    jg = group(scripted, 2)
    jg.run_parallel()
    before = snapshot(jg)
    with pytest.raises(DuplicateJobError, match=r"position 1.*Nothing was added"):
        jg.add(_sent(scripted, jg[1].id))
    assert snapshot(jg) == before


def test_kwargs_for_a_job_that_was_sent(scripted, snapshot, group):
    """They would be ignored, so they are refused."""
    jg = group(scripted, 1)
    before = snapshot(jg)
    with pytest.raises(TypeError, match="max_samples"):
        jg.add(_sent(scripted, scripted.make()), max_samples=3)
    assert snapshot(jg) == before


def test_kwargs_that_a_job_does_not_take(cloud, sampler):
    """Perceval's own refusal arrives when the job is added, not when it is run."""
    jg = JobGroup("mistyped")
    job = sampler(cloud).sample_count
    with pytest.raises(RuntimeError, match="max_sampels"):
        jg.add(job, max_sampels=10)
    assert len(jg) == 0
    jg.add(job, max_samples=10)


# -- tokens and urls -------------------------------------------------------------------------------


def _every_call(jg):
    """What asks the cloud, of a group with one sent and one unsent job."""
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


def test_no_token(group, scripted, timer, snapshot, in_child):
    """MissingTokenError names the cloud and both ways to give one; nothing is sent or changed."""
    jg = group(scripted, 1)
    jg.run_parallel()
    jg.add(timer(scripted))
    before = snapshot(jg)
    asked = scripted.count()
    told = in_child(
        "import json; from jobgroup import JobGroup, MissingTokenError\n"
        "jg = JobGroup('experiment')\n"
        "told = []\n"
        "for use in (jg.run_parallel, lambda: jg.run_sequential(0), jg.launch_async_jobs,\n"
        "            jg[1].execute_async, lambda: jg.run_parallel(queue=True), jg.progress,\n"
        "            jg.list_active_jobs, jg.get_results, jg.rerun_failed_parallel, jg.wait):\n"
        "    try: told.append(f'{use} gave {use()}')\n"
        "    except MissingTokenError as error: told.append(str(error))\n"
        "print(json.dumps(told))"
    )
    for sentence in told:
        assert scripted.url in sentence
        assert "jobgroup.set_token(" in sentence
        assert "JOBGROUP_TOKEN" in sentence
    assert snapshot(jg) == before
    assert scripted.count() == asked


def test_a_wrong_token(group, scripted, timer, snapshot):
    """InvalidTokenError keeps the cloud's sentence and says how to give a valid one."""
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
def test_a_token_that_cannot_be_one(token, scripted, group):
    """set_token refuses it, and the one that was known stays."""
    with pytest.raises((TypeError, ValueError), match=r"[Tt]oken"):
        set_token(token, url=scripted.url)
    group(scripted, 1).run_parallel()


def test_a_token_for_an_open_line():
    """A token never travels over plain http to another machine."""
    with pytest.raises(ValueError, match="plain http"):
        set_token("secret", url="http://cloud.example.org")
    jg = JobGroup("plain")
    jg.add(RemoteJob({"command": "x"}, platform="p", url="http://cloud.example.org"))
    with pytest.raises(JobGroupError, match="https"):
        jg.run_parallel()
    assert jg[0].state == "unsent"


@pytest.mark.parametrize("url", ["", "cloud", "ftp://x", "http://", "https://u:p@x", 7])
def test_a_url_that_cannot_be_one(url):
    """Refused where it is given."""
    with pytest.raises((TypeError, ValueError), match="url"):
        RemoteJob({"command": "x"}, platform="p", url=url)
    with pytest.raises((TypeError, ValueError), match="url"):
        set_token("token", url=url)


def test_an_unreachable_url(timer, snapshot):
    """CloudUnreachableError names the url and what to check; the jobs stay unsent."""
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
    assert isinstance(caught.value, ConnectionError)
    assert snapshot(jg) == before
    assert jg.state.trouble == "unreachable"


def test_a_cloud_that_went_away(group, scripted, timer, snapshot):
    """Looking does not raise: the last state is kept, and `state` says since when."""
    jg = group(scripted, 2)
    jg.run_parallel()
    before = snapshot(jg)
    scripted.go_away()
    assert jg.progress()["Unfinished"] == [2, {"sent": 2, "not sent": 0}]
    assert snapshot(jg) == before
    assert jg.state.trouble == "unreachable"
    assert scripted.url in jg.state.last_error
    assert jg.state.trouble_since is not None


# -- what the cloud refuses ------------------------------------------------------------------------


def test_a_platform_that_does_not_exist(cloud, timer, snapshot):
    """The error names platform and job; that job is refused and the rest stays unsent."""
    jg = JobGroup("elsewhere")
    jg.add(timer(cloud, "first"))
    jg.add(RemoteJob({"command": "x"}, platform="sim:nowhere", url=cloud.url, name="second"))
    jg.add(timer(cloud, "third"))
    with pytest.raises(RemoteNotFoundError, match="sim:nowhere") as caught:
        jg.run_parallel()
    assert [j.was_sent for j in jg] == [True, False, False]
    assert [j.state for j in jg][1:] == ["refused", "unsent"]
    assert len(jg[1].attempts) == 0
    assert jg.state.trouble == "", "the cloud has answered"
    _says_which_job_and_what_to_do(str(caught.value), 1)


def test_a_payload_that_the_cloud_refuses(cloud, timer):
    """The cloud's sentence, the job that it is about, and what to do; the rest stays unsent."""
    jg = JobGroup("refused")
    jg.add(timer(cloud, "first"))
    body = {"command": "probs", "circuit": ":PCVL:zip:AAAA"}
    jg.add(RemoteJob(body, platform="sim:slos", url=cloud.url, name="second"))
    jg.add(timer(cloud, "third"))
    with pytest.raises(RequestRejectedError, match="Invalid payload") as caught:
        jg.run_parallel()
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
def test_every_refusal_keeps_the_clouds_sentence(refusal, kind, queue, group, scripted):
    """What the cloud says reaches the caller, the job's message, and changes nothing else."""
    status, sentence = refusal
    jg = group(scripted, 2)
    scripted.faults["create"] = lambda *_: (status, {"error": sentence})
    with pytest.raises(kind, match=sentence) as caught:
        jg.run_parallel(queue=queue)
    assert (caught.value.status_code, caught.value.detail) == (status, sentence)
    states = ["unsent", "unsent"]  # too few credits are no fault of the job
    if kind is not InsufficientCreditsError:
        states = ["refused", "refused" if queue else "unsent"]
    assert [j.state for j in jg] == states
    assert sentence in jg[0].message
    assert all(j.attempts == [] for j in jg)
    _says_which_job_and_what_to_do(str(caught.value), 0)


def _says_which_job_and_what_to_do(sentence, position):
    """In a group of thousands a refusal without the job's place is of no use."""
    assert f"ob {position}" in sentence, f"which job? {sentence}"
    advice = ("run it again", "run again", "again", "add ", "Add ", "check", "Check", "give", "set")
    assert any(a in sentence for a in advice), f"what to do? {sentence}"


# -- files -----------------------------------------------------------------------------------------


def test_a_damaged_file(data_dir, group, scripted, snapshot):
    """Set aside with every byte, the sentence says where; other groups are as they were."""
    jg = group(scripted, 2)
    before = snapshot(jg)
    path = data_dir / "groups" / "damaged.jobgroup"
    path.write_bytes(b"\x00garbage" * 1000)
    with pytest.raises(CorruptGroupError, match="every byte kept") as caught:
        JobGroup("damaged")
    (kept,) = (data_dir / "damaged").iterdir()
    assert str(kept) in str(caught.value)
    assert snapshot(jg) == before
    assert JobGroup.list_existing() == ["experiment"]


def test_one_damaged_body(cloud, group, data_dir, timer):
    """A body that cannot be read any more harms that job alone, and a queue sends the others."""
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


def test_results_errors_is_a_word(group, scripted):
    """A mistyped option is refused with the words that there are."""
    with pytest.raises(ValueError, match="collect"):
        group(scripted, 1).get_results(errors="ignore")


def test_every_error_is_one_of_ours(group, scripted):
    """Errors of the cloud can be caught by one name, and survive being sent between processes."""
    jg = group(scripted, 1)
    scripted.faults["create"] = lambda *_: (400, {"error": "Cannot create more than 1 jobs"})
    with pytest.raises(JobGroupError) as caught:
        jg.run_parallel()
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert (str(again), again.status_code) == (str(caught.value), 400)
    assert json.dumps(str(again))
