"""Tests of result tables: content, display and exports."""

from __future__ import annotations

import asyncio
import codecs
import json
import math
import os
import sys

import nanoarrow
import pandas as pd
import polars as pl
import pytest
from matplotlib.colors import to_hex

from jobgroup import (
    Dashboard,
    InvalidTokenError,
    JobGroup,
    JobGroupWarning,
    MissingDependencyError,
    OutputExistsError,
    RemoteJob,
    StorageError,
    UnknownColumnError,
    set_token,
)
from jobgroup.results.colours import PALETTE
from jobgroup.store.paths import group_path


def _document(counts, **scalars):
    return {"results": json.dumps({"results": counts, "physical_perf": 0.5, **scalars})}


@pytest.fixture
def sweep(scripted):
    """Make five jobs over a phase: success, success, error, waiting, unsent."""
    jg = JobGroup("sweep")
    for nth, shots in enumerate((100, 200, 100, 100, 100)):
        body = {"command": "sample_count", "max_shots": shots, "max_samples": 10}
        job = RemoteJob(body, platform="sim:x", url=scripted.url, name=f"job {nth}")
        jg.add(job, labels={"phi": nth / 10, "chip": "A"})
        if nth < 4:
            jg[nth].execute_async()
    jg[0].note = "=a note"
    scripted.tell(jg[0].id, "completed", duration=3, shots=90)
    scripted.tell(jg[1].id, "completed", duration=4)
    scripted.tell(jg[2].id, "error", status_message="<b>The laser</b> lost its lock")
    scripted.results[jg[0].id] = _document({"|2,0>": 4, "|1,1>": 6})
    scripted.results[jg[1].id] = _document({"|2,0>": 7, "|0,2>": 3}, logical_perf=0.25)
    return jg


# -- what is in them -------------------------------------------------------------------------------


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
    scripted.results[sweep[0].id] = _document({"|2,0>": 10**400}, logical_perf=10**400)
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


# -- how they are shown ----------------------------------------------------------------------------


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


# -- ways out --------------------------------------------------------------------------------------


def test_table_exports_to_dataframes(sweep):
    """pandas, polars and Arrow consumers get the same data; integers stay integers."""
    table = sweep.results_table()
    frame = table.to_pandas()
    assert list(frame.columns) == table.columns
    assert str(frame["phi"].dtype) == "float64"
    assert str(frame["max_shots"].dtype) == "int64"
    assert str(frame["shots"].dtype) == "Int64"
    assert frame.groupby("status")["physical_perf"].mean()["success"] == 0.5
    assert pd.isna(frame["shots"][1])
    polars = table.to_polars()
    assert polars.equals(pl.DataFrame(table))
    assert polars.schema["shots"] == pl.Int64
    assert polars.to_dicts() == table[:]
    assert nanoarrow.ArrayStream(table).read_all().to_pylist() == table[:]


def test_empty_column_keeps_its_type(group, scripted):
    """Durations are numbers even before a job has one."""
    table = group(scripted, 2).results_table()
    assert table.to_polars().schema["duration_s"] == pl.Float64
    assert str(table.to_pandas()["duration_s"].dtype) == "float64"


def test_column_of_mixed_types_is_text(scripted):
    """A dataframe has text if a label is a number for one job and a word for another."""
    jg = JobGroup("mixed")
    for value in (1, "off", True, None, 10**30):
        jg.add(RemoteJob({"command": "x"}, platform="p", url=scripted.url), labels={"gain": value})
    table = jg.results_table()
    assert table["gain"] == [1, "off", True, None, 10**30]
    assert table.to_polars()["gain"].to_list() == ["1", "off", "True", None, f"{10**30}"]


def test_csv_contains_no_formulas(sweep, tmp_path):
    """Numbers stay numbers, and text that a spreadsheet would run is neutralized."""
    path = tmp_path / "table.csv"
    sweep.results_table(["job", "phi", "note"]).to_csv(path)
    assert path.read_bytes() == codecs.BOM_UTF8 + b"job,phi,note\r\n0,0.0,'=a note\r\n" + b"".join(
        b"%d,%.1f,\r\n" % (n, n / 10) for n in (1, 2, 3, 4)
    )
    assert sweep[0].note == "=a note"


def test_json_is_a_list_of_rows(sweep, tmp_path):
    """NaN and infinity become null."""
    sweep.add(RemoteJob({"command": "x"}, platform="p"), labels={"phi": float("nan")})
    path = tmp_path / "table.json"
    table = sweep.results_table()
    table.to_json(path)
    rows = json.loads(path.read_text("utf-8"))
    assert rows[:5] == table[:5]
    assert len(pd.read_json(path)) == 6


