"""Which columns a table of results shows, and what stands in them and what not."""

from __future__ import annotations

import json

import polars as pl

from jobgroup import JobGroup, RemoteJob


def _group(scripted, *payloads, name="rows"):
    jg = JobGroup(name)
    for payload in payloads:
        jg.add(RemoteJob({"command": "x", **payload}, platform="p", url=scripted.url))
    return jg


def test_a_message_of_what_goes_well_is_no_error(group, scripted):
    """What the cloud says of a job that runs, waits or succeeded stands in no error column."""
    jg = group(scripted, 4)
    jg.run_parallel()
    for job, word in zip(jg, ("running", "waiting", "completed", "error"), strict=True):
        scripted.tell(job.id, word, progress_message="on its way", status_message=f"it is {word}")
    table = jg.results_table()
    assert jg[0].message == "on its way"
    assert table["error"] == [None, None, None, "it is error"]


def test_what_is_the_same_is_not_shown_unless_it_is_alone(scripted):
    """Of one job its parameters are shown, of several those that tell them apart."""
    alone = _group(scripted, {"max_shots": 5}, name="alone").results_table()
    assert alone["max_shots"] == [5]
    assert {"command", "max_shots"} <= {*alone.columns}
    several = _group(scripted, {"max_shots": 5, "max_samples": 1}, {"max_shots": 5}).results_table()
    assert "max_shots" not in several.columns
    assert several["max_samples"] == [1, None]


def test_true_and_one_tell_jobs_apart(scripted):
    """Equal to Python, different to who wrote them."""
    jg = JobGroup("gain")
    for gain in (1, True):
        jg.add(RemoteJob({"command": "x"}, platform="p", url=scripted.url), labels={"gain": gain})
    assert "gain" in jg.results_table().columns


def test_what_runs_tells_jobs_apart(scripted):
    """Facts read from a payload are columns; codes and lists that no one reads are not."""
    payloads = {
        scripted.make(): {
            "input_state": state,
            "experiment": f"not {state}",
            "iterator": [{"max_samples": n} for n in range(1, len(state))],
        }
        for state in ("|1,1>", "|1,1,1>")
    }
    scripted.faults["data"] = lambda _, asked: (200, {"payload": payloads[asked.id]})
    jg = JobGroup("facts")
    jg.adopt(payloads, platform="p", url=scripted.url)
    table = jg.results_table()
    assert table["input_state"] == ["|1,1>", "|1,1,1>"]
    assert table["n"] == [2, 3]
    assert table["iterations"] == [4, 6]
    assert not {"iterator", "content"} & {*table.available_columns}


def test_columns_that_say_nothing_are_not_shown(group, scripted):
    """Notes, shots and iterations, until one job has some; they can be asked for at any time."""
    jg = group(scripted, 2)
    table = jg.results_table()
    assert not {"note", "shots", "iteration"} & {*table.columns}
    assert table.select("note", "shots")[0] == {"note": "", "shots": None}
    jg[1].note = "look"
    assert "note" in jg.results_table().columns


def test_a_result_without_iterations_left_keeps_its_row(ended, scripted):
    """An empty list of them is a job with gaps, and its own numbers."""
    jg = ended("completed", "completed")
    for job, each in zip(jg, ([], [{"results": {"|1>": 1}}]), strict=True):
        scripted.results[job.id] = {"results": json.dumps({"results_list": each, "clock": 7})}
    table = jg.results_table()
    assert (table["job"], table["iteration"], table["status"]) == (
        *([0, 1], [None, 0]),
        ["success", "success"],
    )


def test_numbers_and_words_in_one_column(scripted):
    """Are texts for a dataframe, also where the numbers are no whole ones."""
    jg = JobGroup("mixed")
    for value in (0.5, "off"):
        jg.add(RemoteJob({"command": "x"}, platform="p", url=scripted.url), labels={"phi": value})
    assert pl.DataFrame(jg.results_table())["phi"].to_list() == ["0.5", "off"]
