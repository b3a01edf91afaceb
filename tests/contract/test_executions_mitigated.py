"""Tests of Executions with error mitigations: one entry of several jobs, from run to result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import perceval as pcvl
import pytest
from mitigated import PARTS, Handler, factory, scripted_execution
from perceval.providers.quandela import QuandelaCommunicationLayer
from perceval.serialization import serialize

from jobgroup import DuplicateJobError, JobGroup, JobGroupError, ResultsError

HERE = Path(__file__).parent


@pytest.fixture
def jg(scripted):
    """Make a group with one such Execution."""
    group = JobGroup("mitigated")
    group.add(scripted_execution(scripted))
    return group


@pytest.fixture
def real(cloud):
    """Make factories of such Executions on the embedded cloud."""

    def make(phase=None):
        layer = QuandelaCommunicationLayer("sim:altair", token=cloud.token, url=cloud.url)
        return factory(layer, phase)

    return make


def test_entry_has_percevals_result(real, cloud):
    """The cloud gets several jobs for one entry. Its result is the one that Perceval composes."""
    execution = real().probs
    jg = JobGroup("mitigated")
    jg.add(execution)
    before = len(cloud.jobs())
    jg.run_sequential(0)
    sent = cloud.jobs()[before:]
    assert [j.body["job_group_name"] for j in sent] == ["mitigated"] * PARTS
    (job,) = jg.remote_jobs
    assert job.is_success
    assert job.id == " + ".join(j.id for j in sent)
    assert job.params["error_mitigations"] == "DistinguishablePhotonMitigation, DetectorBalancing"
    assert jg.progress()["Total"] == 1
    (ours,) = jg.get_results()
    assert ours == execution.clone()()
    assert len(ours["results"]) == 3


def test_mitigated_iterations_have_one_result(real, cloud):
    """Each iteration is several jobs. As in Perceval, the single result has all of them."""
    factory = real(pcvl.P("phi"))
    for phi in (0.2, 0.9):
        factory.add_iteration(circuit_params={"phi": phi})
    jg = JobGroup("sweep", cache_results=True)
    jg.add(factory.sample_count, max_samples=1000)
    before = len(cloud.jobs())
    jg.run_sequential(0)
    assert len(cloud.jobs()) == before + 2 * PARTS
    for _ in range(2):  # from the cloud, then from the cache
        (result,) = jg.get_results()
        rows = result["results_list"]
        assert [row["iteration"]["circuit_params"]["phi"] for row in rows] == [0.2, 0.9]
        assert [sum(row["results"].values()) for row in rows] == [1000, 1000]


def test_sent_execution_is_added_with_its_ids(real):
    """Perceval sent the Execution. Its result is composed in the same way, and it is added only
    once.
    """
    execution = real().probs
    execution.execute_async()
    jg = JobGroup("sent")
    jg.add(execution)
    with pytest.raises(DuplicateJobError):
        jg.add(execution)
    jg.wait(300)
    assert jg.get_results() == [execution.get_results()]


def test_key_recovers_a_lost_answer(real, cloud):
    """Each part has its own key, and the cloud returns the same job for the repeated request."""
    jg = JobGroup("keys")
    jg.add(real().probs)
    before = len(cloud.jobs())
    cloud.faults.add("drop_response", calls=["create"], times=1)
    jg.run_sequential(0)
    sent = cloud.jobs()[before:]
    assert len(sent) == len({job.key for job in sent}) == PARTS
    assert jg.remote_jobs[0].id == " + ".join(job.id for job in sent)


def test_entry_status_follows_its_parts(jg, scripted, until):
    """The entry runs if any part runs, and ends after all parts. Ended parts are not polled
    again.
    """
    jg.run_parallel()
    (job,), ids = jg.remote_jobs, scripted.ids()
    assert len(ids) == PARTS
    assert job.status() == "WAITING"
    scripted.tell(ids[0], "completed", start_time=100.0, duration=5)
    until(lambda: jg.refresh() or job.state == "running")
    scripted.tell(ids[1], "error", status_message="no photons", start_time=103.0, duration=7)
    until(lambda: jg.refresh() or job.message)
    assert (job.state, job.message) == ("running", "2 of 3: no photons")
    scripted.asked.clear()
    scripted.tell(ids[2], "completed", start_time=104.0, duration=2)
    until(lambda: jg.refresh() or job.state == "error")
    assert {asked.id for asked in scripted.asked} == {ids[2]}
    assert job.message == "2 of 3: no photons"
    assert jg.list_unsuccessful_jobs(refresh=False) == [job]
    assert job.attempts[0].duration_s == 10.0


SWEEP = """
import sys; sys.path.insert(0, sys.argv[1])
from mitigated import factory
from perceval.providers.quandela import QuandelaCommunicationLayer
from jobgroup import JobGroup

cloud = dict(url=sys.argv[2], token=sys.argv[3])
layer = QuandelaCommunicationLayer("sim:altair", **cloud)

def experiment(phi, is_balanced):
    return factory(layer, phi, is_balanced=is_balanced).probs

def balanced(phi):
    return experiment(phi, True)

def unbalanced(phi):
    return experiment(phi, False)

