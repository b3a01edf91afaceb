"""The scenarios of Perceval's own tests of its groups, with Perceval's class and with jobgroup's.

Those tests replace private methods and the HTTP client of its class, so they cannot run on another
class.
"""

from __future__ import annotations

import pytest
from either_class import HAS_ITEMS, is_sent, jobs_of, wait_for
from requests import HTTPError
from which_release import RELEASE

import jobgroup


def test_scenario_of_a_classic_run(both, timer):
    """Progress is correct before and after the run and with added jobs, even in a loaded group."""
    seen = []
    for group in both:
        progresses = []
        for _ in range(2):
            for _ in range(2):
                group.add(timer())
            progresses.append(group.progress())
            group.run_parallel()
            wait_for(group)
            progresses.append(group.progress())
        again = type(group)(group.name)
        assert again.progress() == progresses[-1]
        seen.append(progresses)
    assert seen[0] == seen[1]


@pytest.mark.parametrize("how", ["parallel", "sequential"])
def test_scenario_of_a_failed_create(how, both, timer, fault):
    """The first job stays sent and the other unsent, even if the group is loaded again."""
    for group in both:
        group.add(timer())
        getattr(group, f"run_{how}")(*[0.0] * (how == "sequential"))
        wait_for(group)
        group.add(timer())
        fault(kind="http_error", calls=["create"], status=400, message="no")
        with pytest.raises((HTTPError, jobgroup.CloudError)):
            getattr(group, f"run_{how}")(*[0.0] * (how == "sequential"))
        again = type(group)(group.name)
        assert [is_sent(job) for job in jobs_of(again)] == [True, False]


def test_scenario_of_reruns(both, timer, fault):
    """Reruns are appended, then done in place, next to an unsent job (0.13 to 1.3)."""
    seen = []
    for group in both if HAS_ITEMS else both[1:]:
        progresses = []
        for _ in range(3):
            group.add(timer())
        fault(kind="fail_job", times=2, message="no light")
        group.run_parallel()
        wait_for(group)
        group.add(timer())
        progresses.append(group.progress())
        for replace in (False, True):
            group.rerun_failed_parallel(replace_failed_jobs=replace)
            wait_for(group)
            progresses.append(group.progress())
        seen.append(progresses)
    assert seen[0] == seen[-1]
    assert seen[0][-1]["Total"] == 6


def test_scenario_of_launch_and_cancel(both, timer):
    """Jobs are launched up to a count, canceled, relaunched, and all canceled (1.1 to 1.3)."""
    seen = []
    for group in both if RELEASE >= (1, 1) else both[1:]:
        progresses = []
        for _ in range(3):
            group.add(timer(600))
        group.launch_async_jobs(2)
        progresses.append(group.progress())
        group.cancel_all()
        wait_for(group)
        progresses.append(group.progress())
        group.relaunch_async_failed_jobs(replace_failed_jobs=False, concurrent_job_count=1)
        progresses.append(group.progress())
        group.cancel_all()
        wait_for(group)
        progresses.append(group.progress())
        seen.append(progresses)
    assert seen[0] == seen[-1]
