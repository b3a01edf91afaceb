"""The page's field for a token, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from ui_server import TIMEOUT_S


@pytest.mark.parametrize("before", ["", "expired"])
def test_results_are_loaded_once_their_token_is_given(
    make_group, start_ui, open_page, cloud, before
):
    """The page of a finished group asks for the token, and then loads its results."""
    group = make_group("study", {}, {})
    group.run_parallel()
    group.wait(TIMEOUT_S)
    page = open_page(start_ui(JOBGROUP_TOKEN=before), "study")
    expect(page.get_by_test_id("token-strip")).to_be_visible(timeout=120_000)
    expect(page.get_by_test_id("no-results")).to_have_count(0)
    page.get_by_test_id("token-field").fill(cloud.token)
    page.get_by_test_id("token-set").click()
    expect(page.get_by_test_id("token-strip")).to_have_count(0, timeout=120_000)
    expect(page.get_by_test_id("no-results")).to_have_count(0, timeout=120_000)
    expect(page.get_by_test_id("jobgroup")).to_contain_text("measured")
