"""The cells of tables in every exported format."""

from __future__ import annotations

import copy
import csv
import io
import json
import pickle

import pandas as pd
import polars as pl
import pytest

from jobgroup.adapters import UndecodableResultError
from jobgroup.results import Distributions, ResultsTable, Table
from jobgroup.results.export import as_csv


@pytest.mark.parametrize("before", ["", "\t", "\r", "\n", "a;", "a\nb;", "a\r\n", "a\t"])
@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1+1", "\uff20A1"])
def test_spreadsheet_formulas_become_plain_text(before, formula, tmp_path):
    """Formulas in cells and in column names become text, and numbers stay numbers. In many
    languages, spreadsheets begin a cell after a semicolon, in quotes too.
    """
    path = tmp_path / "table.csv"
    Table({before + formula: [before + formula], "n": [-1]}).to_csv(path)
    with path.open(encoding="utf-8-sig", newline="") as lines:
        (name, n), (value, number) = csv.reader(lines)
    assert (n, number) == ("n", "-1")
    first = "'" if before.isspace() else ""
    assert name == value == f"{first}{before}'{formula}"


@pytest.mark.parametrize("formula", ['"=1+1', '""@x', '"\uff1d1'])
def test_no_cell_is_a_formula_between_semicolons(formula):
    """A spreadsheet that separates cells by semicolons removes quotes at the start of a cell."""
    text = as_csv({"n": [1], "t": [f"a;{formula};b"]})
    *_, (_, cell, _) = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert cell.startswith("'")


@pytest.mark.parametrize("text", ["a=1", "a;b", 'a;"b"', "1-2", "x@y", "a\nb"])
def test_texts_without_formulas_stay_the_same(text, tmp_path):
    """Signs within a text, and separators without a sign, need no escape."""
    Table({"t": [text]}).to_csv(tmp_path / "csv")
    assert pd.read_csv(tmp_path / "csv")["t"].to_list() == [text]


def test_texts_are_exported_unchanged(tmp_path):
    """Letters of every language, marked for spreadsheets in CSV, in ASCII in JSON; half a
    character, which no file holds, is "?" in CSV.
    """
    table = Table({"φ": ["größer", "half \ud800"]})
    table.to_csv(tmp_path / "csv")
    table.to_json(tmp_path / "json")
    expected = "\ufeffφ\r\ngrößer\r\nhalf ?\r\n".encode()
    assert (tmp_path / "csv").read_bytes() == expected
    assert pd.read_csv(tmp_path / "csv").columns[0] == "φ"
    text = (tmp_path / "json").read_bytes()
    assert text.isascii()
    assert json.loads(text) == [{"φ": "größer"}, {"φ": "half \ud800"}]


@pytest.mark.parametrize(
    "copied", [lambda t: pickle.loads(pickle.dumps(t)), copy.copy, copy.deepcopy]
)
def test_tables_survive_copies(copied):
    """Tables and their errors survive pickle and both kinds of copy."""
    line = Table({"x": [1, None]}, title="2 rows")
    states = Distributions({"job": [0], "state": ["|1>"], "count": [3]}, title="1 job")
    results = ResultsTable({"job": [0, 1], "error": [None, "no"]}, title="2 jobs")
    results.failures = {1: UndecodableResultError("no", raw="text")}
    results.distinguishing_columns = ["job"]
    for table in (line, states, results, results.select("error")):
        twin = copied(table)
        assert type(twin) is type(table)
        assert (repr(twin), list(twin), twin.title) == (repr(table), list(table), table.title)
    twin = copied(results)
    assert (str(twin.failures[1]), twin.failures[1].raw, twin.distinguishing_columns) == (
        "no",
        "text",
        ["job"],
    )


def test_numbers_that_json_lacks_are_null(tmp_path):
    """Infinite values are null too."""
    Table({"x": [float("inf"), float("-inf"), float("nan"), 0.5]}).to_json(tmp_path / "json")
    rows = json.loads((tmp_path / "json").read_text("utf-8"))
    assert [row["x"] for row in rows] == [None, None, None, 0.5]


def test_truth_values_stay_truth_values():
    """Truth values stay truth values in each library, with and without gaps."""
    table = Table({"whole": [True, False], "gaps": [True, None]})
    frame = table.to_pandas()
    assert [str(kind) for kind in frame.dtypes] == ["bool", "boolean"]
    for polars in (table.to_polars(), pl.DataFrame(table)):
        assert list(polars.schema.values()) == [pl.Boolean, pl.Boolean]
        assert polars.to_dicts() == table[:]


def test_numbers_that_no_library_holds_are_texts():
    """Integers beyond the largest one of dataframes become texts in every library."""
    table = Table({"largest": [1, 2**63 - 1], "larger": [1, 2**63]})
    assert table.to_polars().to_dict(as_series=False) == {
        "largest": [1, 2**63 - 1],
        "larger": ["1", f"{2**63}"],
    }
    assert table.to_pandas()["larger"].to_list() == ["1", f"{2**63}"]
    assert pl.DataFrame(table).equals(table.to_polars())


def test_texts_have_the_text_type_of_pandas():
    """The type depends on the release of pandas."""
    frame = Table({"name": ["a", "b"]}).to_pandas()
    assert frame["name"].dtype == pd.Series(["a", "b"]).dtype


def test_empty_columns_have_the_type_of_later_values():
    """A frame of the first jobs and a frame of all jobs can be concatenated."""
    whole, broken = (
        ("job", "iteration", "attempts", "shots", "count"),
        ("duration_s", "probability"),
    )
    schema = Table({name: [] for name in (*whole, *broken, "state")}).to_polars().schema
    assert [schema[name] for name in whole] == [pl.Int64] * 5
    assert [schema[name] for name in broken] == [pl.Float64] * 2
    assert schema["state"] == pl.String
