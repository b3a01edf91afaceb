"""Promise 12: the embedded cloud serves only its user, and loses no job.

These are the promises to a client. `tests/cloud` proves the rest: loopback only, the Host header,
bounded bodies and payloads, workers whose death affects one job, jobs that survive a kill.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from harness.process import free_port
from jobgroup import JobGroup, RemoteJob, set_token


def ask(url: str, **headers: str) -> int:
    """The status of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_strangers_are_refused(cloud):
    """No call is served without the token, with another one, or under another host's name."""
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


def test_the_token_is_compared_in_constant_time():
    """The comparison is `hmac.compare_digest`, and no `==` is made with the token."""
    source = (Path(sys.modules["jobgroup.cloud"].__path__[0]) / "middleware.py").read_text()
    assert "compare_digest" in source
    assert "== self._expected" not in source


def test_the_jobs_survive_a_kill(tmp_path, monkeypatch):
    """Killed at any moment and started again, it has every job that it acknowledged to a client."""
    command = [sys.executable, "-m", "jobgroup", "cloud", "--directory", str(tmp_path / "c")]
    command += ["--token", "right-token"]
    port = str(free_port())  # which no other program gets while the cloud is down
    jg = None
    for life in range(3):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = subprocess.Popen([*command, "--port", port], stdout=subprocess.PIPE, env=env)
        assert process.stdout is not None
        url = process.stdout.readline().split()[1].decode()
        set_token("right-token", url=url)
        jg = jg or JobGroup("outlived")
        body = {"command": "timer", "parameters": {"duration_s": 0.05}}
        jg.add_many([RemoteJob(body, platform="test:timer", url=url) for _ in range(5)])
        jg.run_parallel()
        if life < 2:
            process.send_signal(signal.SIGKILL)
        else:
            jg.wait(120)
            process.terminate()
        process.wait(120)
        process.stdout.close()
    assert jg is not None
    assert [j.state for j in jg] == ["success"] * 15
