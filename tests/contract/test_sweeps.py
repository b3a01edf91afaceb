"""Tests of sweeps that run again, refined or changed: no job is doubled or lost."""

from __future__ import annotations

import enum
import os
import pickle
import subprocess
import sys
import warnings
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import perceval as pcvl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from perceval.algorithm import Sampler

from jobgroup import JobGroup, JobGroupError, JobGroupWarning, RemoteJob
from jobgroup.group import engine_session
from jobgroup.store import paths

HERE = Path(__file__).parent
URL = "http://127.0.0.1:9"


def experiment(**point):
    """Make a job without Perceval whose payload is its point."""
    payload = {"command": "x", **{name: str(value) for name, value in point.items()}}
    return RemoteJob(payload, "sim:slos", url=URL, name="job")


def counts(report):
    """Return the numbers of a report."""
    return (report.new, report.known, report.changed, report.skipped, report.total)


def points(jg, *names):
    """Return the number of jobs at each point."""
    return Counter(tuple(job.labels[name] for name in names) for job in jg)


# -- safe to run again -----------------------------------------------------------------------------


def test_second_sweep_adds_only_new_points():
    """The report says so; each point has its repeats, and each job its point as labels."""
    jg = JobGroup("scan")
    phis, etas = np.linspace(0, np.pi, 4), [0.5, 1]
    first = jg.sweep(experiment, {"phi": phis, "eta": etas}, repeats=3, max_samples=500)
    assert counts(first) == (24, 0, 0, 0, 24)
    assert str(first) == repr(first) == "24 points x repeats: 24 new, 0 in the group already"
    again = jg.sweep(experiment, {"eta": etas[::-1], "phi": phis}, repeats=3, max_samples=500)
    assert counts(again) == (0, 24, 0, 0, 24)
    finer = {"phi": np.linspace(0, np.pi, 7), "eta": etas}
    assert counts(jg.sweep(experiment, finer, repeats=3, max_samples=500)) == (18, 24, 0, 0, 42)
    assert set(points(jg, "phi", "eta").values()) == {3}
    assert len(jg) == 42
    assert all(job.params["max_samples"] == 500 for job in jg)


def test_more_repeats_add_the_missing_jobs():
    """`repeats` is the number of jobs at a point, not of new ones; fewer remove none."""
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
    """Other swept names, or another name, make another sweep; a renamed function adds no job."""
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
    """Each compares and adds in one transaction, so together they add each point once."""
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


def test_new_process_recognizes_swept_circuits(executing_cloud, tmp_path):
    """It has named circuits, and a body whose order changes with each process."""
    script = tmp_path / "study.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(HERE)!r}); URL_TOKEN = sys.argv[1:]\n"
        "from circuits_of_each_kind import KINDS\n"
        "from perceval.algorithm import Sampler\n"
        "from jobgroup import JobGroup\n"
        "names = ['plain', 'expression', 'noisy', 'feed forward', 'configured', 'haar']\n"
        "def experiment(circuit): return Sampler(circuit, max_shots_per_call=10).sample_count\n"
        "over = {'circuit': {name: KINDS[name]() for name in names}}\n"
        "print(JobGroup('kinds').sweep(experiment, over, repeats=2, max_samples=10))\n"
    )
    said = []
    for seed in "12":
        command = [sys.executable, script, executing_cloud.url, executing_cloud.token]
        child = subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert child.returncode == 0, child.stderr
        said.append(child.stdout.strip())
    assert said == [
        "12 points x repeats: 12 new, 0 in the group already",
        "12 points x repeats: 0 new, 12 in the group already",
    ]


# -- what differs ----------------------------------------------------------------------------------


def test_changed_parameter_is_reported_and_adds_no_job():
    """The user may add the changed jobs beside the old ones or replace them."""
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
    """They stay, the report says so, and their points count as changed."""
    jg = JobGroup("scan")

    def build(phi):
        return RemoteJob({"command": "x", "phi": phi}, "sim:slos", url=scripted.url)

    jg.sweep(build, {"phi": [0.1, 0.2]}, max_samples=500)
    jg.run_parallel(jobs=[0])
    report = jg.sweep(build, {"phi": [0.1, 0.2]}, on_change="replace_unsent", max_samples=600)
    assert counts(report) == (0, 0, 2, 0, 2)
    assert "1 changed job had been sent and stayed as before." in report.notes
    assert [job.params["max_samples"] for job in jg] == [500, 600]


