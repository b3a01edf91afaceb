"""A Dask cluster that executes the jobs: the executor that `jobgroup cloud --dask` uses."""

from __future__ import annotations

from concurrent.futures import Executor
from types import TracebackType
from typing import Final, Self

from jobgroup.cloud.dependencies import require

CONNECT_TIMEOUT_S: Final = 5.0
PATIENCE: Final = "7 days"
"""How long jobs wait for a scheduler that was there and is lost: it may come back on Monday."""

CLOSE_TIMEOUT_S: Final = 5.0


class Cluster:
    """A connection to the scheduler at an address, for the length of a ``with`` block.

    Attributes:
        executor: runs calls on the cluster's workers.
        threads: how many calls its workers run at once, as of now.

    Raises:
        ImportError: the extra "dask" is not installed.
        ConnectionError: no scheduler is there.
    """

    executor: Executor
    threads: int

    def __init__(self, address: str) -> None:
        require("dask", "distributed")
        self._address = address

    def __enter__(self) -> Self:
        from distributed import Client

        try:
            # a client is as patient when it connects first as when it connects again
            Client(self._address, timeout=CONNECT_TIMEOUT_S, set_as_default=False).close()
            self._client = Client(self._address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ConnectionError(
                f"No Dask scheduler answers at {self._address} ({error})."
                " Its address is like tcp://host:8786."
            ) from error
        self.executor = self._client.get_executor(pure=False)
        self.threads = sum(self._client.ncores().values())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close(CLOSE_TIMEOUT_S)
