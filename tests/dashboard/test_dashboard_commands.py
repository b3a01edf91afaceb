"""Tests of a page's commands: each is executed and answered once, or rejected with a sentence."""

from __future__ import annotations

import pytest
from traitlets import TraitError

from jobgroup import JobGroup, RemoteJob


def test_run_and_rerun_send_the_right_jobs(make_group, open_page, cloud):
    """Run sends unsent jobs, and rerun sends failed ones. Each answer is one line, and the group
    agrees.
    """
    group = make_group("g", {}, {})
    cloud.faults.add("fail_job", times=1)
    page = open_page(group)
    page.open()
    assert page.do("run", mode="parallel")["value"]["text"] == "2 sent"
    page.wait(lambda: sorted(page.states().values()) == ["error", "success"])
    assert page.do("rerun")["value"]["text"] == "1 rerun"
    page.wait(lambda: set(page.states().values()) == {"success"})
    assert [job.state for job in group] == ["success", "success"]


def test_a_rerun_with_changes_records_them_in_its_attempt(make_group, open_page, cloud):
    """The page gets the changeable parameters, changes one, and finds the change in the job's
    history.
    """
    group = make_group("g", {"duration_s": 0.0, "label": "a"})
    cloud.faults.add("fail_job", times=1)
    page = open_page(group)
    page.open()
    page.do("run", mode="parallel")
    page.wait(lambda: page.states() == {0: "error"})
    job = page.ask("job", position=0)
    assert job["changeable"]["duration_s"] == 0.0
    assert job["changeable"]["label"] == "a"
    answer = page.do("rerun", positions=[0], overrides={"duration_s": 0.1, "label": "b"})
    assert answer["value"]["text"] == "1 rerun"
    page.wait(lambda: page.states() == {0: "success"})
    first, second = page.ask("job", position=0)["attempts"]
    assert first["overrides"] == {}
    assert second["overrides"] == {"duration_s": [0.0, 0.1], "label": ["a", "b"]}


def test_a_rerun_as_a_new_job_names_the_failed_one(make_group, open_page, cloud):
    """The new entry links to the job that it reruns."""
    group = make_group("g", {"duration_s": 0.0})
    cloud.faults.add("fail_job", times=1)
    page = open_page(group)
    page.open()
    page.do("run", mode="parallel")
    page.wait(lambda: page.states() == {0: "error"})
    page.do("rerun", positions=[0], overrides={"duration_s": 0.2}, replace=False)
    page.wait(lambda: page.states() == {0: "error", 1: "success"})
    assert page.ask("job", position=0)["rerun_of"] is None
    new = page.ask("job", position=1)
    assert (new["rerun_of"], new["changeable"]["duration_s"]) == (0, 0.2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"phi": 0.5}, "no parameter 'phi'"),
        ({"command": "sample_count"}, "only Perceval can write"),
        ({"duration_s": "long"}, "another type"),
        ({"duration_s": [1]}, "a number, a string or a boolean"),
        ("more", "overrides must be"),
    ],
)
def test_an_invalid_change_is_refused_with_the_reason(make_group, open_page, cloud, changes, said):
    """The page gets Python's sentence, and nothing is sent."""
    group = make_group("g", {"duration_s": 0.0})
    cloud.faults.add("fail_job", times=1)
    page = open_page(group)
    page.open()
    page.do("run", mode="parallel")
    page.wait(lambda: page.states() == {0: "error"})
    answer = page.do("rerun", positions=[0], overrides=changes)
    assert answer["t"] == "error"
    assert said in answer["message"]
    assert len(group[0].attempts) == 1


def test_a_job_without_parameters_says_why_nothing_can_be_changed(make_group, open_page, cloud):
    """The form shows a reason in place of fields."""
    group = make_group("g")
    group.add(RemoteJob({"command": "probs"}, platform="test:timer", url=cloud.url))
    job = open_page(group).ask("job", position=0)
    assert job["changeable"] == {}
    assert "only Perceval can write" in job["fixed"]


