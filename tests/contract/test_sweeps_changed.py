"""Tests of sweeps whose jobs differ from those in the group, or have failed."""

from __future__ import annotations

import pytest
from swept import URL, counts, experiment

from jobgroup import JobGroup, JobGroupError, RemoteJob, RequestRejectedError


def test_changed_parameter_is_reported_and_adds_no_job():
    """The user may add the changed jobs next to the old ones, or replace them."""
    jg = JobGroup("scan")
    over = {"phi": [0.1, 0.2]}
    jg.sweep(experiment, over, repeats=2, max_samples=500)
    report = jg.sweep(experiment, over, repeats=2, max_samples=1000)
    assert counts(report) == (0, 0, 4, 0, 4)
    assert "Changed: max_samples 500 -> 1000." in str(report)
    assert len(report.jobs) == len(jg) == 4
    replaced = jg.sweep(experiment, over, repeats=2, on_change="replace_unsent", max_samples=1000)
    assert counts(replaced) == (0, 0, 4, 0, 4)
    assert [job.params["max_samples"] for job in jg] == [1000] * 4
    assert counts(jg.sweep(experiment, over, repeats=2, max_samples=1000)) == (0, 4, 0, 0, 4)
    added = jg.sweep(experiment, over, repeats=2, on_change="add", max_samples=500)
    assert counts(added) == (4, 0, 0, 0, 4)
    again = jg.sweep(experiment, over, repeats=2, on_change="add", max_samples=500)
    assert counts(again) == (0, 4, 0, 0, 4)
    assert len(jg) == 8


def test_sent_jobs_are_not_replaced(scripted):
    """Sent jobs stay, the report says so, and their points count as changed."""
    jg = JobGroup("scan")

    def build(phi):
        return RemoteJob({"command": "x", "phi": phi}, "sim:slos", url=scripted.url)

    jg.sweep(build, {"phi": [0.1, 0.2]}, max_samples=500)
    jg.run_parallel(jobs=[0])
    report = jg.sweep(build, {"phi": [0.1, 0.2]}, on_change="replace_unsent", max_samples=600)
    assert counts(report) == (0, 0, 2, 0, 2)
    assert "1 changed job had been sent and stayed unchanged." in report.notes
    assert [job.params["max_samples"] for job in jg] == [500, 600]


def test_refused_job_is_replaced(scripted):
    """The cloud rejected the job's body. With another body, the job is unsent again."""
    jg = JobGroup("scan")

    def build(phi):
        return RemoteJob({"command": "x", "phi": phi}, "sim:slos", url=scripted.url)

    jg.sweep(build, {"phi": [0.1]}, max_samples=500)
    scripted.faults["create"] = lambda before, asked: (400, {"error": "no"})
    with pytest.raises(JobGroupError):
        jg.run_parallel()
    assert jg[0].state == "refused"
    kept = jg.sweep(build, {"phi": [0.1]}, max_samples=500)
    assert counts(kept) == (0, 1, 0, 0, 1)
    report = jg.sweep(build, {"phi": [0.1]}, on_change="replace_unsent", max_samples=600)
    assert counts(report) == (0, 0, 1, 0, 1)
    assert (jg[0].state, jg[0].params["max_samples"]) == ("unsent", 600)


def test_random_build_is_detected():
    """If two calls for one point create different jobs, the report says so instead of reporting a
    change.
    """
    jg = JobGroup("scan")
    random = iter(range(100))

    def build(phi):
        return experiment(phi=phi, seed=next(random))

    jg.sweep(build, {"phi": [0.1, 0.2]})
    report = jg.sweep(build, {"phi": [0.1, 0.2]})
    assert counts(report) == (0, 0, 2, 0, 2)
    assert "build is random" in str(report)
    assert "Changed" not in str(report)


def test_jobs_of_another_release_do_not_count_as_changed():
    """The report says that their bodies cannot be compared."""
    jg = JobGroup("scan")

    def written_by(release):
        body = {"payload": {"command": "x", "release": release}, "pcvl_version": release}
        return lambda phi: RemoteJob(body, "sim:slos", url=URL)

    jg.sweep(written_by("1.1.0"), {"phi": [0.1, 0.2]}, name="scan")
    report = jg.sweep(written_by("1.2.4"), {"phi": [0.1, 0.2]}, name="scan")
    assert counts(report) == (0, 2, 0, 0, 2)
    assert "2 jobs written by Perceval 1.1.0, not comparable: counted as known." in report.notes


def test_other_cloud_or_label_counts_as_a_change():
    """A rehearsal on the embedded cloud is not a measurement on the real one."""
    jg = JobGroup("scan")
    over = {"phi": [0.1]}
    jg.sweep(experiment, over, labels={"run": 1})
    moved = jg.sweep(
        lambda phi: RemoteJob({"command": "x", "phi": "0.1"}, "sim:slos", url=URL + "9"),
        over,
        name="experiment",
        labels={"run": 1},
    )
    assert counts(moved) == (0, 0, 1, 0, 1)
    assert f"cloud {URL} -> {URL}9" in str(moved)
    later = jg.sweep(experiment, over, labels={"run": 2})
    assert counts(later) == (0, 0, 1, 0, 1)
    assert "label run 1 -> 2" in str(later)


def test_failed_jobs_count_and_are_reported(scripted):
    """A sweep adds no second job at a failed point. The report says how to send the job again."""
    jg = JobGroup("scan")

    def build(phi):
        return RemoteJob({"command": "x", "phi": phi}, "sim:slos", url=scripted.url)

    jg.sweep(build, {"phi": [0.1, 0.2, 0.3]})
    scripted.faults["create"] = lambda _, asked: (
        (400, {"error": "too large"}) if asked.body["payload"]["phi"] == 0.3 else None
    )
    with pytest.raises(RequestRejectedError):
        jg.run_parallel()
    for job in jg[:2]:
        scripted.tell(job.id, "error")
    jg.progress()
    report = jg.sweep(build, {"phi": [0.1, 0.2, 0.3]})
    assert counts(report) == (0, 3, 0, 0, 3)
    assert report.notes == (
        "2 jobs (0, 1) failed; jg.rerun() reruns failed jobs.",
        "Job 2 was refused; jg.run_parallel() sends refused jobs again.",
    )
    scripted.faults.clear()
    jg.rerun()
    assert [job.state for job in jg] == ["waiting", "waiting", "refused"]
    jg.run_parallel()
    assert jg[2].state == "waiting"
