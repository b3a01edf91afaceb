"""Tests of `Dashboard` as an object: one per group, options, traits for programs, and the
fallback.
"""

from __future__ import annotations

import gc
import html.parser
import json
import re
import weakref

import comm
import pytest
from ipywidgets import FloatProgress, Text, dlink, link
from protocol_examples import record
from traitlets import TraitError

import jobgroup
from jobgroup import Dashboard, GroupNotFoundError, JobGroup
from jobgroup.dashboard import view_timeout
from jobgroup.dashboard.static_html import html_of_records
from jobgroup.results.measurement import Measurement


def test_a_group_has_one_dashboard_however_often_the_cell_runs(make_group, open_page):
    """The group, its name, or another object of it gives the same widget until it is closed."""
    group = make_group("g", {})
    first = open_page(group).dashboard
    assert Dashboard("g") is first
    assert Dashboard(JobGroup("g")) is first
    first.close()
    assert open_page(group).dashboard is not first


def test_options_make_a_dashboard_of_its_own(make_group, open_page):
    """The group's default dashboard does not change. A wrong value creates no dashboard."""
    group = make_group("g", {})
    default = open_page(group).dashboard
    failed = open_page(group, filter="failed").dashboard
    assert failed is not open_page(group, filter="failed").dashboard
    assert (failed.filter, default.filter, Dashboard(group)) == ("error", "all", default)
    before = len(comm.get_comm_manager().comms)
    with pytest.raises(TraitError, match="filter must be one of"):
        open_page(group, filter="faild")
    assert len(comm.get_comm_manager().comms) == before


def test_a_dashboard_with_options_closes_after_its_last_view(
    make_group, open_page, new_threads, monkeypatch
):
    """It stays open while a view is out of sight or a program observes it. It reopens when
    displayed again.
    """

    def close_after(seconds):
        monkeypatch.setattr(view_timeout, "CLOSED_AFTER_S", seconds)

    monkeypatch.setattr(view_timeout, "VIEW_CHECK_INTERVAL_S", 0.05)
    group = make_group("g", {})
    default = open_page(group)
    kept, observed, gone = (open_page(group, filter="failed") for _ in range(3))
    observed.dashboard.observe(lambda _: None, "counts")
    for page in (default, kept, observed, gone):
        page.open()
        page.wait_for("snapshot")
        page.close(has_views=page is kept)
    close_after(0.0)
    gone.wait(lambda: gone.dashboard.comm is None)
    assert all(page.dashboard.comm is not None for page in (default, kept, observed))
    close_after(600.0)  # the page may take a while to open again
    data, _ = Dashboard._repr_mimebundle_(gone.dashboard)
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"]
    again = type(gone)(gone.dashboard)
    again.open()
    again.wait_for("snapshot")
    again.close(has_views=False)
    close_after(0.0)
    again.wait(lambda: gone.dashboard.comm is None)
    observed.dashboard.unobserve_all()
    kept.close(has_views=False)
    kept.wait(lambda: kept.dashboard.comm is observed.dashboard.comm is None)
    default.wait(lambda: not new_threads())


def test_an_unknown_option_is_refused_with_advice(make_group, open_page):
    """A misspelt keyword is a TypeError that names the right one, not silence."""
    with pytest.raises(TypeError, match=r"no option 'fliter'\. Did you mean 'filter'"):
        open_page(make_group("g", {}), fliter="failed")
    with pytest.raises(TypeError, match="JobGroup"):
        Dashboard(7)
    with pytest.raises(GroupNotFoundError, match="g2"):
        Dashboard("g2")


def test_wrong_values_are_refused(make_group, open_page):
    """Each trait's error names valid values."""
    dashboard = open_page(make_group("g", {})).dashboard
    for name, value in {"filter": "faild", "theme": "pink", "selected": ["x"]}.items():
        with pytest.raises(TraitError):
            setattr(dashboard, name, value)


def test_selected_takes_positions_jobs_and_ranges(make_group, open_page):
    """A program may set any of these forms. It reads ranges, and the jobs."""
    group = make_group("g", {}, {}, {}, {})
    dashboard = open_page(group).dashboard
    dashboard.selected = [group[0], 1, [3, 3]]
    assert dashboard.selected == [[0, 1], [3, 3]]
    assert dashboard.selected_jobs == [group[0], group[1], group[3]]