def test_outcomes_write_thousands_as_the_page_does(make_group, open_page):
    """Counts of jobs have commas in the sentences that the page shows after a command."""
    page = open_page(make_group("g", *[{}] * 1001))
    page.open()
    page.wait_for("snapshot")
    everything = list(range(1001))
    answers = [
        page.do("annotate", positions=everything, text="x"),
        page.do("prioritize", positions=everything),
        page.do("cancel", positions=everything),
        page.do("remove", positions=everything),
    ]
    texts = [answer["value"]["text"] for answer in answers]
    assert texts == [
        "note of 1,001 jobs kept",
        "job 0 goes first, then 1,000 more, when the group is run",
        "asked the cloud to cancel 0 jobs, 1,001 could not be canceled in their state",
        "1,001 jobs removed",
    ]


def test_descriptions_and_notes_are_kept_shown_and_found(make_group, open_page):
    """The group stores a description and a note. An empty text removes them."""
    group = make_group("g", {}, {})
    page = open_page(group)
    page.open()
    page.wait_for("snapshot")
    assert page.do("describe", text="HOM dip, 2nd try")["value"]["text"] == "description saved"
    page.wait(lambda: page.dashboard.description == "HOM dip, 2nd try")
    assert group.description == "HOM dip, 2nd try"
    page.do("annotate", position=1, text="lamp was on")
    assert group[1].note == "lamp was on"
    assert page.ask("job", position=1)["note"] == "lamp was on"
    assert page.ask("groups")["groups"][0]["description"] == "HOM dip, 2nd try"
    page.do("describe", text="")
    page.wait(lambda: page.dashboard.description == "")
    assert page.do("annotate", position=7, text="x")["t"] == "error"
    assert page.do("describe")["t"] == "error"
    assert page.do("describe", text=3)["t"] == "error"


def test_an_estimate_is_shown_before_a_run(make_group, open_page):
    """The page shows the line of `jg.estimate()` for a run and for a rerun. Unknown values are
    shown as unknown.
    """
    group = make_group("g", {}, {})
    page = open_page(group)
    assert page.ask("estimate")["text"] == str(group.estimate())
    assert page.ask("estimate")["text"].startswith("Run 2 jobs: shots unknown, ")
    assert page.ask("estimate", positions=[1])["text"].startswith("Run 1 job: ")
    assert page.ask("estimate", rerun=True)["text"] == "Rerun 0 jobs"


def test_jobs_are_sent_next_in_the_order_of_the_page(make_group, open_page, cloud):
    """A trait that only the kernel writes has the order. Setting the same order again does not
    change it, a run sends in this order, and sent jobs leave it. The answer names jobs that were
    already sent.
    """
    group = make_group("g", {"duration_s": 3600}, {}, {}, {})
    page = open_page(group)
    page.open()
    assert page.do("run", positions=[0])["value"]["done"] == [0]
    reported = page.do("prioritize", positions=[3, 1, 0])["value"]
    assert reported["done"] == [3, 1]
    assert list(reported["failed"]) == ["0"]
    page.wait(lambda: page.dashboard.next_up == [3, 1])
    page.do("prioritize", positions=[3, 1])
    page.do("prioritize", positions=[2])
    page.wait(lambda: page.dashboard.next_up == [2, 3, 1])
    assert group[0].state != "unsent"
    assert all(group[i].state == "unsent" for i in (1, 2, 3))
    with pytest.raises(TraitError):
        page.dashboard.next_up = []
    page.do("run", mode="sequential", delay=0)
    page.wait(lambda: page.dashboard.next_up == [])
    records = group.snapshot()
    assert sorted((1, 2, 3), key=lambda i: records[i].sent_at) == [2, 3, 1]
    group.cancel_all()


