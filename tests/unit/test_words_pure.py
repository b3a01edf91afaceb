"""Search for words, and removal of control characters from texts. Pure."""

from __future__ import annotations

import logging

import pytest

from jobgroup.logs import logger
from jobgroup.words import Searched, plain, sought

JOBS = [
    *(Searched("unsent", n, [], [("n", value)]) for n, value in enumerate((1, 10, 11, 1.0))),
    *(
        Searched("success", n, [], [("sample", value)])
        for n, value in ((4, "warm"), (5, "warm laser"))
    ),
    Searched("unsent", 6, ["n=1, phi=0.3"], [("n", 11)]),
    *(
        Searched("unsent", n, ["job"], [("m", value)])
        for n, value in enumerate((1e22, 1e-7, "", "01", "a = b"), start=7)
    ),
]


@pytest.mark.parametrize(
    ("words", "places"),
    [
        ("n=1", [0, 3, 6]),
        ("N=1", [0, 3, 6]),
        ("phi=0.3", [6]),
        ("n=1 phi=0.3", [6]),
        ("sample=warm", [4]),
        ("sample=warm laser", [5]),
        ("n = 1", [0, 3, 6]),
        ("n= 1", [0, 3, 6]),
        ("n =1", [0, 3, 6]),
        ("n=1.0", [0, 3, 6]),
        ("n=+1e0", [0, 3, 6]),
        ("sample=", []),
        ("n=", []),
        ("= 1", []),
        ("n >= 1", []),
        ("m=1e22", [7]),
        ("m=10000000000000000000000", [7]),
        ("m=0.0000001", [8]),
        ("m=", [9]),
        ("m=01", [10]),
        ("m=1", []),
        ("m=a = b", [11]),
        ("m=-", []),
        (f"m={'9' * 5000}", []),
        ("sent", []),
        ("succ", [4, 5]),
        ("#3", [3]),
        ("", list(range(12))),
    ],
)
def test_words_are_found(words, places):
    """A name with a value is the whole value; the dashboard's order.test.ts checks the same."""
    finds = sought(words)
    assert [job.place for job in JOBS if finds(job)] == places


@pytest.mark.parametrize("words", [None, 1, b"n=1", ["n=1"]])
def test_a_search_for_a_non_text_is_refused(words):
    """A list of words, or a position, does not select all jobs."""
    with pytest.raises(TypeError, match="Jobs are found by words, a text"):
        sought(words)


def test_control_characters_are_removed_from_texts_and_logs(caplog):
    """No terminal obeys them, whichever logger writes the line and wherever it is shown."""
    assert plain("a\x1b]0;title\x07b\u202ec\nd") == "a ]0;title b c\nd"
    for name in ("jobgroup", "jobgroup.dashboard"):
        with caplog.at_level(logging.WARNING, name):
            logger(name).warning("it said %s", "\x1b[2J")
    assert caplog.messages == ["it said  [2J"] * 2
