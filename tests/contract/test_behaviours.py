"""Tests of behaviors 1 to 7 of Perceval's JobGroup, on which its users rely."""

from __future__ import annotations

import perceval as pcvl
import pytest
from perceval.algorithm import Sampler
from perceval.providers.quandela.rpc_handler import RPCHandler

from jobgroup import (
    DuplicateJobError,
    JobGroup,
    RemoteJob,
    RequestRejectedError,
)


def _words(progress):
    """Return the counts of `progress()` in one line."""
    return (
        progress["Total"],
        *progress["Finished"][1].values(),
        *progress["Unfinished"][1].values(),
    )


# -- 1 ---------------------------------------------------------------------------------------------


def test_1_new_name_creates_a_stored_empty_group(in_child):
    """Behavior 1: another process finds the group before any job is added."""
    jg = JobGroup("new one")
    assert len(jg) == 0
    assert jg.remote_jobs == []
    listed, length = in_child(
        "import json; from jobgroup import JobGroup\n"
        "print(json.dumps([JobGroup.list_existing(), len(JobGroup.open('new one'))]))"
    )
    assert (listed, length) == (["new one"], 0)


def test_1_known_name_loads_the_group(group, scripted, timer, in_child):
    """Behavior 1: a group keeps its creation date and order, and its modification date advances."""
    jg = group(scripted, 3)
    created, modified = jg.created_date, jg.modified_date
    loaded = in_child(
        "import json; from jobgroup import JobGroup, RemoteJob\n"
        "jg = JobGroup('experiment')\n"
        "before = jg.created_date.timestamp(), jg.modified_date.timestamp()\n"
        "jg.add(RemoteJob({'command': 'x'}, platform='test:timer', name='from a child'))\n"
        "print(json.dumps([*before, jg.created_date.timestamp(), jg.modified_date.timestamp(),"
        " [j.name for j in jg]]))",
        scripted,
    )
    assert loaded[:3] == [created.timestamp(), modified.timestamp(), created.timestamp()]
    assert loaded[3] > modified.timestamp()
    assert loaded[4] == ["job 0", "job 1", "job 2", "from a child"]
    assert [j.name for j in jg] == loaded[4], "this session sees what the other one added"
    assert jg.created_date == created


def test_1_perceval_reads_the_dates_as_it_reads_its_own(group, scripted):
    """Behavior 1: as in Perceval, dates such as `JobGroup.created_date` are naive local ones."""
    jg = group(scripted, 1)
    assert jg.created_date.tzinfo is None
    assert jg.created_date <= jg.modified_date


# -- 2 ---------------------------------------------------------------------------------------------


def test_2_loading_sends_and_changes_nothing(ended, scripted, data_dir, in_child):
    """Behavior 2: although jobs are running, no request is sent and the file does not change."""
    jg = ended("running", "waiting", "completed", "suspended")
    before = jg.modified_date.timestamp(), jg.state.version
    scripted.asked.clear()
    loaded = in_child(
        "import json; from jobgroup import JobGroup\n"
        "jg = JobGroup('experiment')\n"
        "seen = [j.state for j in jg.remote_jobs], len(jg), jg[0].id, repr(jg), jg.name\n"
        "print(json.dumps([jg.modified_date.timestamp(), jg.state.version, seen[0]]))",
        scripted,
    )
    assert loaded == [*before, ["running", "waiting", "success", "suspended"]]
    assert scripted.asked == []


# -- 3 ---------------------------------------------------------------------------------------------


def test_3_add_appends_in_order_and_is_durable(in_child, from_file):
    """Behavior 3: a process that dies right after `add` returned loses no job."""
    names = [f"job {i}" for i in range(5)]
    in_child(
        "import os; from jobgroup import JobGroup, RemoteJob\n"
        "jg = JobGroup('experiment')\n"
        "for i in range(5):\n"
        "    jg.add(RemoteJob({'command': 'x'}, platform='p', name=f'job {i}'))\n"
        "print(0, flush=True); os._exit(0)"
    )
    assert [j["name"] for j in from_file()] == names


