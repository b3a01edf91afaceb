"""The system's facts about processes, which decide who may run a group."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

import pytest

from jobgroup.system import boot_id, life_of, this_process

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def sleeper():
    """Start an idle process, and return it with its identity."""
    source = "from jobgroup.system import this_process; print(repr(tuple(this_process())), end='')"
    source += "; import sys; sys.stdout.flush(); sys.stdin.read()"
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", source], stdin=pipe, stdout=pipe)
    yield process
    process.kill()
    process.communicate()


def _identity(process):
    text = b""
    while not text.endswith(b")"):
        text += os.read(process.stdout.fileno(), 1000)
    return type(this_process())(*eval(text))


def test_a_living_process_is_running_and_a_dead_one_is_gone(sleeper):
    """A dead process counts as gone even before its parent has waited for it."""
    identity = _identity(sleeper)
    assert identity.pid == sleeper.pid
    assert life_of(identity) == "running"
    os.kill(sleeper.pid, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while life_of(identity) != "gone" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert life_of(identity) == "gone"
    sleeper.wait()
    assert life_of(identity) == "gone"


@linux
def test_a_stopped_process_is_reported_as_stopped(sleeper):
    """A stopped process may continue later, but cannot renew its lease now."""
    identity = _identity(sleeper)
    os.kill(sleeper.pid, signal.SIGSTOP)
    deadline = time.monotonic() + 120
    while life_of(identity) != "stopped" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert life_of(identity) == "stopped"
    os.kill(sleeper.pid, signal.SIGCONT)


def test_a_process_with_a_reused_pid_is_another_one():
    """The system reuses pids; the start time distinguishes them."""
    me = this_process()
    assert life_of(me) == "running"
    assert life_of(me._replace(started="1")) == "gone"


def test_processes_of_other_machines_and_containers_are_unknown():
    """A pid means nothing under another kernel, or in another namespace."""
    nobody = this_process()._replace(pid=2**22 + 1)
    assert life_of(nobody) == "gone"
    for elsewhere in (
        nobody._replace(boot="another"),
        nobody._replace(boot=""),
        nobody._replace(namespace="pid:[1]"),
    ):
        assert life_of(elsewhere) == "unknown"
    assert boot_id() == boot_id()


@linux
def test_a_process_name_that_is_not_utf8_does_not_matter():
    """The kernel cuts names after 15 bytes, even in the middle of a character."""
    libc = ctypes.CDLL(None)
    before = ctypes.create_string_buffer(16)
    libc.prctl(16, before, 0, 0, 0)
    try:
        libc.prctl(15, "измерение) 1".encode()[:15], 0, 0, 0)
        assert life_of(this_process()) == "running"
    finally:
        libc.prctl(15, before, 0, 0, 0)


@linux
def test_a_container_with_the_same_host_name_is_distinguished():
    """A process in its own pid namespace is unknown from outside, whatever its pid there."""
    source = "from jobgroup.system import this_process; print(repr(tuple(this_process())))"
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", source]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no pid namespace can be made here ({made.stderr.strip()[:100]})")
    inside, here = type(this_process())(*eval(made.stdout)), this_process()
    assert (inside.host, inside.boot) == (here.host, here.boot)
    assert inside.namespace != here.namespace
    assert life_of(inside) == "unknown"
