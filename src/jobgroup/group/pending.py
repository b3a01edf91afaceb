"""Calls that take their time, written once: `twins` derives the blocking and the awaitable form."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial, update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from jobgroup.engine.interrupt import wait_for
from jobgroup.errors import StorageError

S = TypeVar("S")
T = TypeVar("T")
P = ParamSpec("P")

TICK_S = 0.1


class Pending(Generic[T]):
    """Work under way on the engine's loop, awaited by the coroutines that `twins` takes.

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

    def __await__(self) -> Generator[Pending[T], T, T]:
        return (yield self)

    def result(self) -> T:
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
        """Draw; an unreadable file is reported by the pending call, and ends no run."""
        if self._on_tick:
            with suppress(StorageError):
                self._on_tick()

    def _end(self) -> None:
        if self._on_end:
            self._tick()
            self._on_end()


class Computation(Pending[T]):
    """Work of the calling thread; a thread of its own does it for one that has an event loop."""

    def __init__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> None:
        self._compute = partial(function, *args, **kwargs)

    def result(self) -> T:
        """Compute it in this thread and return the result."""
        return self._compute()

    async def wait(self) -> T:
        """Compute it without blocking the event loop of this thread."""
        return await asyncio.to_thread(self._compute)


def twins(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> tuple[
    Callable[Concatenate[S, P], T],
    Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
]:
    """Derive both forms of a method, named `_name`: `name` blocks, `name_async` is awaited.

    The method awaits nothing but `Pending`s and methods of its own kind.
    """

    def blocking(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        coroutine = method(self, *args, **kwargs)
        del args, kwargs  # what is raised shows the local variables of this frame to some tools
        return _block_on(coroutine)

    async def awaitable(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        coroutine = method(self, *args, **kwargs)
        del args, kwargs
        return await _wait_for(coroutine)

    name = method.__name__.removeprefix("_")
    for form, ending in ((blocking, ""), (awaitable, "_async")):
        update_wrapper(form, method)
        form.__name__ = f"{name}{ending}"
        form.__qualname__ = f"{method.__qualname__.rpartition('.')[0]}.{name}{ending}".lstrip(".")
        vars(form)["__signature__"] = inspect.signature(method)
    method.__qualname__ = blocking.__qualname__  # errors about wrong arguments say it
    del vars(blocking)["__wrapped__"]  # which is a coroutine function: this form is none
    awaitable.__doc__ = f"`{name}`, awaited: it has the same arguments, result and errors."
    return blocking, awaitable


def _block_on(coroutine: Coroutine[Any, Any, T]) -> T:
    resume: Callable[[], Pending[Any]] = partial(coroutine.send, None)
    try:
        while True:
            try:
                pending = resume()
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                resume = partial(coroutine.send, pending.result())
            except BaseException as error:  # noqa: BLE001  # it is raised in the awaiting code
                resume = partial(coroutine.throw, error)
    finally:
        del resume  # it has the error, whose traceback has this frame


async def _wait_for(coroutine: Coroutine[Any, Any, T]) -> T:
    resume: Callable[[], Pending[Any]] = partial(coroutine.send, None)
    try:
        while True:
            try:
                pending = resume()
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                resume = partial(coroutine.send, await pending.wait())
            except BaseException as error:  # noqa: BLE001  # as above, a cancellation too
                resume = partial(coroutine.throw, error)
    finally:
        del resume
