"""Tests of equal bodies across processes, releases and ways of writing, and in the file."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from exqalibur.serialization import circuit_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from jobgroup import JobGroup, RemoteJob
from jobgroup.adapters import read_group
from jobgroup.decoding import Budget
from jobgroup.fingerprint import differences, fingerprint, incomparable
from jobgroup.group import engine_session

HERE = Path(__file__).parent
RECORDED = HERE.parent / "takeover" / "recorded"
ZIP, EXPERIMENT = ":PCVL:zip:", ":PCVL:Experiment:"


@pytest.fixture(scope="module")
def outputs(executing_cloud, tmp_path_factory):
    """Return the output of two processes, whose sets differ in order."""
    made, cloud = [], (executing_cloud.url, executing_cloud.token)
    groups = str(tmp_path_factory.mktemp("groups"))
    for seed in "12":
        child = subprocess.run(
            [sys.executable, HERE / "circuits_of_each_kind.py", *cloud],
            env={**os.environ, "PYTHONHASHSEED": seed, "JOBGROUP_DATA_DIR": groups},
            capture_output=True,
            text=True,
            check=False,
        )
        assert child.returncode == 0, child.stderr
        made.append(json.loads(child.stdout))
    return made


@pytest.fixture
def bodies(outputs):
    """Return the bodies of each kind of circuit from both processes."""
    return [each["bodies"] for each in outputs]


def test_new_process_recognizes_swept_circuits(outputs):
    """The sweep has named circuits, and bodies whose order differs in each process."""
    assert [each["swept"] for each in outputs] == [
        "6 points x 2 repeats: 12 new, 0 in the group already",
        "6 points x 2 repeats: 0 new, 12 in the group already",
    ]


def test_fingerprints_are_equal_in_another_process(bodies):
    """The bodies differ, at least in the process id. Their fingerprints and facts are equal."""
    one, two = bodies
    for name, body in one.items():
        assert body != two[name]
        assert fingerprint(body) == fingerprint(two[name]), name
        assert differences(body, two[name]) == []


def test_fingerprints_differ_for_other_circuits(bodies):
    """Only a signed zero and a NumPy number are other ways to write the same value."""
    one, two = bodies
    same = {"numpy": "plain", "negative zero": "zero"}
    marks = {name: fingerprint(body) for name, body in (one | two).items()}
    for name, mark in marks.items():
        equal = {other for other, its in marks.items() if its == mark}
        assert equal == {name} | {same.get(name, name)} | {a for a, b in same.items() if b == name}


def test_differences_name_the_changed_values(bodies):
    """The differences use the terms of the experiment's author."""
    plain = bodies[0]["plain"]
    assert differences(plain, bodies[1]["other phase"]) == ["circuit"]
    assert differences(plain, bodies[1]["other state"]) == ["input_state |1,1> -> |2,0>"]
    noisy = differences(plain, bodies[1]["noisy"])
    assert "noise.indistinguishability none -> 0.9" in noisy
    more = deepcopy(plain)
    more["payload"]["max_samples"] = 1000
    assert differences(plain, more) == ["max_samples 500 -> 1000"]
    assert fingerprint(plain).identity != fingerprint(more).identity
    assert fingerprint(plain).settings == fingerprint(more).settings


def _recorded(name):
    return [job.body for job in read_group(RECORDED / name).jobs if job.body]


@pytest.mark.parametrize("release", ["1.0.1.jgrp", "1.2.4.jgrp", "1.3.1.jgrp"])
def test_fingerprints_are_equal_across_releases(release):
    """Perceval 1.1 and other releases wrote the same experiments."""
    old, new = _recorded("1.1.0.jgrp"), _recorded(release)
    assert [fingerprint(body) for body in old] == [fingerprint(body) for body in new]
    assert len({fingerprint(body).identity for body in old}) == len(old)
    assert "written by Perceval 1.1.0" in incomparable(old[0], new[0])


def test_fingerprints_cover_executions():
    """Perceval 1.3 writes an Execution as an archive. Its limits are separate there too."""
    first, second, *_, iterated = _recorded("1.3.1.egrp")
    assert differences(first, second) == ["max_samples 100 -> 200"]
    assert fingerprint(first).settings == fingerprint(second).settings
    assert fingerprint(first).settings != fingerprint(iterated).settings


