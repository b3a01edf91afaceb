"""A call that takes its time: the same work waited for in a blocking or in an awaiting way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

from jobgroup.engine.loop import wait_for
from jobgroup.errors import StorageError

T = TypeVar("T")

TICK_S = 0.1


class Call(Generic[T]):
    """Work under way on the engine's loop.

    Progress bars are drawn in `on_tick` and `on_end`, from the calling thread only: output from
    other threads gets lost in notebooks.
    """

    def __init__(
        self,
        future: Future[T],
        *,
        on_tick: Callable[[], None] | None = None,
        on_end: Callable[[], None] | None = None,
        on_interrupt: Callable[[], object] | None = None,
    ) -> None:
        self._future = future
        self._on_tick = on_tick
        self._on_end = on_end
        self._on_interrupt = on_interrupt

    def block(self) -> T:
        """Wait in this thread."""
        try:
            return wait_for(
                self._future, on_tick=self._tick, on_interrupt=self._on_interrupt, tick_s=TICK_S
            )
        finally:
            self._end()

    async def wait(self) -> T:
        """Wait without holding up this thread's event loop."""
        future = asyncio.wrap_future(self._future)
        try:
            while not future.done():
                await asyncio.wait([future], timeout=TICK_S)
                self._tick()
            return future.result()
        except asyncio.CancelledError:
            if self._on_interrupt:
                self._on_interrupt()
            raise
        finally:
            self._end()

    def _tick(self) -> None:
        """Draw; a file that cannot be read is for what is waited for to say, and ends no run."""
        if self._on_tick:
            with suppress(StorageError):
                self._on_tick()

    def _end(self) -> None:
        if self._on_end:
            self._tick()
            self._on_end()
