"""Tests of several groups on the page: one figure, and their distances at common points."""

from __future__ import annotations

import pytest

from jobgroup import JobGroup, RemoteJob
from jobgroup.results.distance import compare_counts

COUNTS = ({"|1,1>": 30, "|2,0>": 70}, {"|1,1>": 50, "|2,0>": 50}, {"|1,1>": 90, "|2,0>": 10})


@pytest.fixture
def two_groups(make_group, open_page):
    """Two sweeps of one name with their results, and the page with the list of groups."""
    results = [{"results": counts} for counts in COUNTS]
    first = make_group("first", *results, command="sample_count")
    second = make_group("second", *results[::-1], results[0], command="sample_count")
    page = open_page(JobGroup("empty"))
    for group in (first, second):
        group.run_parallel()
        group.wait()
    page.dashboard.show("")
    return first, second, page


def test_groups_are_drawn_in_one_figure_and_compared_point_by_point(two_groups):
    """The figure has the numbers of each group's own figure. The distances are those of
    `compare`.
    """
    first, second, page = two_groups
    answer = page.ask("compare_groups", names=["first", "second"], y="|1,1>")
    figure = answer["figure"]
    assert (figure["x"], figure["curves"]) == ("phi", "group")
    assert figure["groups"]["values"] == ["first", "second"]
    points = figure["points"]
    for rank, group in enumerate((first, second)):
        table = group.results_table()
        own = [i for i, curve in enumerate(points["curve"]) if curve == rank]
        shown = [figure["xs"]["values"][points["x"][i]] for i in own]
        assert shown == table["phi"]
        assert [points["value"][i] for i in own] == table["p(|1,1>)"]
    assert (answer["matched"], answer["unmatched"], answer["compared"]) == (3, 1, 3)
    expected = [compare_counts(b, a) for a, b in zip(COUNTS, COUNTS[::-1], strict=True)]
    found = {each["point"]: each["comparison"] for each in answer["apart"]}
    for i, comparison in enumerate(expected):
        assert found[f"phi {i / 10:g}"]["distance"] == pytest.approx(comparison.distance)
        assert found[f"phi {i / 10:g}"]["p_value"] == comparison.p_value
    assert answer["low_p"] == 2
    assert answer["by_chance"] == pytest.approx(0.15)
    assert answer["apart"][-1]["point"] == "phi 0.1"
    again = page.ask("compare_groups", names=["first", "second"], y="|1,1>", have=answer["digest"])
    assert again["same"] == answer["digest"]


def test_another_swept_name_has_a_value_that_most_groups_share(make_group, open_page):
    """The caption names groups without points at the chosen value."""
    for name, etas in (("first", (0.1, 0.3)), ("second", (0.2, 0.3))):
        group = make_group(name)
        for eta in etas:
            for phi in (0, 1):
                job = RemoteJob({"command": "sample_count"}, "test:timer")
                group.add(job, labels={"phi": phi, "eta": eta})
    page = open_page(JobGroup("empty"))
    page.dashboard.show("")

    def shown(**given):
        asked = {"names": ["first", "second"], "x": "phi", **given}
        figure = page.ask("compare_groups", **asked)["figure"]
        return figure["title"], figure["legend"], figure["caption"]

    both = ["group first", "group second"]
    assert shown() == ("eta 0.3", both, "0 of 4 measured")
    missing = "0 of 2 measured; no points with eta 0.1 in second"
    assert shown(at={"eta": 0.1}) == ("eta 0.1", both[:1], missing)


@pytest.fixture
def labelled(make_group, cloud):
    """Make a group of finished jobs with labels; each job's setting is its count of |1,1>."""

    def make(name, *jobs):
        group = make_group(name)
        for labels, count in jobs:
            results = {"results": {"|1,1>": count, "|2,0>": 100 - count}}
            body = {"command": "sample_count", "parameters": results}
            group.add(RemoteJob(body, "test:timer", url=cloud.url), labels=labels)
        group.run_parallel()
        group.wait()

    return make


def test_a_group_with_other_settings_as_well_is_compared_at_its_first_ones(labelled, open_page):
    """Points with changed settings exist only in their group; the others are compared."""
    jobs = [({"phi": phi}, 50) for phi in (0, 1)]
    labelled("first", *jobs)
    other = [({"phi": phi}, 60) for phi in (0, 1)]
    labelled("second", *other, ({"phi": 1}, 70))
    page = open_page(JobGroup("empty"))
    page.dashboard.show("")
    answer = page.ask("compare_groups", names=["first", "second"], y="|1,1>")
    assert (answer["matched"], answer["unmatched"]) == (2, 1)
    assert [each["comparison"]["distance"] for each in answer["apart"]] == [pytest.approx(0.1)] * 2
    assert answer["figure"]["title"] == "variant unchanged"


def test_jobs_without_a_label_are_left_out_of_a_comparison(labelled, open_page):
    """The other jobs of their group are compared, and the page counts those left out."""
    grid = [{"phi": phi, "chip": chip} for phi in (0, 1) for chip in "AB"]
    labelled("first", *((labels, 50) for labels in grid))
    labelled("second", *((labels, 60) for labels in grid), ({"phi": 1}, 90))
    labelled("third", *(({"phi": phi}, 90) for phi in (0, 1)))
    page = open_page(JobGroup("empty"))
    page.dashboard.show("")
    answer = page.ask("compare_groups", names=["first", "second"], y="|1,1>", x="phi")
    assert (answer["matched"], answer["unmatched"]) == (4, 0)
    assert answer["apart"][0]["point"] == "phi 0, chip A"
    assert "1 job outside the sweep, or without a swept value" in answer["notes"][0]
    assert answer["figure"]["title"] == "chip A"
    answer = page.ask("compare_groups", names=["first", "second", "third"], y="|1,1>", x="phi")
    assert (answer["matched"], answer["unmatched"]) == (4, 2)
    assert answer["figure"]["title"] == "chip A"
    at = {"chip": None}
    answer = page.ask("compare_groups", names=["first", "second", "third"], x="phi", at=at)
    assert answer["figure"]["title"] == "chip none"
    answer = page.ask("compare_groups", names=["third", "first"], x="phi")
    assert (answer["matched"], answer["unmatched"]) == (0, 6)


def test_a_group_that_was_created_again_is_compared_again(two_groups, make_group):
    """The page compares the group that has the name now, not the deleted one."""
    *_, page = two_groups
    page.ask("compare_groups", names=["first", "second"], y="|1,1>")
    JobGroup.delete_job_group("second", permanently=True)
    again = make_group("second", {"results": COUNTS[0]}, command="sample_count")
    again.run_parallel()
    again.wait()
    answer = page.ask("compare_groups", names=["first", "second"], y="|1,1>")
    assert (answer["matched"], answer["apart"][0]["comparison"]["distance"]) == (1, 0)


def test_groups_that_cannot_be_compared_say_why(two_groups, make_group):
    """One group, a missing group, and a group with other swept names."""
    *_, page = two_groups

    def refusal(*names: str) -> str:
        answer = page.answer(page.ask_for("query", "compare_groups", {"names": [*names]}))
        return str(answer["message"])

    assert "Select 2 to 6 groups" in refusal("first")
    assert "nowhere" in refusal("first", "nowhere")
    make_group("other")
    answer = page.ask("compare_groups", names=["first", "other"])
    assert (answer["matched"], answer["unmatched"], answer["apart"]) == (0, 3, [])