def test_refused_job_is_replaced(scripted):
    """The cloud rejected its body; with another one it is unsent again."""
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
    """Two calls for one point make different jobs: the report says so instead of a change."""
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
    """A sweep adds no second job at a failed point: the user reruns it."""
    jg = JobGroup("scan")

    def build(phi):
        return RemoteJob({"command": "x", "phi": phi}, "sim:slos", url=scripted.url)

    jg.sweep(build, {"phi": [0.1, 0.2]})
    jg.run_parallel()
    for job in jg:
        scripted.tell(job.id, "error")
    jg.progress()
    report = jg.sweep(build, {"phi": [0.1, 0.2]})
    assert counts(report) == (0, 2, 0, 0, 2)
    assert "2 of these failed (positions 0, 1); jg.rerun() reruns them." in report.notes


# -- build -----------------------------------------------------------------------------------------


def test_build_is_called_once_for_each_point():
    """It is not called for each repeat; `check=False` skips known points."""
    jg = JobGroup("scan")
    called = []

    def build(phi):
        called.append(phi)
        return experiment(phi=phi)

    jg.sweep(build, {"phi": [0.1, 0.2]}, repeats=3)
    jg.sweep(build, {"phi": [0.1, 0.2]}, repeats=3)
    assert called == [0.1, 0.2, 0.1, 0.2]
    jg.sweep(build, {"phi": [0.1, 0.2, 0.3]}, repeats=3, check=False)
    assert called[4:] == [0.3]
    jg.sweep(build, {"phi": [0.1, 0.2, 0.3]}, repeats=4, check=False)
    assert called[5:] == [0.1, 0.2, 0.3]
    assert set(points(jg, "phi").values()) == {4}


def test_build_may_return_none_or_parameters():
    """The report counts skipped points; parameters of the point override those of the call."""
    jg = JobGroup("scan")

    def build(n):
        return None if n == 2 else (experiment(n=n), {"max_samples": 100 * n})

    report = jg.sweep(build, {"n": [1, 2, 3]}, repeats=2, max_samples=5, max_shots=7)
    assert counts(report) == (4, 0, 0, 2, 6)
    assert "2 left out" in str(report)
    assert [job.params["max_samples"] for job in jg] == [100, 100, 300, 300]
    assert {job.params["max_shots"] for job in jg} == {7}


def test_failing_build_names_its_point_and_keeps_earlier_jobs():
    """The next call continues from there."""
    jg = JobGroup("scan")
    is_well = False

    def build(phi):
        if phi > 0.25 and not is_well:
            raise ZeroDivisionError("no")
        return experiment(phi=phi)

    with pytest.raises(ZeroDivisionError) as raised:
        jg.sweep(build, {"phi": [0.1, 0.2, 0.3]})
    (note,) = raised.value.__notes__
    assert "phi=0.3" in note
    assert "2 jobs" in note
    assert len(jg) == 2
    is_well = True
    assert counts(jg.sweep(build, {"phi": [0.1, 0.2, 0.3]})) == (1, 2, 0, 0, 3)


