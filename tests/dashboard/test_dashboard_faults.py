"""Tests of faults that users found in the first dashboard, which no other test covers."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import httpx

from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.store.paths import group_path

RUN = """
import sys
from jobgroup import JobGroup, set_token

set_token(sys.argv[1], url=sys.argv[2])
JobGroup.open("g").run_parallel(queue=True, concurrent_job_count=2)
"""


def test_a_cell_that_adds_once_can_run_twice(data_dir, open_page):
    """The line that an empty group's page shows doubles nothing, and the page shows no more."""
    cell = 'jg = JobGroup("g")\nfor phi in (0.1, 0.2): jg.add(job(phi), once=True)'

    def job(phi: float) -> RemoteJob:
        body = {"command": "sample_count", "parameters": {"phi": phi}}
        return RemoteJob(body, platform="test:timer", url="http://127.0.0.1:9")

    page = None
    for _ in range(2):
        exec(cell, {"JobGroup": JobGroup, "job": job})
        page = page or open_page("g")
        page.open()
    page.wait(lambda: page.states() == {0: "unsent", 1: "unsent"})
    assert page.dashboard.counts == {"unsent": 2}


def test_the_time_left_is_known_of_a_run_elsewhere_and_not_while_the_cloud_is_away(
    make_group, open_page, cloud
):
    """For another process's run, the time left is shown. For an unreachable cloud, it is not."""
    group = make_group("g", *[{"duration_s": 0.5}] * 12, *[{"duration_s": 3600}] * 4)
    page = open_page(group)
    page.open()
    command = [sys.executable, "-c", RUN, cloud.token, cloud.url]
    with subprocess.Popen(command, env=dict(os.environ)) as running:
        try:
            dashboard = page.dashboard
            page.wait(lambda: dashboard.counts.get("success", 0) >= 3 and dashboard.eta_s)
            assert not dashboard.sender["is_this_process"]
            low, high = dashboard.eta_s
            assert 0 < low <= high
            page.wait(lambda: dashboard.counts.get("success") == 12)
            cloud.faults.add("drop_request")
            page.wait(lambda: dashboard.incident == "unreachable")
        finally:
            running.kill()
    cloud.faults.clear()
    set_token(cloud.token, url=cloud.url)
    group.cancel_all()


def test_a_run_whose_end_is_not_in_the_file_is_not_said_to_go_on(make_group, open_page):
    """The process that could not release the group sends the request itself, and sends nothing
    more.
    """
    group = make_group("g", {}, {})
    page = open_page(group)
    page.open()
    group.pause()
    group.start(queue=True)
    page.wait(lambda: page.dashboard.sender)
    with closing(sqlite3.connect(group_path("g"), isolation_level=None)) as file:
        file.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE OF owner ON lease"
            " BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
        group.resume()
        page.wait(lambda: set(page.states().values()) == {"success"})
        page.wait(lambda: page.dashboard.sender is None)
        assert not page.dashboard.active
        file.execute("DROP TRIGGER refuse")
    group.repeat([0], times=1)
    page.do("run", mode="queue")
    page.wait(lambda: list(page.states().values()) == ["success"] * 3)
    page.wait(lambda: not page.dashboard.interrupted)


def test_answers_that_cannot_be_written_are_a_problem_of_the_disk(make_group, open_page, cloud):
    """While another program locks the file, the page says so. Later it shows the jobs' outcomes."""
    group = make_group("g", {"duration_s": 3600})
    page = open_page(group)
    page.open()
    group.start()
    page.wait(lambda: page.states().get(0) == "running")
    cancel = f"{cloud.url}/api/jobs/{group[0].id}/cancel"
    headers = {"Authorization": f"Bearer {cloud.token}"}
    with closing(sqlite3.connect(group_path("g"), isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        httpx.post(cancel, headers=headers, timeout=120).raise_for_status()
        page.wait(lambda: page.dashboard.incident == "disk")
        assert "g.jobgroup" in page.dashboard.last_error
        file.execute("ROLLBACK")
    page.wait(lambda: page.states() == {0: "canceled"})
    page.wait(lambda: page.dashboard.incident == "")
