"""Executions with local error mitigations: one entry of a group, several jobs on the cloud."""

from __future__ import annotations

import json
import threading

import perceval as pcvl
import pytest
from perceval.providers.quandela import QuandelaCommunicationLayer
from perceval.providers.rpc_based_communication_layer import RPCBasedCommunicationLayer
from perceval.runtime import DetectorBalancing, DistinguishablePhotonMitigation
from perceval.serialization import serialize
from scripted_cloud import DROP

from jobgroup import (
    DuplicateJobError,
    JobGroup,
    JobGroupError,
    JobLimitError,
    RequestRefusedError,
    ResultsError,
    UnconfirmedJobError,
)

PARTS = 3
"""What two photons are with the first order of the mitigation: both of them, and each alone."""


class Handler:
    """A user's own handler to the scripted cloud, which asks it nothing."""

    name, proxies, headers = "sim:altair", {}, {}

    def __init__(self, cloud):
        self.url, self.token = cloud.url, cloud.token

    def fetch_platform_details(self):
        """A noisy platform."""
        return {
            "type": "simulator",
            "status": "available",
            "perfs": {"Transmittance (%)": 6, "HOM (%)": 92, "g2 (%)": 0.3},
            "specs": {"available_commands": ["probs", "sample_count"], "constraints": {}},
        }


def _factory(layer, phase=None):
    experiment = pcvl.Experiment(3).add(0, pcvl.BS()).add(1, pcvl.BS())
    if phase is not None:
        experiment.add(0, pcvl.PS(phase)).add(0, pcvl.BS())
    experiment.with_input(pcvl.BasicState([1, 1, 0]))
    experiment.min_detected_photons_filter(2)
    computer = pcvl.RemoteComputer(layer)
    computer.use_mitigations_remotely = False
    computer.mitigations = [DistinguishablePhotonMitigation(1), DetectorBalancing()]
    return pcvl.ExecutionFactory(computer, experiment, max_shots_per_call=1_000_000)


@pytest.fixture
def execution(scripted):
    """Makes Executions of three jobs on the scripted cloud."""
    return lambda: _factory(RPCBasedCommunicationLayer(Handler(scripted))).probs


@pytest.fixture
def jg(execution):
    """A group with one such entry."""
    group = JobGroup("mitigated")
    group.add(execution())
    return group


@pytest.fixture
def real(cloud):
    """Makes factories of such Executions on the embedded cloud."""

    def make(phase=None):
        layer = QuandelaCommunicationLayer("sim:altair", token=cloud.token, url=cloud.url)
        return _factory(layer, phase)

    return make


def test_one_entry_with_percevals_result(real, cloud):
    """Several jobs are sent, the group has one, and its result is what Perceval makes of them."""
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
    assert ours == execution()
    assert len(ours["results"]) == 3


def test_a_sweep_of_mitigated_iterations(real, cloud):
    """Each iteration is several jobs, and the one result has them all, as Perceval's has."""
    factory = real(pcvl.P("phi"))
    for phi in (0.2, 0.9):
        factory.add_iteration(circuit_params={"phi": phi})
    jg = JobGroup("sweep", cache_results=True)
    jg.add(factory.sample_count, max_samples=1000)
    before = len(cloud.jobs())
    jg.run_sequential(0)
    assert len(cloud.jobs()) == before + 2 * PARTS
    for _ in range(2):  # from the cloud, then from what the group has kept
        (result,) = jg.get_results()
        rows = result["results_list"]
        assert [row["iteration"]["circuit_params"]["phi"] for row in rows] == [0.2, 0.9]
        assert [sum(row["results"].values()) for row in rows] == [1000, 1000]


def test_one_that_was_sent(real):
    """Launched by Perceval itself it is taken over with its ids, composed alike, and once only."""
    execution = real().probs
    execution.execute_async()
    jg = JobGroup("sent")
    jg.add(execution)
    with pytest.raises(DuplicateJobError):
        jg.add(execution)
    jg.wait(60)
    assert jg.get_results() == [execution.get_results()]


