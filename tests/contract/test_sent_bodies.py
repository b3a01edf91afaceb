"""Tests of the body that the cloud gets for a job."""

from __future__ import annotations

from jobgroup import JobGroup, RemoteJob


def test_9_every_create_has_the_groups_name(group, scripted):
    """Behavior 9: the name replaces any other name in the body, for each way of sending."""
    jg = group(scripted, 1, "my experiment / 3")
    jg.run_parallel()
    jg.add(
        RemoteJob(
            {"payload": {"command": "x"}, "job_group_name": "another's", "job_name": "another's"},
            platform="test:timer",
            url=scripted.url,
            name="mine",
        )
    )
    jg[1].execute_async()
    assert [b["job_group_name"] for b in scripted.bodies()] == ["my experiment / 3"] * 2
    assert [b["job_name"] for b in scripted.bodies()] == ["job 0", "mine"]
    assert [b["platform_name"] for b in scripted.bodies()] == ["test:timer"] * 2


def test_9_rerun_sends_the_stored_body_to_a_cloud_without_rerun(ended, scripted):
    """Behavior 9: the cloud gets the stored body once, with the group's name."""
    jg = ended("error")
    scripted.faults["rerun"] = lambda *_: (404, {"error": "Not Found"})
    jg.rerun_failed_parallel()
    (body,) = scripted.bodies()
    assert body["job_group_name"] == "experiment"
    assert body["payload"]["command"] == "timer"


def test_9_body_equals_the_one_that_perceval_sends(cloud, sampler):
    """Behavior 9: the cloud gets exactly Perceval's body, plus the group's name."""
    own = sampler(cloud).sample_count
    jg = JobGroup("verbatim")
    jg.add(sampler(cloud).sample_count, max_samples=100)
    jg.run_parallel()
    own.execute_async(max_samples=100)
    bodies = {j.id: j.body for j in cloud.jobs()}
    ours, theirs = bodies[jg[0].id], bodies[own.id]
    assert ours.pop("job_group_name") == "verbatim"
    theirs.pop("job_group_name", None)
    assert ours == theirs
