"""Tests of the distributions of results: their table and their plot."""

from __future__ import annotations

import asyncio
import json

import pytest
from matplotlib.colors import to_hex
from measured_jobs import document_of

from jobgroup.results.colours import PALETTE


def test_distributions_have_one_row_per_job_and_state(sweep):
    """Distributions follow the order of states, and have the labels and parameters."""
    table = sweep.distributions()
    assert table.columns == [
        *("job", "phi", "max_shots", "state", "count", "p", "p_err", "samples")
    ]
    assert [(r["job"], r["state"], r["count"], r["p"], r["samples"]) for r in table] == [
        *((0, "|2,0>", 4, 0.4, 10), (0, "|1,1>", 6, 0.6, 10)),
        *((1, "|2,0>", 7, 0.7, 10), (1, "|0,2>", 3, 0.3, 10)),
    ]
    wide = table.to_pandas().pivot_table(index="phi", columns="state", values="count", fill_value=0)
    assert wide.loc[0.1, "|2,0>"] == 7
    assert repr(table).splitlines()[-1] == "2 jobs, 4 states"
    assert asyncio.run(sweep.distributions_async())[:] == table[:]


def test_distributions_separate_counts_from_probabilities(ended, scripted):
    """Probabilities have no count, samples are counted, and a bare number has no states.

    Whole numbers are counts even if they are written as decimals.
    """
    jg = ended(*["completed"] * 5)
    results = ({"|1>": 0.25, "|0>": 0.75}, ["|1>", "|0>"] * 2, {"|0>": 3}, 5, {"|1>": 60.0})
    for job, result in zip(jg, results, strict=True):
        scripted.results[job.id] = {"results": json.dumps({"results": result})}
    table = jg.distributions()
    assert [(r["job"], r["state"], r["count"], r["p"], r["samples"]) for r in table] == [
        (0, "|0>", None, 0.75, None),
        (0, "|1>", None, 0.25, None),
        (1, "|0>", 2, 0.5, 4),
        (1, "|1>", 2, 0.5, 4),
        (2, "|0>", 3, 1.0, 3),
        (4, "|1>", 60, 1.0, 60),
    ]
    assert repr(table).splitlines()[-1] == (
        "4 jobs, 6 states; 1 of 4 computed by the platform, not sampled"
    )


@pytest.fixture
def canvas(monkeypatch):
    """Use Matplotlib without a display; close its figures after the test."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    yield plt
    plt.close("all")


def test_plot_draws_shares_with_intervals(sweep, canvas):
    """`plot` draws one job, several jobs side by side, or the most frequent states."""
    table = sweep.distributions()
    share = "share among selected"
    one = table.plot(0)
    assert [bar.get_height() for bar in one.patches] == [0.4, 0.6]
    bars = one.containers[0].lines[2][0].get_segments()
    wilson = sweep.distributions(interval=True)
    ends = zip(wilson["p_low"][:2], wilson["p_high"][:2], strict=True)
    known = dict(zip(wilson["state"][:2], ends, strict=True))
    drawn = [(low, high) for (_, low), (_, high) in bars]
    assert drawn == [pytest.approx(known[state]) for state in ("|2,0>", "|1,1>")]
    assert [label.get_text() for label in one.get_xticklabels()] == ["|2,0>", "|1,1>"]
    assert (one.get_title(), one.get_ylabel()) == ("phi 0.00, chip A (job 0)", share)
    _, ax = canvas.subplots()
    both = table.plot([0, 1], ax=ax)
    assert both is ax
    assert [bar.get_height() for bar in both.patches] == [0.4, 0.6, 0, 0.7, 0, 0.3]
    names = [text.get_text() for text in both.get_legend().get_texts()]
    assert names == ["phi 0.00 (job 0)", "phi 0.10 (job 1)"]
    absent, *_ = both.containers[0].lines[2][0].get_segments()[2:]
    assert [high for _, high in absent] == [0, pytest.approx(1 / 11)]  # job 0 has no |0,2>
    few = table.plot(most=1)
    assert [label.get_text() for label in few.get_xticklabels()] == ["|2,0>"]
    assert few.get_xlabel() == "state (1 of 3)"
    with pytest.raises(ValueError, match=r"None of the jobs \[4\] has a complete result"):
        table.plot(4)


def test_plot_draws_counts_beside_probabilities_as_shares(ended, scripted, canvas):
    """Bars of different results are comparable. Probabilities need not add up to one."""
    jg = ended(*["completed"] * 2)
    for job, result in zip(jg, ({"|1>": 0.25, "|0>": 0.5}, {"|1>": 2, "|0>": 2}), strict=True):
        scripted.results[job.id] = {"results": json.dumps({"results": result})}
    ax = jg.distributions().plot()
    assert ax.get_ylabel() == "share among selected"
    assert [bar.get_height() for bar in ax.patches] == [0.5, 0.25, 0.5, 0.5]
    assert {to_hex(bar.get_facecolor()) for bar in ax.patches} == {*PALETTE[:2]}


def test_plot_draws_the_states_with_the_greatest_total(ended, scripted, canvas):
    """The second state of each job can be the first overall; long names are rotated."""
    jg = ended(*["completed"] * 2)
    for job, other in zip(jg, ("|0,2>", "|1,1>"), strict=True):
        scripted.results[job.id] = document_of({"|2,0>": 5, other: 6, "|" + "0," * 30 + "0>": 1})
    one = jg.distributions().plot(most=1)
    assert [label.get_text() for label in one.get_xticklabels()] == ["|2,0>"]
    assert {label.get_rotation() for label in one.get_xticklabels()} == {0}
    assert {x.get_rotation() for x in jg.distributions().plot().get_xticklabels()} == {60}


def test_plot_of_distributions_cuts_no_text_and_covers_no_bar(sweep, canvas):
    """All texts are inside the figure, and the legend is beside the axes."""
    ax = sweep.distributions().plot([0, 1])
    ax.figure.canvas.draw()
    whole = ax.figure.bbox
    for text in (ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), ax.get_legend()):
        box = text.get_window_extent()
        assert (whole.x0 <= box.x0, box.x1 <= whole.x1) == (True, True)
        assert (whole.y0 <= box.y0, box.y1 <= whole.y1) == (True, True)
    assert ax.get_legend().get_window_extent().x0 >= ax.bbox.x1


def test_plot_draws_iterations_side_by_side(ended, scripted, canvas):
    """Each has its own name, even with one job."""
    jg = ended("completed")
    each = [{"results": {"|1>": n}} for n in (3, 4)]
    scripted.results[jg[0].id] = {"results": json.dumps({"results_list": each})}
    ax = jg.distributions().plot(0)
    assert [bar.get_height() for bar in ax.patches] == [1, 1]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["job 0, iteration 0", "job 0, iteration 1"]


def test_plot_refuses_too_many_distributions(ended, scripted, canvas):
    """The error for more than eight distributions says how to select some."""
    jg = ended(*["completed"] * 9)
    for job in jg:
        scripted.results[job.id] = document_of({"|1>": 1})
    with pytest.raises(ValueError, match=r"plot\(jobs="):
        jg.distributions().plot()
    assert len(jg.distributions().plot(range(8)).patches) == 8
