"""Every number of 200 random groups equals a recomputation from the raw documents.

The groups have repeats, iterations, variants, failures, gaps and mixed kinds. The oracle reads the
documents with regular expressions and computes with numpy and SciPy alone.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections import defaultdict
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy import stats

from jobgroup.fingerprint import Setting
from jobgroup.results.arrays import dataset_of
from jobgroup.results.distributions import distributions_of
from jobgroup.results.drawing import draw
from jobgroup.results.export import as_csv
from jobgroup.results.expression import parse
from jobgroup.results.figure import figure_of
from jobgroup.results.measurement import measurements
from jobgroup.results.results_table import rows_of, table_of
from jobgroup.results.study import SweptNames, study_of
from jobgroup.store import JobRecord

STATES = ("|2,0>", "|1,1>", "|0,2>")
RATIO = parse("(|2,0> - |1,1>) / (|2,0> + |1,1>)")
RATE = parse("|1,1> * global_perf")

_counts = st.lists(st.integers(0, 200), min_size=3, max_size=3)
_outcome = st.one_of(
    st.tuples(st.just("count"), _counts),
    st.tuples(st.just("samples"), st.lists(st.integers(0, 4), min_size=3, max_size=3)),
    st.tuples(st.just("probs"), st.tuples(st.integers(0, 50), st.integers(0, 50))),
    st.tuples(st.just("nothing"), st.none()),
)


def _text(outcome):
    """Return an outcome as a cloud writes it, without states with a count of 0."""
    kind, numbers = outcome
    if kind == "count":
        found = [f"{s}={n}" for s, n in zip(STATES, numbers, strict=True) if n]
        return f":PCVL:BSCount:{{{';'.join(found)}}}"
    if kind == "samples":
        order = ";".join(str(i) for i, n in enumerate(numbers) for _ in range(n))
        return f":PCVL:BSSamples:{';'.join(STATES)}/{order}"
    if kind == "probs":
        a, b = (n / 100 for n in numbers)
        return f":PCVL:BSDistribution:{{|2,0>={a};|1,1>={b};|0,2>={1 - a - b}}}"
    return None


@st.composite
def groups(draw_):
    """Draw jobs as (labels, settings, platform, state, raw document, iterated values)."""
    is_iterated = draw_(st.booleans())
    jobs = []
    for _ in range(draw_(st.integers(1, 9))):
        labels = {"x": draw_(st.sampled_from([0.3, 0.1 + 0.2, 1.0, 2]))}
        labels["y"] = draw_(st.sampled_from(["a", "b"]))
        thetas = draw_(st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3, unique=True))
        thetas = thetas if is_iterated else [None]
        state = draw_(st.sampled_from(["success"] * 4 + ["error", "unsent"]))
        performance = draw_(st.sampled_from([0.5, 0.125]))
        parts = []
        for theta in thetas:
            part = {"results": _text(draw_(_outcome)), "global_perf": performance}
            if theta is not None:
                part["iteration"] = {"circuit_params": {"theta": theta}}
            parts.append(part)
        document = {"results_list": parts} if is_iterated else parts[0]
        setting, platform = draw_(st.sampled_from([0, 0, 0, 1])), draw_(st.sampled_from("ppq"))
        raw = json.dumps(document) if state == "success" else None
        jobs.append((labels, setting, platform, state, raw, thetas))
    return jobs


def _rows(jobs):
    records, measured = [], {}
    for position, (labels, _, platform, state, raw, thetas) in enumerate(jobs):
        params = {"command": "sample_count"}
        if thetas != [None]:
            params |= {"iterations": len(thetas), "iterator": {"theta": thetas}}
        empty = dict.fromkeys(JobRecord._fields)
        record = JobRecord(**{
            **empty, "position": position, "name": "job", "platform": platform, "state": state,
            "attempts": 1, "params_json": json.dumps(params), "labels_json": json.dumps(labels),
            "metadata_json": "{}", "note": "",
        })  # fmt: skip
        records.append(record)
        if raw is not None:
            measured[position] = measurements(record, {"results": raw})
    return list(rows_of(records, measured, {}))


# -- the oracle ------------------------------------------------------------------------------------


def _raw_parts(raw):
    """Read kind, numbers by state, and performance of each iteration with regular expressions."""
    document = json.loads(raw)
    for part in document.get("results_list", [document]):
        text, theta = part["results"] or "", None
        if "iteration" in part:
            theta = part["iteration"]["circuit_params"]["theta"]
        numbers = defaultdict(float)
        if "BSSamples" in text:
            states, order = text.removeprefix(":PCVL:BSSamples:").split("/")
            for index in filter(None, order.split(";")):
                numbers[states.split(";")[int(index)]] += 1
        for state, number in re.findall(r"(\|[\d,]+>)=([^;}]+)", text):
            numbers[state] = float(number)
        kind = "none" if not text else "probs" if "Distribution" in text else "count"
        yield theta, kind, numbers, part["global_perf"]


@cache
def _share(count, n):
    if not n or math.isnan(n):
        return math.nan, math.nan, math.nan, math.nan
    ends = stats.binomtest(count, n).proportion_ci(0.95, "wilson")
    posterior = stats.beta(count + 0.5, n - count + 0.5)
    error = math.sqrt(count * (n - count) / n**3) if 0 < count < n else posterior.std()
    return count / n, error, ends.low, ends.high


def _pooled(parts):
    """Return samples, counts, shares, errors and pooled performance of some raw parts."""
    counted = [part for part in parts if part[1] == "count"]
    exact = [part for part in parts if part[1] == "probs"]
    if counted:
        counts = np.array([sum(p[2].get(s, 0.0) for p in counted) for s in STATES]).astype(int)
        sizes = np.array([sum(p[2].values()) for p in counted])
        n = int(counts.sum())
        rates = np.array([p[3] for p in counted])
        rate = rates.mean() if len(rates) == 1 or not n else sizes.sum() / (sizes / rates).sum()
        return n, counts, [_share(int(k), n) for k in counts], rate
    if exact:
        means = np.mean([[p[2].get(s, 0.0) for s in STATES] for p in exact], axis=0)
        gaps = (math.nan,) * 3
        return math.nan, None, [(mean, *gaps) for mean in means], np.mean([p[3] for p in exact])
    return math.nan, None, None, math.nan


def _same(found, expected):
    if found is None or (isinstance(found, float) and math.isnan(found)):
        return expected is None or math.isnan(expected)
    return found == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.filterwarnings("ignore:.*(differ by more|left out).*:UserWarning")
@settings(max_examples=80, phases=[Phase.generate])
@given(groups())
def test_tables_and_csv_equal_the_raw_documents(jobs):
    """Each row of each table and of the CSV file equals its document."""
    rows = _rows(jobs)
    known = {s for job in jobs if job[4] for part in _raw_parts(job[4]) for s in part[2]}
    named = sorted(known)
    columns = ["job", "samples", *(f"{f}({s})" for s in named for f in ("p", "p_err", "p_low"))]
    definitions = {"rate": RATE} if "|1,1>" in known else {}
    table = table_of(rows, [*columns, *definitions], definitions=definitions, interval=0.95)
    read = pd.read_csv(io.StringIO(as_csv({name: table[name] for name in table.columns})))
    raw = [
        part
        for job in jobs
        for part in (_raw_parts(job[4]) if job[4] else [(None, "none", {}, math.nan)])
    ]
    assert len(table) == len(read) == len(raw)
    for row, line, part in zip(table, read.to_dict("records"), raw, strict=True):
        n, _, shares, rate = _pooled([part])
        for found in (row, line):
            assert _same(found["samples"], n)
            modes = 2 if part[2] else 0
            for state in named:
                expected = [math.nan] * 4
                if shares is not None and modes:
                    expected = shares[STATES.index(state)]
                for form, value in zip(("p", "p_err", "p_low"), expected, strict=False):
                    assert _same(found[f"{form}({state})"], value)
            if definitions:
                share = row["p(|1,1>)"]
                assert _same(found["rate"], math.nan if share is None else share * rate)
    long = distributions_of(rows)
    for job in range(len(jobs)):
        mine = [r for r in long if r["job"] == job and r["count"] is not None]
        total = sum(
            sum(part[2].values())
            for part in (_raw_parts(jobs[job][4]) if jobs[job][4] else ())
            if part[1] == "count"
        )
        assert sum(r["count"] for r in mine) == total


@settings(max_examples=80, phases=[Phase.generate])
@given(groups())
def test_datasets_and_plots_equal_the_raw_documents(jobs):
    """Each cell has the pooled numbers of its point and variant, and a plot has the dataset's."""
    rows = _rows(jobs)
    setting = {position: job[1] for position, job in enumerate(jobs)}
    settings_at = {p: {("setting",): Setting(str(n), str(n))} for p, n in setting.items()}
    study = study_of(
        rows,
        SweptNames(("x", "y")),
        lambda at: {p: setting[p] for p in at},
        lambda at: {p: settings_at[p] for p in at},
    )
    expected = defaultdict(lambda: defaultdict(list))
    for labels, chosen, platform, _, raw, thetas in jobs:
        parts = list(_raw_parts(raw)) if raw else [(t, "none", {}, math.nan) for t in thetas]
        for part in parts:
            x = next(v for v in (0.3, 1.0, 2.0) if abs(v - labels["x"]) < 1e-9)
            expected[x, labels["y"], part[0]][platform, chosen].append(part)
    pools = [parts for variants in expected.values() for parts in variants.values()]
    known = [s for s in STATES if any(s in _states_of(parts) for parts in pools)]
    definitions = {"ratio": RATIO} if {"|2,0>", "|1,1>"} <= set(known) else {}
    ds = dataset_of(study, definitions=definitions, attributes={}, interval=0.95, grid=True)
    for (x, y, theta), variants in expected.items():
        cell = ds.isel(x=int(np.argmin(abs(ds.x.values - x)))).sel(y=y)
        cell = cell if theta is None else cell.sel(theta=theta)
        found = (
            [cell.isel(variant=i) for i in range(cell.sizes["variant"])]
            if ("variant" in cell.dims)
            else [cell]
        )
        found = [each for each in found if each.status.item()]
        assert len(found) == len(variants)
        numbers = sorted(_of_cell(each, known) for each in found)
        assert numbers == sorted(_of_parts(parts, known) for parts in variants.values())
        if definitions:
            for each in found:
                _check_ratio(each)
    _check_plot(study, ds, known)


