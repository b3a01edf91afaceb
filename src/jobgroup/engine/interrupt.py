"""Handle Ctrl-C in a blocking call: end the work, and record requests in flight."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from jobgroup.errors import JobGroupError
from jobgroup.tracebacks import shortened

T = TypeVar("T")

EXIT_TIMEOUT_S = 10.0
"""Seconds for which Ctrl-C and the interpreter's exit wait for requests in flight."""


def wait_for(
    future: Future[T],
    *,
    on_tick: Callable[[], object] | None = None,
    on_interrupt: Callable[[], Any] | None = None,
    tick_s: float = 0.1,
    timeout_s: float | None = None,
) -> T:
    """Block the calling thread until a future is done.

    On Ctrl-C, call `on_interrupt`, wait up to `EXIT_TIMEOUT_S` for requests in flight to be
    recorded, and raise KeyboardInterrupt. The work may import Perceval, so Python's own handler of
    Ctrl-C is restored at each tick and at the end.

    Args:
        future: future to wait for.
        on_tick: function that is called at each tick, for example to update progress bars.
        on_interrupt: function that ends the future's work.
        tick_s: seconds between two ticks.
        timeout_s: seconds to wait; None for no limit.

    Raises:
        TimeoutError: the timeout has passed; the work continues.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    try:
        while True:
            left = tick_s if deadline is None else min(tick_s, deadline - time.monotonic())
            try:
                return future.result(left)
            except TimeoutError:
                if future.done():  # the work raised this, or ended during the tick
                    return future.result()
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError from None
            restore_sigint_handler()
            if on_tick:
                on_tick()
    except KeyboardInterrupt:
        if on_interrupt:
            on_interrupt()
            with suppress(BaseException):  # KeyboardInterrupt is raised instead
                future.result(EXIT_TIMEOUT_S)
        raise
    finally:
        restore_sigint_handler()


def result_of(future: Future[T], *, on_interrupt: Callable[[], Any] | None = None) -> T:
    """Block the calling thread until the work is done, and return its result.

    Errors have a shortened traceback. See `wait_for` for `on_interrupt`.
    """
    try:
        return wait_for(future, on_interrupt=on_interrupt)
    except JobGroupError as error:
        raise shortened(error) from error.__cause__


def restore_sigint_handler() -> None:
    """Restore Python's own handler of SIGINT in the main thread.

    If Python has no handler, change nothing: a shell starts background processes without one.
    """
    # Perceval's compiled part replaces the handler when it is imported, and ignores Python's.
    if threading.current_thread() is threading.main_thread():
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            with suppress(ValueError):  # this is the main thread of a subinterpreter
                signal.signal(signal.SIGINT, handler)
