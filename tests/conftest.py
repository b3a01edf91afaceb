"""The start of every test: no group, no token, no configuration of this user."""

from __future__ import annotations

import os
import signal
import socketserver
from importlib.util import find_spec
from pathlib import Path

import pytest

from jobgroup import forget_tokens

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell that starts something in the background has it ignore Ctrl-C, and so would children
    signal.signal(signal.SIGINT, signal.default_int_handler)

# with the default of 5 a busy machine's servers drop connections, and clients wait for seconds
socketserver.TCPServer.request_queue_size = 128

if find_spec("hypothesis"):  # the environments of `make compat` are without
    from hypothesis import HealthCheck, settings

    # how long an example takes says how busy the machine is; as in Hypothesis's own profile, CI has
    # the same examples each time
    settings.register_profile(
        "patient",
        deadline=None,
        derandomize="CI" in os.environ,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("patient")


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the test's job groups, its processes' too; no token is known.

    Ports come again in a process: a token that was set for an earlier test's cloud would go before
    the one that a job brings along for a later cloud at the same address.
    """
    forget_tokens()
    tokens = ("JOBGROUP_TOKEN", "PCVL_CLOUD_TOKEN", "SCALEWAY_CLOUD_TOKEN")
    for name in (*tokens, "JOBGROUP_URL"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "groups"
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(folder))
    monkeypatch.setenv("PCVL_PERSISTENT_PATH", str(tmp_path / "perceval"))
    return folder


@pytest.fixture
def anyio_backend() -> str:
    """The loop that the engine runs on."""
    return "asyncio"
