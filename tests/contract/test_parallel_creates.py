"""Tests of parallel runs: several creates at once, and the effect of a rejection."""

from __future__ import annotations

import threading

import pytest
from scripted_cloud import DROP

from jobgroup import (
    JobGroup,
    QuotaExceededError,
    RequestRejectedError,
    UnconfirmedJobError,
)

AT_ONCE = 6


class Held:
    """Holds a cloud's creates after the first few, and counts the creates in flight."""

    def __init__(self, scripted, *, free=0):
        self.most = 0
        self._free = free
        self._now = 0
        self._lock = threading.Lock()
        self.full = threading.Event()
        self.opened = threading.Event()
        self.answers = {}
        self.first = ""
        scripted.faults["create"] = self._hold

    def _hold(self, before, asked):
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            if self._now == AT_ONCE:
                self.full.set()
        if before >= self._free:
            opens = self.full if asked.body["job_name"] == self.first else self.opened
            assert opens.wait(120)
        with self._lock:
            self._now -= 1
        return self.answers.get(asked.body["job_name"])


def test_six_creates_are_in_flight_each_after_its_intent(group, scripted, from_file):
    """The first job is sent alone. While all requests are held, exactly six intents are on disk."""
    jg = group(scripted, 20)
    held = Held(scripted, free=1)
    run = jg.start()
    assert held.full.wait(120)
    states = [job["state"] for job in from_file()]
    assert states == ["waiting", *["sending"] * AT_ONCE, *["unsent"] * 13]
    assert {body["job_name"] for body in scripted.bodies()} == {f"job {i}" for i in range(7)}
    held.opened.set()
    run.result(120)
    assert held.most == AT_ONCE
    assert sorted(job.id for job in jg) == sorted(scripted.ids())
    assert scripted.count("create") == 20


@pytest.mark.parametrize("availability", [None, {}], ids=["no such call", "no number"])
def test_cloud_without_slots_gets_one_create_at_a_time(availability, group, scripted):
    """Creates arrive in the group's order."""
    jg = group(scripted, 10)
    scripted.availability = availability
    held = Held(scripted, free=100)
    jg.run_parallel()
    assert held.most == 1
    assert [job.id for job in jg] == scripted.ids()


def test_creates_stay_within_the_free_slots(group, scripted):
    """With three free slots, at most three creates are in flight. Then jobgroup asks for slots
    again.
    """
    jg = group(scripted, 12)
    scripted.availability = {"max_jobs_in_queue": 4, "num_jobs_in_queue": 1}
    held = Held(scripted, free=100)
    jg.run_parallel()
    assert held.most <= 3
    assert scripted.count("create") == 12


@pytest.mark.parametrize("plan", [1, 4, 8])
def test_full_plan_leaves_exactly_the_rest_unsent(plan, start, group):
    """Each free slot is used, one request is rejected, and the cloud's error is raised."""
    cloud = start(max_queue=plan)
    jg = group(cloud, 12, duration_s=600)
    with pytest.raises(QuotaExceededError, match=f"Cannot create more than {plan} jobs"):
        jg.run_parallel()
    assert [job.state for job in jg] == [*["waiting"] * plan, *["unsent"] * (12 - plan)]


def test_rejection_stops_the_run_and_names_jobs_in_flight(group, scripted, from_file, until):
    """Other jobs in flight are accepted and named in the error. No further request is sent."""
    jg = group(scripted, 20)
    held = Held(scripted, free=1)
    held.answers["job 2"] = (422, {"error": "Too many modes"})
    held.first = "job 2"
    run = jg.start()
    until(lambda: jg[2].state == "refused")
    assert from_file()[7]["state"] == "unsent"
    held.opened.set()
    with pytest.raises(RequestRejectedError, match=r"Job 2 .*Too many modes") as caught:
        run.result(120)
    assert caught.value.position == 2
    assert str(caught.value).endswith("Jobs 3, 4, 5 and 6 were in flight and were sent.")
    states = [job["state"] for job in from_file()]
    assert states == [*["waiting"] * 2, "refused", *["waiting"] * 4, *["unsent"] * 13]
    assert scripted.count("create") == 7


def test_lost_responses_leave_no_more_unconfirmed_than_in_flight(group, scripted):
    """If all six responses are lost, the first job's error names the others, and the rest is
    unsent.
    """
    jg = group(scripted, 20)
    held = Held(scripted, free=1)
    held.answers |= {f"job {i}": DROP for i in range(1, 20)}
    run = jg.start()
    assert held.full.wait(120)
    held.opened.set()
    with pytest.raises(UnconfirmedJobError, match="left unconfirmed") as caught:
        run.result(120)
    unconfirmed = jg.list_unconfirmed_jobs()
    assert caught.value.position == unconfirmed[0].position == 1
    assert len(unconfirmed) == AT_ONCE == scripted.count("create") - 1
    assert len(jg.list_unsent_jobs()) == 13


def test_appended_reruns_keep_the_order_of_the_group(ended, scripted):
    """Appended reruns are sent one at a time. A new entry appears with its response."""
    jg = ended(*["error"] * 8)
    scripted.first_word = "completed"
    jg.rerun_failed_parallel(replace_failed_jobs=False)
    assert [job.name for job in jg][8:] == [f"job {i}" for i in range(8)]


def test_rejected_token_sends_one_request(group, scripted):
    """The first job is sent alone, so the others are not rejected too."""
    jg = group(scripted, 8)
    scripted.tokens.clear()
    with pytest.raises(Exception, match="token"):
        jg.run_parallel()
    assert scripted.count("create") == 1
    assert {job.state for job in JobGroup("experiment")} == {"unsent"}
