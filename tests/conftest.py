"""The environment of every test, without groups, tokens or configuration of this user."""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import socketserver
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobgroup import JobGroup, forget_tokens
from jobgroup.store.paths import group_path

if TYPE_CHECKING:
    from nursery import Nursery

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell makes background processes ignore Ctrl-C, and their children inherit this
    signal.signal(signal.SIGINT, signal.default_int_handler)

# with the default of 5, servers on a busy machine drop connections, and clients wait
socketserver.TCPServer.request_queue_size = 128

if find_spec("hypothesis"):  # not in the environments of `make compat`
    from hypothesis import HealthCheck, settings

    # no deadline, because the machine may be busy. Each run has the same examples, and `make
    # torture` uses new ones.
    settings.register_profile(
        "patient",
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("patient")


FIRST = ("hosts", "promises", "server", "cloud", "cli", "compat", "docs", "notebooks", "providers")
"""Folders with the longest tests, which a parallel run must not start last."""

TOGETHER = ("hosts", "compat", "takeover")
"""Folders whose files share what takes seconds to start, so that one process runs all of them.

Concurrent browsers, servers and kernels would also slow each other down.
"""


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[Any]:
    """Let one process of a parallel run collect first, so that the others find compiled tests.

    To rewrite the assertions of all tests takes each process 10 s.
    """
    if not hasattr(session.config, "workerinput") or sys.dont_write_bytecode:
        return (yield)
    with Path(__file__).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(lock, fcntl.LOCK_SH)
        return (yield)


def pytest_collection_finish() -> None:
    """Exempt what lives until the end, a million objects, from garbage collection.

    Each full collection takes a quarter of a second otherwise, and tests of leaks start some.
    """
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with these folders, in this order."""
    order = {folder: number for number, folder in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.parent.name, len(order)))


@pytest.hookimpl(optionalhook=True)  # the environments of `make compat` are without xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each process whole files, or whole folders."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            folder = Path(file).parent
            return str(folder) if folder.name in TOGETHER else file

    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set an empty data directory for the test and its processes, and forget all tokens.

    Ports are reused: a token that was set for an earlier test's cloud would precede the token of a
    job for a later cloud at the same address.
    """
    forget_tokens()
    tokens = ("JOBGROUP_TOKEN", "PCVL_CLOUD_TOKEN", "SCALEWAY_CLOUD_TOKEN")
    for name in (*tokens, "JOBGROUP_URL"):
        monkeypatch.delenv(name, raising=False)
    if config := getattr(sys.modules.get("perceval"), "RemoteConfig", None):
        config().set_token("")  # Perceval keeps a token that it once found in the environment
    folder = tmp_path / "groups"
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(folder))
    monkeypatch.setenv("PCVL_PERSISTENT_PATH", str(tmp_path / "perceval"))
    return folder


@pytest.fixture(scope="session")
def worker() -> Iterator[Executor]:
    """Return a process that executes payloads, for several clouds. It takes seconds to start."""
    from jobgroup.cloud.worker_pool import WorkerPool

    pool = WorkerPool(1)
    yield pool
    pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Return the source of child processes that have imported jobgroup."""
    from nursery import Nursery

    with Nursery(imports=["jobgroup.cli"]) as running:
        yield running


FORKED = """
import sys
from jobgroup.cli import main
for number, file in enumerate(files):
    os.dup2(os.open(file, os.O_CREAT | os.O_TRUNC | os.O_RDWR), number)
try:
    code = main(arguments)
except SystemExit as ended:
    code = ended.code or 0
say(code)
"""


@pytest.fixture
def forked_command(nursery: Nursery, tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Run `jobgroup` in a process that has imported it, which saves a second.

    Return its exit code, output and errors.
    """

    def run(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
        _, *outputs = files = [os.devnull, str(tmp_path / "stdout"), str(tmp_path / "stderr")]
        child = nursery.start(FORKED, env=env, arguments=arguments, files=files)
        (code,) = child.all(300)
        nursery.clear()
        out, err = (Path(output).read_text() for output in outputs)
        return code, out, err

    return run


CONFIGURE_PERCEVAL = """
import sys
import perceval

if hasattr(getattr(perceval, "RemoteConfig", None), "set_url"):  # not before 1.1
    config = perceval.RemoteConfig()
    config.set_url(sys.argv[1])
    config.set_token(sys.argv[2])
    config.save()
"""


@pytest.fixture(scope="session")
def perceval_scripts() -> Callable[[Path, str, str], Callable[[str], str]]:
    """Run each script in its own process, with Perceval's configuration for a cloud.

    The first script also stores this configuration, because Perceval takes seconds to import. The
    scripts' arguments are the cloud's URL and token.
    """

    def prepare(home: Path, url: str, token: str) -> Callable[[str], str]:
        first = iter([CONFIGURE_PERCEVAL])
        # 0.13 stores its groups there, but does not create the folder
        for folder in ("perceval", "perceval-quandela/job_group"):
            (home / folder).mkdir(parents=True)
        own = {
            "HOME": str(home),
            "XDG_DATA_HOME": str(home),
            "PCVL_PERSISTENT_PATH": str(home / "perceval"),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }

        def run(source: str) -> str:
            done = subprocess.run(
                [sys.executable, "-c", next(first, "") + source, url, token],
                env={**os.environ, **own},
                cwd=home,
                capture_output=True,
                text=True,
                timeout=1200,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        return run

    return prepare


@pytest.fixture
def anyio_backend() -> str:
    """Return the backend of the engine's loop."""
    return "asyncio"


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Wait until a function returns a true value, and return that value."""

    def wait(condition: Callable[[], Any], timeout_s: float = 180) -> Any:
        give_up = time.monotonic() + timeout_s
        pause_s = 0.002  # longer from time to time, as the test shares the processor with its parts
        while not (value := condition()):
            assert time.monotonic() < give_up, f"it did not come true within {timeout_s} s"
            time.sleep(pause_s)
            pause_s = min(1.2 * pause_s, 0.03)
        return value

    return wait


@pytest.fixture
def suspend() -> Callable[[int], None]:
    """Suspend a process, and return once each of its threads has stopped.

    Until then, a thread may still read what this process writes.
    """

    def begin(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # the thread has ended
                while (thread / "stat").read_text().rpartition(") ")[2][0] != "T":
                    time.sleep(0.001)

    return begin


@pytest.fixture
def stop(suspend: Callable[[int], None]) -> Callable[[int, JobGroup], None]:
    """Suspend a process at any point except during a write to a group's file.

    A process that is suspended while it holds the file's lock blocks all others.
    """

    def begin(pid: int, jg: JobGroup) -> None:
        with closing(sqlite3.connect(group_path(jg.name), timeout=120)) as file:
            file.execute("BEGIN EXCLUSIVE")
            suspend(pid)

    return begin