def test_empty_postselection_equals_a_missing_one(bodies):
    """Releases 1.1 and 1.2 write an empty post-selection into each experiment. Later ones
    omit it.
    """
    plain = deepcopy(bodies[0]["plain"])
    message = circuit_pb2.Experiment()
    text = Budget().unpacked(plain["payload"]["experiment"].removeprefix(ZIP))
    message.ParseFromString(base64.b64decode(text.removeprefix(EXPERIMENT)))
    for empty in ("", ":PCVL:PostSelect:", ":PCVL:PostSelect:()"):
        message.post_select = empty
        packed = base64.b64encode(message.SerializeToString()).decode()
        plain["payload"]["experiment"] = EXPERIMENT + packed
        assert fingerprint(plain) == fingerprint(bodies[0]["plain"])
        older = {"payload": {"command": "probs", "postselect": empty or None}}
        assert fingerprint(older) == fingerprint({"payload": {"command": "probs"}})


@pytest.mark.parametrize(
    "text",
    [
        ":PCVL:Experiment:not base64",
        ":PCVL:zip:eJw=",
        ":PCVL:NoiseModel:{",
        ":PCVL:Nothing:x",
        "pcvlar 0 1",
        "pcvlar 0 1 0 list 1 0",
        ":PCVL:NoiseModel:" + "[" * 100_000,
    ],
)
def test_unreadable_payloads_are_compared_as_text(text):
    """No error is raised; equal texts are equal, and different ones differ."""
    bodies = [{"payload": {"circuit": each}} for each in (text, text, text + "1")]
    one, same, other = map(fingerprint, bodies)
    assert one == same != other
    assert differences(bodies[0], bodies[2])


def test_formula_in_a_payload_is_never_evaluated(tmp_path):
    """Expressions are compared as text."""
    mark = tmp_path / "ran"
    circuit = circuit_pb2.Circuit(n_mode=1)
    phase = circuit.components.add(n_mode=1).phase_shifter.phi
    phase.expression = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    packed = base64.b64encode(circuit.SerializeToString()).decode()
    body = {"payload": {"circuit": f":PCVL:ACircuit:{packed}"}}
    assert fingerprint(body) == fingerprint(deepcopy(body))
    assert differences(body, body) == []
    assert not mark.exists()


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text()
    # no -0.0 and no whole numbers, which can be written in two ways
    | st.floats(-(2**50), 2**50).map(lambda x: x + 0.5 if x.is_integer() else x),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=30)
@given(st.dictionaries(st.text(), values), st.dictionaries(st.text(), values))
def test_plain_bodies_are_equal_if_their_values_are(one, two):
    """The order of keys and a JSON round trip do not matter. `differences` agrees."""
    bodies = [{"payload": {"command": "x", **each}} for each in (one, two)]
    turned = [
        json.loads(json.dumps({"payload": dict(reversed(b["payload"].items()))})) for b in bodies
    ]
    for body, other in zip(bodies, turned, strict=True):
        assert fingerprint(body) == fingerprint(other)
        assert not differences(body, other)
    is_equal = fingerprint(bodies[0]).identity == fingerprint(bodies[1]).identity
    assert is_equal == (not differences(*bodies))


def test_file_stores_fingerprints_by_job():
    """Jobs without a body have no fingerprint. A second read changes nothing."""
    jg = JobGroup("marks")
    for samples in (500, 1000, 500):
        body = {"payload": {"command": "x", "max_samples": samples}, "process_id": f"{samples}"}
        jg.add(RemoteJob(body, "sim:slos", url="http://127.0.0.1:9", name="job"))
    store = engine_session(jg).store
    version = store.version
    found = store.fingerprints.of()
    first, second, third = store.entries.ids()
    assert list(found) == [first, second, third]
    assert found[first] == found[third] != found[second]
    assert found[first].settings == found[second].settings
    assert store.fingerprints.of([second]) == {second: found[second]}
    assert store.version == version  # the group has not changed
    assert JobGroup.load(_exported(jg), name="copy").snapshot()[0].state == "unsent"


def _exported(jg):
    path = Path(os.environ["JOBGROUP_DATA_DIR"]) / "marks.exported"
    jg.export(path)
    return path
