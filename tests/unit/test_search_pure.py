"""The grammar of searches, by a table of examples that the dashboard's tests read as well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobgroup.search import Searched, search

TABLE = json.loads((Path(__file__).parents[1] / "search_examples.json").read_text("utf-8"))


def searched(position: int, job: dict) -> Searched:
    """Return a job of the table in the form in which a group is searched."""
    texts = {name: job[name] for name in ("name", "note", "message") if name in job}
    named = [*job.get("labels", {}).items(), *job.get("params", {}).items(), *texts.items()]
    return Searched(position, job["state"], list(texts.values()), named)


JOBS = [searched(position, job) for position, job in enumerate(TABLE["jobs"])]


@pytest.mark.parametrize("example", TABLE["examples"], ids=lambda each: each["query"])
def test_a_query_finds_the_jobs_of_the_table(example):
    """Each example finds its jobs or reports its error; `search.test.ts` reads the same table."""
    if "problem" in example:
        with pytest.raises(ValueError) as caught:  # noqa: PT011  # the text is compared below
            search(example["query"], JOBS)
        assert str(caught.value).startswith(example["problem"])
    else:
        assert search(example["query"], JOBS) == example["finds"]


@pytest.mark.parametrize("query", [None, 1, b"n=1", ["n=1"]])
def test_a_query_that_is_no_text_is_refused(query):
    """A list of words, or a position, does not select all jobs."""
    with pytest.raises(TypeError, match="A query must be a string"):
        search(query, JOBS)


def test_a_number_of_thousands_of_digits_finds_nothing():
    """Such a number is compared like any other, without an error."""
    assert search(f"n={'9' * 5000}", JOBS) == []


def test_integers_beyond_the_precision_of_floats_are_compared_exactly():
    """Of two large seeds that differ by 1, a query finds the right one."""
    seeds = [2**60, 2**60 + 1, -(2**63) - 1, 10**40]
    jobs = [Searched(at, "success", [], [("seed", seed)]) for at, seed in enumerate(seeds)]
    assert [search(f"seed={seed}", jobs) for seed in seeds] == [[0], [1], [2], [3]]
    assert search(f"seed>{2**60}", jobs) == [1, 3]
    assert search("seed=1e40", [Searched(0, "success", [], [("seed", 1e40)])]) == [0]


def test_integers_beyond_the_range_of_floats_are_numbers():
    """An integer that no float can hold is compared, and does not stop the search of other jobs."""
    numbers = [10**400, 3, -(10**400)]
    jobs = [Searched(at, "success", [], [("n", number)]) for at, number in enumerate(numbers)]
    assert (search("n>0", jobs), search("n=3", jobs), search("n<=3", jobs)) == ([0, 1], [1], [1, 2])