def test_a_program_observes_changes_of_a_visible_dashboard(make_group, open_page):
    """`observe` and `link` see counts and progress change while a page shows the dashboard."""
    seen = []
    group = make_group("g", {}, {})
    page = open_page(group)
    page.dashboard.observe(lambda change: seen.append(change.new), "counts")
    page.open()
    group.run_parallel()
    page.wait(lambda: seen and seen[-1] == {"success": 2})


def test_a_program_observes_a_dashboard_without_a_page(make_group, open_page, new_threads):
    """The end of a job on the cloud changes a linked trait, although no page is connected. A value
    that a program sets is linked in the other direction too. After the last observer has left,
    nothing keeps running.
    """
    group = make_group("g", {}, {})
    page = open_page(group)
    bar, box = FloatProgress(max=1), Text()
    dlink((page.dashboard, "progress"), (bar, "value"))
    link((box, "value"), (page.dashboard, "search"))
    group.run_parallel()
    page.wait(lambda: bar.value == 1 and page.dashboard.counts == {"success": 2})
    box.value = "lens"
    assert page.dashboard.search == "lens"
    page.dashboard.unobserve_all()
    page.wait(lambda: not new_threads())


def test_a_group_shows_its_dashboard_and_a_table_without_a_kernel(make_group, open_page):
    """The last line of a cell shows the widget if there is a kernel, otherwise HTML and text."""
    group = make_group("g", {})
    page = open_page(group)
    data, _ = group._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == page.dashboard.model_id
    assert data["text/plain"] == repr(group)
    assert "Dashboard(&#x27;g&#x27;)" in data["text/html"]


def test_an_output_names_its_group_for_pages_without_its_kernel(make_group, open_page):
    """The output has the data with which JupyterLab's extension finds the group, and no path on the
    disk.
    """
    group = make_group("g", {})
    page = open_page(group)
    data, _ = group._repr_mimebundle_()
    output = data["application/vnd.jobgroup+json"]
    assert output == {
        "version": 1,
        "name": "g",
        "uuid": output["uuid"],
        "session": page.dashboard.get_state("_session")["_session"],
        "model_id": page.dashboard.model_id,
        "saved": page.dashboard.version,
    }
    assert len(output["uuid"]) > 30
    assert Dashboard()._repr_mimebundle_()[0]["application/vnd.jobgroup+json"]["uuid"] == ""


def test_a_deleted_group_is_shown_as_deleted(make_group, open_page):
    """A cell that runs again after the deletion shows a sentence, not a traceback."""
    group = make_group("g", {})
    open_page(group)
    group._repr_mimebundle_()
    JobGroup.delete_job_group("g")
    data, _ = group._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "JobGroup('g'): deleted. JobGroup.restore(name) restores it."


def test_the_table_without_a_kernel_is_escaped_and_bounded():
    """Names and messages come from anywhere. None becomes a tag, and the text of 20,000 jobs stays
    small.
    """
    evil = '<img src=x onerror="alert(1)">'
    records = [
        record(0, name=evil, message=evil, state="error", labels_json='{"<b>":"<i>"}'),
        *(record(i) for i in range(1, 20_000)),
    ]
    text = html_of_records(evil, {"error": 1, "unsent": 19_999}, records, 0.0)
    tags = set()
    parser = html.parser.HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.add((tag, *attrs))
    parser.feed(text)
    known = "p b br small code table thead tbody tr th td"
    assert tags == {(tag,) for tag in known.split()}
    assert "1 failed, 19,999 to send" in text
    assert "and 19,950 more" in text
    assert len(text) < 20_000


def test_the_table_without_a_kernel_shows_a_swept_parameter_once():
    """A parameter that has a label's value in each row is shown only under the label's name."""
    records = [
        record(
            i,
            labels_json=json.dumps({"indist": value}),
            params_json=json.dumps({"noise": {"indistinguishability": value}, "seed": i % 2}),
        )
        for i, value in enumerate((0.5, 0.75, 1.0))
    ]
    text = html_of_records("g", {"unsent": 3}, records, 0.0)
    assert "<th>indist</th><th>seed</th>" in text
    assert "noise.indistinguishability" not in text