def test_at_most_50_jobs_are_listed_as_next(make_group, open_page):
    """The trait is small, however many jobs are requested. A request without jobs is rejected."""
    group = make_group("g", *[{} for _ in range(60)])
    page = open_page(group)
    page.open()
    assert len(page.do("prioritize", positions=list(range(60)))["value"]["done"]) == 60
    page.wait(lambda: page.dashboard.next_up == list(range(50)))
    assert page.do("prioritize")["t"] == "error"
    assert page.do("prioritize", positions="all")["t"] == "error"


def test_a_repeated_request_is_done_once(make_group, open_page, cloud):
    """The same id gets the same answer again, and no second job is created."""
    page = open_page(make_group("g", {}))
    page.ask_for("command", "run", {"mode": "parallel"}, request="same")
    first = page.answer("same")
    sent = len(cloud.jobs())
    page.ask_for("command", "run", {"mode": "parallel"}, request="same")
    page.wait(lambda: len(page.messages("result")) == 2)
    assert page.messages("result") == [first, first]
    assert len(cloud.jobs()) == sent


def test_a_refresh_during_an_outage_says_that_the_cloud_is_unreachable(
    make_group, open_page, cloud
):
    """It says "up to date" only if the cloud has responded."""
    group = make_group("g", {"duration_s": 3600})
    group.run_parallel()
    page = open_page(group)
    outage = cloud.faults.add("http_error", calls=["status"])
    answer = page.do("refresh")["value"]["text"]
    assert answer.startswith("not up to date: ")
    assert group.state.incident == "unreachable"
    cloud.faults.remove(outage)
    page.wait(lambda: page.do("refresh")["value"]["text"] == "up to date")


def test_the_next_pull_repeats_a_lost_answer(make_group, open_page):
    """A page that still waits for an answer gets it again."""
    page = open_page(make_group("g", {}))
    request = page.ask_for("command", "refresh", {})
    first = page.answer(request)
    page.sync(pending=[request, "unknown"])
    page.wait(lambda: page.messages("result") == [first, first])


def test_requests_are_acknowledged_at_once(make_group, open_page):
    """An acknowledgment comes before the answer, so a long command does not look like a busy
    kernel.
    """
    page = open_page(make_group("g", {}))
    request = page.ask_for("command", "run", {"mode": "sequential", "delay": 0})
    page.answer(request)
    order = [m["t"] for m in page.messages("ack", "result") if m["id"] == request]
    assert order == ["ack", "result"]


def test_cancel_pause_and_resume_act_on_the_group(make_group, open_page):
    """The page's traits follow each command."""
    group = make_group("g", {"duration_s": 3600})
    page = open_page(group)
    page.open()
    page.do("pause")
    page.wait(lambda: page.dashboard.paused)
    page.do("resume")
    page.wait(lambda: not page.dashboard.paused)
    page.do("run", mode="parallel")
    canceled = page.do("cancel", positions=[0])["value"]
    assert (canceled["text"], canceled["done"]) == ("asked the cloud to cancel 1 job", [0])
    page.wait(lambda: page.states() == {0: "canceled"})


def test_a_refusal_of_the_cloud_reaches_the_page(make_group, open_page, cloud):
    """At the plan's limit, the command fails with the cloud's sentence, and no exception is
    raised.
    """
    page = open_page(make_group("g", {}))
    cloud.faults.add(
        "http_error",
        calls=["create"],
        times=1,
        status=400,
        message="Cannot create more than 0 jobs",
    )
    answer = page.do("run", mode="parallel")
    assert (answer["t"], answer["code"]) == ("error", "QuotaExceededError")
    assert "Cannot create more than 0 jobs" in answer["message"]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("run", {"mode": "explode"}),
        ("run", {"surprise": 1}),
        ("rerun", {"positions": "all"}),
        ("run", {"delay": "soon"}),
        ("confirm", {"position": 0, "remote_id": "x"}),
    ],
)
def test_an_invalid_command_is_refused(make_group, open_page, name, args):
    """With wrong arguments, only that request fails. The group is unchanged."""
    group = make_group("g", {})
    page = open_page(group)
    assert page.do(name, **args)["t"] == "error"
    assert group[0].state == "unsent"


