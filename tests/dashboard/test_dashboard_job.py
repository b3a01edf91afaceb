"""Tests of the page's drawer with one job: payload, drawing and events."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import perceval as pcvl
import pytest
from perceval.algorithm import Sampler
from perceval.serialization import serialize

from jobgroup import JobGroup, RemoteJob


def _experiment(modes: int, columns: int) -> str:
    circuit = pcvl.Circuit(modes, name="mesh")
    for column in range(columns):
        for mode in range(column % 2, modes - 1, 2):
            circuit.add(mode, pcvl.BS())
    experiment = pcvl.Experiment(circuit)
    experiment.with_input(pcvl.BasicState([1] + [0] * (modes - 1)))
    return serialize(experiment)


@pytest.fixture
def page_of_payload(data_dir, open_page):
    """Open a page of a group with a job of this payload."""

    def open_one(payload):
        group = JobGroup("g")
        group.add(RemoteJob(payload, platform="sim:slos", url="http://127.0.0.1:9"))
        return open_page(group)

    return open_one


def test_a_circuit_is_drawn_as_shapes_and_texts(page_of_payload):
    """Perceval's drawing is an SVG picture without links, styles or scripts."""
    page = page_of_payload({"command": "probs", "experiment": _experiment(3, 2)})
    answer = page.ask("drawing", position=0)
    picture = ET.fromstring(answer["svg"])
    names = {each.tag.rpartition("}")[2] for each in picture.iter()}
    assert answer["reason"] == ""
    assert {"svg", "path"} <= names <= {"svg", "defs", "g", "path", "text", "circle", "rect"}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"command": "timer"}, "no single circuit"),
        ({"command": "probs", "experiment": "x" * (2**20 + 1)}, "too large to draw"),
        ({"command": "probs", "experiment": ":PCVL:Experiment:x"}, "circuit"),
        ({"command": "probs", "circuit": 7}, "no single circuit"),
    ],
)
def test_a_missing_drawing_has_a_reason(page_of_payload, payload, reason):
    """Jobs without circuits and circuits that cannot be read get a sentence."""
    answer = page_of_payload(payload).ask("drawing", position=0)
    assert answer["svg"] == ""
    assert reason in answer["reason"]


def test_a_large_circuit_is_drawn_without_its_insides(page_of_payload):
    """Drawing 3,000 components would take minutes; their sub-circuit is drawn as one box."""
    page = page_of_payload({"command": "probs", "experiment": _experiment(60, 100)})
    answer = page.ask("drawing", position=0)
    assert answer["reason"] == ""
    assert "MESH" in answer["svg"].upper()
    assert len(answer["svg"]) < 100_000


def test_the_payload_is_shown_as_it_is_sent(page_of_payload):
    """The payload can be copied as JSON. If it is too long to show, its length is shown."""
    payload = {"command": "probs", "parameters": {"text": "x"}}
    page = page_of_payload(payload)
    answer = page.ask("payload", position=0)
    assert json.loads(answer["text"]) == payload
    page.dashboard.shown.add(
        RemoteJob({"text": "x" * 300_000}, platform="sim:slos", url="http://127.0.0.1:9")
    )
    answer = page.ask("payload", position=1)
    assert answer["text"] == ""
    assert "characters, which is too many to show" in answer["reason"]


def test_events_are_told_once_and_in_order(make_group, open_page):
    """A job is added, sent, started and done. Times never go back, even in a second attempt."""
    group = make_group("g", {"duration": 0.01, "fail": "no light"})
    page = open_page(group)
    for _ in range(2):
        group.run_parallel() if group[0].state == "unsent" else group.rerun([0])
        group.wait()
    events = page.ask("job", position=0)["events"]
    names = [event["what"] for event in events]
    assert [n for n in names if n != "started"] == ["added", "sent", "error", "sent", "error"]
    assert names.index("sent") < names.index("started") < names.index("error")
    assert [e["at"] for e in events] == sorted(e["at"] for e in events)
    assert events[-1]["text"].startswith("ran ")
    assert "attempt 2" in next(e["text"] for e in reversed(events) if e["what"] == "sent")


def test_a_noise_model_is_shown_with_its_defaults(cloud, data_dir, open_page):
    """Missing values have Perceval's defaults."""
    processor = pcvl.RemoteProcessor("sim:slos", url=cloud.url, token=cloud.token)
    processor.set_circuit(pcvl.BS())
    processor.with_input(pcvl.BasicState([1, 1]))
    processor.min_detected_photons_filter(1)
    processor.noise = pcvl.NoiseModel(g2=0.01)
    group = JobGroup("g")
    group.add(Sampler(processor, max_shots_per_call=10).sample_count, max_samples=10)
    found = open_page(group).ask("job", position=0)["noise"]
    assert found["noise.g2"] == 0.01
    assert found["noise.indistinguishability"] == 1.0
