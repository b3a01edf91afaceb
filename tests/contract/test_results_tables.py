"""Tests of result tables: content and display."""

from __future__ import annotations

import asyncio
import json
import math

import polars as pl
import pytest
from measured_jobs import document_of

from jobgroup import (
    InvalidTokenError,
    JobGroup,
    JobGroupWarning,
    RemoteJob,
    UnknownColumnError,
    set_token,
)


def test_table_has_a_row_for_each_job(sweep):
    """The table shows differing values, every number of the results, attempts, the error, and
    gaps.
    """
    table = sweep.results_table()
    assert table.columns == [
        *("job", "name", "status", "phi", "max_shots", "samples"),
        *("p(|2,0>)", "p_err(|2,0>)", "p(|1,1>)", "p_err(|1,1>)", "p(|0,2>)", "p_err(|0,2>)"),
        *("physical_perf", "logical_perf"),
        *("shots", "duration_s", "attempts", "note", "error"),
    ]
    assert table["status"] == ["success", "success", "error", "waiting", "unsent"]
    assert table["phi"] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert table["max_shots"] == [100, 200, 100, 100, 100]
    assert table["physical_perf"] == [0.5, 0.5, None, None, None]
    assert table["logical_perf"] == [None, 0.25, None, None, None]
    assert (table["shots"][:2], table["duration_s"][:2]) == ([90, None], [3.0, 4.0])
    assert table["attempts"] == [1, 1, 1, 1, 0]
    assert table["error"] == [None, None, "<b>The laser</b> lost its lock", None, None]
    assert len(table) == 5
    assert table[1]["name"] == table[-4]["name"] == "job 1"
    assert [row["job"] for row in table] == [0, 1, 2, 3, 4]
    assert asyncio.run(sweep.results_table_async())[:] == table[:]


def test_table_has_the_selected_columns(sweep):
    """Chosen columns keep the requested order, and may be equal for all jobs."""
    table = sweep.results_table(["chip", "job", "id"])
    assert table.columns == ["chip", "job", "id"]
    assert table[0] == {"chip": "A", "job": 0, "id": sweep[0].id}
    assert table.select("max_samples")[:2] == [{"max_samples": 10}] * 2
    for ask in (lambda: sweep.results_table(["phy"]), lambda: table.select("phy")):
        with pytest.raises(UnknownColumnError, match=r"no column 'phy'\. Columns are: job, .*phi"):
            ask()


def test_table_has_a_row_for_each_iteration(ended, scripted):
    """Iterated values are columns, with gaps for other jobs; each row has the job's numbers."""
    jg = ended("completed", "completed", "error")
    each = [
        {
            "results": {"|1,0>": n},
            "physical_perf": n / 10,
            "iteration": {"circuit_params": {"x": n}},
        }
        for n in (1, 2)
    ]
    document = {"results_list": each, "clock": 7}
    scripted.results[jg[0].id] = {"results": json.dumps(document)}
    table = jg.results_table()
    assert table["job"] == [0, 0, 1, 2]
    assert table["iteration"] == [0, 1, None, None]
    assert table["x"] == [1, 2, None, None]
    assert table["physical_perf"] == [0.1, 0.2, None, None]
    assert table["clock"] == [7, 7, None, None]
    assert jg.distributions()["iteration"] == [0, 1]
    assert jg.distributions()["x"] == [1, 2]


def test_conflicting_column_name_gets_its_origin(scripted):
    """A label with the name of a column or a parameter hides neither."""
    jg = JobGroup("names")
    for n in (1, 2):
        job = RemoteJob({"command": "x", "phi": -n}, platform="p", url=scripted.url)
        jg.add(job, labels={"status": f"mine {n}", "phi": n})
    table = jg.results_table()
    assert table["status"] == ["unsent", "unsent"]
    assert table["label.status"] == ["mine 1", "mine 2"]
    assert table["phi"] == [1, 2]
    assert table["param.phi"] == [-1, -2]


def test_unreadable_result_has_its_error_and_raw_text(sweep, scripted):
    """The job's row has the error, the other rows are complete, and the raw text is available."""
    scripted.results[sweep[1].id] = {"results": "{cut sho"}
    table = sweep.results_table()
    assert table["physical_perf"] == [0.5, None, None, None, None]
    assert "not JSON" in table["error"][1]
    assert table.failures[1].raw == "{cut sho"
    set_token("wrong", url=scripted.url)
    with pytest.raises(InvalidTokenError):
        sweep.results_table()
    offline = sweep.results_table(refresh=False)
    assert offline["status"] == ["success", "success", "error", "waiting", "unsent"]
    assert "physical_perf" not in offline.available_columns


