"""What a result document holds, read without a group: iterations, numbers, distributions."""

from __future__ import annotations

from jobgroup.results.parse import entries, iterations


def test_an_iteration_has_its_own_numbers_before_the_result_s():
    """What stands in both is told by the iteration; words are told as numbers are."""
    document = {
        "results_list": [{"physical_perf": 0.1, "backend": "SLOS"}, {"results": {"|1>": 2}}],
        "physical_perf": 0.5,
    }
    first, second = iterations(document)
    assert first.scalars == {"physical_perf": 0.1, "backend": "SLOS"}
    assert (second.scalars, second.outcomes) == ({"physical_perf": 0.5}, {"|1>": 2})


def test_an_iteration_without_numbers_is_its_outcomes():
    """A bare list of samples, say."""
    (found,) = iterations({"results_list": [["|1>", "|0>", "|1>"]], "clock": 7})
    assert (found.params, found.scalars) == ({}, {"clock": 7})
    assert entries(found.outcomes) == ("count", [("|1>", 2), ("|0>", 1)])


def test_what_an_iteration_leaves_alone_is_not_varied():
    """A null in it says nothing, and hides nothing that the job itself says."""
    iteration = {"circuit_params": {"phi": 0.3}, "max_samples": None}
    (found,) = iterations({"results_list": [{"iteration": iteration}]})
    assert found.params == {"phi": 0.3}


def test_states_that_came_as_often_are_in_their_own_order():
    """So that two tables of the same results are the same."""
    assert entries({"|0,1>": 3, "|1,0>": 5, "|0,0>": 3})[1] == [
        ("|1,0>", 5),
        ("|0,0>", 3),
        ("|0,1>", 3),
    ]


def test_a_word_is_no_list_of_samples():
    """Its letters are not counted; nor is what is no number."""
    assert entries("|1,0>") == ("count", [])
    assert entries({"|1>": 2, "|0>": "many", "|2>": True}) == ("count", [("|1>", 2)])