@pytest.fixture
def sampled(cloud):
    """Build the job of a phase with Perceval."""

    def build(phi, given_state=None):
        processor = pcvl.RemoteProcessor("sim:slos", m=2, url=cloud.url, token=cloud.token)
        processor.add(0, pcvl.BS() // pcvl.PS(phi) // pcvl.BS())
        processor.min_detected_photons_filter(1)
        processor.with_input(given_state or pcvl.BasicState([1, 1]))
        return Sampler(processor, max_shots_per_call=1000).sample_count

    return build


def test_sweep_takes_perceval_jobs(sampled):
    """`build` gets the values of the group, and its objects follow their entries."""
    jg = JobGroup("scan")
    given = []

    def build(phi, given_state):
        given.append((phi, given_state))
        return sampled(phi, given_state)

    states = [pcvl.BasicState([1, 1]), pcvl.BasicState([2, 0])]
    report = jg.sweep(
        build,
        {"phi": [0.1, 0.1 + 0.2], "given_state": states},
        name="scan",
        max_samples=5,
    )
    assert counts(report) == (4, 0, 0, 0, 4)
    assert given[1] == (0.1, states[1])
    assert {job.labels["given_state"] for job in jg} == {"|1,1>", "|2,0>"}
    again = jg.sweep(
        sampled,
        {"phi": [0.1, 0.3], "given_state": states},
        name="scan",
        max_samples=5,
    )
    assert counts(again) == (0, 4, 0, 0, 4)


# -- points ----------------------------------------------------------------------------------------


class Colour(enum.Enum):
    """An Enum."""

    RED = 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.1 + 0.2, 0.3),
        (1, 1.0),
        (1, np.int8(1)),
        (0.1, np.float64(0.1)),
        (0.0, -0.0),
        (float("inf"), np.inf),
        (True, np.True_),
        ("a", np.str_("a")),
        (datetime(2026, 1, 2, tzinfo=UTC), pd.Timestamp("2026-01-02T01:00", tz="Europe/Paris")),
        (datetime(2026, 1, 2, 3), np.datetime64("2026-01-02T03:00:00", "ns")),
        (Colour.RED, Colour.RED),
        (Path("a") / "b", PurePosixPath("a/b")),
        (pcvl.BasicState([1, 0]), pcvl.BasicState("|1,0>")),
        (pcvl.NoiseModel(g2=0.1), pcvl.NoiseModel(g2=0.1)),
        (pcvl.PostSelect("[0]==1"), pcvl.PostSelect("[0] == 1")),
        (
            pcvl.StateVector([1, 0]) + pcvl.StateVector([0, 1]),
            pcvl.StateVector([0, 1]) + pcvl.StateVector([1, 0]),
        ),
    ],
)
def test_equal_values_are_one_point(one, other):
    """They are equal in one call, and across two."""
    jg = JobGroup("scan")

    def build(x):
        return experiment()

    jg.sweep(build, {"x": [one]})
    assert counts(jg.sweep(build, {"x": [other]})) == (0, 1, 0, 0, 1)
    both = jg.sweep(build, {"x": [one, other]})
    assert counts(both) == (0, 1, 0, 0, 1)
    assert "1 point given more than once." in both.notes
    assert jg.jobs(labels={"x": other}) == jg.jobs(labels={"x": one}) == jg[:]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (False, 0.0),
        (0.1, np.float32(0.1)),
        (1, "1"),
        (10**12, 10**12 + 1),
        (4e9 + 1, 4e9 + 2),
        pytest.param(10**400, 10**400 + 1, id="beyond floats"),
        (float("inf"), 1e300),
        (pcvl.BasicState([1, 0]), pcvl.BasicState([0, 1])),
    ],
)
def test_different_values_are_two_points(one, other):
    """Booleans are not numbers, another precision is another number, and so is each seed."""
    jg = JobGroup("scan")
    report = jg.sweep(lambda x: experiment(), {"x": [one, other]})
    assert counts(report) == (2, 0, 0, 0, 2)
    assert len(jg.jobs(labels={"x": one})) == 1


def test_sweep_keeps_the_groups_numbers():
    """The label, and what `build` gets, is the value that came first, over the whole span too."""
    jg = JobGroup("scan")
    given = []

    def build(phi):
        given.append(phi)
        return experiment(phi=phi)

    start, stop, count = -1.0, 1.0, 51
    jg.sweep(build, {"phi": np.linspace(start, stop, count)})
    step = (stop - start) / (count - 1)
    report = jg.sweep(build, {"phi": [start + n * step for n in range(count)]})
    assert counts(report) == (0, count, 0, 0, count)
    assert given[count:] == given[:count] == [job.labels["phi"] for job in jg]


def test_sweep_takes_points_in_many_forms():
    """Rows of a DataFrame, mappings, a Series, a range, one number or text, named objects."""
    jg = JobGroup("scan")
    circuits = {"mzi": object(), "bs": object()}
    jg.sweep(experiment, pd.DataFrame({"a": [1, 2], "b": [0.5, 0.6]}), name="f")
    jg.sweep(experiment, [{"a": 1, "b": 0.5}, {"b": 0.7, "a": 3}], name="f")
    assert points(jg, "a", "b") == {(1, 0.5): 1, (2, 0.6): 1, (3, 0.7): 1}
    one = JobGroup("one")
    given = []

    def build(circuit, n, word, x):
        given.append(circuit)
        return experiment()

    one.sweep(
        build, {"circuit": circuits, "n": range(2), "word": "abc", "x": pd.Series([0.5], index=[7])}
    )
    assert given == [circuits["mzi"]] * 2 + [circuits["bs"]] * 2
    assert points(one, "circuit", "n", "word", "x") == {
        (name, n, "abc", 0.5): 1 for name in circuits for n in (0, 1)
    }
    assert [axis.kind for axis in one.sweeps[0].axes] == ["text", "number", "text", "number"]


