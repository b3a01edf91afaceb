"""Output for programs has a fixed encoding in every locale."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from jobgroup import JobGroup, RemoteJob
from jobgroup.cli import main


def _piped(monkeypatch, *argv):
    """Return a command's output as `> file` writes it on Windows, with Windows line endings."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "cp1252", newline="\r\n")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        assert main(argv) == 0
    stream.detach()
    return raw.getvalue()


@pytest.fixture
def lettered():
    """Make a group with a Greek label."""
    jg = JobGroup("sweep")
    jg.add(RemoteJob({"command": "timer"}, platform="p"), labels={"plate": "λ/2"})
    return jg


def test_csv_in_a_pipe_is_utf_8_with_its_own_line_ends(lettered, monkeypatch):
    """No letter is lost, and no line end is doubled."""
    data = _piped(monkeypatch, "results", "sweep", "--csv", "--columns", "job,plate")
    assert data == "job,plate\r\n0,λ/2\r\n".encode()


@pytest.mark.parametrize("command", [["results", "sweep"], ["show", "sweep"], ["ls"]])
def test_json_in_a_pipe_is_ascii(lettered, monkeypatch, command):
    """The JSON is ASCII with fixed line ends, so any encoding can read it."""
    data = _piped(monkeypatch, *command, "--json")
    assert data.isascii()
    assert b"\r" not in data
    assert json.loads(data)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
def test_a_full_disk_under_the_output_is_reported(lettered):
    """The error is a message without a traceback."""
    command = [sys.executable, "-m", "jobgroup", "ls"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1
    assert "Could not write the output: No space left" in ended.stderr
    assert "Traceback" not in ended.stderr
