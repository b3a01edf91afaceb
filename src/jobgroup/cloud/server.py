"""The embedded cloud as an object: a server in a thread, with its jobs, workers and token."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import weakref
from concurrent.futures import Executor, Future
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Final, Self

from jobgroup.cloud.cluster import Cluster
from jobgroup.cloud.dependencies import require
from jobgroup.cloud.faults import Faults
from jobgroup.cloud.job_store import Job, JobStore
from jobgroup.cloud.request_log import LoggedRequest, RequestLog
from jobgroup.cloud.scheduler import Plan

if TYPE_CHECKING:
    from jobgroup.cloud.service import Service, Settings

HOSTS: Final = ("127.0.0.1", "localhost", "::1")
MAX_PORT: Final = 65_535
STARTUP_TIMEOUT_S: Final = 30.0


class EmbeddedCloud:
    """A cloud on this machine, for scripts, notebooks and tests.

    It serves the Quandela Cloud contract on loopback and executes jobs with Perceval, on the
    platforms ``sim:altair`` (noise as the real one) and ``sim:slos`` (no noise). On ``test:timer``
    jobs only take the time that their payload asks for (see `jobgroup.cloud.engines.TimerEngine`),
    so thousands of them cost next to nothing.

    Probabilities and performances are exact. Counts and samples are drawn from the probabilities by
    the multinomial distribution, with a different seed for each job, so they scatter as measured
    ones do. Of the `max_shots` events with at least one photon, a binomial number passes the photon
    filter, heralds and post-selection; a job returns these, and at most `max_samples` of them.
    ``sim:probs`` is ``sim:slos`` without sampling: Perceval's client makes counts from its
    probabilities, anew each time that it decodes a result, and they scatter less.

    Args:
        port: the port to listen on; 0 for a free one.
        token: what clients must send; made up when not given.
        directory: where jobs are kept, so that they survive a restart; a temporary directory,
            deleted with this object, when not given.
        max_queue: the plan's limit of jobs waiting and running.
        max_concurrent: the plan's limit of jobs running at once.
        executor: what executes payloads, worker processes of our own when not given: any
            `concurrent.futures.Executor`, also that of a Dask cluster, ``client.get_executor()``.
            Progress reaches the cloud from workers that see this machine's files.
        workers: how many payloads are executed at once: 1 when not given, and with another
            executor as many as the plan allows.
        prewarm: whether worker processes start and import Perceval at once, in the background, and
            not with the first job (2 to 5 s).
        host: a loopback address.
        supports_idempotency_keys: whether a repeated create or rerun with the same
            ``Idempotency-Key`` answers with the first one's id, as ``Idempotency-Key-Support:
            true`` in each answer says. The real cloud does not know that header.

    Attributes:
        token: what clients must send.
        faults: the switch of its misbehaviour, see `jobgroup.cloud.faults.Faults`.

    Raises:
        ValueError: `host` is not a loopback address, a limit is less than 1, or `port` is none.

    Example:
        >>> with EmbeddedCloud(prewarm=False) as cloud:
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
        workers: int | None = None,
        prewarm: bool = True,
        host: str = "127.0.0.1",
        supports_idempotency_keys: bool = True,
    ) -> None:
        if host not in HOSTS:
            raise ValueError(
                f"The embedded cloud listens on loopback only ({', '.join(HOSTS)}), not on {host}."
            )
        if min(max_queue, max_concurrent, workers or 1) < 1 or workers == 0:
            raise ValueError("max_queue, max_concurrent and workers must be 1 or more.")
        if type(port) is not int or not 0 <= port <= MAX_PORT:
            raise ValueError(f"port must be a whole number from 0 to {MAX_PORT}, got {port!r}.")
        if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
            raise ValueError("A token is made of printable ASCII characters.")
        self.token = token or secrets.token_urlsafe(24)
        self.faults = Faults()
        self._host = host
        self._port = port
        self._directory = Path(directory or tempfile.mkdtemp(prefix="jobgroup-cloud-")).expanduser()
        self._forget = weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        if directory:
            self._forget.detach()
        self._plan = Plan(max_queue, max_concurrent, supports_idempotency_keys)
        self._log = RequestLog()
        self._executor = executor
        self._workers = workers
        self._prewarm = prewarm
        self._thread: threading.Thread | None = None
        self._service: Service | None = None
        self._store: JobStore | None = None

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
        require("cloud", "starlette", "uvicorn", "perceval")
        from jobgroup.cloud.listener import bind
        from jobgroup.cloud.service import CONTROL_DIRECTORY, Settings

        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._directory / CONTROL_DIRECTORY).mkdir(mode=0o700, exist_ok=True)
        settings = Settings(
            token=self.token,
            directory=self._directory,
            plan=self._plan,
            faults=self.faults,
            log=self._log,
            executor=self._executor,
            workers=self._workers,
            prewarm=self._prewarm,
        )
        bound = bind(self._host, self._port)
        self._port = bound.getsockname()[1]
        try:
            store = self._store = JobStore(self._directory / "jobs.sqlite")
        except BaseException:
            bound.close()
            raise
        ready: Future[Service] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._live(settings, bound, store, ready)),
            name="jobgroup-cloud",
            daemon=True,
        )
        self._thread.start()
        try:
            self._service = ready.result(STARTUP_TIMEOUT_S)
        except BaseException:
            self._thread = None
            raise
        return self

    def stop(self) -> None:
        """End serving and the workers. Jobs are kept; what ran is run again after a `start`."""
        if self._thread is None or self._service is None:
            return
        with contextlib.suppress(RuntimeError):  # its loop has ended already
            self._service.call(self._service.end)
        self._thread.join()
        self._thread = self._service = None

    def jobs(self) -> list[Job]:
        """Every job that it was ever given, oldest first.

        Raises:
            RuntimeError: it does not run.
        """
        self._service_now()
        return self._store.all() if self._store else []

    @property
    def log(self) -> list[LoggedRequest]:
        """The requests that it received, refused ones too, oldest first; 100,000 at most."""
        return self._log.entries()

    def set_plan(
        self,
        *,
        max_queue: int | None = None,
        max_concurrent: int | None = None,
        supports_idempotency_keys: bool | None = None,
    ) -> None:
        """Change what is given of the plan; jobs that it has already stay.

        Raises:
            ValueError: a limit is less than 0.
            RuntimeError: it does not run.
        """
        service = self._service_now()
        service.call(
            lambda: service.scheduler.set_plan(
                max_queue=max_queue,
                max_concurrent=max_concurrent,
                supports_idempotency_keys=supports_idempotency_keys,
            )
        )

    def go_offline(self, duration_s: float | None = None) -> None:
        """Refuse connections and reset those that there are; jobs run on meanwhile.

        Args:
            duration_s: seconds after which it comes back; None for not before `go_online`.

        Raises:
            RuntimeError: it does not run.
        """
        service = self._service_now()
        service.call(lambda: service.go_offline(duration_s, after_s=0))
        service.settle()

    def go_online(self) -> None:
        """Take connections again after a `go_offline`.

        Raises:
            RuntimeError: it does not run.
        """
        service = self._service_now()
        service.call(service.go_online)
        service.settle()

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of its workers; empty with an executor that is not our own.

        Raises:
            RuntimeError: it does not run.
        """
        return self._service_now().worker_pids()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self._forget()

    def __repr__(self) -> str:
        where = self.url if self._port else "not started"
        return f"<EmbeddedCloud {where}{'' if self.running else ', stopped'}>"

    def _service_now(self) -> Service:
        if self._service is None:
            raise RuntimeError("The embedded cloud does not run: use start() or a with block.")
        return self._service

    async def _live(
        self, settings: Settings, bound: socket.socket, store: JobStore, ready: Future[Service]
    ) -> None:
        """The whole life of the server's thread, which keeps this object from being forgotten."""
        from jobgroup.cloud.service import Service

        try:
            await Service(settings, bound, store).run(ready)
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)


