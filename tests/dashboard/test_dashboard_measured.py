"""Results of a page: fetched once, and shown as distributions, tables and comparisons."""

from collections.abc import Callable
from typing import Any

import pytest

from jobgroup import Dashboard, JobGroup
from jobgroup.dashboard.measured import distributions, measured_rows
from jobgroup.results.measurement import Measurement


@pytest.fixture
def run(make_group, open_page) -> Callable[..., tuple[JobGroup, Any]]:
    """Return a function that runs jobs, and returns the group and its page.

    It waits for the success of the first `done` jobs, by default of all.
    """

    def run(*jobs: dict[str, Any], done: int | None = None) -> tuple[JobGroup, Any]:
        group = make_group("g", *jobs, command="sample_count")
        page = open_page(group)
        page.do("run", mode="parallel")
        page.open()
        expected = len(jobs) if done is None else done
        page.wait(lambda: {page.states().get(p) for p in range(expected)} == {"success"})
        return group, page

    return run


def test_a_result_that_several_ask_for_at_once_is_fetched_once(run, open_page, cloud):
    """The tables and figures of two dashboards request results while the first answers are in
    flight.
    """
    group, page = run(*({"results": {"|1>": 3 + i, "|0>": 4}} for i in range(30)))
    other = open_page(group, filter="done")
    assert other.dashboard is not Dashboard(group)
    cloud.faults.add("delay", calls=["result"], delay_s=0.5)
    places = [*range(30)]
    asked = [
        (page, page.ask_for("query", "measured", {"positions": places})),
        (page, page.ask_for("query", "figure", {})),
        (other, other.ask_for("query", "measured", {"positions": places[10:]})),
        (other, other.ask_for("query", "compare", {"positions": places[:4]})),
    ]
    table, figure, others, compared = [each.answer(request)["value"] for each, request in asked]
    assert [len(answer["rows"]) for answer in (table, others)] == [30, 20]
    assert (figure["loaded"], len(compared["sides"])) == (30, 4)
    paths = [r.path for r in cloud.log if r.call == "result"]
    own = [path for path in paths if any(job.id in path for job in group)]
    assert len(own) == len(set(own)) == 30


def test_results_are_distributions_largest_first(run):
    """The page gets results of selected jobs. A job without a result has a reason, and does not
    affect the others.
    """
    group, page = run({"results": {"|0,1>": 3, "|1,0>": 7}}, {"duration_s": 3600}, done=1)
    first, second = page.ask("results", positions=[0, 1])["results"]
    assert first["distributions"][0]["entries"] == [
        ["|1,0>", 7.0, 0.7, pytest.approx(0.144914, abs=1e-6)],
        ["|0,1>", 3.0, 0.3, pytest.approx(0.144914, abs=1e-6)],
    ]
    assert first["distributions"][0]["scalars"]["physical_perf"] == 1.0
    assert second["distributions"] == []
    assert "not available yet" in second["error"]
    (beside,) = page.ask("compare", positions=[0], ideal=True)["sides"]
    assert [entry[:2] for entry in beside["entries"]] == [["|1,0>", 0.7], ["|0,1>", 0.3]]
    assert "one experiment" in beside["no_ideal"]
    group.cancel_all()


def test_a_result_that_cannot_be_drawn_affects_only_its_job(run):
    """If a count is too large, its job's row says so. The others show their
    distributions.
    """
    _, page = run({"results": {"|1>": 10**400}}, {"results": {"|0>": 0}})
    huge, zero = page.ask("results", positions=[0, 1])["results"]
    assert huge["distributions"] == []
    assert "cannot be shown: The result of job 0 has no usable numbers" in huge["error"]
    assert (zero["distributions"][0]["entries"], zero["error"]) == (
        [["|0>", 0.0, None, None]],
        "",
    )


def test_scalars_that_are_not_numbers_are_left_out():
    """A share of no samples is NaN, which a browser's JSON does not have."""
    scalars = {"logical_perf": float("nan"), "physical_perf": 0.5}
    measured = Measurement(0, kind="count", values={"|1>": 1}, scalars=scalars)
    (shown,) = distributions([measured])["distributions"]
    assert shown["scalars"] == {"physical_perf": 0.5}


