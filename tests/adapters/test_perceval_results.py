"""Results are decoded as by Perceval and run no code, and undecodable ones are kept."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import zlib
from collections import Counter
from types import SimpleNamespace

import perceval as pcvl
import pytest

from jobgroup.adapters import UndecodableResultError, decode
from jobgroup.results.measurement import measurements

COUNTS = {"results": ":PCVL:BSCount:{|0,1>=3;|1,0>=4}", "physical_perf": 0.5, "logical_perf": 0.25}


def _document(results):
    return {"results": results if isinstance(results, str) else json.dumps(results)}


def test_results_equal_those_of_perceval():
    """States, counts and performances are Perceval's objects."""
    results = decode(_document(COUNTS))
    assert isinstance(results["results"], pcvl.BSCount)
    assert results["results"][pcvl.BasicState([0, 1])] == 3
    assert results["physical_perf"] == 0.5


def test_conversions_are_done_as_perceval_does():
    """The result is converted if its job requested another kind."""
    context = {"result_mapping": ["perceval.utils", "sample_count_to_probs"]}
    results = decode(_document({**COUNTS, "job_context": context}))
    assert isinstance(results["results"], pcvl.BSDistribution)
    assert results["results"][pcvl.BasicState([1, 0])] == pytest.approx(4 / 7)


def test_lists_of_results_are_decoded():
    """A job with iterations has one result per iteration."""
    rows = [{"results": COUNTS["results"], "iteration": {"circuit_params": {"phi": 0.1}}}]
    (row,) = decode(_document({"results_list": rows}))["results_list"]
    assert isinstance(row["results"], pcvl.BSCount)


def _disguised(text):
    return ":PCVL:zip:" + base64.b64encode(zlib.compress(text.encode())).decode()


EVIL = {"result_mapping": ["os", "system"]}


@pytest.mark.parametrize(
    "context",
    [
        {"job_context": EVIL},
        {"job_context": {"result_mapping": ["perceval.serialization", "serialize_to_file"]}},
        {"job_context": {"result_mapping": ["perceval.utils", "PersistentData"]}},
        {"job_context": {"result_mapping": ["perceval.utils", ":PCVL:zip:eJw="]}},
        {"job_context": {"result_mapping": "os"}},
        {"job_context": {"result_mapping": ["perceval.utils", "samples_to_probs"]}},
    ],
)
def test_result_runs_no_code(tmp_path, context):
    """A result can name only Perceval's conversions of its own kind."""
    canary = tmp_path / "ran"
    evil = {"results": f"touch {canary}", **context}
    with pytest.raises(UndecodableResultError, match="conversion") as caught:
        decode(_document(evil))
    assert json.loads(caught.value.raw) == evil
    assert not canary.exists()


@pytest.mark.filterwarnings("ignore:A part of the results")
@pytest.mark.parametrize(
    "context",
    [
        {_disguised("job_context"): EVIL},
        {"job_context": {_disguised("result_mapping"): EVIL["result_mapping"]}},
        {"job_context": {"header": "pcvlar", **EVIL}},
        {"job_context": "pcvlar:zip:eJw="},
    ],
)
def test_disguised_conversion_stays_text(tmp_path, context):
    """A conversion that only Perceval would accept stays text, and nothing runs."""
    canary = tmp_path / "ran"
    results = decode(_document({"results": f"touch {canary}", **context}))
    assert results["results"] == f"touch {canary}"
    assert not canary.exists()


@pytest.mark.parametrize("text", ["", "nonsense", "{", '{"results": ":PCVL:BSCount:nonsense"}'])
def test_undecodable_result_is_kept(text):
    """A broken result becomes an error of jobgroup that keeps every character."""
    with pytest.raises(UndecodableResultError) as caught:
        decode(_document(text))
    assert caught.value.raw == text
    assert not isinstance(caught.value.__cause__, json.JSONDecodeError)


def test_document_without_results_is_an_error():
    """The error says that results are missing, and keeps the document."""
    with pytest.raises(UndecodableResultError, match="Results are not available") as caught:
        decode({"results": None, "job_id": "1"})
    assert json.loads(caught.value.raw)["job_id"] == "1"


@pytest.mark.parametrize(
    "results",
    [
        ":PCVL:BSCount:{|0,1>=3;|10,0>=4}",
        ":PCVL:BSDistribution:{|0,1>=0.25;|1,0>=0.75}",
        ":PCVL:BSSamples:|0,1>;|1,0>/0;1;1",
        ":PCVL:BSDistribution:{|0,1>=0.0;|1,0>=1.0}",
        ":PCVL:BSCount:{|00,1>=3}",
        ":PCVL:BSCount:{|1, 0>=3}",
    ],
)
def test_measurements_have_percevals_numbers_and_labels(results):
    """Counts, distributions and samples are read without Perceval, with the same numbers."""
    record = SimpleNamespace(position=0, params={}, metadata={}, platform="sim:slos", shots=None)
    (measured,) = measurements(record, _document({"results": results}))
    theirs = decode(_document({"results": results}))["results"]
    counted = Counter(theirs) if isinstance(theirs, pcvl.BSSamples) else theirs
    assert {s: n for s, n in measured.values.items() if n} == {
        str(s): n for s, n in counted.items()
    }
    assert measured.kind == ("probability" if "Distribution" in results else "count")


def test_without_perceval_results_are_plain(tmp_path):
    """Without Perceval, counts are dictionaries and states are strings."""
    script = (
        "import sys, json, importlib.util as u\n"
        "real = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n == 'perceval' else real(n, *a)\n"
        "from jobgroup.adapters import decode\n"
        f"print(json.dumps(decode({_document(COUNTS)!r})), 'perceval' in sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    plain = {**COUNTS, "results": {"|0,1>": 3, "|1,0>": 4}}
    assert out.stdout.strip() == f"{json.dumps(plain)} False"
