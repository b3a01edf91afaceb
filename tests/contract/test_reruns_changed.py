"""Tests of reruns with changed parameters: a new attempt that names its origin."""

from __future__ import annotations

import pytest

from jobgroup import InvalidOverrideError, JobGroup, RemoteJob, UnconfirmedJobError
from jobgroup.dashboard.queries import job_detail

PAYLOAD = {
    "command": "sample_count",
    "experiment": ":PCVL:zip:eJwrSS0u0c0DAA==",
    "max_shots": 1000,
    "max_samples": 100,
    "job_context": None,
    "parameters": {"min_detected_photons": 2, "laser": "red", "input": ":PCVL:BasicState:|1,1>"},
}


@pytest.fixture
def failed(scripted):
    """Make three failed jobs, the last with iterations that set their own number of samples."""
    jg = JobGroup("failed")
    for nth in range(3):
        payload = dict(PAYLOAD)
        if nth == 2:
            payload["iterator"] = [{"max_samples": 5}, {"max_samples": 6}]
        jg.add(RemoteJob(payload, platform="sim:x", url=scripted.url, name=f"job {nth}"))
    scripted.first_word = "error"
    jg.run_parallel()
    jg.refresh()
    scripted.asked.clear()
    return jg


def test_changed_rerun_is_a_new_attempt(failed, scripted, from_file):
    """The rerun sends the old body with the change. The attempt records the difference and its
    origin.
    """
    first = failed[0].id
    failed.rerun([0], params={"max_shots": 500, "min_detected_photons": 1})
    (body,) = scripted.bodies()
    assert scripted.count("rerun") == 0
    assert body["payload"] == {
        **PAYLOAD,
        "max_shots": 500,
        "parameters": {**PAYLOAD["parameters"], "min_detected_photons": 1},
    }
    assert (body["job_name"], body["job_group_name"]) == ("job 0", "failed")
    old, new = failed[0].attempts
    assert (old.remote_id, old.state, dict(old.overrides)) == (first, "error", {})
    assert (new.number, new.kind, new.remote_id) == (2, "changed", failed[0].id)
    assert new.overrides == {"max_shots": [1000, 500], "min_detected_photons": [2, 1]}
    assert failed[0].params["max_shots"] == 500
    reported = [event["text"] for event in job_detail(failed, failed[0])["events"]]
    assert "attempt 2, max_shots 1000 → 500, min_detected_photons 2 → 1" in reported
    assert failed.results_table(["max_shots"])["max_shots"] == [500, 1000, 1000]
    assert [job["id"] for job in from_file("failed")] == [job.id for job in failed]


def test_changed_rerun_can_be_rerun_and_changed_again(failed, scripted):
    """The next rerun repeats the changed job. Another change starts from the last one."""
    failed[0].rerun(params={"max_shots": 500})
    failed.refresh()
    failed[0].rerun(params={"max_shots": 250})
    failed.refresh()
    changed = failed[0].id
    failed[0].rerun()
    assert [a.kind for a in failed[0].attempts] == ["create", "changed", "changed", "rerun"]
    assert failed[0].attempts[2].overrides == {"max_shots": [500, 250]}
    assert [a.id for a in scripted.asked if a.what == "rerun"] == [changed]


def test_cloud_without_rerun_gets_the_changed_body(failed, scripted):
    """A rerun of the changed job sends the last attempt's body."""
    scripted.faults["rerun"] = lambda *_: (405, {"error": "Method not allowed"})
    failed[0].rerun(params={"max_shots": 500})
    failed.refresh()
    failed[0].rerun()
    assert [b["payload"]["max_shots"] for b in scripted.bodies()] == [500, 500]


def test_changed_rerun_can_be_appended(failed):
    """replace=False keeps the failed entry and appends one with the change."""
    new = failed[1].rerun(replace=False, params={"max_samples": 7})
    assert new.position == 3
    assert [job.params["max_samples"] for job in failed] == [100, 100, 100, 7]
    assert failed.snapshot()[3].rerun_of == 1
    assert [a.kind for a in failed[1].attempts] == ["create"]


@pytest.mark.parametrize(
    ("position", "changes", "reason"),
    [
        (0, {"phi": 0.3}, "To change a circuit, .* max_shots, max_samples"),
        (0, {"experiment": "x"}, "only Perceval can write"),
        (0, {"input": "|2,0>"}, "only Perceval can write"),
        (0, {"command": "probs"}, "only Perceval can write"),
        (0, {"max_shots": 0}, "at least 1"),
        (0, {"max_shots": "many"}, "at least 1"),
        (0, {"min_detected_photons": "2"}, "another type"),
        (0, {"min_detected_photons": float("nan")}, "another type"),
        (0, {"laser": 5}, "another type"),
        (2, {"max_samples": 5}, "iterations has its own 'max_samples'"),
    ],
)
def test_changes_that_require_perceval_are_refused(
    position, changes, reason, failed, scripted, snapshot
):
    """The error gives the reason and names possible changes. No job is sent."""
    before = snapshot(failed)
    for rerun in (
        lambda: failed.rerun(None if position == 2 else [0], params=changes),
        lambda: failed[position].rerun(params=changes),
        lambda: failed.start([position], rerun=True, params=changes).result(120),
    ):
        with pytest.raises(InvalidOverrideError, match=rf"(?s)Job {position} .*{reason}"):
            rerun()
    assert snapshot(failed) == before
    assert scripted.count("create", "rerun") == 0


def test_job_without_a_stored_body_cannot_be_changed(scripted):
    """An adopted job can be rerun, not changed."""
    import perceval as pcvl
    from perceval.providers.quandela.rpc_handler import RPCHandler

    job = pcvl.RemoteJob.from_id(
        scripted.make("error"), RPCHandler("sim:x", scripted.url, scripted.token)
    )
    jg = JobGroup("adopted")
    jg.add(job)
    jg.refresh()
    with pytest.raises(InvalidOverrideError, match="only the cloud has it"):
        jg.rerun(params={"max_shots": 5})
    jg.rerun()
    assert [a.kind for a in jg[0].attempts] == ["adopted", "rerun"]


def test_rejected_change_leaves_the_job_unchanged(failed, scripted):
    """If the cloud rejects the number, the failed attempt stays the last one, with its
    parameters.
    """
    scripted.faults["create"] = lambda *_: (400, {"error": "Too few shots"})
    report = failed.rerun([0], params={"max_shots": 1})
    assert report.done == []
    assert "Too few shots" in report.failed[0]
    assert (failed[0].state, len(failed[0].attempts)) == ("error", 1)
    assert failed[0].params["max_shots"] == 1000
    scripted.faults.clear()
    failed.rerun([0])
    assert failed[0].attempts[-1].kind == "rerun"


def test_resend_of_an_unconfirmed_changed_rerun_keeps_its_change(failed, scripted):
    """The cloud gets the same changed body."""
    scripted.faults["create"] = lambda nth, _: "drop" if nth == 0 else None
    with pytest.raises(UnconfirmedJobError):
        failed.rerun([0], params={"max_shots": 500})
    assert failed[0].state == "unconfirmed"
    assert failed[0].params["max_shots"] == 500
    failed[0].resend()
    assert [b["payload"]["max_shots"] for b in scripted.bodies()] == [500, 500]