def test_an_unknown_message_with_an_id_is_answered(make_group, open_page):
    """A page of another version gets an answer instead of silence."""
    page = open_page(make_group("g", {}))
    assert page.do("explode")["code"] == "InvalidMessageError"
    page.send(t="no such")


def test_read_only_refuses_every_command(make_group, open_page):
    """Hidden buttons are not enough, so the kernel rejects commands too."""
    group = make_group("g", {})
    page = open_page(group, read_only=True)
    for name in ("run", "prioritize", "delete", "cancel"):
        answer = page.do(name)
        assert answer["t"] == "error"
        assert "read-only" in answer["message"]
    assert JobGroup.list_existing() == ["g"]


def test_only_valid_settings_become_traits(make_group, open_page):
    """The browser requests a value, and Python sets it. An invalid value changes nothing and gets
    the reason.
    """
    page = open_page(make_group("g", {}, {}))
    assert page.set("filter", "failed")["t"] == "result"
    assert page.set("selected", [[0, 1]])["t"] == "result"
    assert page.dashboard.filter == "error"
    assert [job.position for job in page.dashboard.selected_jobs] == [0, 1]
    assert page.set("filter", "nonsense")["code"] == "TraitError"
    assert page.dashboard.filter == "error"


def test_the_details_of_a_job_are_complete(make_group, open_page):
    """The details of a job have attempts with ids and messages, events, parameters and labels."""
    group = make_group("g", {"fail": "out of photons"})
    page = open_page(group)
    page.do("run", mode="parallel")
    group.wait(120)
    detail = page.ask("job", position=0)
    assert [a["message"] for a in detail["attempts"]] == ["out of photons"]
    assert detail["attempts"][0]["remote_id"] == group[0].id
    assert detail["labels"] == {"phi": 0.0}
    reported = [event["what"] for event in detail["events"]]
    assert reported[-1] == "error"
    assert {"added", "sent", "started"} <= set(reported)


def test_an_unconfirmed_job_shows_its_evidence_and_can_be_confirmed(make_group, open_page, cloud):
    """The details show the facts about an unanswered request. The user's id settles the job."""
    group = make_group("g", {"duration_s": 3600})
    page = open_page(group)
    cloud.faults.add("drop_response", calls=["create"])
    page.do("run", mode="parallel")
    page.wait(lambda: group[0].state == "unconfirmed")
    cloud.faults.clear()
    evidence = page.ask("job", position=0)["attempts"][-1]["diagnostics"]
    assert evidence["reason"] == group[0].message
    assert evidence["asked_at"] <= evidence["gave_up_at"]
    arrived = cloud.jobs()[-1].id
    text = page.do("confirm", position=0, remote_id=arrived)["value"]["text"]
    assert text == f"Job 0 is confirmed as {arrived}."
    page.wait(lambda: group[0].id == arrived)
    group.cancel_all()


def test_the_token_is_in_no_message_and_no_trait(make_group, open_page, cloud):
    """Nothing that reaches a page, and perhaps a saved notebook, contains the token."""
    page = open_page(make_group("g", {}))
    page.open()
    page.do("run", mode="parallel")
    page.wait(lambda: page.states() == {0: "success"})
    page.ask("job", position=0)
    sent = str(page.messages("snapshot", "patch", "done", "note")) + str(page.updates())
    state = str(page.dashboard.get_state()) + str(page.dashboard._repr_mimebundle_())
    assert cloud.token not in sent + state


def test_traits_of_the_kernel_cannot_be_set(make_group, open_page):
    """Counts and similar traits follow the group. A program cannot falsify them."""
    dashboard = open_page(make_group("g", {})).dashboard
    with pytest.raises(TraitError):
        dashboard.counts = {"success": 99}
