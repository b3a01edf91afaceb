"""Tests of the ways out of a table of results: dataframes, CSV, JSON and their files."""

from __future__ import annotations

import codecs
import json
import os
import sys

import nanoarrow
import pandas as pd
import polars as pl
import pytest

from jobgroup import (
    Dashboard,
    JobGroup,
    MissingDependencyError,
    OutputExistsError,
    RemoteJob,
    StorageError,
)
from jobgroup.store.paths import group_path


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