@pytest.mark.parametrize(
    ("over", "error", "said"),
    [
        ({"phi": {1, 2}}, TypeError, "set"),
        ({"phi": [0.1, None]}, ValueError, r"phi\[1\] is missing"),
        ({"phi": [float("nan")]}, ValueError, r"phi\[0\] is missing"),
        ({"phi": pd.Series([1, pd.NA])}, ValueError, r"phi\[1\] is missing"),
        ({"phi": [pd.NaT]}, ValueError, "missing"),
        (pd.DataFrame({"a": [1, np.nan]}), ValueError, "a of point 1 is missing"),
        ({"phi": []}, ValueError, "no values"),
        ({}, ValueError, "no swept value"),
        ([], ValueError, "no points"),
        ([{"a": 1, "b": 2}, {"b": 2}], ValueError, "Point 1 has no a"),
        ([3], TypeError, "Point 0 must be a mapping"),
        (5, TypeError, "over must be"),
        ("phi", TypeError, "over must be"),
        ({"circuit": pcvl.Circuit(2)}, TypeError, "needs a name"),
        ({"circuit": [pcvl.Circuit(2)]}, TypeError, "needs a name"),
        ({"x": [1j]}, TypeError, "needs a name"),
        ({"x": np.eye(2)}, TypeError, "needs a name"),
        ({"x": b"abc"}, TypeError, "needs a name"),
        ({1: [2]}, TypeError, "must be a text"),
        *(({name: [1]}, ValueError, "column") for name in ("state", "p", "shots", "platform")),
    ],
)
def test_sweep_refuses_invalid_points(over, error, said):
    """It raises at once with name and position, and adds no job."""
    jg = JobGroup("scan")
    with pytest.raises(error, match=said):
        jg.sweep(experiment, over)
    assert len(jg) == 0
    assert jg.sweeps == ()


@pytest.mark.parametrize(
    "options",
    [
        {"repeats": 0},
        {"repeats": 1.5},
        {"on_change": "no"},
        {"labels": {"phi": 1}},
        {"labels": 3},
        {"phi": 3},
        {"units": {"eta": "1"}},
        {"units": {"phi": 3}},
        {"long_names": "phase"},
        {"name": 3},
        {"name": " "},
        {"name": "a\x00b"},
    ],
)
def test_sweep_refuses_invalid_arguments(options):
    """It raises before it calls `build`."""
    jg = JobGroup("scan")
    with pytest.raises((TypeError, ValueError)):
        jg.sweep(lambda phi: pytest.fail("called"), {"phi": [0.1]}, **options)
    with pytest.raises(TypeError, match="function"):
        jg.sweep(3, {"phi": [0.1]})
    assert len(jg) == 0


# -- repeat, once, doubles -------------------------------------------------------------------------


def test_repeat_tops_up_or_adds():
    """`to` counts what is there, `times` does not; a job without a body is refused."""
    jg = JobGroup("scan")
    jg.sweep(experiment, {"phi": [0.1, 0.2]}, repeats=2)
    report = jg.repeat(to=5)
    assert counts(report) == (6, 4, 0, 0, 10)
    assert len(report.jobs) == 10
    assert counts(jg.repeat(jg.jobs(labels={"phi": 0.1}), to=5)) == (0, 5, 0, 0, 5)
    assert counts(jg.repeat(0, times=2)) == (2, 1, 0, 0, 3)
    assert points(jg, "phi") == {(0.1,): 7, (0.2,): 5}
    assert counts(jg.sweep(experiment, {"phi": [0.1, 0.2]}, repeats=5)) == (0, 10, 0, 0, 10)
    for wrong in ({}, {"to": 2, "times": 2}, {"to": 0}, {"times": 1.5}):
        with pytest.raises((TypeError, ValueError)):
            jg.repeat(0, **wrong)


def test_add_with_once_adds_no_equal_job(sampled):
    """Equal jobs of other objects and numbers in another spelling are left out, others are not."""
    jg = JobGroup("once")
    for _ in range(2):
        for phi in (0.1, 0.2):
            jg.add(sampled(phi), labels={"phi": phi}, once=True, max_samples=10)
    assert len(jg) == 2
    jg.add(sampled(0.1), labels={"phi": np.float64(0.1)}, once=True, max_samples=10)
    assert len(jg) == 2
    jg.add(sampled(0.1), labels={"phi": 0.1}, once=True, max_samples=20)
    jg.add(sampled(0.1), labels={"phi": 0.1, "day": 2}, once=True, max_samples=10)
    jg.add(sampled(0.1), once=True, max_samples=10)
    assert len(jg) == 5
    jg.add_many(
        [(sampled(0.1), {"max_samples": 10}), (sampled(0.4), {"max_samples": 10})], once=True
    )
    assert len(jg) == 6


