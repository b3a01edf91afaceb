"""The child processes that decode results: no request delays another one for long."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import termios
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from ui_server import TIMEOUT_S, wait

from jobgroup.errors import JobGroupError
from jobgroup.group import engine_session
from jobgroup.secret import Secret
from jobgroup_server.decoder import Decoder


def _question(group, **changes):
    uuid = engine_session(group).store.meta()["uuid"]
    return {"group": group.name, "uuid": uuid, "name": "size", "args": {}, "removals": 0, **changes}


def _unread_bytes(pid):
    """Return the number of unread bytes on a process's standard input."""
    with Path(f"/proc/{pid}/fd/0").open("rb", buffering=0) as pipe:
        return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.fixture
def new_decoder():
    """Make decoders that are closed after the test."""
    decoders: list[Decoder] = []

    def make(**limits: float) -> Decoder:
        decoders.append(Decoder(**limits))
        return decoders[-1]

    yield make
    for decoder in decoders:
        decoder.close()


def _children() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "jobgroup_server.decoder" in process.cmdline():
                found.append(process)
    return found


def test_questions_of_several_views_are_answered(make_group, new_decoder):
    """Each view gets its own results from at most two processes, which end when they are idle."""
    groups = [make_group(name, {}) for name in ("one", "two", "three")]
    decoder = new_decoder(idle_s=1)
    asked = [decoder.ask(str(i), _question(group)) for i, group in enumerate(groups * 3)]
    assert all("size_bytes" in future.result(TIMEOUT_S) for future in asked)
    assert len(_children()) <= 2
    wait(lambda: not _children())
    assert "size_bytes" in decoder.ask("again", _question(groups[0])).result(TIMEOUT_S)


def test_drawings_come_from_the_process_that_has_perceval(make_group, new_decoder):
    """The other process does not import Perceval too while the first one is free."""
    group = make_group("study", {})
    decoder = new_decoder()
    for future in [decoder.ask(view, _question(group)) for view in ("a", "b")]:
        future.result(TIMEOUT_S)
    wait(lambda: len(_children()) == 2)

    def answering() -> set[int]:
        before = {each.pid: each.io_counters().read_count for each in _children()}
        drawing = _question(group, name="drawing", args={"position": 0})
        assert "no single circuit" in decoder.ask("c", drawing).result(TIMEOUT_S)["reason"]
        return {
            each.pid for each in _children() if each.io_counters().read_count > before[each.pid]
        }

    first = answering()
    assert len(first) == 1
    assert all(answering() == first for _ in range(20))


def test_a_long_question_ends_once_others_wait(make_group, new_decoder, suspend):
    """A stuck process is ended after the short limit, and the waiting request is answered."""
    group = make_group("study", {})
    decoder = new_decoder(timeout_in_demand_s=2)
    for future in [decoder.ask(view, _question(group)) for view in ("a", "b")]:
        future.result(TIMEOUT_S)
    wait(lambda: len(_children()) == 2)
    for process in _children():
        suspend(process.pid)
    stuck = [decoder.ask(view, _question(group)) for view in ("a", "b")]
    waiting = decoder.ask("c", _question(group))
    assert "size_bytes" in waiting.result(TIMEOUT_S)
    ended = [future for future in stuck if future.done()]
    assert [type(future.exception()) for future in ended] in ([JobGroupError], [JobGroupError] * 2)


def test_a_process_that_dies_fails_its_question_alone(make_group, new_decoder, suspend):
    """The next request starts another process."""
    group = make_group("study", {})
    decoder = new_decoder()
    decoder.ask("view", _question(group)).result(TIMEOUT_S)
    [process] = _children()
    suspend(process.pid)
    asked = decoder.ask("view", _question(group))
    wait(lambda: _unread_bytes(process.pid))
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(JobGroupError, match="could not be decoded"):
        asked.result(TIMEOUT_S)
    assert "size_bytes" in decoder.ask("view", _question(group)).result(TIMEOUT_S)


def test_a_replaced_group_is_not_decoded(make_group, new_decoder):
    """Results belong to the group on the page, and not to another one of the same name."""
    group = make_group("study", {})
    asked = new_decoder().ask("view", _question(group, uuid="0" * 32))
    with pytest.raises(JobGroupError, match="Another group"):
        asked.result(TIMEOUT_S)


def test_too_many_questions_are_refused(make_group, new_decoder):
    """The number of requests is bounded, so they do not fill the server's memory."""
    group = make_group("study", {})
    decoder = new_decoder()
    asked = [decoder.ask("view", _question(group)) for _ in range(300)]
    refused = [future for future in asked if future.done() and future.exception() is not None]
    assert refused


def test_views_of_one_group_share_its_results(make_group, new_decoder, cloud):
    """Each result is requested once from the cloud, for all views and both processes."""
    groups = [make_group(name, *[{}] * 5) for name in ("one", "two")]
    for group in groups:
        group.run_parallel()
        group.wait(TIMEOUT_S)
    decoder, tokens = new_decoder(), [(cloud.url, "", Secret(cloud.token))]

    def reads() -> int:
        return sum(each.call == "result" for each in cloud.log)

    before = reads()
    asked = [
        decoder.ask((view, name), _question(group, name=name, args=args), tokens)
        for view in range(3)
        for group in groups
        for name, args in (("measured", {"positions": [*range(5)]}), ("figure", {}))
    ]
    assert not any(future.result(TIMEOUT_S).get("failed", {}).get("0") for future in asked)
    assert reads() - before == 10
