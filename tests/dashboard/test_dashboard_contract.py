"""The Python side of the dashboard's protocol equals the recording, as the TypeScript side does."""

from __future__ import annotations

import json

import pytest
from protocol_examples import RECORDING, TO_PYTHON, recording

from jobgroup.dashboard import protocol
from jobgroup.dashboard.arguments import InvalidMessageError

RECORDED = json.loads(RECORDING.read_text())


def nested(depth: int) -> list:
    """Lists in lists, deeper than Python prints."""
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("part", sorted(RECORDED))
def test_the_shared_protocol_equals_the_recording(part: str):
    """Traits with their defaults, words, and all messages with their buffers are equal."""
    assert json.loads(json.dumps(recording()[part])) == RECORDED[part]


@pytest.mark.parametrize("message", TO_PYTHON, ids=lambda message: message["t"])
def test_messages_of_the_browser_are_parsed(message: dict):
    """Each message from the browser is parsed and keeps its content."""
    parsed = protocol.parse(message)
    assert type(parsed).__name__.lower() == message["t"].replace("_", "")
    for key, value in message.items():
        if key in ("id", "name", "args", "value", "ack", "reply"):
            assert getattr(parsed, key) == value


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"t": "no such"},
        {"t": "command", "id": "1", "name": "explode", "args": {}},
        {"t": "command", "id": 1, "name": "run", "args": {}},
        {"t": "command", "id": "1", "name": "run", "args": None},
        {"t": "open", "client": {"epoch": "e", "version": "1"}},
        {"t": "sync", "client": None, "ack": True, "pending": [], "reply": True},
        {"t": "set_trait", "id": "1", "name": "group", "value": "other"},
        nested(50_000),
        {"t": nested(50_000)},
        {"t": "command", "id": nested(50_000), "name": "run", "args": {}},
        {"t": "sync", "client": None, "ack": 1, "pending": [nested(50_000)], "reply": True},
    ],
    ids=range(14),
)
def test_unknown_messages_are_refused(content: object):
    """The kernel accepts only messages of the protocol."""
    with pytest.raises(InvalidMessageError):
        protocol.parse(content)


def test_numbers_that_json_lacks_become_null():
    """`JSON.parse` accepts neither NaN nor infinities, so they are sent as null, at any depth."""
    value = {"a": [1.5, float("nan"), {"b": float("inf")}], 2: ("x", None)}
    reported = protocol.result("1", value)["value"]
    assert reported == {"a": [1.5, None, {"b": None}], "2": ["x", None]}
