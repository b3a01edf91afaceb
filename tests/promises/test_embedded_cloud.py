"""Promise 12: the embedded cloud lets nobody else in, and loses no job.

Its contract, its gate and its lifetime are tested in `tests/cloud`; here, what a client relies on.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud


def ask(url: str, **headers: str) -> int:
    """The status of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_strangers_are_refused(cloud):
    """Without the token, with another, or under another host's name: no call is served."""
    right = f"Bearer {cloud.token}"
    for path in ("/api/jobs/availability", "/api/jobs", "/faults", "/api/platform/sim:slos", "/x"):
        url = cloud.url + path
        assert ask(url) == 401
        assert ask(url, Authorization="Bearer wrong") == 401
        assert ask(url, Authorization=cloud.token) == 401
        assert ask(url, Authorization=right[:-1]) == 401
        assert ask(url, Authorization=right, Host="evil.example") == 400
        assert ask(url, Authorization=right) != 401
    assert cloud.jobs() == []


def test_it_listens_on_loopback_only(cloud):
    """It refuses any other address, and cannot be reached by this machine's own."""
    for host in ("0.0.0.0", "", "::", socket.gethostname(), "192.0.2.1"):
        with pytest.raises(ValueError, match="loopback"):
            EmbeddedCloud(host=host)
    port = int(cloud.url.rpartition(":")[2])
    listening = Path("/proc/net/tcp").read_text()
    lines = [line.split() for line in listening.splitlines()[1:]]
    local = [f[1] for f in lines if f[3] == "0A" and int(f[1].split(":")[1], 16) == port]
    assert local
    assert all(address.startswith("0100007F") for address in local)


def test_its_token_is_compared_in_constant_time():
    """The comparison is `hmac.compare_digest`, and no `==` is made with the token."""
    source = (Path(sys.modules["jobgroup.cloud"].__path__[0]) / "gate.py").read_text()
    assert "compare_digest" in source
    assert "== self._expected" not in source


def test_bodies_are_bounded(cloud):
    """A body of 40 MB is refused, declared or not; the cloud serves on."""
    for chunked in (False, True):
        body = (b"x" * 65_536 for _ in range(640)) if chunked else b"x" * (40 << 20)
        request = urllib.request.Request(
            f"{cloud.url}/api/jobs",
            data=body,  # type: ignore[arg-type]
            headers={"Authorization": f"Bearer {cloud.token}"},
            method="POST",
        )
        with pytest.raises((urllib.error.URLError, ConnectionError)) as refused:
            urllib.request.urlopen(request, timeout=30)
        if isinstance(refused.value, urllib.error.HTTPError):
            assert refused.value.code == 413
    assert ask(f"{cloud.url}/api/jobs/availability", Authorization=f"Bearer {cloud.token}") == 200


def test_its_jobs_survive_a_kill(tmp_path, monkeypatch):
    """Killed at any moment and started again, it has every job that a client was told of."""
    command = [sys.executable, "-m", "jobgroup.cloud.command", "--directory", str(tmp_path / "c")]
    command += ["--token", "right-token"]
    port = "0"
    jg = None
    for life in range(3):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = subprocess.Popen([*command, "--port", port], stdout=subprocess.PIPE, env=env)
        assert process.stdout is not None
        url = process.stdout.readline().split()[1].decode()
        port = url.rpartition(":")[2]
        set_token("right-token", url=url)
        jg = jg or JobGroup("outlived")
        body = {"command": "timer", "parameters": {"duration_s": 0.05}}
        jg.add_many([RemoteJob(body, platform="test:timer", url=url) for _ in range(5)])
        jg.run_parallel()
        if life < 2:
            process.send_signal(signal.SIGKILL)
        else:
            jg.wait(30)
            process.terminate()
        process.wait(30)
        process.stdout.close()
    assert jg is not None
    assert [j.state for j in jg] == ["success"] * 15


def test_a_worker_that_dies_takes_one_job_along():
    """A payload's process is killed: its job fails and says so, the next one is executed."""
    perceval = pytest.importorskip("perceval")
    with EmbeddedCloud() as cloud:
        processor = perceval.RemoteProcessor("sim:slos", url=cloud.url, token=cloud.token)
        processor.set_circuit(perceval.BS())
        processor.min_detected_photons_filter(1)
        processor.with_input(perceval.BasicState([1, 0]))
        sampler = perceval.algorithm.Sampler(processor, max_shots_per_call=10)
        jg = JobGroup("workers")
        jg.add_many([sampler.probs, sampler.probs])
        for pid in cloud.worker_pids:
            os.kill(pid, signal.SIGKILL)
        jg.run_parallel()
        jg.wait(60)
        assert jg[1].state == "success"
        assert jg[0].state in ("success", "error")
