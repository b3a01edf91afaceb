"""The dashboard without a kernel: the saved page in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from harness.browser import fresh_page
from jobgroup import Dashboard, JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud

pytestmark = pytest.mark.hosts


@pytest.fixture
def finished(data_dir: Path):
    """Make a group of three jobs that have run, one of which failed, with a hostile name."""
    with EmbeddedCloud(prewarm=False) as cloud:
        set_token(cloud.token, url=cloud.url)
        group = JobGroup("saved </script><b>")
        for i, parameters in enumerate([{"results": {"|0,1>": 7, "|1,0>": 3}}, {"fail": "no"}, {}]):
            body = {"command": "sample_count", "parameters": parameters}
            job = RemoteJob(body, platform="test:timer", url=cloud.url)
            group.add(job, labels={"phi": i / 10})
        group.run_parallel()
        group.wait(120)
        yield group


def test_saved_page_works_from_disk_without_a_network(
    browser: Browser, finished: JobGroup, tmp_path: Path
):
    """The table, filter, drawer and charts of the saved page work, and it has no actions."""
    path = tmp_path / "page.html"
    dashboard = Dashboard(finished)
    dashboard.save_html(path)
    dashboard.close()
    with fresh_page(browser) as (page, record):
        page.context.set_offline(True)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
        page.goto(path.as_uri())
        expect(page.get_by_test_id("row-1")).to_have_attribute("data-status", "error")
        expect(page.get_by_test_id("jobgroup")).to_contain_text("saved </script><b>")
        page.get_by_test_id("chip-success").click()
        expect(page.get_by_test_id("row-1")).to_have_count(0)
        page.get_by_test_id("row-0").locator(".cell").last.click()
        expect(page.get_by_test_id("job")).to_contain_text("|0,1>")
        page.get_by_test_id("view-both").click()
        page.get_by_test_id("row-0").locator(".select").click()
        expect(page.get_by_test_id("comparison")).to_contain_text("0.70 ± 0.14")
        for action in ("run", "rerun-failed", "cancel", "pause", "delete", "all-groups"):
            expect(page.get_by_test_id(action)).to_have_count(0)
        record.assert_clean()
        assert set(asked) <= {"file", "data"}