def serve(
    *,
    port: int = 0,
    token: str | None = None,
    directory: str | Path | None = None,
    max_queue: int = 1000,
    max_concurrent: int | None = None,
    workers: int | None = None,
    dask: str | None = None,
    as_json: bool = False,
) -> None:
    """Run an embedded cloud until Ctrl-C or SIGTERM; prints its url and token.

    The arguments are those of `EmbeddedCloud`, and `dask`: the address of the scheduler of a Dask
    cluster that executes the jobs, at most twice as many at once as it has threads; `as_json`:
    print url and token as a line of JSON.

    Raises:
        ImportError: the extra "cloud" or "dask" is not installed.
        ConnectionError: no scheduler is there.
        OSError: the port is taken.
    """
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    previous = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with contextlib.ExitStack() as stack:
            cluster = stack.enter_context(Cluster(dask)) if dask else None
            cloud = EmbeddedCloud(
                port=port,
                token=token,
                directory=directory,
                max_queue=max_queue,
                max_concurrent=max_concurrent or max(8, 2 * cluster.threads if cluster else 0),
                executor=cluster.executor if cluster else None,
                workers=workers,
            )
            stack.enter_context(cloud)
            if as_json:
                sys.stdout.write(json.dumps({"url": cloud.url, "token": cloud.token}) + "\n")
            else:
                sys.stdout.write(f"url:   {cloud.url}\ntoken: {cloud.token}\nStop with Ctrl-C.\n")
            sys.stdout.flush()
            ended.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