def test_measured_values_have_the_errors_of_their_counts(run):
    """Without `columns`, shares are those of the most frequent states. A job without a result has a
    reason.
    """
    group, page = run({"results": {"|1>": 98, "|0>": 402}}, {"duration_s": 3600}, done=1)
    found = page.ask("measured", positions=[0, 1], columns=["|1>"])
    (row,) = found["rows"]
    assert (row["position"], row["iteration"], row["of"], row["samples"]) == (0, None, 1, 500)
    assert row["values"]["|1>"] == [0.196, pytest.approx(0.017753, abs=1e-6)]
    assert found["failed"] == {"1": "The result is not available yet."}
    assert page.ask("measured", positions=[0])["columns"] == ["|0>", "|1>"]
    group.cancel_all()


def test_compared_distributions_show_their_distance_and_the_chance_level(run):
    """The distance covers all states. The distance by chance is that of two equal jobs."""
    counts = [(98, 211, 189, 2), (110, 200, 188, 2)]
    states = ("|2,0>", "|1,1>", "|0,2>", "|0,0>")
    _, page = run(*({"results": dict(zip(states, each, strict=True))} for each in counts))
    first, second = page.ask("compare", positions=[0, 1])["sides"]
    assert (first["comparison"], first["name"], second["name"]) == (None, "phi 0.00", "phi 0.10")
    found = second["comparison"]
    assert (found["distance"], found["expected"]) == (
        pytest.approx(0.024),
        pytest.approx(0.036399, abs=1e-6),
    )
    assert found["p_value"] == pytest.approx(0.73, abs=0.02)


def test_compared_distributions_have_an_interval_for_a_state_that_one_lacks(run):
    """A state with no count has the share 0 and an interval. It is unknown beyond the filter."""
    results = ({"|2,0>": 300, "|1,1>": 200}, {"|1,1>": 500}, {"|1,1,0>": 500})
    _, page = run(*({"results": each} for each in results))
    first, second, other = (
        {state: numbers for state, *numbers in side["entries"]}
        for side in page.ask("compare", positions=[0, 1, 2])["sides"]
    )
    assert list(first) == list(second) == list(other) == ["|1,1>", "|1,1,0>", "|2,0>"]
    assert second["|2,0>"] == [0, pytest.approx(0.001409, abs=1e-6), 0, pytest.approx(1 / 501)]
    assert first["|1,1,0>"] == [None] * 4
    assert other["|2,0>"] == [None] * 4


def test_points_without_a_loaded_result_are_not_loaded(run):
    """A figure loads 200 results for each answer. The caption counts the loaded results."""
    _, page = run(*({"results": {"|1>": 1}} for _ in range(201)))
    first, second = page.ask("figure"), page.ask("figure")
    assert first["figure"]["points"]["state"] == ["measured"] * 200 + ["not loaded"]
    assert first["figure"]["caption"].endswith("; 201 of 201 measured, 200 of them loaded")
    assert set(second["figure"]["points"]["state"]) == {"measured"}
    assert second["figure"]["caption"].endswith("; 201 of 201 measured")


def test_each_iteration_of_a_job_has_a_row():
    """Each iteration shows its own parameters. A state that it did not return has the share 0."""
    parts = [
        Measurement(3, i, {"phi": phi}, kind="count", values={state: 10})
        for i, (phi, state) in enumerate([(0.1, "|1,0>"), (0.2, "|0,1>")])
    ]
    rows = measured_rows({3: parts}, [], ["|1,0>", "|0,1>"], {})["rows"]
    assert [(r["iteration"], r["of"], r["params"]) for r in rows] == [
        (0, 2, {"phi": 0.1}),
        (1, 2, {"phi": 0.2}),
    ]
    assert [r["values"]["|1,0>"][0] for r in rows] == [1.0, 0.0]


def test_requested_names_that_are_no_states_replace_no_measured_value(run):
    """The page may request the stored quantity of the plot as a state before it knows the names. A
    state that no job returned has the share 0; other quantities keep their values.
    """
    group, page = run({"results": {"|2,0>": 3, "|1,1>": 1}})
    group.define("bunching", "|2,0> + |0,2>")
    names = ["physical_perf", "global_perf", "bunching", "samples", "fidelity"]
    found = page.ask("measured", positions=[0], columns=[*names, "|0,2>"])
    plain = page.ask("measured", positions=[0])
    assert found["columns"] == ["|0,2>", *plain["columns"]]
    (row,), (expected,) = found["rows"], plain["rows"]
    assert row["values"].pop("|0,2>")[0] == 0
    assert row == expected
    assert row["values"]["bunching"][0] == 0.75
