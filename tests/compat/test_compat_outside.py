"""Data from outside runs no code and contacts no host, with any release of Perceval."""

from __future__ import annotations

import json
import os
import socket
import sys
import warnings
from functools import partial
from pathlib import Path

import perceval as pcvl
import pytest
from hostile_texts import hostile_texts
from perceval.serialization import deserialize, serialize
from unruly import UnrulyCloud

from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.adapters import UndecodableResultError, decode, describe_body, ideal_of
from jobgroup.decoding import Decoder, LeftAsText, RefusedError
from jobgroup.decoding.perceval_maker import PercevalMaker

COUNTS = ":PCVL:BSCount:{|0,1>=3;|1,0>=4}"
MARK = "HOSTILE_TEXT_RAN"
PYTHON = f"__import__('os').environ.setdefault('{MARK}','x')"
RECORDED = Path(__file__).parents[1] / "takeover" / "recorded"


class Watch:
    """Records the interpreter's audit events: compiled code, programs and connections."""

    def __init__(self):
        self.allowed = set()
        self.seen = []
        self.is_on = False
        sys.addaudithook(self._hook)

    def _hook(self, event, args):
        if not self.is_on:
            return
        if event == "compile" and MARK in str(args[0]):
            self.seen.append((event, str(args[0])))
        elif event in ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen"):
            self.seen.append((event, str(args)))
        elif event == "socket.connect" and args[1][1] not in self.allowed:
            self.seen.append((event, str(args[1])))

    def all(self):
        """Return the events since the last call, and whether the code ran."""
        seen, self.seen = self.seen, []
        ran = os.environ.pop(MARK, None)
        return [*seen, MARK] if ran else seen


WATCH = Watch()


@pytest.fixture
def unused_url():
    """Return a loopback address without a server."""
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{placeholder.getsockname()[1]}"


@pytest.fixture
def hostile(unused_url, monkeypatch):
    """Make hostile texts with this release, and check that they had no effect."""
    monkeypatch.setenv("PCVL_CLOUD_TOKEN", "a-users-own-token")
    texts = hostile_texts(PYTHON, unused_url)
    WATCH.is_on = True
    WATCH.all()
    yield texts
    WATCH.is_on = False
    WATCH.allowed.clear()
    assert WATCH.all() == []


def quietly(function, *args):
    """Return the result of a function, or its error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*args)
        except Exception as error:  # noqa: BLE001  # compared by who asks
            return error


def test_this_release_runs_a_text_and_the_watch_sees_it(unused_url):
    """Perceval's own `deserialize` evaluates a formula, and the watch reports it."""
    WATCH.is_on = True
    try:
        quietly(deserialize, hostile_texts(PYTHON, unused_url)[0])
        assert MARK in WATCH.all()
        with socket.socket() as client:
            client.connect_ex(("127.0.0.1", int(unused_url.rpartition(":")[2])))
        assert WATCH.all()
    finally:
        WATCH.is_on = False


def test_a_hostile_result_is_an_error_or_text(hostile):
    """In place of counts, a hostile text is an error, and next to counts it stays text."""
    for text in hostile:
        for results in ({"results": text}, {"results_list": [{"results": text}]}):
            error = quietly(decode, {"results": json.dumps(results)})
            assert isinstance(error, UndecodableResultError), text
            assert error.raw == json.dumps(results)
        beside = {"results": COUNTS, "more": [{text: text}], "name": text}
        found = quietly(decode, {"results": json.dumps(beside)})
        assert found["results"] == pcvl.BSCount(
            {pcvl.BasicState([0, 1]): 3, pcvl.BasicState([1, 0]): 4}
        )
        ((key, value),) = found["more"][0].items()
        assert {type(left) for left in (key, value, found["name"])} == {LeftAsText}
        named = {"result_mapping": ["os", "system"], "mapping_delta_parameters": {"command": text}}
        asked = {"results": COUNTS, "job_context": named}
        error = quietly(decode, {"results": json.dumps(asked)})
        assert isinstance(error, UndecodableResultError)