def test_export_overwrites_a_file_only_on_request(sweep, tmp_path):
    """An existing file raises OutputExistsError, overwrite=True replaces it, and a bad path is
    reported.
    """
    path = tmp_path / "kept"
    path.write_text("mine")
    table, distributions = sweep.results_table(), sweep.distributions()
    writers = (
        table.to_csv,
        table.to_json,
        distributions.to_csv,
        distributions.to_json,
        sweep.export,
    )
    for write in writers:
        with pytest.raises(OutputExistsError, match="overwrite=True"):
            write(path)
        with pytest.raises(StorageError, match="could not be written"):
            write(tmp_path / "nowhere" / "file")
        assert path.read_text() == "mine"
    for write in writers:
        write(path, overwrite=True)
        assert path.read_bytes()[:4] != b"mine"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["kept"]


def test_outputs_replace_no_device_no_link_and_no_group(sweep, tmp_path):
    """A named pipe stands for /dev/null, which root could replace. A link leads to its file. The
    file of a group stays, and an impossible path is reported.
    """
    os.mkfifo(pipe := tmp_path / "pipe")
    (link := tmp_path / "link").symlink_to(tmp_path / "file")
    dashboard = Dashboard(sweep)
    table = sweep.results_table()
    for write in (
        lambda path: table.to_csv(path, overwrite=True),
        lambda path: sweep.export(path, overwrite=True),
        lambda path: dashboard.save_html(path, results=False),
    ):
        for odd in (pipe, tmp_path):
            with pytest.raises(StorageError, match="not a regular file"):
                write(odd)
        with pytest.raises(StorageError, match="among the groups' files"):
            write(group_path(sweep.name))
        for odd in ("x" * 300, "a\0b"):
            with pytest.raises(StorageError, match="not a valid file name"):
                write(tmp_path / odd)
        write(link)
        assert pipe.is_fifo()
        assert link.is_symlink()
        assert link.stat().st_size > 0
        link.resolve().unlink()
    dashboard.close()
    assert len(JobGroup.open(sweep.name)) == len(sweep)


@pytest.mark.parametrize(
    ("module", "use"),
    [
        ("pandas", lambda t: t.to_pandas()),
        ("polars", lambda t: t.to_polars()),
        ("nanoarrow", lambda t: t.__arrow_c_stream__()),
        ("matplotlib", lambda t: t.plot()),
    ],
)
def test_missing_library_is_named(module, use, sweep, monkeypatch):
    """The error says how to install the library."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf"{module}.*pip install"):
        use(sweep.distributions())


# -- distributions ---------------------------------------------------------------------------------


def test_distributions_have_one_row_per_job_and_state(sweep):
    """Distributions follow the order of states, and have the labels and parameters."""
    table = sweep.distributions()
    assert table.columns == [
        *("job", "phi", "max_shots", "state", "count", "p", "p_err", "samples")
    ]
    assert [(r["job"], r["state"], r["count"], r["p"], r["samples"]) for r in table] == [
        *((0, "|2,0>", 4, 0.4, 10), (0, "|1,1>", 6, 0.6, 10)),
        *((1, "|2,0>", 7, 0.7, 10), (1, "|0,2>", 3, 0.3, 10)),
    ]
    wide = table.to_pandas().pivot_table(index="phi", columns="state", values="count", fill_value=0)
    assert wide.loc[0.1, "|2,0>"] == 7
    assert repr(table).splitlines()[-1] == "2 jobs, 4 states"
    assert asyncio.run(sweep.distributions_async())[:] == table[:]


def test_distributions_separate_counts_from_probabilities(ended, scripted):
    """Probabilities have no count, samples are counted, and a bare number has no states."""
    jg = ended("completed", "completed", "completed", "completed")
    results = ({"|1>": 0.25, "|0>": 0.75}, ["|1>", "|0>", "|1>", "|0>"], {"|0>": 3}, 5)
    for job, result in zip(jg, results, strict=True):
        scripted.results[job.id] = {"results": json.dumps({"results": result})}
    table = jg.distributions()
    assert [(r["job"], r["state"], r["count"], r["p"], r["samples"]) for r in table] == [
        (0, "|0>", None, 0.75, None),
        (0, "|1>", None, 0.25, None),
        (1, "|0>", 2, 0.5, 4),
        (1, "|1>", 2, 0.5, 4),
        (2, "|0>", 3, 1.0, 3),
    ]
    assert repr(table).splitlines()[-1] == (
        "3 jobs, 5 states; 1 of 3 computed by the platform, not sampled"
    )


@pytest.fixture
def canvas(monkeypatch):
    """Use Matplotlib without a display; close its figures after the test."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    yield plt
    plt.close("all")


