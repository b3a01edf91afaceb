"""The page of `jobgroup ui` in a real browser, beside a run in another process."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from ui_server import Ui, wait

from harness.browser import Record, launched
from jobgroup import JobGroup


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without network."""
    with sync_playwright() as playwright, launched(playwright) as chromium:
        yield chromium


@pytest.fixture
def open_page(browser):
    """Opens the page of a group, and fails the test if it asked another host or threw."""
    contexts = []

    def open_page(ui: Ui, group: str = "") -> Page:
        contexts.append(browser.new_context(viewport={"width": 1200, "height": 800}))
        page = contexts[-1].new_page()
        page.set_default_timeout(120_000)
        records.append(Record())
        records[-1].watch(page)
        page.goto(f"{ui.url}jobgroup/?group={quote(group)}&token={ui.token}")
        return page

    records: list[Record] = []
    yield open_page
    for context in contexts:
        context.close()
    for record in records:
        record.assert_clean()


def test_two_pages_show_a_run_of_another_process_and_pause_it(make_group, ui, start_run, open_page):
    """Both pages follow the run, and a button of one pauses it."""
    group = make_group("hom map", *[{"duration_s": 1}] * 60)
    start_run("hom map", "--delay=0")
    pages = [open_page(ui, "hom map") for _ in range(2)]
    for page in pages:
        expect(page.get_by_test_id("jobgroup")).to_be_visible(timeout=120_000)
        wait(lambda page=page: "success" in page.get_by_test_id("grid").inner_html())
    group.pause()
    for page in pages:
        expect(page.get_by_text(re.compile("paused", re.IGNORECASE)).first).to_be_visible(
            timeout=120_000
        )


def test_the_list_opens_a_group_and_the_address_follows(make_group, ui, open_page):
    """A reload shows the group again."""
    make_group("first", {})
    make_group("second", {})
    page = open_page(ui)
    page.get_by_text("second").first.click()
    page.wait_for_url("**group=second**", timeout=120_000)
    page.reload()
    expect(page.get_by_role("heading", name="second")).to_be_visible(timeout=120_000)
    assert "token" not in page.url


def test_a_page_reconnects_to_a_server_that_is_started_again(make_group, start_ui, open_page):
    """It says that the connection is lost, and goes on where the next server answers."""
    group, ui = make_group("study", {}, {}), start_ui()
    page = open_page(ui, "study")
    expect(page.get_by_role("heading", name="study")).to_be_visible(timeout=120_000)
    ui.stop(signal.SIGKILL)
    expect(page.get_by_text(re.compile("No connection to the server"))).to_be_visible(
        timeout=120_000
    )
    ui.start()
    expect(page.get_by_text(re.compile("No connection to the server"))).to_have_count(
        0, timeout=120_000
    )
    group[1].note = "written after the restart"
    expect(page.get_by_test_id("jobgroup")).to_be_visible()
    group.description = "described after the restart"
    expect(page.get_by_text("described after the restart").first).to_be_visible(timeout=120_000)


def test_a_group_that_is_not_there_is_named(ui, open_page):
    """The page says which group it looked for."""
    assert JobGroup.list_existing() == []
    page = open_page(ui, "nowhere")
    expect(page.get_by_text(re.compile("nowhere")).first).to_be_visible(timeout=120_000)