def test_3_unsent_job_can_be_added_several_times(cloud, sampler):
    """Behavior 3: one Perceval job added with different kwargs makes different jobs."""
    job = sampler(cloud).sample_count
    jg = JobGroup("sweep")
    for n in (10, 20, 30):
        jg.add(job, max_samples=n)
    jg.add(job, max_samples=10)
    assert [j.params["max_samples"] for j in jg] == [10, 20, 30, 10]
    assert job.id is None
    assert len(cloud.jobs()) == 0 or all(j.name != "sweep" for j in cloud.jobs())


def test_3_add_refuses_an_id_that_the_group_has(cloud, sampler, snapshot):
    """Behavior 3: ValueError is raised for the id of a sent Perceval job, added or sent by
    jobgroup.
    """
    job = sampler(cloud).probs
    job.execute_async()
    jg = JobGroup("taken over")
    jg.add(job)
    assert jg[0].id == job.id
    before = snapshot(jg)
    with pytest.raises(ValueError, match=job.id) as caught:
        jg.add(job)
    assert isinstance(caught.value, DuplicateJobError)
    assert snapshot(jg) == before
    JobGroup("another group").add(job)  # the rule is about one group


def test_3_add_refuses_an_id_that_a_run_created(cloud, group):
    """Behavior 3: ids of the group's own runs count, also those of replaced attempts."""
    jg = group(cloud, 1, fail="as it should")
    jg.run_parallel()
    jg.wait(120)
    first = jg[0].id
    jg.rerun_failed_parallel()
    second = jg[0].id
    handler = RPCHandler("test:timer", cloud.url, cloud.token)
    for job_id in (first, second):
        with pytest.raises(ValueError, match=job_id):
            jg.add(pcvl.RemoteJob.from_id(job_id, handler))
    assert len(jg) == 1


@pytest.mark.parametrize("kind", ["local job", "processor", "text", "none", "callable", "dict"])
def test_3_add_refuses_objects_that_are_not_remote_jobs(kind, snapshot, group, scripted):
    """Behavior 3: TypeError is raised, and nothing is written, not even a version number."""
    processor = pcvl.Processor("SLOS", pcvl.BS())
    processor.with_input(pcvl.BasicState([1, 0]))
    processor.min_detected_photons_filter(1)
    things = {
        "local job": Sampler(processor).probs,
        "processor": processor,
        "text": "job",
        "none": None,
        "callable": lambda: 3,
        "dict": {"payload": {"command": "x"}},
    }
    jg = group(scripted, 2)
    before = snapshot(jg), jg.state.version, jg.modified_date
    with pytest.raises(TypeError):
        jg.add(things[kind])
    with pytest.raises(TypeError):
        jg.add_many([(RemoteJob({"command": "x"}, platform="p"), {}), things[kind]])
    assert (snapshot(jg), jg.state.version, jg.modified_date) == before


# -- 4 ---------------------------------------------------------------------------------------------


def test_4_progress_of_unsent_jobs_sends_no_request(group, scripted):
    """Behavior 4: progress, lists and results of unsent jobs send no request."""
    jg = group(scripted, 3)
    assert _words(jg.progress()) == (3, 0, 0, 0, 3)
    assert jg.list_active_jobs() == jg.list_successful_jobs() == jg.list_unsuccessful_jobs() == []
    assert [j.status() for j in jg] == ["WAITING"] * 3
    assert jg.get_results() == [None] * 3
    jg.wait()
    assert scripted.asked == []


def test_4_terminal_jobs_are_never_polled_again(ended, scripted, until):
    """Behavior 4: success, error and canceled are final; suspended and unknown are polled."""
    jg = ended("completed", "error", "canceled", "suspended", "gibberish", "running", "waiting")
    assert [j.state for j in jg] == [
        *("success", "error", "canceled", "suspended", "unknown", "running", "waiting")
    ]
    seen: set[str] = set()
    may_change = {jg[i].id for i in (3, 4, 5, 6)}

    def all_asked():
        jg.progress()
        seen.update(a.id for a in scripted.asked if a.what == "status")
        return seen >= may_change

    until(all_asked)
    assert seen == may_change
    scripted.tell(jg[3].id, "running")
    scripted.tell(jg[4].id, "completed")
    until(lambda: jg.progress()["Finished"][1]["successful"] == 2)
    assert jg[3].state == "running"