def test_a_cloud_that_knows_keys_settles_a_lost_answer(real, cloud):
    """Each part has a key of its own: asked again the cloud tells the same job."""
    jg = JobGroup("keys")
    jg.add(real().probs)
    before = len(cloud.jobs())
    cloud.faults.add("lose_reply", calls=["create"], times=1)
    jg.run_sequential(0)
    sent = cloud.jobs()[before:]
    assert len(sent) == len({job.key for job in sent}) == PARTS
    assert jg.remote_jobs[0].id == " + ".join(job.id for job in sent)


def test_its_status_is_that_of_its_parts(jg, scripted, until):
    """It runs when one of them does, and has not ended before all have; none is asked again."""
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


def test_a_rerun_pays_for_what_failed(jg, scripted):
    """What did not fail is kept, what did runs again, and the attempts tell of both."""
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


def test_a_rerun_that_appends(jg, scripted):
    """The failed entry stays, the new one has the parts that did not fail and the new one."""
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


def test_canceling_cancels_each(jg, scripted):
    """All of them are asked for; it is canceled when they are."""
    jg.run_parallel()
    jg.cancel_all()
    assert [a.id for a in scripted.asked if a.what == "cancel"] == scripted.ids()
    assert jg.remote_jobs[0].status() == "CANCELED"


def test_a_plan_that_is_full_in_between(jg, scripted):
    """What was sent is kept, the entry is unsent, and the next run sends the rest and no more."""
    full = 400, {"error": "Cannot create more than 2 jobs"}
    scripted.faults["create"] = lambda before, _: full if before == 2 else None
    with pytest.raises(JobLimitError, match="2 of the jobs"):
        jg.run_parallel()
    (job,), ids = jg.remote_jobs, scripted.ids()
    assert (job.state, job.id, len(ids)) == ("unsent", None, 2)
    assert [attempt.state for attempt in job.attempts] == ["unsent"]
    with pytest.raises(JobGroupError, match=ids[1]):  # the group has it already
        jg.add(pcvl.RemoteJob.from_id(ids[1], _status_handler(scripted)))
    jg.run_parallel()
    assert job.id == " + ".join(scripted.ids())
    assert scripted.ids()[:2] == ids
    assert len(scripted.ids()) == PARTS
    assert len(job.attempts) == 1


def test_parts_of_an_entry_that_is_not_whole_can_be_canceled(jg, scripted):
    """Those that are on the cloud are canceled and named when the group is deleted."""
    full = 400, {"error": "Cannot create more than 2 jobs"}
    scripted.faults["create"] = lambda before, _: full if before == 2 else None
    with pytest.raises(JobLimitError):
        jg.run_parallel()
    (job,), (first, second) = jg.remote_jobs, scripted.ids()
    with pytest.warns(UserWarning, match=f"2 jobs.*{first}, {second}"):
        JobGroup.delete_job_group(jg.name)
    JobGroup.restore(jg.name)
    ended = 400, {"error": "Can not cancel job: it is completed"}
    scripted.faults["cancel"] = lambda before, _: ended if before == 0 else None
    jg.cancel_all()
    assert [a.id for a in scripted.asked if a.what == "cancel"] == [first, second]
    jg.run_parallel()
    assert len(scripted.ids()) == PARTS + 1  # that of the canceled one is sent again
    assert first in job.id
    assert second not in job.id


def test_a_cancellation_that_may_not_have_arrived_is_told(jg, scripted):
    """Of several parts one whose cloud was busy is no success, though the others were canceled."""
    jg.run_parallel()
    scripted.faults["cancel"] = lambda before, _: (503, {}) if before >= 1 else None
    with pytest.warns(UserWarning, match="503|busy"):
        jg.cancel_all()
    assert jg.remote_jobs[0].state == "cancel_requested"


def _status_handler(scripted):
    handler = Handler(scripted)
    handler.get_job_status = lambda _id: {"status": "waiting", "creation_datetime": 0.0}
    return handler


