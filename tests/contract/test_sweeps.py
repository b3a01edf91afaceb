"""Tests of sweeps that run again or refined: no job is doubled or lost."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from swept import counts, experiment, points

from jobgroup import JobGroup
from jobgroup.store import paths

HERE = Path(__file__).parent


def test_second_sweep_adds_only_new_points():
    """The report says so. Each point has its repeats, and each job has its point as labels."""
    jg = JobGroup("scan")
    phis, etas = np.linspace(0, np.pi, 4), [0.5, 1]
    first = jg.sweep(experiment, {"phi": phis, "eta": etas}, repeats=3, max_samples=500)
    assert counts(first) == (24, 0, 0, 0, 24)
    assert str(first) == repr(first) == "8 points x 3 repeats: 24 new, 0 in the group already"
    again = jg.sweep(experiment, {"eta": etas[::-1], "phi": phis}, repeats=3, max_samples=500)
    assert counts(again) == (0, 24, 0, 0, 24)
    finer = {"phi": np.linspace(0, np.pi, 7), "eta": etas}
    assert counts(jg.sweep(experiment, finer, repeats=3, max_samples=500)) == (18, 24, 0, 0, 42)
    assert set(points(jg, "phi", "eta").values()) == {3}
    assert len(jg) == 42
    assert all(job.params["max_samples"] == 500 for job in jg)


def test_more_repeats_add_the_missing_jobs():
    """`repeats` is the number of jobs at a point, not of new jobs. A smaller number removes
    none.
    """
    jg = JobGroup("scan")
    over = {"phi": [0.1, 0.2]}
    jg.sweep(experiment, over, repeats=2)
    assert counts(jg.sweep(experiment, over, repeats=5)) == (6, 4, 0, 0, 10)
    assert counts(jg.sweep(experiment, over)) == (0, 2, 0, 0, 2)
    assert points(jg, "phi") == {(0.1,): 5, (0.2,): 5}


def test_loop_can_become_a_sweep():
    """The sweep recognizes and takes over jobs that were added one by one with its labels."""
    jg = JobGroup("scan")
    for phi in (0.1, 0.2):
        jg.add(experiment(phi=phi), labels={"phi": phi, "by": "hand"}, max_samples=10)
    report = jg.sweep(experiment, {"phi": [0.1, 0.2, 0.3]}, max_samples=10)
    assert counts(report) == (1, 2, 0, 0, 3)
    assert [job.position for job in report.jobs] == [0, 1, 2]


def test_two_sweeps_of_one_group_are_independent():
    """Other swept names, or another name, create another sweep. A renamed function adds no job."""
    jg = JobGroup("scan")
    jg.sweep(experiment, {"phi": [0.1]}, units={"phi": "rad"}, long_names={"phi": "phase"})
    jg.sweep(experiment, {"phi": [0.1], "eta": [1]})
    jg.sweep(lambda phi: experiment(phi=phi, other=1), {"phi": [0.1]}, name="other")
    renamed = jg.sweep(experiment, {"phi": [0.1]}, name="renamed")
    assert counts(renamed) == (0, 1, 0, 0, 1)
    assert "1 known job of the sweep 'experiment'." in renamed.notes
    first, second, *_ = jg.sweeps
    assert [sweep.name for sweep in jg.sweeps] == ["experiment", "experiment 2", "other", "renamed"]
    again = jg.sweep(experiment, {"eta": [1], "phi": [0.1]})
    assert (counts(again), len(jg.sweeps)) == ((0, 1, 0, 0, 1), 4)
    assert (first.name, first.names) == ("experiment", ("phi",))
    assert (first.units, first.long_names) == ({"phi": "rad"}, {"phi": "phase"})
    assert second.names == ("phi", "eta")
    jg.define("rate", "global_perf")
    with pytest.raises(ValueError, match="defines a quantity"):
        jg.sweep(experiment, {"rate": [1]})
    assert len(jg) == 3


def test_a_later_call_keeps_units_that_it_does_not_name():
    """A call without units or long names keeps those of earlier calls; "" removes one."""
    jg = JobGroup("scan")
    over = {"phi": [0.1], "eta": [1]}
    jg.sweep(experiment, over, units={"phi": "rad", "eta": "1"}, long_names={"phi": "phase"})
    jg.sweep(experiment, over | {"phi": [0.1, 0.2]})
    assert (jg.sweeps[0].units, jg.sweeps[0].long_names) == (
        {"phi": "rad", "eta": "1"},
        {"phi": "phase"},
    )
    jg.sweep(experiment, over, units={"phi": "deg", "eta": ""})
    assert (jg.sweeps[0].units, jg.sweeps[0].long_names) == ({"phi": "deg"}, {"phi": "phase"})


def test_sweeps_are_stored_in_the_file():
    """An exported group has its sweeps and their jobs."""
    jg = JobGroup("scan")
    jg.sweep(experiment, {"phi": [0.1, 0.2]}, units={"phi": "rad"})
    path = paths.data_directory() / "out"
    jg.export(path)
    copy = JobGroup.load(path, name="copy")
    assert copy.sweeps == jg.sweeps
    assert counts(copy.sweep(experiment, {"phi": [0.1, 0.2]})) == (0, 2, 0, 0, 2)


CHILD = """
import sys
from jobgroup import JobGroup, RemoteJob
def experiment(**point):
    payload = {"command": "x", **{name: str(value) for name, value in point.items()}}
    return RemoteJob(payload, "sim:slos", url="http://127.0.0.1:9", name="job")