def test_object_added_with_once_follows_the_existing_entry(sampled):
    """Its id is the entry's, so executing it sends nothing twice."""
    jg = JobGroup("once")
    jg.add(sampled(0.1), once=True, max_samples=10)
    jg.run_parallel()
    again = sampled(0.1)
    jg.add(again, once=True, max_samples=10)
    assert len(jg) == 1
    assert again.id == jg[0].id


EARLIER = """
from jobgroup import JobGroup, RemoteJob
jg = JobGroup("scan")
for n in range(3):
    job = RemoteJob({"command": "x", "n": n}, "sim:slos", url="http://127.0.0.1:9")
    jg.add(job, labels={"n": n})
"""


def test_equal_job_of_an_earlier_session_warns_once():
    """The warning has two remedies; one session may add equal jobs as often as it likes."""
    subprocess.run([sys.executable, "-c", EARLIER], check=True)
    # its first module is imported before that session here, so this one is the later one
    code = EARLIER + (
        "import warnings\n"
        "with warnings.catch_warnings(record=True) as seen:\n"
        "    warnings.simplefilter('always')\n"
        "    jg.add(RemoteJob({'command': 'x', 'n': 9}, 'sim:slos', url='http://127.0.0.1:9'))\n"
        "print(len(seen))\n"
    )
    child = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=True
    )
    assert child.stderr.count("JobGroupWarning: Job 3 repeats job 0") == 1
    assert child.stderr.count("JobGroupWarning") == 1
    assert "once=True" in child.stderr
    assert "jg.remove()" in child.stderr
    assert child.stdout == "0\n"
    assert len(JobGroup("scan")) == 7


def test_equal_jobs_of_one_session_do_not_warn():
    """Other jobs do not warn either, and neither do those added with `once`."""
    jg = JobGroup("scan")
    with warnings.catch_warnings():
        warnings.simplefilter("error", JobGroupWarning)
        for _ in range(3):
            jg.add(experiment(n=1))


def test_report_survives_pickling():
    """Its jobs are the group's."""
    jg = JobGroup("scan")
    report = jg.sweep(experiment, {"phi": [0.1]})
    again = pickle.loads(pickle.dumps(report))
    assert str(again) == str(report)
    assert again.jobs == report.jobs


# -- values at other doors -------------------------------------------------------------------------


def test_labels_take_all_scalars():
    """Numpy's and pandas' are numbers, missing ones None, infinities numbers, dates ISO texts."""
    jg = JobGroup("labels")
    labels = {
        "np": np.int64(3),
        "f": np.float32(0.5),
        "nan": np.nan,
        "na": pd.NA,
        "nat": pd.NaT,
        "inf": np.inf,
        "below": -np.inf,
        "date": pd.Timestamp("2026-01-02T03:04:05"),
        "enum": Colour.RED,
        "path": PurePosixPath("a/b"),
        "flag": np.True_,
    }
    jg.add(experiment(), labels=labels)
    assert jg[0].labels == {
        "np": 3,
        "f": 0.5,
        "nan": None,
        "na": None,
        "nat": None,
        "inf": float("inf"),
        "below": float("-inf"),
        "date": "2026-01-02T03:04:05",
        "enum": "RED",
        "path": "a/b",
        "flag": True,
    }


def test_bodies_and_positions_take_numpy_scalars():
    """They work in a body written without Perceval, and as the position of a job."""
    jg = JobGroup("numbers")
    body = {"command": "x", "t": np.arange(3)[1], "rate": np.float32(0.5), "list": np.arange(2)}
    jg.add(RemoteJob(body, "sim:slos", url=URL), n=np.int64(5))
    assert engine_session(jg).store.body(1)["payload"] == {
        "command": "x",
        "t": 1,
        "rate": 0.5,
        "list": [0, 1],
        "n": 5,
    }
    assert jg[np.int64(0)] == jg[0]
    assert counts(jg.repeat(np.int64(0), times=np.int64(1))) == (1, 1, 0, 0, 2)


def test_rerun_takes_numpy_scalars(scripted):
    """They work as new parameter values, and as the position of the job."""
    jg = JobGroup("numbers")
    body = {"command": "x", "max_shots": 100, "rate": 0.5}
    jg.add(RemoteJob(body, "sim:slos", url=scripted.url))
    jg.run_parallel()
    scripted.tell(jg[0].id, "error")
    jg.progress()
    jg.rerun(np.int64(0), params={"max_shots": np.int64(50), "rate": np.float64(0.25)})
    assert jg[0].attempts[-1].overrides == {"max_shots": [100, 50], "rate": [0.5, 0.25]}


# -- any group -------------------------------------------------------------------------------------

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
    """Grids in other orders and spellings, gaps, exceptions: each point has its repeats."""
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
