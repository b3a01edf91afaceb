"""A user's input in a real JupyterLab: changed parameters, notes, notifications."""

import pytest
from playwright.sync_api import Browser, expect

from harness.groups import cloud, group
from harness.jupyter import JupyterServer

pytestmark = pytest.mark.hosts

NOTIFIED = """
(() => {
  window.notified = [];
  window.Notification = class {
    static permission = "default";
    static async requestPermission() { return (this.permission = "granted"); }
    constructor(title, { body }) { window.notified.push(`${title}: ${body}`); }
  };
})()
"""
"""Record notifications, because a browser without a screen shows none."""


def test_failed_job_is_edited_rerun_described_and_notified(
    browser: Browser, jupyter: JupyterServer
):
    """Estimate and run, rerun the failed job with another value, and write a note.

    The kernel agrees at each step, and each requested notification appears once.
    """
    cells = [
        cloud(),
        group("edited", "job()", "job(duration_s=1.0)")
        + "\ncloud.faults.add('fail_job', times=1)\njg",
    ]
    with jupyter.open(browser, cells) as notebook:
        page = notebook.page
        page.evaluate(NOTIFIED)
        notebook.run_all()

        page.get_by_role("button", name="More options: Send").click()
        expect(page.get_by_test_id("preview")).to_contain_text("Run 2 jobs: shots unknown, ")
        assert page.get_by_test_id("preview").text_content() == notebook.evaluate(
            "str(jg.estimate())"
        )
        page.keyboard.press("Escape")
        page.get_by_test_id("notify").click()
        expect(page.get_by_test_id("notify")).to_have_attribute("aria-pressed", "true")
        page.get_by_test_id("primary").click()
        expect(page.get_by_test_id("chip-error")).to_contain_text("1")
        expect(page.get_by_test_id("chip-success")).to_contain_text("1")
        reported = ["edited: A job has failed", "edited: 2 jobs finished, 1 failed"]
        page.wait_for_function("window.notified.length > 0")
        assert page.evaluate("window.notified.at(-1)") in reported

        page.locator("[data-testid^=row-][data-status=error] .cell").nth(1).click()
        page.get_by_test_id("revise").click()
        page.get_by_test_id("revision-duration_s").fill("0.25")
        page.get_by_test_id("revision-go").click()
        expect(page.get_by_test_id("chip-success")).to_contain_text("2")
        expect(page.get_by_test_id("live")).to_contain_text("1 rerun")
        expect(page.get_by_test_id("jobgroup").locator(".python")).to_contain_text(
            "params={'duration_s': 0.25})"
        )
        changes = "next(j.attempts[-1].overrides for j in jg if len(j.attempts) == 2)"
        assert notebook.evaluate(changes)["duration_s"][1] == 0.25
        expect(page.get_by_test_id("job")).to_contain_text("→ 0.25")

        page.get_by_test_id("note-edit").click()
        page.get_by_test_id("note-field").fill("shorter")
        page.get_by_test_id("note-save").click()
        expect(page.get_by_test_id("note")).to_have_text("shorter")
        page.get_by_test_id("description-edit").click()
        page.get_by_test_id("description-field").fill("Two timers")
        page.get_by_test_id("description-save").click()
        expect(page.get_by_test_id("description")).to_have_text("Two timers")
        assert notebook.evaluate("[jg.description, *sorted(j.note for j in jg)]") == [
            "Two timers",
            "",
            "shorter",
        ]
        page.get_by_test_id("search").fill("shorter")
        expect(page.locator("[data-testid^=row-]")).to_have_count(1)
        page.get_by_test_id("all-groups").click()
        expect(page.get_by_test_id("listed-edited")).to_contain_text("Two timers")
        notebook.assert_quiet()