def test_the_table_without_a_kernel_stays_small_with_wide_rows():
    """Fifty jobs with long texts in many columns take 20 kB; the others are counted."""
    labels = {f"label {i}": "x" * 500 for i in range(20)}
    records = [
        record(i, labels_json=json.dumps({**labels, "phi": i}), message="é" * 500)
        for i in range(50)
    ]
    text = html_of_records("g", {"unsent": 50}, records, 0.0)
    assert 10_000 < len(text.encode()) < 22_000
    shown = text.count("<tr>") - 1
    assert f"and {50 - shown} more" in text


def test_the_fallback_puts_failed_jobs_first():
    """A reader of a saved notebook sees failures at once."""
    records = [record(0), record(1, state="error", message="why")]
    text = html_of_records("g", {"error": 1, "unsent": 1}, records, 0.0)
    assert text.index("why") < text.index("to send</td>")


def test_the_fallback_has_labels_first_and_measured_values_with_errors():
    """The text has the page's columns: no hash of a circuit, no JSON, and a row for each
    iteration.
    """
    records = [
        record(
            i,
            state="success",
            params_json=json.dumps({"max_samples": i, "noise": json.dumps({"g2": i / 100})}),
            metadata_json='{"content":"4e658da3"}',
        )
        for i in range(2)
    ]
    measured = {
        0: [Measurement(0, kind="count", values={"|1,1>": 98, "|2,0>": 402})],
        1: [Measurement(1, i, {"theta": i}, "count", {"|2,0>": 10}) for i in range(2)],
    }
    text = html_of_records("g", {"success": 2}, records, 0.0, measured)
    head = re.findall("<th>(.*?)</th>", text)
    assert head == [
        *("#", "status", "phi", "max_samples", "noise.g2", "theta"),
        *("|2,0&gt;", "|1,1&gt;", "time", "message"),
    ]
    rows = [re.findall("<td>(.*?)</td>", row) for row in text.split("<tr>")[2:]]
    assert [row[0] for row in rows] == ["0", "1 · 1", "1 · 2"]
    assert rows[0][6:8] == ["0.804 ± 0.018", "0.196 ± 0.018"]
    assert "4e658da3" not in text


def test_dashboard_is_imported_only_when_it_is_used():
    """The library's import is fast, because the widget's imports would take longer than all
    others.
    """
    import subprocess
    import sys

    code = "import jobgroup, sys; print('anywidget' in sys.modules, jobgroup.Dashboard.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "Dashboard"]
    assert jobgroup.Dashboard is Dashboard


def test_fifty_closed_dashboards_leave_nothing_behind(make_group, open_page, new_threads):
    """After dashboards were opened, viewed and closed, no thread, comm or object is left."""
    group = make_group("g", {})
    comms = len(comm.get_comm_manager().comms)
    page = open_page(group)
    page.dashboard.close()
    known: list[weakref.ref[Dashboard]] = []
    for options in [{}, {"filter": "failed"}] * 25:
        dashboard = Dashboard(group, **options)
        known.append(weakref.ref(dashboard))
        for content in ({"t": "open", "client": None}, {"t": "close"}):
            data = {"method": "custom", "content": content}
            dashboard.comm.handle_msg({"content": {"data": data}, "buffers": []})
        dashboard.close()
        del dashboard

    def are_gone() -> bool:
        gc.collect()
        return not new_threads() and not any(each() for each in known[:-1])

    page.wait(are_gone)
    assert len(comm.get_comm_manager().comms) <= comms


def test_the_garbage_collector_closes_no_dashboard(make_group):
    """It may run in any thread, even in one that holds a lock that closing needs."""
    closed = []

    class Counted(Dashboard):
        def close(self) -> None:
            closed.append(1)
            super().close()

    dashboard = Counted(make_group("g", {}), filter="all")
    dashboard.close()
    known = weakref.ref(dashboard)
    del dashboard
    gc.collect()
    assert known() is None
    assert closed == [1]
