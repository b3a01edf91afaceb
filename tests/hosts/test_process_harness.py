"""The harness leaves no server behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

SERVE = """
import sys, time
from pathlib import Path
from harness.process import free_port, serving

port, folder = free_port(), Path(sys.argv[1])
command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
url = f"http://127.0.0.1:{port}"
with serving(command, env={}, cwd=folder, ready_url=url, log=folder / "log"):
    print("serves", flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv of util-linux")
def test_a_server_ends_if_its_tests_are_killed(tmp_path, until):
    """Neither `finally` nor `atexit` runs in a process that is killed."""
    harness = Path(__file__).parent
    tests = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(harness)},
        stdout=subprocess.PIPE,
    )
    assert tests.stdout is not None
    assert tests.stdout.readline() == b"serves\n"
    (server,) = psutil.Process(tests.pid).children()
    tests.kill()
    tests.wait()
    tests.stdout.close()
    until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
