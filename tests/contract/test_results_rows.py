"""Tests of the columns that a table of results shows, and their content."""

from __future__ import annotations

import json

import pandas as pd
import polars as pl
from measured_jobs import pair_of

from jobgroup import JobGroup, RemoteJob


def _group(scripted, *payloads, name="rows"):
    jg = JobGroup(name)
    for payload in payloads:
        jg.add(RemoteJob({"command": "x", **payload}, platform="p", url=scripted.url))
    return jg


def test_message_of_a_healthy_job_is_not_an_error(group, scripted):
    """The error column omits messages of running, waiting and successful jobs."""
    jg = group(scripted, 4)
    jg.run_parallel()
    for job, word in zip(jg, ("running", "waiting", "completed", "error"), strict=True):
        scripted.tell(job.id, word, progress_message="on its way", status_message=f"it is {word}")
    table = jg.results_table()
    assert jg[0].message == "on its way"
    assert table["error"] == [None, None, None, "it is error"]


def test_columns_show_what_differs_or_the_only_job(scripted):
    """A table of one job shows all its parameters. With several jobs, it shows those that
    differ.
    """
    alone = _group(scripted, {"max_shots": 5}, name="alone").results_table()
    assert alone["max_shots"] == [5]
    assert {"command", "max_shots"} <= {*alone.columns}
    several = _group(scripted, {"max_shots": 5, "max_samples": 1}, {"max_shots": 5}).results_table()
    assert "max_shots" not in several.columns
    assert several["max_samples"] == [1, None]


def test_true_and_one_are_different_values(scripted):
    """Python treats them as equal, but the user meant different values."""
    jg = JobGroup("gain")
    for gain in (1, True):
        jg.add(RemoteJob({"command": "x"}, platform="p", url=scripted.url), labels={"gain": gain})
    assert "gain" in jg.results_table().columns


def test_payload_facts_distinguish_jobs(scripted):
    """Facts from the payload are columns; unreadable codes and lists are not."""
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


def test_empty_columns_are_not_shown(group, scripted):
    """Notes, shots and iterations appear once a job has some, or on request."""
    jg = group(scripted, 2)
    table = jg.results_table()
    assert not {"note", "shots", "iteration"} & {*table.columns}
    assert table.select("note", "shots")[0] == {"note": "", "shots": None}
    jg[1].note = "look"
    assert "note" in jg.results_table().columns


def test_result_with_an_empty_list_of_iterations_keeps_its_row(ended, scripted):
    """The row has gaps and the job's own numbers."""
    jg = ended("completed", "completed")
    for job, each in zip(jg, ([], [{"results": {"|1>": 1}}]), strict=True):
        scripted.results[job.id] = {"results": json.dumps({"results_list": each, "clock": 7})}
    table = jg.results_table()
    assert (table["job"], table["iteration"], table["status"]) == (
        *([0, 1], [None, 0]),
        ["success", "success"],
    )


def test_mixed_columns_are_text_in_a_dataframe(scripted):
    """The numbers become text, fractions too."""
    jg = JobGroup("mixed")
    for value in (0.5, "off"):
        jg.add(RemoteJob({"command": "x"}, platform="p", url=scripted.url), labels={"phi": value})
    assert pl.DataFrame(jg.results_table())["phi"].to_list() == ["0.5", "off"]


def test_tables_have_noise_and_times(measured):
    """A noise model has a column for each parameter, with defaults filled in. Times are ISO
    8601.
    """
    noise = ':PCVL:NoiseModel:{"indistinguishability": 0.9}'
    jg = measured(({}, pair_of(1, 1)), ({"_payload": {"noise": noise}}, pair_of(1, 1)))
    table = jg.results_table()
    assert table["noise.indistinguishability"] == [None, 0.9]
    assert "noise.indistinguishability" in table.columns
    assert table["noise.g2"] == [None, 0.0]
    assert pd.to_datetime(table["sent_at"]).tz is not None
