"""Tests of unusual labels, paths and texts."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import traceback
from contextlib import closing

import perceval as pcvl
import pytest
from perceval.providers.quandela.rpc_handler import RPCHandler

from jobgroup import (
    Dashboard,
    InvalidTokenError,
    JobGroup,
    JobGroupError,
    RemoteJob,
    set_token,
)
from jobgroup.cloud import EmbeddedCloud

ESCAPES = "\x1b]0;title\x07\x1b[2J\u202e"


def _deep(levels):
    value = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def _circular():
    value = {"n": 1}
    value["self"] = [value]
    return value


@pytest.mark.parametrize(
    "value", [_circular(), _deep(250), _deep(5_000)], ids=["circular", "deep", "deeper"]
)
def test_endlessly_nested_values_are_refused(scripted, timer, value):
    """Endlessly nested labels, parameters and bodies, also Perceval's, raise ValueError. Nothing is
    added.
    """
    handler = RPCHandler("test:timer", scripted.url, scripted.token)
    theirs = pcvl.RemoteJob(
        {"platform_name": "test:timer", "payload": {"command": "timer"}},
        handler,
        "theirs",
        {"command": {"x": None}, "mapping": {}},
    )
    body = {"command": "timer", "x": value}
    jg = JobGroup("nested")
    for add in (
        lambda: jg.add(timer(scripted), labels={"x": value}),
        lambda: jg.add(timer(scripted), x=value),
        lambda: jg.add(timer(scripted), x=value, once=True),
        lambda: jg.sweep(lambda n: timer(scripted), {"n": [1]}, x=value),
        lambda: jg.add(RemoteJob(body, platform="test:timer", url=scripted.url)),
        lambda: jg.add(theirs, x=value),
    ):
        with pytest.raises(ValueError, match="Nothing was"):
            add()
    assert len(jg) == 0


def test_deeply_nested_labels_are_refused(scripted, timer):
    """Readers recurse for each level. A hundred levels are enough."""
    jg = JobGroup("levels")
    jg.add(timer(scripted), labels={"x": _deep(90)})
    with pytest.raises(ValueError, match="nested at most 100 levels"):
        jg.add(timer(scripted), labels={"x": _deep(150)})
    assert len(jg) == 1


def test_output_has_no_control_characters_from_outside(scripted, group):
    """Ids, names, messages, notes and problems of a foreign file are printed or raised safely."""
    jg = group(scripted, 1)
    jg.run_parallel()
    scripted.tell(jg[0].id, "error", status_message=f"no light {ESCAPES}")
    jg.refresh()
    jg[0].note, jg.description = ESCAPES, f"for {ESCAPES}"
    with closing(sqlite3.connect(jg._session.store.path)) as file, file:  # noqa: SLF001
        file.execute("UPDATE jobs SET name = ?", (f"job {ESCAPES}",))
        file.execute("UPDATE subjobs SET remote_id = ?", (f"id {ESCAPES}",))
    printed = [repr(jg[0]), repr(jg), str(jg), str(JobGroupError(f"it says {ESCAPES}"))]
    printed.append(repr(jg.results_table()))
    assert [text for text in printed if not text.replace("\n", "").isprintable()] == []


def test_paths_may_begin_with_a_tilde(scripted, group, tmp_path, monkeypatch):
    """Every path may start with "~", the user's home. No directory of that name is created."""
    home, here = tmp_path / "home", tmp_path / "here"
    for folder in (home, here):
        folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(here)
    jg = group(scripted, 1)
    jg.results_table().to_csv("~/t.csv")
    jg.results_table().to_json("~/t.json")
    jg.export("~/t.jobgroup")
    Dashboard(jg).save_html("~/t.html")
    assert len(JobGroup.load("~/t.jobgroup", name="loaded")) == 1
    assert JobGroup.import_perceval("~").source == home
    with EmbeddedCloud(directory="~/cloud", prewarm=False):
        pass
    names = {"t.csv", "t.json", "t.jobgroup", "t.html", "cloud"}
    assert names <= {path.name for path in home.iterdir()}
    assert list(here.iterdir()) == []


def test_search_finds_a_name_with_a_value_as_a_whole(scripted, timer):
    """A rerun of the found jobs reruns only the intended jobs."""
    jg = JobGroup("found")
    for n in (1, 10, 11, 1.0):
        jg.add(timer(scripted), labels={"n": n})
    jg.add(timer(scripted, "n=1, again"), labels={"sample": "warm laser"})
    assert [job.position for job in jg.find("n=1")] == [0, 3, 4]
    assert [job.position for job in jg.find('sample="warm laser"')] == [4]
    assert jg.find("sample=warm") == []
    assert jg.find("sent") == []
    assert len(jg.find("unsent")) == 5
    assert [job.position for job in jg.find("#1")] == [1]


def test_search_compares_each_parameter_of_a_noise_model(scripted):
    """A noise model, which the payload has as text, has a column for each parameter, with defaults.
    Its text, the hash of the payload and measured values are not columns.
    """
    payloads = {
        scripted.make(): {"circuit": "none", "noise": f':PCVL:NoiseModel:{{"g2": {g2}}}'}
        for g2 in (0.05, 0.01)
    }
    scripted.faults["data"] = lambda _, asked: (200, {"payload": payloads[asked.id]})
    jg = JobGroup("noisy")
    jg.adopt(payloads, platform="p", url=scripted.url)
    assert [job.position for job in jg.find("noise.g2>0.02")] == [0]
    assert len(jg.find("noise.indistinguishability=1")) == 2
    assert all("content" in record.metadata for record in jg.snapshot())
    with pytest.raises(ValueError, match=r"use results_table\(\)\.$") as caught:
        jg.find("samples>100")
    columns = str(caught.value).split("The columns are ")[1].split(". To ")[0].split(", ")
    assert columns[0].startswith("noise.")
    assert not {"content", "noise"} & {*columns}


def test_unfinished_job_has_a_repr():
    """Debuggers and error trackers show the locals of each frame, unfinished jobs included."""
    with pytest.raises(ValueError, match="must not contain a user") as caught:
        RemoteJob({"command": "timer"}, platform="p", url="https://me:secret@cloud.example")
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "RemoteJob 'unnamed'" in "".join(shown.format())


@pytest.mark.parametrize("call", ["run", "await", "job"])
def test_a_traceback_shows_the_users_call_and_is_logged_whole(scripted, group, caplog, call):
    """An error with a message for the user has no frames of the engine below the user's call."""
    jg = group(scripted, 1)
    set_token("wrong", url=scripted.url)
    calls = {
        "run": jg.run_parallel,
        "await": lambda: asyncio.run(jg.run_parallel_async()),
        "job": jg[0].execute_async,
    }
    caplog.set_level(logging.DEBUG, logger="jobgroup")
    with pytest.raises(InvalidTokenError) as raised:
        calls[call]()
    shown = "".join(traceback.format_exception(raised.value))
    assert "submission.py" not in shown
    assert "submission.py" in caplog.text
