"""Run the embedded cloud from a terminal: ``jobgroup cloud``."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Final

from jobgroup.cloud.server import EmbeddedCloud, require

CLOUD_CONNECT_TIMEOUT_S: Final = 5.0
PATIENCE: Final = "7 days"
"""Time for which jobs wait for a Dask cluster's lost scheduler: longer than a weekend."""

CLOSE_TIMEOUT_S: Final = 5.0

SIGNAL_CHECK_INTERVAL_S: Final = 0.5
"""Seconds between two checks that Ctrl-C still ends the cloud."""


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; return the exit code (1 if the cloud cannot start)."""
    ended = threading.Event()

    def end(*_: object) -> None:
        ended.set()

    signals = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, end) for number in signals}
    try:
        with contextlib.ExitStack() as stack:
            executor, threads = None, 0
            if arguments.dask:
                executor, threads = stack.enter_context(_dask_executor(arguments.dask))
            cloud = EmbeddedCloud(
                port=arguments.port,
                token=arguments.token,
                directory=arguments.directory,
                max_queue=arguments.max_queue,
                max_concurrent=arguments.max_concurrent or max(8, 2 * threads),
                executor=executor,
                workers=arguments.workers,
            )
            stack.enter_context(cloud)
            if arguments.json:
                print(json.dumps({"url": cloud.url, "token": cloud.token}), flush=True)
            else:
                print(f"url:   {cloud.url}\ntoken: {cloud.token}\nStop with Ctrl-C.", flush=True)
            while not ended.wait(SIGNAL_CHECK_INTERVAL_S):
                signal.signal(signal.SIGINT, end)  # the import of Perceval replaces the handler
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0


@contextlib.contextmanager
def _dask_executor(address: str) -> Iterator[tuple[Executor, int]]:
    """Connect to a scheduler; yield an executor and the number of its workers' threads.

    Raises:
        ImportError: the extra "dask" is not installed.
        ConnectionError: no scheduler responds.
    """
    require("dask", "distributed")
    from distributed import Client

    try:
        # A client waits for its first connection for as long as for later ones.
        Client(address, timeout=CLOUD_CONNECT_TIMEOUT_S, set_as_default=False).close()
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"No Dask scheduler answers at {address} ({error}). Nothing was started. Give its"
            " address in the form tcp://host:8786."
        ) from error
    try:
        yield client.get_executor(pure=False), sum(client.ncores().values())
    finally:
        client.close(CLOSE_TIMEOUT_S)