def test_plot_draws_shares_with_intervals(sweep, canvas):
    """`plot` draws one job, several jobs side by side, or the most frequent states."""
    table = sweep.distributions()
    share = "share among selected"
    one = table.plot(0)
    assert [bar.get_height() for bar in one.patches] == [0.4, 0.6]
    bars = one.containers[0].lines[2][0].get_segments()
    wilson = sweep.distributions(interval=True)
    ends = zip(wilson["p_low"][:2], wilson["p_high"][:2], strict=True)
    known = dict(zip(wilson["state"][:2], ends, strict=True))
    drawn = [(low, high) for (_, low), (_, high) in bars]
    assert drawn == [pytest.approx(known[state]) for state in ("|2,0>", "|1,1>")]
    assert [label.get_text() for label in one.get_xticklabels()] == ["|2,0>", "|1,1>"]
    assert (one.get_title(), one.get_ylabel()) == ("phi 0.00, chip A (job 0)", share)
    _, ax = canvas.subplots()
    both = table.plot([0, 1], ax=ax)
    assert both is ax
    assert [bar.get_height() for bar in both.patches] == [0.4, 0.6, 0, 0.7, 0, 0.3]
    names = [text.get_text() for text in both.get_legend().get_texts()]
    assert names == ["phi 0.00 (job 0)", "phi 0.10 (job 1)"]
    absent, *_ = both.containers[0].lines[2][0].get_segments()[2:]
    assert [high for _, high in absent] == [0, pytest.approx(1 / 11)]  # job 0 has no |0,2>
    few = table.plot(most=1)
    assert [label.get_text() for label in few.get_xticklabels()] == ["|2,0>"]
    assert few.get_xlabel() == "state (1 of 3)"
    with pytest.raises(ValueError, match=r"None of the jobs \[4\] has a complete result"):
        table.plot(4)


def test_plot_draws_counts_beside_probabilities_as_shares(ended, scripted, canvas):
    """Bars of different results are comparable. Probabilities need not add up to one."""
    jg = ended(*["completed"] * 2)
    for job, result in zip(jg, ({"|1>": 0.25, "|0>": 0.5}, {"|1>": 2, "|0>": 2}), strict=True):
        scripted.results[job.id] = {"results": json.dumps({"results": result})}
    ax = jg.distributions().plot()
    assert ax.get_ylabel() == "share among selected"
    assert [bar.get_height() for bar in ax.patches] == [0.5, 0.25, 0.5, 0.5]
    assert {to_hex(bar.get_facecolor()) for bar in ax.patches} == {*PALETTE[:2]}


def test_plot_draws_the_states_with_the_greatest_total(ended, scripted, canvas):
    """The second state of each job can be the first overall; long names are rotated."""
    jg = ended(*["completed"] * 2)
    for job, other in zip(jg, ("|0,2>", "|1,1>"), strict=True):
        scripted.results[job.id] = _document({"|2,0>": 5, other: 6, "|" + "0," * 30 + "0>": 1})
    one = jg.distributions().plot(most=1)
    assert [label.get_text() for label in one.get_xticklabels()] == ["|2,0>"]
    assert {label.get_rotation() for label in one.get_xticklabels()} == {0}
    assert {x.get_rotation() for x in jg.distributions().plot().get_xticklabels()} == {60}


def test_plot_of_distributions_cuts_no_text_and_covers_no_bar(sweep, canvas):
    """All texts are inside the figure, and the legend is beside the axes."""
    ax = sweep.distributions().plot([0, 1])
    ax.figure.canvas.draw()
    whole = ax.figure.bbox
    for text in (ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), ax.get_legend()):
        box = text.get_window_extent()
        assert (whole.x0 <= box.x0, box.x1 <= whole.x1) == (True, True)
        assert (whole.y0 <= box.y0, box.y1 <= whole.y1) == (True, True)
    assert ax.get_legend().get_window_extent().x0 >= ax.bbox.x1


def test_plot_draws_iterations_side_by_side(ended, scripted, canvas):
    """Each has its own name, even with one job."""
    jg = ended("completed")
    each = [{"results": {"|1>": n}} for n in (3, 4)]
    scripted.results[jg[0].id] = {"results": json.dumps({"results_list": each})}
    ax = jg.distributions().plot(0)
    assert [bar.get_height() for bar in ax.patches] == [1, 1]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["job 0, iteration 0", "job 0, iteration 1"]


def test_plot_refuses_too_many_distributions(ended, scripted, canvas):
    """The error for more than eight distributions says how to select some."""
    jg = ended(*["completed"] * 9)
    for job in jg:
        scripted.results[job.id] = _document({"|1>": 1})
    with pytest.raises(ValueError, match=r"plot\(jobs="):
        jg.distributions().plot()
    assert len(jg.distributions().plot(range(8)).patches) == 8


def test_table_of_counts_does_not_import_perceval(ended, scripted, in_child):
    """Perceval is installed, but counts and distributions are available without its import."""
    jg = ended("completed", "completed")
    for job in jg:
        scripted.results[job.id] = {"results": '{"results": ":PCVL:BSCount:{|1,0>=3;|0,1>=4}"}'}
    notices = in_child(TABLE, scripted)
    assert notices == [[3, 4, 3, 4], False]


TABLE = """
import json, sys
from jobgroup import JobGroup
jg = JobGroup.open("experiment")
jg.results_table()
print(json.dumps([jg.distributions()["count"], "perceval" in sys.modules]))
"""
