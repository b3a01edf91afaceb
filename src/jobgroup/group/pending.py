"""Derive the blocking and awaitable forms of slow calls with `twins`."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial, update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from jobgroup.engine.interrupt import restore_sigint_handler, wait_for
from jobgroup.errors import JobGroupError, StorageError
from jobgroup.tracebacks import shortened

S = TypeVar("S")
T = TypeVar("T")
P = ParamSpec("P")

TICK_S = 0.1


class Pending(Generic[T]):
    """Work in progress on the engine's loop. Coroutines that `twins` wraps await it.

    `on_tick` and `on_end` draw progress bars. They run in the calling thread, because notebooks
    lose the output of other threads.
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
        """Block this thread until the work is done, and return its result."""
        try:
            return wait_for(
                self._future, on_tick=self._tick, on_interrupt=self._on_interrupt, tick_s=TICK_S
            )
        finally:
            self._end()

    async def wait(self) -> T:
        """Wait without blocking this thread's event loop, and return the result."""
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
        """Draw the bars. If the file is unreadable, the pending call raises the error."""
        if self._on_tick:
            with suppress(StorageError):
                self._on_tick()

    def _end(self) -> None:
        if self._on_end:
            self._tick()
            self._on_end()


class Computation(Pending[T]):
    """Work for the calling thread or, if the caller has an event loop, for a separate thread."""

    def __init__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> None:
        self._compute = partial(function, *args, **kwargs)

    def result(self) -> T:
        """Do the work in this thread, and return its result."""
        return self._compute()

    async def wait(self) -> T:
        """Do the work without blocking this thread's event loop, and return its result."""
        return await asyncio.to_thread(self._compute)


def twins(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> tuple[
    Callable[Concatenate[S, P], T],
    Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
]:
    """Derive both forms of a method `_name`: the blocking `name` and the awaitable `name_async`.

    The method may await only `Pending` objects and methods of the same kind.
    """

    def blocking(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        coroutine = method(self, *args, **kwargs)
        del args, kwargs  # some tools show this frame's variables with an error
        try:
            return _block_on(coroutine)
        except JobGroupError as error:
            raise shortened(error) from error.__cause__

    async def awaitable(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        coroutine = method(self, *args, **kwargs)
        del args, kwargs
        try:
            return await _wait_for(coroutine)
        except JobGroupError as error:
            raise shortened(error) from error.__cause__

    name = method.__name__.removeprefix("_")
    for form, ending in ((blocking, ""), (awaitable, "_async")):
        update_wrapper(form, method)
        form.__name__ = f"{name}{ending}"
        form.__qualname__ = f"{method.__qualname__.rpartition('.')[0]}.{name}{ending}".lstrip(".")
        vars(form)["__signature__"] = inspect.signature(method)
    method.__qualname__ = blocking.__qualname__  # errors about wrong arguments show the name
    del vars(blocking)["__wrapped__"]  # the wrapped function is a coroutine function; this is not
    awaitable.__doc__ = (
        f"Awaitable version of `{name}`, with the same arguments, result and errors."
    )
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
            except BaseException as error:  # noqa: BLE001 # the awaiting code raises it
                resume = partial(coroutine.throw, error)
    finally:
        restore_sigint_handler()  # a computation may import Perceval
        del resume  # the task's error has this frame in its traceback


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
            except BaseException as error:  # noqa: BLE001 # as above, also for a cancellation
                resume = partial(coroutine.throw, error)
    finally:
        del resume
