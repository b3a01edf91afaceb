"""Arguments of a wrong type are rejected when they arrive, with a sentence that names them."""

from __future__ import annotations

import logging

import pytest

from jobgroup.dashboard import protocol
from jobgroup.dashboard.arguments import InvalidMessageError

JUNK = (None, True, -1, 1.5, 10**30, float("nan"), float("inf"), "x", "", [[]], [-1], [None], {})
"""Values of many types. Each argument accepts only a few of them."""

ACCEPTED = {
    "position": [],
    "positions": [None],
    "text": ["x", ""],
    "mode": [],
    "replace": [True],
    "delay": [1.5],
    "concurrent_job_count": [],
    "overrides": [{}],
    "names": [],
    "at": [{}],
    "errors": [True, -1, 1.5, 10**30, "x", ""],
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_each_argument_has_a_type(name):
    """Only values of the right type are accepted. An error names the argument."""
    for value in JUNK:
        content = {"t": "command", "id": "1", "name": "run", "args": {name: value}}
        if any(value is each or [value] == [each] != [1.0] for each in ACCEPTED[name]):
            assert protocol.parse(content).args == {name: value}
        else:
            with pytest.raises(InvalidMessageError, match=f"^{name} must be "):
                protocol.parse(content)


def test_wrong_requests_are_answered_and_take_a_line_each_in_the_log(make_group, open_page, caplog):
    """The log contains no tracebacks, whatever a page sends."""
    page = open_page(make_group("g", {}))
    missing = [("confirm", {"position": 0}), ("define", {"name": "x"}), ("prioritize", {})]
    wrong = [("run", {"mode": "x"}), ("pause", {"positions": [0]}), ("run", {"surprise": 1})]
    typed = [("annotate", {"position": "0", "text": "x"}), ("cancel", {"positions": [10**30]})]
    huge = [("repeat", {"times": 2**31 - 1}), ("repeat", {"positions": [0], "to": 100_002})]
    absent = [("annotate", {"position": 5, "text": "x"}), ("annotate", {"text": "x"})]
    for name, args in (*missing, *wrong, *typed, *huge, *absent):
        answer = page.do(name, **args)
        assert answer["t"] == "error", (name, args, answer)
        assert answer["message"] not in ("'position'", "'text'")
    for name, args in (("job", {}), ("job", {"position": 5}), ("measured", {"columns": "x"})):
        page.send(t="query", id=f"{name} {args}", name=name, args=args)
        assert page.answer(f"{name} {args}")["t"] == "error"
    group = page.dashboard.shown
    assert group is not None
    assert len(group) == 1
    records = [record for record in caplog.records if record.levelno > logging.DEBUG]
    assert all(record.exc_info is None for record in records)
    assert all("\n" not in record.getMessage() for record in records)
    assert len(records) <= 14