jg = JobGroup("scan")
print("ready", flush=True)
sys.stdin.readline()
step, count = 0.1, 60
over = {"phi": [n * step for n in range(count)], "eta": [0.5, 1.0]}
print(jg.sweep(experiment, over, repeats=2), flush=True)
"""


def test_two_processes_sweep_each_point_once():
    """Each process compares and adds in one transaction, so together they add each point once."""
    jg = JobGroup("scan")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    said = [child.communicate()[0] for child in children]
    assert all(child.returncode == 0 for child in children)
    assert set(points(jg, "phi", "eta").values()) == {2}
    assert len(jg) == 240
    assert sum(int(each.split(": ")[1].split()[0]) for each in said) == 240


def test_repeat_tops_up_or_adds():
    """`to` counts existing jobs, and `times` does not. A job without a body is rejected."""
    jg = JobGroup("scan")
    jg.sweep(experiment, {"phi": [0.1, 0.2]}, repeats=2)
    report = jg.repeat(to=5)
    assert counts(report) == (6, 4, 0, 0, 10)
    assert len(report.jobs) == 10
    assert counts(jg.repeat(jg.jobs(labels={"phi": 0.1}), to=5)) == (0, 5, 0, 0, 5)
    again = jg.repeat(0, times=2)
    assert counts(again) == (2, 1, 0, 0, 3)
    assert str(again) == "3 jobs: 2 new, 1 in the group already"
    assert points(jg, "phi") == {(0.1,): 7, (0.2,): 5}
    assert counts(jg.sweep(experiment, {"phi": [0.1, 0.2]}, repeats=5)) == (0, 10, 0, 0, 10)
    for wrong in ({}, {"to": 2, "times": 2}, {"to": 0}, {"times": 1.5}):
        with pytest.raises((TypeError, ValueError)):
            jg.repeat(0, **wrong)
    for huge in ({"to": 10**9}, {"times": 10**9}):
        with pytest.raises(ValueError, match=r"at most 100,000 jobs.*Nothing was added"):
            jg.repeat(0, **huge)
    assert len(jg) == 12


def test_report_survives_pickling():
    """The jobs in the report are the group's."""
    jg = JobGroup("scan")
    report = jg.sweep(experiment, {"phi": [0.1]})
    again = pickle.loads(pickle.dumps(report))
    assert str(again) == str(report)
    assert again.jobs == report.jobs


numbers = st.one_of(
    st.integers(-5, 5),
    st.floats(-10, 10).map(lambda x: round(x, 3)),
    st.sampled_from([0.1 + 0.2, 0.3, 1 / 3, -0.0, float("inf")]),
)
spelt = {"plain": lambda x: x, "numpy": np.float64, "other bits": lambda x: x * (1 + 4e-16)}


@settings(max_examples=40, deadline=None)
@given(
    phis=st.lists(numbers, min_size=1, max_size=4),
    etas=st.lists(st.sampled_from(["a", "b", True, 1]), min_size=1, max_size=3),
    calls=st.lists(
        st.tuples(
            st.permutations(range(4)),
            st.sampled_from(sorted(spelt)),
            st.integers(1, 3),
            st.booleans(),
        ),
        min_size=1,
        max_size=4,
    ),
    gap=st.integers(0, 5),
    fault=st.integers(0, 12),
)
def test_sweep_calls_never_double_or_lose_jobs(phis, etas, calls, gap, fault):
    """With reordered grids, differently written numbers, gaps and exceptions, each point has its
    repeats.
    """
    JobGroup.delete_all_job_groups()
    jg = JobGroup("any")
    made = 0

    def build(phi, eta):
        nonlocal made
        made += 1
        if made == fault:
            raise LookupError("once")
        return None if str(eta) == "b" and gap == 0 else experiment(phi=phi, eta=repr(eta))

    most = 0
    for order, spelling, repeats, check in calls:
        over = {
            "phi": [spelt[spelling](phis[n]) for n in order if n < len(phis)],
            "eta": etas,
        }
        most = max(most, repeats)
        for _ in range(2):  # the second call completes the first
            before = len(jg)
            try:
                report = jg.sweep(build, over, repeats=repeats, check=check)
            except LookupError:
                continue
            numbers = counts(report)
            assert sum(numbers[:4]) == numbers[4]
            assert len(jg) == before + report.new
            assert report.changed == 0
    found = Counter((round(float(job.labels["phi"]), 6), repr(job.labels["eta"])) for job in jg)
    wanted = {
        (round(float(phi) + 0.0, 6), repr(eta))
        for phi in phis
        for eta in etas
        if not (eta == "b" and gap == 0)
    }
    assert set(found) == wanted
    assert set(found.values()) <= {most}
