"""Tests of the dashboard without a kernel: in a notebook through nbconvert, and in a saved page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from jobgroup import Dashboard, JobGroup, JobGroupError, RemoteJob
from jobgroup.cloud import EmbeddedCloud


@pytest.fixture
def group() -> JobGroup:
    """Two unsent jobs whose texts try to break out of any page that contains them."""
    group = JobGroup("saved </script><b>")
    for i in range(2):
        job = RemoteJob({"command": "probs"}, platform="x", url="http://127.0.0.1:1")
        group.add(job, labels={"phi": i / 10, "why": "<script>alert(1)</script>"})
    return group


def test_a_notebook_without_a_kernel_shows_a_table(group: JobGroup):
    """nbconvert, GitHub and a reopened notebook use the table beside the widget, which has the last
    state, escaped.
    """
    import nbformat  # takes seconds
    from nbconvert import HTMLExporter

    data, _ = group._repr_mimebundle_()
    Dashboard(group).close()
    cell = nbformat.v4.new_code_cell("jg", outputs=[nbformat.v4.new_output("display_data", data)])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    assert "2 to send" in body
    assert "saved &lt;/script&gt;&lt;b&gt;" in body
    assert "<b>saved </script>" not in body


def test_a_page_asks_for_the_newest_table_of_a_notebook(make_group, open_page):
    """The answer has the newest state, and the version of the group that identifies it."""
    group = make_group("g", {}, {})
    page = open_page(group)
    before, _ = group._repr_mimebundle_()
    group.run_parallel(wait=True)
    saved = page.ask("saved")
    assert saved["version"] > before["application/vnd.jobgroup+json"]["saved"]
    assert "2 to send" in before["text/html"]
    assert "2 done" in saved["data"]["text/html"]
    assert saved["data"]["text/plain"] == repr(group)


def test_a_saved_page_holds_the_group_as_escaped_data(group: JobGroup, tmp_path: Path):
    """The page is one file, read-only, with the state as JSON in a script and no URL to fetch."""
    path = tmp_path / "page.html"
    dashboard = Dashboard(group, filter="unsent")
    dashboard.save_html(path, results=False)
    dashboard.close()
    page = path.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="state">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    state = json.loads(found[1])
    assert state["values"]["read_only"] is True
    assert state["values"]["filter"] == "unsent"
    labels = state["snapshot"]["rows"]["columns"]["label."]
    assert [json.loads(text)["phi"] for text in labels] == [0.0, 0.1]
    assert state["jobs"]["1"]["labels"]["why"] == "<script>alert(1)</script>"
    assert page.count("<script") == 2
    assert "<title>saved &lt;/script&gt;&lt;b&gt;</title>" in page
    assert "</script><b>" not in page
    assert "http" not in page.replace(found[1], "").replace("jobgroup", "")


def test_a_saved_page_has_the_current_states_of_the_cloud(
    make_group: Any, cloud: EmbeddedCloud, open_page: Any, tmp_path: Path
):
    """The page shows jobs that have ended since the last poll. With a rejected token, it has the
    last known states.
    """
    page = open_page(make_group("g", {}, {}))
    group, path = page.dashboard.shown, tmp_path / "page.html"
    group.run_parallel()
    page.wait(lambda: {job.status for job in cloud.jobs()[-2:]} == {"completed"})
    number = cloud.faults.add("refuse_token")
    page.dashboard.save_html(path, results=False)
    assert '"counts":{"success":2}' not in path.read_text(encoding="utf-8")
    cloud.faults.remove(number)
    page.dashboard.save_html(path, results=False)
    assert '"counts":{"success":2}' in path.read_text(encoding="utf-8")


def test_a_list_of_groups_cannot_be_saved():
    """Without a group, there is nothing to save, and the error says what to do."""
    dashboard = Dashboard()
    with pytest.raises(JobGroupError, match="Dashboard\\(group\\)"):
        dashboard.save_html("nowhere.html")
    dashboard.close()
