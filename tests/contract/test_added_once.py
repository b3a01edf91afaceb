"""Tests of equal jobs: `once` adds no such job, and a later session warns about it."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
from swept import experiment

from jobgroup import JobGroup, JobGroupWarning


def test_add_with_once_adds_no_equal_job(sampled):
    """Equal jobs from other objects, or with differently written numbers, are left out. Others are
    not.
    """
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


def test_labels_that_differ_only_by_rounding_are_equal():
    """A grid that another formula computes adds nothing; other numbers, and True, do."""
    jg = JobGroup("once")
    grid = [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]
    for phi in (
        *grid,
        *np.arange(-3, 4) * 0.1,
        *np.linspace(-0.3, 0.3, 7),
        *np.arange(-0.3, 0.3, 0.1),
    ):
        jg.add(experiment(), labels={"phi": phi}, once=True)
    assert [job.labels["phi"] for job in jg] == grid
    for second in range(5):
        jg.add(experiment(), labels={"at": 1.8e9 + second / 2}, once=True)
    assert len(jg) == 12, "times since the epoch are not alike"
    for seed in (2**60, 2**60 + 1, 1, True, 1.0):
        jg.add(experiment(), labels={"seed": seed}, once=True)
    assert [job.labels["seed"] for job in jg.jobs()[12:]] == [2**60, 2**60 + 1, 1, True]


def test_object_added_with_once_follows_the_existing_entry(sampled):
    """The object's id is the entry's, so executing it sends nothing twice."""
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
    """The warning has two remedies. One session may add equal jobs without a warning."""
    subprocess.run([sys.executable, "-c", EARLIER], check=True)
    # this process imported jobgroup before that session, so its session counts as later
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
    """Other jobs cause no warning, and neither do jobs that are added with `once`."""
    jg = JobGroup("scan")
    with warnings.catch_warnings():
        warnings.simplefilter("error", JobGroupWarning)
        for _ in range(3):
            jg.add(experiment(n=1))
