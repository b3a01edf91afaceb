"""The iterations, numbers and distributions of result documents."""

from __future__ import annotations

import json
from types import SimpleNamespace

from jobgroup.results.measurement import measurements


def _read(document, **params):
    record = SimpleNamespace(position=0, params=params, metadata={}, platform="sim:x", shots=None)
    return measurements(record, {"results": json.dumps(document)})


def test_numbers_of_an_iteration_override_those_of_the_result():
    """The texts of an iteration do, too."""
    document = {
        "results_list": [{"physical_perf": 0.1, "backend": "SLOS"}, {"results": {"|1>": 2}}],
        "physical_perf": 0.5,
    }
    first, second = _read(document)
    assert first.scalars == {"physical_perf": 0.1, "backend": "SLOS"}
    assert (second.scalars, second.values) == ({"physical_perf": 0.5}, {"|1>": 2})


def test_a_bare_list_of_samples_is_counted():
    """An iteration may consist of its outcomes alone."""
    (found,) = _read({"results_list": [["|1>", "|0>", "|1>"]], "clock": 7})
    assert (found.params, found.scalars) == ({}, {"clock": 7})
    assert (found.kind, found.values) == ("count", {"|0>": 1, "|1>": 2})


def test_a_null_in_an_iteration_overrides_nothing():
    """A null hides no value of the job itself."""
    iteration = {"circuit_params": {"phi": 0.3}, "max_samples": None}
    (found,) = _read({"results_list": [{"iteration": iteration}]})
    assert found.params == {"phi": 0.3}


def test_the_kind_comes_from_the_type_and_the_command():
    """The kind of a result never depends on its values or on the job's name."""
    (counted,) = _read({"results": ":PCVL:BSCount:{|1>=1}"}, command="probs")
    (exact,) = _read({"results": ":PCVL:BSDistribution:{|1>=1}"}, command="sample_count")
    assert (counted.kind, exact.kind) == ("count", "probability")
    kinds = {c: _read({"results": {"|1>": 1}}, command=c)[0].kind for c in ("probs", "samples", "")}
    assert kinds == {"probs": "probability", "samples": "count", "": "count"}
    mapping = {"result_mapping": ["perceval.utils", "probs_to_sample_count"]}
    text = ":PCVL:BSDistribution:{|1>=0.25;|0>=0.75}"
    (unmapped,) = _read({"results": text, "job_context": mapping}, command="sample_count")
    assert unmapped.values == {"|0>": 0.75, "|1>": 0.25}


def test_a_text_is_not_a_list_of_samples():
    """The letters of a string are not counted, and a malformed number affects only its own job."""
    (text,) = _read({"results": "|1,0>"})
    assert (text.kind, text.problem) == (None, None)
    for wrong in ("many", True, -1, 1.5, None):
        (found,) = _read({"results": {"|1>": 2, "|0>": wrong}}, command="samples")
        assert "|0>" in str(found.problem)
        assert found.kind is None


def test_mitigated_results_are_shares_as_given():
    """Mitigated results have no counts and no samples, and may be negative."""
    text = ":PCVL:BSDistribution:{|1>=-0.25;|0>=1.25}"
    (found,) = _read({"results": text}, error_mitigations="photon_recycling")
    assert (found.is_mitigated, found.samples) == (True, None)
    assert found.values == {"|0>": 1.25, "|1>": -0.25}
    (counted,) = _read({"results": ":PCVL:BSCount:{|1>=1;|0>=3}"}, error_mitigations="x")
    assert (counted.kind, counted.values) == ("probability", {"|0>": 0.75, "|1>": 0.25})
