"""What a page asks for: done once, answered once, refused with a sentence."""

from __future__ import annotations

import pytest
from traitlets import TraitError

from jobgroup import JobGroup, RemoteJob
from jobgroup.dashboard.measured import distributions, measured_rows
from jobgroup.results.measurement import Measurement


def test_run_then_rerun_and_what_came_of_it(make_group, open_page, cloud):
    """Run sends what is unsent, rerun what failed; each answer is one line; the group agrees."""
    group = make_group("g", {}, {})
    cloud.faults.add("fail_job", times=1)
    page = open_page(group)
    page.open()
    assert page.do("run", mode="parallel")["value"]["text"] == "2 sent"
    page.wait(lambda: sorted(page.states().values()) == ["error", "success"])
    assert page.do("rerun")["value"]["text"] == "1 rerun"
    page.wait(lambda: set(page.states().values()) == {"success"})
    assert [job.state for job in group] == ["success", "success"]


def test_a_rerun_with_changes_is_a_new_attempt_that_tells_them(make_group, open_page, cloud):
    """The page learns what can be changed, changes it, and reads it in the job's lineage."""
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


def test_a_rerun_that_keeps_the_failed_job_says_which_it_was(make_group, open_page, cloud):
    """The new entry leads back to the job that it was made for."""
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
        ({"duration_s": [1]}, "a number, a text, true or false"),
        ("more", "overrides are values"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_with_the_reason(
    make_group, open_page, cloud, changes, said
):
    """Python's own sentence comes back, and nothing is sent."""
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
    """The form has a reason to show in place of fields."""
    group = make_group("g")
    group.add(RemoteJob({"command": "probs"}, platform="test:timer", url=cloud.url))
    job = open_page(group).ask("job", position=0)
    assert job["changeable"] == {}
    assert "only Perceval can write" in job["fixed"]


def test_own_words_are_kept_shown_and_found(make_group, open_page):
    """A description and a note are the group's from then on, and removed by an empty text."""
    group = make_group("g", {}, {})
    page = open_page(group)
    page.open()
    page.wait_for("snapshot")
    assert page.do("describe", text="HOM dip, 2nd try")["value"]["text"] == "description kept"
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


def test_what_a_run_would_take_is_told_before(make_group, open_page):
    """The line of `jg.estimate()`, of a run and of a rerun; what is unknown is said to be."""
    group = make_group("g", {}, {})
    page = open_page(group)
    assert page.ask("estimate")["text"] == str(group.estimate())
    assert page.ask("estimate")["text"].startswith("Run 2 jobs: shots unknown, ")
    assert page.ask("estimate", positions=[1])["text"].startswith("Run 1 job: ")
    assert page.ask("estimate", rerun=True)["text"] == "Rerun 0 jobs"


def test_jobs_are_sent_next_as_the_page_wants(make_group, open_page, cloud):
    """The order stands in the trait that nobody else writes, is the same when it is asked again,
    is that in which a run sends, and goes with the jobs; what was sent already is said.
    """
    group = make_group("g", {"duration_s": 60}, {}, {}, {})
    page = open_page(group)
    page.open()
    assert page.do("run", positions=[0])["value"]["done"] == [0]
    told = page.do("prioritize", positions=[3, 1, 0])["value"]
    assert told["done"] == [3, 1]
    assert list(told["failed"]) == ["0"]
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


def test_fifty_at_most_are_told_to_go_next(make_group, open_page):
    """The trait is small whatever is asked; a request without jobs is refused."""
    group = make_group("g", *[{} for _ in range(60)])
    page = open_page(group)
    page.open()
    assert len(page.do("prioritize", positions=list(range(60)))["value"]["done"]) == 60
    page.wait(lambda: page.dashboard.next_up == list(range(50)))
    assert page.do("prioritize")["t"] == "error"
    assert page.do("prioritize", positions="all")["t"] == "error"


def test_a_request_is_done_once_however_often_it_is_asked(make_group, open_page, cloud):
    """The same id again gets the same answer, and no second job is paid for."""
    page = open_page(make_group("g", {}))
    page.ask_for("command", "run", {"mode": "parallel"}, request="same")
    first = page.answer("same")
    sent = len(cloud.jobs())
    page.ask_for("command", "run", {"mode": "parallel"}, request="same")
    page.wait(lambda: len(page.messages("result")) == 2)
    assert page.messages("result") == [first, first]
    assert len(cloud.jobs()) == sent


def test_a_lost_answer_is_had_by_the_next_pull(make_group, open_page):
    """A page that still waits for an answer is given it again."""
    page = open_page(make_group("g", {}))
    request = page.ask_for("command", "refresh", {})
    first = page.answer(request)
    page.sync(pending=[request, "unknown"])
    page.wait(lambda: page.messages("result") == [first, first])


def test_requests_are_said_to_be_heard_at_once(make_group, open_page):
    """Before the answer comes a note, so that a long command is not taken for a busy kernel."""
    page = open_page(make_group("g", {}))
    request = page.ask_for("command", "run", {"mode": "sequential", "delay": 0})
    page.answer(request)
    order = [m["t"] for m in page.messages("ack", "result") if m["id"] == request]
    assert order == ["ack", "result"]


def test_cancel_pause_and_resume(make_group, open_page):
    """Each acts on the group, and the page's traits follow."""
    group = make_group("g", {"duration_s": 60})
    page = open_page(group)
    page.open()
    page.do("pause")
    page.wait(lambda: page.dashboard.paused)
    page.do("resume")
    page.wait(lambda: not page.dashboard.paused)
    page.do("run", mode="parallel")
    assert page.do("cancel", positions=[0])["value"]["done"] == [0]
    page.wait(lambda: page.states() == {0: "canceled"})


def test_delete_and_undo(make_group, open_page):
    """A deleted group says so, is not listed, and comes back with its jobs."""
    group = make_group("g", {}, {})
    page = open_page(group)
    page.open()
    page.wait_for("snapshot")
    page.do("delete", cancel=False)
    page.wait(lambda: page.dashboard.deleted)
    assert JobGroup.list_existing() == []
    page.do("restore")
    page.wait(lambda: not page.dashboard.deleted)
    assert JobGroup.list_existing() == ["g"]
    page.wait(
        lambda: page.messages("snapshot")[-1]["epoch"] != page.messages("snapshot")[0]["epoch"]
    )
    assert [job.state for job in group] == ["unsent", "unsent"]


def test_what_the_cloud_refuses_is_answered_with_its_sentence(make_group, open_page, cloud):
    """A plan's limit fails the command in the cloud's words, and nothing is raised anywhere."""
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
def test_a_command_that_makes_no_sense_is_refused(make_group, open_page, name, args):
    """Wrong arguments fail that request alone; the group is as it was."""
    group = make_group("g", {})
    page = open_page(group)
    assert page.do(name, **args)["t"] == "error"
    assert group[0].state == "unsent"


def test_what_is_no_message_is_answered_where_it_has_an_id(make_group, open_page):
    """A page of another version gets an answer instead of silence."""
    page = open_page(make_group("g", {}))
    assert page.do("explode")["code"] == "InvalidMessageError"
    page.send(t="no such")


def test_read_only_refuses_every_command(make_group, open_page):
    """Hidden buttons are not the lock: the kernel refuses too."""
    group = make_group("g", {})
    page = open_page(group, read_only=True)
    for name in ("run", "prioritize", "delete", "cancel"):
        answer = page.do(name)
        assert answer["t"] == "error"
        assert "read-only" in answer["message"]
    assert JobGroup.list_existing() == ["g"]


def test_settings_become_traits_and_nonsense_does_not(make_group, open_page):
    """The browser asks, Python sets; a value that is not allowed changes nothing and says why."""
    page = open_page(make_group("g", {}, {}))
    assert page.set("filter", "failed")["t"] == "result"
    assert page.set("selected", [[0, 1]])["t"] == "result"
    assert page.dashboard.filter == "failed"
    assert [job.position for job in page.dashboard.selected_jobs] == [0, 1]
    assert page.set("filter", "nonsense")["code"] == "TraitError"
    assert page.dashboard.filter == "failed"


def test_a_job_is_told_in_detail(make_group, open_page):
    """Attempts with ids and messages, events, parameters and labels of one job."""
    group = make_group("g", {"fail": "out of photons"})
    page = open_page(group)
    page.do("run", mode="parallel")
    group.wait(120)
    detail = page.ask("job", position=0)
    assert [a["message"] for a in detail["attempts"]] == ["out of photons"]
    assert detail["attempts"][0]["remote_id"] == group[0].id
    assert detail["labels"] == {"phi": 0.0}
    told = [event["what"] for event in detail["events"]]
    assert told[-1] == "error"
    assert {"sending", "sent", "started"} <= set(told)


def test_an_unconfirmed_job_is_told_with_its_evidence_and_adopted(make_group, open_page, cloud):
    """What is known of a request that got no answer; the id that a person gives settles it."""
    group = make_group("g", {"duration_s": 60})
    page = open_page(group)
    cloud.faults.add("drop_response", calls=["create"])
    page.do("run", mode="parallel")
    page.wait(lambda: group[0].state == "unconfirmed")
    cloud.faults.clear()
    evidence = page.ask("job", position=0)["attempts"][-1]["diagnostics"]
    assert evidence["reason"] == group[0].message
    assert evidence["asked_at"] <= evidence["gave_up_at"]
    arrived = cloud.jobs()[-1].id
    assert page.do("confirm", position=0, remote_id=arrived)["t"] == "result"
    page.wait(lambda: group[0].id == arrived)
    group.cancel_all()


def test_an_empty_group_names_its_near_ones(make_group, open_page):
    """A misspelt name makes a new group: the groups that it might have meant are told."""
    make_group("hong ou mandel", {})
    make_group("other", {})
    page = open_page(make_group("hong-ou-mandel"))
    assert page.ask("size")["similar_names"] == ["hong ou mandel"]


def test_results_are_distributions_largest_first(make_group, open_page):
    """Results of chosen jobs; the one that has none says why and harms no other."""
    jobs = [{"results": {"|0,1>": 3, "|1,0>": 7}}, {"duration_s": 60}]
    group = make_group("g", *jobs, command="sample_count")
    page = open_page(group)
    page.do("run", mode="parallel")
    page.open()
    page.wait(lambda: page.states().get(0) == "success")
    first, second = page.ask("results", positions=[0, 1])["results"]
    assert first["distributions"][0]["entries"] == [
        ["|1,0>", 7.0, 0.7, pytest.approx(0.144914, abs=1e-6)],
        ["|0,1>", 3.0, 0.3, pytest.approx(0.144914, abs=1e-6)],
    ]
    assert first["distributions"][0]["scalars"]["physical_perf"] == 1.0
    assert second["distributions"] == []
    assert "not available yet" in second["error"]
    (beside,) = page.ask("results", positions=[0], ideal=True)["results"]
    assert beside["distributions"] == first["distributions"]
    assert "one experiment" in beside["no_ideal"]
    group.cancel_all()


def test_a_result_that_cannot_be_drawn_says_so_and_harms_no_other(make_group, open_page):
    """A count past all floats is told in its job's row; the others' distributions are there."""
    jobs = [{"results": {"|1>": 10**400}}, {"results": {"|0>": 0}}]
    group = make_group("g", *jobs, command="sample_count")
    page = open_page(group)
    page.do("run", mode="parallel")
    page.open()
    page.wait(lambda: set(page.states().values()) == {"success"})
    huge, zero = page.ask("results", positions=[0, 1])["results"]
    assert huge["distributions"] == []
    assert "cannot be shown: the number of |1>" in huge["error"]
    assert (zero["distributions"][0]["entries"], zero["error"]) == (
        [["|0>", 0.0, None, None]],
        "",
    )


def test_scalars_that_are_no_numbers_are_left_out():
    """A share of nothing is not-a-number, which a browser's JSON does not have."""
    scalars = {"logical_perf": float("nan"), "physical_perf": 0.5}
    measured = Measurement(0, kind="count", values={"|1>": 1}, scalars=scalars)
    (shown,) = distributions([measured])["distributions"]
    assert shown["scalars"] == {"physical_perf": 0.5}


def test_measured_values_have_the_errors_of_their_counts(make_group, open_page):
    """Without `columns` they are of the most frequent states; a job without a result says why."""
    jobs = [{"results": {"|1>": 98, "|0>": 402}}, {"duration_s": 60}]
    group = make_group("g", *jobs, command="sample_count")
    page = open_page(group)
    page.do("run", mode="parallel")
    page.open()
    page.wait(lambda: page.states().get(0) == "success")
    found = page.ask("measured", positions=[0, 1], columns=["|1>"])
    (row,) = found["rows"]
    assert (row["position"], row["iteration"], row["of"], row["samples"]) == (0, None, 1, 500)
    assert row["values"]["|1>"] == [0.196, pytest.approx(0.017753, abs=1e-6)]
    assert found["failed"] == {"1": "The result is not available yet."}
    assert page.ask("measured", positions=[0])["columns"] == ["|0>", "|1>"]
    group.cancel_all()


def test_distributions_side_by_side_have_their_distance_and_what_chance_gives(
    make_group, open_page
):
    """The distance is over all states, and beside it stands what two equal jobs would have."""
    counts = [(98, 211, 189, 2), (110, 200, 188, 2)]
    states = ("|2,0>", "|1,1>", "|0,2>", "|0,0>")
    jobs = [{"results": dict(zip(states, each, strict=True))} for each in counts]
    page = open_page(make_group("g", *jobs, command="sample_count"))
    page.do("run", mode="parallel")
    page.open()
    page.wait(lambda: set(page.states().values()) == {"success"})
    first, second = page.ask("results", positions=[0, 1])["results"]
    assert "distance" not in first["distributions"][0]
    assert second["distributions"][0]["distance"] == [
        pytest.approx(0.024),
        pytest.approx(0.036399, abs=1e-6),
    ]


def test_a_job_with_iterations_is_a_row_for_each():
    """Each iteration tells what it varied; a state that it did not return has the share 0."""
    parts = [
        Measurement(3, i, {"phi": phi}, kind="count", values={state: 10})
        for i, (phi, state) in enumerate([(0.1, "|1,0>"), (0.2, "|0,1>")])
    ]
    rows = measured_rows({3: parts}, [])["rows"]
    assert [(r["iteration"], r["of"], r["params"]) for r in rows] == [
        (0, 2, {"phi": 0.1}),
        (1, 2, {"phi": 0.2}),
    ]
    assert [r["values"]["|1,0>"][0] for r in rows] == [1.0, 0.0]


def test_groups_are_listed_opened_and_left(make_group, open_page):
    """`Dashboard()` lists all groups with sizes; opening one shows its jobs."""
    make_group("one", {})
    make_group("two", {}, {})
    page = open_page()
    page.open()
    listed = page.ask("groups")["groups"]
    assert [(g["name"], g["counts"]) for g in listed] == [
        ("one", {"unsent": 1}),
        ("two", {"unsent": 2}),
    ]
    assert all(g["size_bytes"] > 0 for g in listed)
    assert page.do("open", name="two")["value"] == {"text": "two opened"}
    assert page.dashboard.group == "two"
    page.wait(lambda: page.states() == {0: "unsent", 1: "unsent"})
    assert page.do("open", name="three")["code"] == "GroupNotFoundError"


def test_a_hello_is_answered_where_there_are_no_jobs_to_tell_of(make_group, open_page):
    """By the list of all groups, and by a deleted group: else a page takes the kernel for busy."""
    page = open_page()
    page.open()
    assert page.wait_for("snapshot")["total"] == 0
    group = make_group("g", {})
    page = open_page(group)
    JobGroup.delete_job_group("g")
    page.wait(lambda: page.dashboard.read_state() == (0, 0))
    page.open()
    assert page.wait_for("snapshot")["total"] == 0
    JobGroup.restore("g")
    page.sync()
    page.wait(lambda: page.states() == {0: "unsent"})


def test_groups_are_deleted_from_the_list_and_had_back(make_group, open_page):
    """Some at once, each answered for: what cannot be deleted is said and stops no other."""
    for name in ("one", "two", "three"):
        make_group(name, {})
    page = open_page()
    outcome = page.do("delete", names=["one", "three", "four"])["value"]
    assert outcome["done"] == ["one", "three"]
    assert "no job group named 'four'" in outcome["failed"]["four"]
    assert JobGroup.list_existing() == ["two"]
    trash = page.ask("groups")["trash"]
    assert sorted((g["name"], g["counts"]["unsent"]) for g in trash) == [("one", 1), ("three", 1)]
    assert page.do("restore", names=["one"])["value"]["text"] == "one restored"
    assert JobGroup.list_existing() == ["one", "two"]
    assert page.do("delete", names=["four"])["code"] == "JobGroupError"
    assert page.do("delete", names="one")["t"] == "error"
    assert JobGroup.list_existing() == ["one", "two"]


def test_a_group_is_left_for_the_list_of_all(make_group, open_page):
    """The way back from a group to the list."""
    page = open_page(make_group("one", {}))
    assert page.do("open", name="")["value"] == {"text": "all groups shown"}
    assert page.dashboard.group == ""
    assert [g["name"] for g in page.ask("groups")["groups"]] == ["one"]


def test_the_token_is_in_no_message_and_no_trait(make_group, open_page, cloud):
    """Nothing that reaches a page, and so perhaps a saved notebook, holds the token."""
    page = open_page(make_group("g", {}))
    page.open()
    page.do("run", mode="parallel")
    page.wait(lambda: page.states() == {0: "success"})
    page.ask("job", position=0)
    sent = str(page.messages("snapshot", "patch", "done", "note")) + str(page.updates())
    state = str(page.dashboard.get_state()) + str(page.dashboard._repr_mimebundle_())
    assert cloud.token not in sent + state


def test_traits_of_the_kernel_cannot_be_set(make_group, open_page):
    """Counts and the like follow the group; a program cannot make them lie."""
    dashboard = open_page(make_group("g", {})).dashboard
    with pytest.raises(TraitError):
        dashboard.counts = {"success": 99}
