"""Share threads, the decoder and tokens between all views of a server."""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from tornado.ioloop import IOLoop

from jobgroup import catalog
from jobgroup.credentials import set_token
from jobgroup.dashboard.threads import Step, Threads
from jobgroup.origin import normalise_origin
from jobgroup.secret import Secret
from jobgroup.store import forking
from jobgroup_server.decoder import Decoder
from jobgroup_server.detached import DetachedRuns, KnownToken
from jobgroup_server.workers import PooledDriver, Task, ViewPool, Workers

FORK_WAIT_S: Final = 0.02
"""Seconds for which a fork waits for locked files. JupyterLab opens terminals with a fork on the
event loop, which must not block.
"""


class Shared:
    """The shared objects. The first view creates them on the server's event loop.

    Attributes:
        workers: threads for calls that would block the server's event loop.
        decoder: child processes that decode results.
        runs: runs that pages started and that have not ended.
    """

    def __init__(self) -> None:
        self.workers = Workers()
        self.decoder = Decoder()
        self.runs = DetachedRuns()
        self._loop = IOLoop.current()
        forking.limit_wait(FORK_WAIT_S)
        catalog.keep_damaged_files()
        # Imported objects stay in memory. Unless they are frozen, each full collection visits them
        # all and stops all threads while it does.
        gc.freeze()
        self._tokens: dict[tuple[str, str], Secret] = {}

    def threads_of(self, group: Callable[[], str]) -> Threads:
        """Return a session's threads. If they wait for a file, they delay no other group."""

        def driver(step: Step) -> PooledDriver:
            return PooledDriver(step, self.workers, lambda: f"push {group()}", self._call_later)

        # one for the session's life, because it counts all of the session's waiting requests
        pool = ViewPool(self.workers, lambda: f"request {group()}")
        return Threads(driver, lambda: pool)

    def in_thread(self, key: str, function: Callable[[], Any]) -> Future[Any]:
        """Call a function in a thread, after other calls with the same key."""
        return ViewPool(self.workers, lambda: key).submit(function)

    def set_token(self, token: Secret, url: str, account: str) -> int:
        """Keep a token in memory, for this process and for the processes that it starts.

        Return the number of started runs that received the token.
        """
        set_token(token.reveal(), url=url, account=account)
        origin = normalise_origin(url)  # the last token counts, however its URL is written
        self._tokens[origin, account] = token
        return self.runs.give_token((origin, account, token))

    def tokens(self) -> list[KnownToken]:
        """Return the URL, the account and the text of each token from a page."""
        return [(*place, token) for place, token in list(self._tokens.items())]

    def close(self) -> None:
        """End the threads and the child processes."""
        self.workers.close()
        self.decoder.close()

    def _call_later(self, seconds: float, task: Task) -> None:
        self._loop.add_callback(self._loop.call_later, seconds, task)
