"""The embedded cloud as an object: a server in a thread, with its jobs, workers and token."""

from __future__ import annotations

import asyncio
import importlib.util
import secrets
import signal
import socket
import sys
import tempfile
import threading
from concurrent.futures import Executor, Future
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Self

from jobgroup.cloud.records import Job, Records
from jobgroup.cloud.scheduler import Plan, Scheduler

HOSTS: Final = ("127.0.0.1", "localhost", "::1")
STARTUP_TIMEOUT_S: Final = 30.0


class EmbeddedCloud:
    """A cloud on this machine, for scripts, notebooks and tests.

    It serves the Quandela Cloud contract on loopback and executes jobs with Perceval, on the
    platforms ``sim:altair`` (noise as the real one) and ``sim:slos`` (no noise). A third one,
    ``test:timer``, runs nothing: its jobs take the time that their payload asks for (see
    `jobgroup.cloud.engines.TimerEngine`), so that thousands of them cost next to nothing.

    Args:
        port: the port to listen on; 0 for a free one.
        token: what clients must send; made up when not given.
        directory: where jobs are kept, so that they survive a restart; a temporary directory,
            deleted with this object, when not given.
        max_queue: the plan's limit of jobs waiting and running.
        max_concurrent: the plan's limit of jobs running at once.
        executor: what executes payloads, worker processes of our own when not given. Progress and
            cancelation reach the workers of another one where they see this machine's files.
        workers: how many payloads are executed at once.
        warm: whether worker processes start and import Perceval at once, in the background, and
            not with the first job (2 to 5 s).
        host: a loopback address.

    Raises:
        ValueError: `host` is not a loopback address, or a limit is less than 1.

    Example:
        >>> with EmbeddedCloud(warm=False) as cloud:
        ...     cloud.url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(
        self,
        *,
        port: int = 0,
        token: str | None = None,
        directory: str | Path | None = None,
        max_queue: int = 1000,
        max_concurrent: int = 8,
        executor: Executor | None = None,
        workers: int = 1,
        warm: bool = True,
        host: str = "127.0.0.1",
    ) -> None:
        if host not in HOSTS:
            raise ValueError(
                f"The embedded cloud listens on loopback only ({', '.join(HOSTS)}), not on {host}."
            )
        if min(max_queue, max_concurrent, workers) < 1:
            raise ValueError("max_queue, max_concurrent and workers must be 1 or more.")
        if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
            raise ValueError("A token is made of printable ASCII characters.")
        self.token = token or secrets.token_urlsafe(24)
        self.plan = Plan(max_queue, max_concurrent)
        self._host = host
        self._port = port
        self._temporary = None if directory else tempfile.TemporaryDirectory(prefix="jobgroup-")
        self._directory = Path(directory or self._temporary.name)  # type: ignore[union-attr]
        self._executor = executor
        self._workers = workers
        self._warm = warm
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_asked: asyncio.Event | None = None
        self._store: Records | None = None
        self._running_executor: Executor | None = None

    @property
    def url(self) -> str:
        """Where it listens.

        Raises:
            RuntimeError: it was never started, and so has no port yet.
        """
        if not self._port:
            raise RuntimeError("The embedded cloud has no url before start().")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._thread is not None

    def start(self) -> Self:
        """Begin to serve; after a `stop`, on the same port and with the same jobs.

        Raises:
            ImportError: the extra "cloud" is not installed.
            OSError: the port is taken.
            RuntimeError: another embedded cloud uses the directory.
        """
        if self._thread is not None:
            return self
        _require("starlette", "uvicorn", "perceval")
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._directory / "mailboxes").mkdir(exist_ok=True)
        from jobgroup.cloud.listener import bind

        bound = bind(self._host, self._port)
        self._port = bound.getsockname()[1]
        try:
            store = self._store = Records(self._directory / "jobs.sqlite")
        except BaseException:
            bound.close()
            raise
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(bound, store, ready)),
            name="jobgroup-cloud",
            daemon=True,
        )
        self._thread.start()
        ready.result(STARTUP_TIMEOUT_S)
        return self

    def stop(self) -> None:
        """End serving and the workers. Jobs are kept; what ran is run again after a `start`."""
        if self._thread is None or self._loop is None or self._stop_asked is None:
            return
        self._loop.call_soon_threadsafe(self._stop_asked.set)
        self._thread.join()
        self._thread = None

    def jobs(self) -> list[Job]:
        """Every job that it was ever given, oldest first.

        Raises:
            RuntimeError: it does not run.
        """
        if self._store is None or self._thread is None:
            raise RuntimeError("The embedded cloud does not run.")
        return self._store.all()

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of its workers; empty while it does not run, or has another executor."""
        from jobgroup.cloud.workers import WorkerProcesses

        workers = self._running_executor if self.running else None
        return workers.pids if isinstance(workers, WorkerProcesses) else []

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __repr__(self) -> str:
        where = self.url if self._port else "not started"
        return f"<EmbeddedCloud {where}{'' if self.running else ', stopped'}>"

    async def _serve(self, bound: socket.socket, store: Records, ready: Future[None]) -> None:
        """The life of the server's thread."""
        from jobgroup.cloud.app import Contract, make_app
        from jobgroup.cloud.engines import PercevalEngine, TimerEngine
        from jobgroup.cloud.gate import Gate
        from jobgroup.cloud.listener import Listener
        from jobgroup.cloud.workers import WorkerProcesses

        self._loop = asyncio.get_running_loop()
        self._stop_asked = asyncio.Event()
        executor = self._executor or WorkerProcesses(self._workers)
        self._running_executor = executor
        perceval = PercevalEngine(executor, self._workers, self._directory / "mailboxes")
        scheduler = Scheduler(store, self.plan, {True: perceval, False: TimerEngine()})
        if self._warm and isinstance(executor, WorkerProcesses):
            executor.warm()
        try:
            app = make_app(Contract(store, scheduler, perceval))
            listener = Listener(Gate(app, self.token))
            await listener.open(bound)
            scheduler.resume()
            ready.set_result(None)
            await self._stop_asked.wait()
            await listener.close()
            await scheduler.stop()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise
        finally:
            store.close()
            if self._executor is None:
                executor.shutdown(wait=True, cancel_futures=True)


def serve(
    *,
    port: int = 0,
    token: str | None = None,
    directory: str | Path | None = None,
    max_queue: int = 1000,
    max_concurrent: int = 8,
    workers: int = 1,
) -> None:
    """Run an embedded cloud until Ctrl-C or SIGTERM; prints its url and token.

    The arguments are those of `EmbeddedCloud`.
    """
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    cloud = EmbeddedCloud(
        port=port,
        token=token,
        directory=directory,
        max_queue=max_queue,
        max_concurrent=max_concurrent,
        workers=workers,
    )
    previous = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with cloud:
            sys.stdout.write(f"url:   {cloud.url}\ntoken: {cloud.token}\nStop with Ctrl-C.\n")
            sys.stdout.flush()
            ended.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _require(*modules: str) -> None:
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise ImportError(
                f"The embedded cloud needs {module}, which is not installed:"
                ' pip install "jobgroup[cloud]"'
            )
