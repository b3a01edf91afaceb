"""Define the embedded cloud as an object: a server in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import secrets
import shutil
import socket
import tempfile
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from jobgroup.cloud.address import read_address, write_address
from jobgroup.cloud.faults import Faults
from jobgroup.cloud.job_store import Job, JobStore
from jobgroup.cloud.request_log import LoggedRequest, RequestLog
from jobgroup.cloud.settings import CONTROL_DIRECTORY, Plan, Settings

if TYPE_CHECKING:
    from jobgroup.cloud.service import Service

HOSTS: Final = ("127.0.0.1", "localhost", "::1")
MAX_PORT: Final = 65_535
STARTUP_TIMEOUT_S: Final = 30.0


def require(extra: str, *modules: str) -> None:
    """Raise an ImportError that names the extra if a module is not installed; import none."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise ImportError(
                f"The embedded cloud needs {module}, which is not installed:"
                f' pip install "jobgroup[{extra}]"'
            )


class EmbeddedCloud:
    """A cloud on this machine, for scripts, notebooks and tests.

    It serves Quandela Cloud's REST API on loopback and executes jobs with Perceval, on the
    platforms ``sim:altair`` (with the noise of the real platform) and ``sim:slos`` (without noise).
    On ``test:timer``, jobs only wait for as long as their payloads say (see
    `jobgroup.cloud.engines.TimerEngine`), so thousands of them take almost no computing time.

    Probabilities and performances are exact. Counts and samples are drawn from the probabilities
    with the multinomial distribution, so they scatter like measured ones. Each job has a different
    seed. Of the `max_shots` events with at least one photon, a binomial number passes the photon
    filter, heralds and post-selection; a job returns at most `max_samples` of these. ``sim:probs``
    is ``sim:slos`` without sampling. Each time Perceval's client decodes one of its results, it
    draws counts from the probabilities; these counts scatter less.

    Args:
        port: port to listen on; 0 for the port stored in `directory` or, by default, a free port.
        token: token that clients must send; by default the token stored in `directory`, or a random
            one.
        directory: directory for jobs, port and token, which then survive a restart; by default a
            temporary directory, which is deleted with this object.
        max_queue: the plan's limit of waiting and running jobs.
        max_concurrent: the plan's limit of running jobs.
        executor: `concurrent.futures.Executor` that executes payloads, for example
            ``client.get_executor()`` of a Dask cluster; by default worker processes. Progress is
            available from workers that see this machine's files.
        workers: number of payloads to execute at once; by default 1, or the plan's limit with
            another executor.
        prewarm: whether worker processes start and import Perceval immediately, in the background
            (2 to 5 s), instead of for the first job.
        host: loopback address.
        supports_idempotency_keys: whether a repeated create or rerun with the same
            ``Idempotency-Key`` returns the id of the first job; each response then has the header
            ``Idempotency-Key-Support: true``. The real cloud supports neither header.

    Attributes:
        token: token that clients must send.
        faults: faults to inject; see `jobgroup.cloud.faults.Faults`.

    Raises:
        ValueError: `host` is not a loopback address, a limit is less than 1, or `port` or `token`
            is invalid.

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
            raise ValueError(f"host must be a loopback address ({', '.join(HOSTS)}), got {host!r}.")
        if min(max_queue, max_concurrent, workers or 1) < 1 or workers == 0:
            raise ValueError("max_queue, max_concurrent and workers must be at least 1.")
        if type(port) is not int or not 0 <= port <= MAX_PORT:
            raise ValueError(f"port must be a whole number from 0 to {MAX_PORT}, got {port!r}.")
        if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
            raise ValueError("token must be printable ASCII.")
        kept_in = Path(directory or tempfile.mkdtemp(prefix="jobgroup-cloud-")).expanduser()
        self._port_before, token_before = read_address(kept_in)
        self.token = token or token_before or secrets.token_urlsafe(24)
        self.faults = Faults()
        self._host = host
        self._port = port
        self._settings = Settings(
            token=self.token,
            directory=kept_in,
            plan=Plan(max_queue, max_concurrent, supports_idempotency_keys),
            faults=self.faults,
            log=RequestLog(),
            executor=executor,
            workers=workers,
            prewarm=prewarm,
        )
        self._forget = weakref.finalize(
            self, shutil.rmtree, self._settings.directory, ignore_errors=True
        )
        if directory:
            self._forget.detach()
        self._thread: threading.Thread | None = None
        self._service: Service | None = None
        self._store: JobStore | None = None

    @property
    def url(self) -> str:
        """URL at which the cloud listens; RuntimeError is raised if it was never started."""
        if not self._port:
            raise RuntimeError("The embedded cloud has no URL before start().")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def running(self) -> bool:
        """Whether the cloud is serving."""
        return self._thread is not None

    def start(self) -> Self:
        """Start serving; after a `stop`, use the same port and jobs.

        Raises:
            ImportError: the extra "cloud" is not installed.
            OSError: the port is taken, or the directory cannot be created.
            RuntimeError: another embedded cloud uses the directory.
        """
        if self._thread is not None:
            return self
        require("cloud", "starlette", "uvicorn", "perceval")
        from jobgroup.cloud.listener import bind

        directory = self._settings.directory
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            (directory / CONTROL_DIRECTORY).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise OSError(
                f"The cloud's directory {directory} cannot be created ({error.strerror}). Nothing"
                " was started. Choose another directory."
            ) from error
        store = self._store = JobStore(directory / "jobs.sqlite")
        try:
            bound = self._bind(bind)
        except BaseException:
            store.close()
            raise
        self._port = bound.getsockname()[1]
        write_address(directory, self._port, self.token)
        ready: Future[Service] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._live(bound, store, ready)),
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

    def _bind(self, bind: Callable[[str, int], socket.socket]) -> socket.socket:
        if not self._port and self._port_before:
            with contextlib.suppress(OSError):  # another program has taken the port
                return bind(self._host, self._port_before)
        return bind(self._host, self._port)

    def stop(self) -> None:
        """Stop serving and end the workers; a later `start` runs unfinished jobs again."""
        if self._thread is None or self._service is None:
            return
        with contextlib.suppress(RuntimeError):  # its loop has already ended
            self._service.call(self._service.end)
        self._thread.join()
        self._thread = self._service = None

    def jobs(self) -> list[Job]:
        """Return all jobs received, oldest first; raise RuntimeError if the cloud is stopped."""
        self._running_service()
        return self._store.all() if self._store else []

    @property
    def log(self) -> list[LoggedRequest]:
        """The last 100,000 requests received, including rejected ones, oldest first."""
        return self._settings.log.entries()

    def set_plan(
        self,
        *,
        max_queue: int | None = None,
        max_concurrent: int | None = None,
        supports_idempotency_keys: bool | None = None,
    ) -> None:
        """Change the plan, except limits that are None; jobs that it has accepted stay.

        Raises:
            ValueError: a limit is less than 0.
            RuntimeError: the cloud is stopped.
        """
        service = self._running_service()
        service.call(
            lambda: service.scheduler.set_plan(
                max_queue=max_queue,
                max_concurrent=max_concurrent,
                supports_idempotency_keys=supports_idempotency_keys,
            )
        )

    def go_offline(self, duration_s: float | None = None) -> None:
        """Refuse connections and reset open ones; jobs continue to run.

        Args:
            duration_s: seconds until the cloud returns; None to wait for `go_online`.

        Raises:
            RuntimeError: the cloud is stopped.
        """
        service = self._running_service()
        service.call(lambda: service.go_offline(duration_s, after_s=0))
        service.settle()

    def go_online(self) -> None:
        """Accept connections again; raise RuntimeError if the cloud is stopped."""
        service = self._running_service()
        service.call(service.go_online)
        service.settle()

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the cloud's own workers; RuntimeError if the cloud is stopped."""
        return self._running_service().worker_pids()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._forget()

    def __repr__(self) -> str:
        where = self.url if self._port else "not started"
        return f"<EmbeddedCloud {where}{'' if self.running else ', stopped'}>"

    def _running_service(self) -> Service:
        if self._service is None:
            raise RuntimeError("The embedded cloud is stopped. Use start() or a with block.")
        return self._service

    async def _live(self, bound: socket.socket, store: JobStore, ready: Future[Service]) -> None:
        """Serve while the thread lives. This keeps this object from being garbage-collected."""
        from jobgroup.cloud.service import Service

        try:
            await Service(self._settings, bound, store).run(ready)
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)