def test_empty_table_has_columns_and_exports():
    """An empty group's table has no rows, and every export works."""
    table = JobGroup("empty").results_table()
    assert len(table) == 0
    assert "job" in table.columns
    assert len(table.to_pandas()) == len(table.to_polars()) == len(pl.DataFrame(table)) == 0
    assert "0 jobs" in repr(table)
    none = JobGroup("empty").distributions()
    assert (len(none), none.columns) == (0, ["job", "state", "count", "p", "p_err", "samples"])


def test_huge_numbers_affect_only_their_job(sweep, scripted):
    """A count or a number beyond all floats is not used, and the other job keeps its shares."""
    scripted.results[sweep[0].id] = document_of({"|2,0>": 10**400}, logical_perf=10**400)
    frame = sweep.results_table().to_pandas()
    assert math.isinf(frame["logical_perf"][0])
    assert list(frame["p(|2,0>)"].dropna()) == [0.7]
    assert "usable numbers" in frame["error"][0]
    with pytest.warns(JobGroupWarning, match=r"Could not get 1 of 2 .* They are left out"):
        assert sweep.to_xarray()["p"].sel(state="|2,0>", phi=0.1) == 0.7


@pytest.mark.parametrize("share", ["nan", "inf"])
def test_repeats_without_a_finite_share_have_no_spread(share, scripted, timer):
    """The repeats of the other point have one."""
    scripted.first_word = "completed"
    jg = JobGroup("repeats")
    for phi in (0, 0, 1, 1):
        jg.add(timer(scripted), labels={"phi": phi})
    jg.run_parallel()
    for job in jg:
        text = ":PCVL:BSDistribution:{|1>=%s;|0>=0.5}" % ("0.5" if job.position else share)
        scripted.results[job.id] = {"results": json.dumps({"results": text})}
    errors = jg.to_xarray(errors="scatter")["p_err"].sel(state="|1>").values
    assert math.isnan(errors[0])
    assert errors[1] == 0


def test_table_escapes_html_in_a_notebook(sweep):
    """The cells and the column names may contain a cloud's markup."""
    sweep.add(RemoteJob({"command": "x"}, platform="p"), labels={"<i>x</i>": "<script>"})
    html = sweep.results_table()._repr_html_()
    assert "&lt;b&gt;The laser&lt;/b&gt;" in html
    assert "&lt;i&gt;x&lt;/i&gt;" in html
    assert not any(tag in html for tag in ("<b>", "<i>", "<script>"))
    assert html.count("<tr>") == 7


def test_table_is_plain_text_in_a_terminal(sweep, scripted):
    """The text is aligned, with one line for each row and no control characters."""
    scripted.tell(sweep[3].id, "error", status_message="\x1b[31mred\nand more")
    text = repr(sweep.results_table(["job", "phi", "error"]))
    assert text.splitlines() == [
        "job  phi  error",
        "  0    0",
        "  1  0.1",
        "  2  0.2  <b>The laser</b> lost its lock",
        "  3  0.3   [31mred and more",
        "  4  0.4",
        "5 jobs (1 unsent, 2 success, 2 error)",
    ]


def test_long_table_shows_its_beginning_and_end(group, scripted):
    """Long tables are shortened in terminals and notebooks. Exports have every row."""
    table = group(scripted, 1000).results_table()
    assert len(repr(table).splitlines()) == 60 + 3
    assert table._repr_html_().count("<tr>") == 500 + 2
    assert len(table.to_pandas()) == 1000


def test_table_of_counts_does_not_import_perceval(ended, scripted, in_interpreter):
    """Perceval is installed, but counts and distributions are available without its import."""
    jg = ended("completed", "completed")
    for job in jg:
        scripted.results[job.id] = {"results": '{"results": ":PCVL:BSCount:{|1,0>=3;|0,1>=4}"}'}
    notices = in_interpreter(TABLE, scripted)
    assert notices == [[3, 4, 3, 4], False]


TABLE = """
import json, sys
from jobgroup import JobGroup
jg = JobGroup.open("experiment")
jg.results_table()
print(json.dumps([jg.distributions()["count"], "perceval" in sys.modules]))
"""