# -- 5 ---------------------------------------------------------------------------------------------


def test_5_progress_counts_each_status(ended, timer, scripted):
    """Behavior 5: `progress` counts each status word of the cloud as the specification says."""
    jg = ended(
        *("completed", "error", "canceled", "suspended", "unknown", "something new"),
        *("waiting", "running", "cancel_requested"),
    )
    jg.add(timer(scripted))
    jg.add(timer(scripted))
    assert jg.progress() == {
        "Total": 11,
        "Finished": [6, {"successful": 1, "unsuccessful": 5}],
        "Unfinished": [5, {"sent": 3, "not sent": 2}],
    }
    assert list(jg.progress()) == ["Total", "Finished", "Unfinished"]


def test_5_progress_of_an_empty_group_is_zero():
    """Behavior 5: all counts are zero, in the same form."""
    assert JobGroup("empty").progress() == {
        "Total": 0,
        "Finished": [0, {"successful": 0, "unsuccessful": 0}],
        "Unfinished": [0, {"sent": 0, "not sent": 0}],
    }


# -- 6 ---------------------------------------------------------------------------------------------


def test_6_run_sends_exactly_the_unsent_jobs(group, scripted, timer):
    """Behavior 6: there is one create per job, and a later run sends only jobs that were added
    since then.
    """
    jg = group(scripted, 3)
    scripted.availability = None  # one job at a time, in the group's order
    jg.run_parallel()
    assert [b["job_name"] for b in scripted.bodies()] == ["job 0", "job 1", "job 2"]
    assert [j.id for j in jg] == scripted.ids()
    jg.run_parallel()
    assert scripted.count("create") == 3
    jg.add(timer(scripted, "added since"))
    jg.run_parallel()
    assert [b["job_name"] for b in scripted.bodies()][3:] == ["added since"]
    assert scripted.count("rerun") == 0


def test_6_each_launch_is_durable_before_the_next(group, scripted, from_file):
    """Behavior 6: during the second create, a new process reads the first job's id."""
    jg = group(scripted, 3)
    scripted.availability = None  # one job at a time, in the group's order
    gate = None

    def hold_the_second(before, _asked):
        if before == 1:
            gate.pass_through()

    gate = scripted.gate("nothing")
    scripted.faults["create"] = hold_the_second
    future = jg.start()
    gate.wait_for_one()
    first, second, third = from_file()
    gate.open()
    future.result(120)
    assert (first["state"], first["id"]) == ("waiting", scripted.ids()[0])
    assert (second["state"], second["id"]) == ("sending", None)
    assert (third["state"], third["id"]) == ("unsent", None)
    assert [j["id"] for j in from_file()] == scripted.ids()


# -- 7 ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["parallel", "sequential", "launch"])
def test_7_failed_create_ends_the_run(mode, group, scripted, from_file):
    """Behavior 7: an error is raised. Sent jobs keep their ids, and the others are not sent."""
    jg = group(scripted, 4)
    scripted.availability = None  # one job at a time, in the group's order
    scripted.first_word = "completed"
    scripted.faults["create"] = lambda before, _: (
        (400, {"error": "Max shots must less than or equal to 5"}) if before == 2 else None
    )
    runs = {
        "parallel": jg.run_parallel,
        "sequential": lambda: jg.run_sequential(0),
        "launch": lambda: jg.launch_async_jobs(4),
    }
    with pytest.raises(RequestRejectedError, match="Max shots must less than or equal to 5"):
        runs[mode]()
    found = from_file()
    assert [j["id"] for j in found] == [*scripted.ids(), None, None]
    assert len(scripted.ids()) == 2
    assert [j["state"] for j in found][2:] == ["refused", "unsent"]
    scripted.faults.clear()
    jg.run_parallel()
    assert [j.id for j in jg] == scripted.ids()