def test_a_queue_goes_on_in_between(jg, scripted):
    """With queue=True it waits for the slots that its other parts take, and is sent whole."""
    full = 400, {"error": "Cannot create more than 2 jobs"}
    scripted.faults["create"] = lambda before, _: full if before in (1, 3) else None
    jg.run_parallel(queue=True)
    assert jg.remote_jobs[0].state == "waiting"
    assert len(scripted.ids()) == PARTS
    assert scripted.count("create") == PARTS + 2


def test_a_refusal_in_between(jg, scripted):
    """A part that the cloud will not have leaves the entry unsent with its sentence."""
    refusal = 400, {"error": "Max shots must less than or equal to 5"}
    scripted.faults["create"] = lambda before, _: refusal if before == 1 else None
    with pytest.raises(RequestRefusedError, match="Max shots"):
        jg.run_parallel()
    assert "1 of the jobs" in jg.remote_jobs[0].message
    assert len(scripted.ids()) == 1


@pytest.mark.parametrize("way", ["confirm", "resend"])
def test_a_lost_answer_in_between(jg, scripted, way):
    """That part alone is in doubt; nothing is sent again by itself, the user settles it."""

    def lose(before, _):
        if before == 1:
            scripted.make()
            return DROP
        return None

    scripted.faults["create"] = lose
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    (job,) = jg.remote_jobs
    jg.run_parallel()
    assert (job.state, scripted.count("create")) == ("unconfirmed", 2)
    if way == "confirm":
        job.confirm(scripted.ids()[1])
        assert job.state == "unsent"
        jg.run_parallel()
        assert job.id == " + ".join(scripted.ids())
        assert len(scripted.ids()) == PARTS
    else:
        job.resend()
        first, _lost, *others = scripted.ids()
        assert job.id == " + ".join([first, *others])
    assert job.state == "waiting"


def test_a_lost_answer_at_the_end(jg, scripted):
    """Where the last one is confirmed nothing is left to send."""
    scripted.faults["create"] = lambda before, _: DROP if before == PARTS - 1 else None
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    (job,) = jg.remote_jobs
    job.confirm(scripted.make())
    assert (job.state, job.id) == ("waiting", " + ".join(scripted.ids()))


def test_a_kill_in_between(jg, scripted, spawn):
    """A process that is killed while it sends a part leaves that part in doubt, no other."""
    has_come, is_dead = threading.Event(), threading.Event()

    def hold(before, _):
        if before == 1:
            has_come.set()
            assert is_dead.wait(60)
            return DROP
        return None

    scripted.faults["create"] = hold
    run = "from jobgroup import JobGroup; JobGroup.open('mitigated').run_parallel()"
    process = spawn(run, scripted)
    assert has_come.wait(60)
    process.kill()
    process.wait(60)
    is_dead.set()
    (job,) = jg.remote_jobs
    jg.run_parallel()
    assert (job.state, scripted.count("create")) == ("unconfirmed", 2)
    job.resend()
    assert job.id == " + ".join(scripted.ids())
    assert (len(scripted.ids()), scripted.count("create")) == (PARTS, PARTS + 1)


def test_results_of_parts_that_are_missing(jg, scripted):
    """A part whose result cannot be had is one failure of the entry, with its sentence."""
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


def test_a_rerun_with_changes_is_refused(jg, scripted):
    """Its jobs are Perceval's to write; nothing was sent."""
    jg.run_parallel()
    for job_id in scripted.ids():
        scripted.tell(job_id, "error")
    jg.refresh()
    with pytest.raises(JobGroupError, match="only Perceval"):
        jg.rerun([0], max_shots=10)
    assert scripted.count("create", "rerun") == PARTS


def test_it_outlives_export(jg, scripted, tmp_path):
    """A colleague's copy knows its parts and how they are composed."""
    jg.run_parallel()
    jg.export(tmp_path / "one.jobgroup")
    copy = JobGroup.load(tmp_path / "one.jobgroup", name="copy")
    assert [j.id for j in copy.remote_jobs] == [j.id for j in jg.remote_jobs]
    with pytest.raises(DuplicateJobError):
        copy.add(pcvl.RemoteJob.from_id(scripted.ids()[1], _status_handler(scripted)))