def _of_cell(cell, known):
    values = [
        cell.samples,
        *(cell[n].sel(state=s) for s in known for n in ("count", "p", "p_err", "p_low")),
    ]
    return [_rounded(float(value)) for value in values]


def _states_of(parts):
    """Counts take precedence, so states that only have probabilities do not appear."""
    used = "count" if _pooled(parts)[1] is not None else "probs"
    return {state for part in parts if part[1] == used for state in part[2]}


def _of_parts(parts, known):
    n, counts, shares, _ = _pooled(parts)
    found = [n]
    has_states = counts is not None or any(part[2] for part in parts if part[1] == "probs")
    for state in known:
        i = STATES.index(state)
        if shares is None or not has_states:
            found += [math.nan] * 4
        else:
            count = math.nan if counts is None else counts[i]
            found += [count, *shares[i][:3]]
    return [_rounded(float(value)) for value in found]


def _rounded(value):
    return -1.0 if math.isnan(value) else round(value, 9)


def _check_ratio(cell):
    a, b = (float(cell["count"].sel(state=s)) for s in ("|2,0>", "|1,1>"))
    if not math.isnan(a) and a + b > 0:
        assert cell.ratio.item() == pytest.approx((a - b) / (a + b))
        if a and b:
            error = math.sqrt(4 * a * b / (a + b) ** 3)
            assert cell.ratio_err.item() == pytest.approx(error)


def _check_plot(study, ds, known):
    if not known or "variant" in ds.dims or "theta" in ds.dims or np.isnan(ds.p).all():
        return
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    state = known[0]
    if np.isnan(ds.p.sel(state=state)).all() or ds.sizes["x"] < 2:
        return
    ax = draw(figure_of(study, state, "x", curves="y", kind="line", definitions={}), None)
    lines = [line for line in ax.lines if line.get_linestyle() == "-"]
    for line, y in zip(lines, ds.y.values, strict=True):
        # a curve has gaps only at its own points, not at the x values of other curves
        drawn = line.get_ydata()
        measured = ds.p.sel(state=state, y=y).values
        np.testing.assert_allclose(drawn[~np.isnan(drawn)], measured[~np.isnan(measured)])
    plt.close("all")
