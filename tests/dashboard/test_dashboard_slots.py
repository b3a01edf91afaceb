"""Tests of the page's queries about the plan, and of its switch for caching results."""

from __future__ import annotations

from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud


def test_used_slots_are_those_of_the_whole_account(data_dir, open_page):
    """Jobs of another group count. A finished group, and a cloud without limits, have no number."""
    with EmbeddedCloud(prewarm=False, max_queue=3) as cloud:
        set_token(cloud.token, url=cloud.url)
        groups = [JobGroup(name) for name in ("one", "two", "done")]
        for group, duration_s in zip(groups, (60, 60, 0), strict=True):
            body = {"command": "probs", "parameters": {"duration_s": duration_s}}
            for _ in range(2):
                group.add(RemoteJob(body, platform="test:timer", url=cloud.url))
        one, two, done = groups
        done.run_parallel()
        done.wait(120)
        one.run_parallel()
        page, other = open_page(two), open_page(done)
        assert page.ask("slots") == {"used": 2, "total": 3}
        assert other.ask("slots") == {"used": None, "total": None}
        one.cancel_all()


def test_results_are_kept_once_the_page_says_so(make_group, open_page, cloud):
    """The group's setting changes, and results that are loaded later are in its file."""
    jobs = [{"results": {"|1>": 3}}, {"results": {"|1>": 4}}]
    group = make_group("g", *jobs, command="sample_count")
    group.run_parallel()
    group.wait(120)
    page = open_page(group)
    assert page.ask("size")["keeps_results"] is False
    page.ask("measured", positions=[0])
    assert group.state.results_on_cloud_only == 2
    page.do("keep", keep=True)
    assert page.ask("size")["keeps_results"] is True
    page.ask("measured", positions=[0, 1])
    assert group.state.results_on_cloud_only == 1
    page.do("keep", keep=False)
    assert not group.cache.enabled