jg = JobGroup("mitigated")
print(jg.sweep(experiment, {"phi": [0.1, 0.2], "is_balanced": [True, False]}, repeats=2))
print(jg.sweep(balanced, {"phi": [0.1]}))
print(jg.sweep(unbalanced, {"phi": [0.1]}, name="balanced"))
for build in (balanced, unbalanced):
    jg.add(build(0.1), once=True)
print(len(jg))
"""


def test_mitigations_are_part_of_what_is_compared(cloud, tmp_path):
    """A sweep that differs only by a local mitigation is a change. A new process recognizes
    both.
    """
    (tmp_path / "study.py").write_text(SWEEP)
    said = []
    for seed in "12":
        child = subprocess.run(
            [sys.executable, tmp_path / "study.py", HERE, cloud.url, cloud.token],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert child.returncode == 0, child.stderr
        said.append(child.stdout.splitlines())
    assert said[0][0] == "4 points x 2 repeats: 8 new, 0 in the group already"
    assert said[0][1] == "1 point: 1 new, 0 in the group already"
    assert said[0][2] == "1 point: 0 new, 0 in the group already, 1 changed"
    assert said[0][3].startswith("Changed: error mitigations DetectorBalancing -> none.")
    assert said[0][-1] == "11"
    assert said[1][0] == "4 points x 2 repeats: 0 new, 8 in the group already"
    assert said[1][1] == "1 point: 0 new, 1 in the group already"
    assert said[1][2:] == said[0][2:]


def test_rerun_sends_only_failed_parts(jg, scripted):
    """The other parts are kept, and the attempts list both."""
    jg.run_parallel()
    ids = scripted.ids()
    for job_id, word in zip(ids, ("completed", "error", "completed"), strict=True):
        scripted.tell(job_id, word)
    jg.rerun_failed_parallel()
    assert [a.id for a in scripted.asked if a.what == "rerun"] == [ids[1]]
    assert scripted.count("create") == PARTS
    new = scripted.ids()[-1]
    (job,) = jg.remote_jobs
    assert job.id == " + ".join([ids[0], new, ids[2]])
    assert [attempt.remote_id for attempt in job.attempts] == [" + ".join(ids), job.id]
    scripted.tell(new, "completed")
    assert job.is_success


def test_appending_rerun_keeps_the_failed_entry(jg, scripted):
    """The new entry has the successful parts and the new part."""
    jg.run_parallel()
    for job_id in scripted.ids():
        scripted.tell(job_id, "canceled")
    scripted.tell(scripted.ids()[0], "completed")
    jg.rerun_failed_parallel(replace_failed_jobs=False)
    old, new = jg.remote_jobs
    assert old.id.split(" + ")[0] == new.id.split(" + ")[0]
    assert len(scripted.ids()) == PARTS + 2
    for job_id in scripted.ids()[PARTS:]:
        scripted.tell(job_id, "completed")
    assert new.is_success
    assert old.is_failed
    with pytest.raises(ResultsError, match="compose"):
        jg.get_results(errors="raise")  # the scripted results are empty


def test_cancel_cancels_every_part(jg, scripted):
    """The entry is canceled once all its parts are."""
    jg.run_parallel()
    jg.cancel_all()
    assert sorted(a.id for a in scripted.asked if a.what == "cancel") == sorted(scripted.ids())
    assert jg.remote_jobs[0].status() == "CANCELED"


def test_cancel_reports_a_part_that_may_still_run(jg, scripted):
    """The cloud was busy for one part, so the call fails, although the other parts were
    canceled.
    """
    jg.run_parallel()
    scripted.faults["cancel"] = lambda before, _: (503, {}) if before >= 1 else None
    with pytest.warns(UserWarning, match="503|busy"):
        jg.cancel_all()
    assert jg.remote_jobs[0].state == "cancel_requested"


def test_missing_part_result_is_one_failure_of_the_entry(jg, scripted):
    """The failure has the part's message."""
    jg.run_parallel()
    for job_id in scripted.ids():
        scripted.tell(job_id, "completed")
    jg.refresh()
    good = {"results": pcvl.BSDistribution({pcvl.BasicState([1, 1]): 1.0}), "global_perf": 1.0}
    for job_id in scripted.ids()[:2]:
        scripted.results[job_id] = {"results": json.dumps(serialize(good))}
    scripted.faults["result"] = lambda before, _: (404, {"error": "gone"}) if before == 2 else None
    with pytest.raises(ResultsError, match="gone"):
        jg.get_results(errors="raise")


def test_changed_rerun_is_refused(jg, scripted):
    """Only Perceval can write the changed jobs, so nothing is sent."""
    jg.run_parallel()
    for job_id in scripted.ids():
        scripted.tell(job_id, "error")
    jg.refresh()
    with pytest.raises(JobGroupError, match="only Perceval"):
        jg.rerun([0], params={"max_shots": 10})
    assert scripted.count("create", "rerun") == PARTS


def test_exported_entry_keeps_its_parts(jg, scripted, tmp_path):
    """A colleague's copy has the parts and can compose them."""
    jg.run_parallel()
    jg.export(tmp_path / "one.jobgroup")
    copy = JobGroup.load(tmp_path / "one.jobgroup", name="copy")
    assert [j.id for j in copy.remote_jobs] == [j.id for j in jg.remote_jobs]
    with pytest.raises(DuplicateJobError):
        copy.add(pcvl.RemoteJob.from_id(scripted.ids()[1], Handler(scripted)))
