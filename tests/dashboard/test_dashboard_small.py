"""Tests of what closed dashboards leave, and of requests that no page makes."""

from __future__ import annotations

from importlib.resources import files

from jobgroup import Dashboard, JobGroup, RemoteJob


def _group(name):
    group = JobGroup(name)
    group.add(RemoteJob({"command": "timer"}, platform="test:timer", url="http://127.0.0.1:9"))
    return group


def test_groups_that_were_shown_and_deleted_leave_no_thread(open_page, new_threads):
    """Closed dashboards leave no threads either. A page that returns gets its answers."""
    for n in range(5):
        _group(f"deleted {n}")._repr_mimebundle_()
        JobGroup.delete_job_group(f"deleted {n}")
    for n in range(5):
        group = _group(f"closed {n}")
        group._repr_mimebundle_()
        Dashboard(group).close()
    asked = _group("asked")
    page = open_page(asked)
    page.ask("size")
    JobGroup.delete_job_group("asked")
    page.wait(lambda: not new_threads())
    JobGroup.restore("asked")
    page.open()
    assert page.ask("job", position=0)["attempts"] == []
    Dashboard("asked").close()
    page.wait(lambda: not new_threads())


def test_a_selection_beyond_the_group_stays_a_range(make_group, open_page):
    """Ranges stay ranges, and only existing jobs are selected."""
    group = make_group("g", {}, {})
    dashboard = open_page(group).dashboard
    dashboard.selected = [[0, 30_000_000], [30_000_001, 10**15], 5, [-3, 1]]
    assert dashboard.selected == [[-3, 10**15]]
    assert [job.position for job in dashboard.selected_jobs] == [0, 1]
    dashboard.selected = [7, [1, 2], 3, [9, 8], group[0]]
    assert dashboard.selected == [[0, 3], [7, 7]]


def test_a_request_is_not_done_again_after_many_others(make_group, open_page):
    """The answer is no longer kept, but the request still counts as done."""
    group = make_group("g", {}, {})
    page = open_page(group)
    first = page.ask_for("command", "pause", {}, request="first")
    page.answer(first)
    group.resume()
    for n in range(250):
        page.answer(page.ask_for("query", "size", {}, request=f"other {n}"))
    page.ask_for("command", "pause", {}, request="first")
    page.answer(page.ask_for("query", "size", {}, request="last"))
    assert not group.state.paused


def test_the_package_contains_the_licences_of_the_front_end():
    """A wheel contains the license of each package in its bundle, including indirect ones."""
    text = (files("jobgroup.dashboard") / "static" / "THIRD_PARTY.txt").read_text("utf-8")
    for name in ("preact", "@preact/signals-core", "d3-scale", "d3-quadtree"):
        assert f"\n{name} " in text