def test_a_hostile_payload_is_shown_and_refused(hostile):
    """The payload has no metadata, and the embedded cloud rejects it."""
    for text in hostile:
        payload = {"circuit": text, "experiment": text, "input_state": text, "iterator": [1]}
        quietly(describe_body, {"payload": payload})
        assert isinstance(quietly(ideal_of, {"payload": payload}), ValueError)
        decoder = Decoder(PercevalMaker(), formulas=True, archives=True, strict=True)
        assert isinstance(quietly(decoder.decode, payload, "payload"), RefusedError)


def test_a_hostile_group_file_and_hostile_answers_are_read(hostile, tmp_path, recwarn):
    """A hostile result affects only its job, and the file of such a group loads."""
    with UnrulyCloud() as cloud:
        WATCH.allowed.add(int(cloud.url.rpartition(":")[2]))
        set_token(cloud.token, url=cloud.url)
        jg = JobGroup("hostile", cache_results=True)
        texts = [*hostile, COUNTS]
        for n, text in enumerate(texts):
            body = {"payload": {"circuit": text, "command": "probs"}, "c": n}
            jg.add(RemoteJob(body, platform="p", url=cloud.url, name=str(n)))
        jg.run_parallel()
        jg.wait(300)
        by_id = {job.id: json.dumps({"results": text}) for job, text in zip(jg, texts, strict=True)}
        cloud.answer = lambda call, job_id: (
            (200, {"results": by_id[job_id]}) if call == "result" else None
        )
        results = jg.get_results()
        jg.export(tmp_path / "theirs")
    for group in (jg, JobGroup.load(tmp_path / "theirs", name="loaded")):
        assert [result is not None for result in results] == [False] * len(hostile) + [True]
        table = group.results_table(refresh=False)
        assert set(table.failures) == set(range(len(hostile)))
        assert group.distributions(refresh=False)["count"] == [4, 3]
        assert len(group.find("probs")) >= 0
        assert [quietly(lambda job=job: job.metadata) for job in group]
        results = [quietly(job.get_results) for job in group]
        results = [None if isinstance(each, Exception) else each for each in results]


@pytest.mark.parametrize("release", ["0.12.2", "1.1.0", "1.3.1"])
def test_a_hostile_group_of_perceval_is_imported(release, hostile, tmp_path, recwarn):
    """A group is imported whose payloads and files contain hostile texts."""
    whole = json.loads((RECORDED / f"{release}.jgrp").read_text())
    for text in hostile:
        for job in whole["job_group_data"]:
            job["status"], job["id"] = None, None
            job["body"] = {"payload": {"circuit": text, "command": "probs", text: [text]}}
        path = tmp_path / "theirs.jgrp"
        path.write_text(json.dumps(whole))
        JobGroup.import_perceval(path)
        (tmp_path / "theirs.egrp").write_text(text)
        quietly(JobGroup.import_perceval, tmp_path)
        for name in JobGroup.list_existing():
            repr(JobGroup.open(name))
            JobGroup.delete_job_group(name, permanently=True)


def test_allowed_texts_become_percevals_objects():
    """States, counts, distributions, samples and circuits are this release's own objects."""
    state = pcvl.BasicState([1, 0])
    vector = state * 0.6 + pcvl.BasicState([0, 1]) * 0.8j
    things = [
        pcvl.BSCount({state: 3}),
        pcvl.BSDistribution({state: 0.25, pcvl.BasicState([0, 2]): 0.75}),
        pcvl.BSSamples([state, pcvl.BasicState([0, 1]), state]),
        state,
        pcvl.BasicState("|{_:0}1,{P:H}1>"),
        vector,
        pcvl.SVDistribution({vector: 0.5, pcvl.StateVector([1, 1]): 0.5}),
        pcvl.NoiseModel(g2=0.1, indistinguishability=0.9),
        pcvl.PostSelect("[0] == 1 & [1, 2] > 1"),
        pcvl.Circuit(2) // pcvl.BS() // pcvl.PS(pcvl.P("phi")) // pcvl.BS.H(0.3),
    ]
    for thing in things:
        for compress in (False, True):
            text = serialize(thing, compress=compress)
            found = quietly(decode, {"results": json.dumps({"results": COUNTS, "thing": text})})
            found = found["thing"]
            again = deserialize(text)
            assert type(found) is type(again)
            is_circuit = isinstance(again, pcvl.Circuit)
            read = partial(serialize, compress=False) if is_circuit else str
            assert read(found) == read(again)
