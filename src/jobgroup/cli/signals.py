"""Signals of commands that may take days: a terminal that closes, a machine that shuts down."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from jobgroup.cli.console import redirect_to_devnull
from jobgroup.cli.exit_codes import TerminatedError


@contextmanager
def graceful_shutdown(*, survives_hangup: bool) -> Iterator[None]:
    """For the length of a block SIGTERM ends the command as Ctrl-C does.

    Args:
        survives_hangup: SIGHUP does not end the command; it only silences the terminal.
    """
    # asked now: a terminal that is gone no longer says that it is one
    terminals = [stream for stream in (sys.stdout, sys.stderr) if stream.isatty()]

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise TerminatedError

    def hang_up(_number: int, _frame: FrameType | None) -> None:
        for stream in terminals:
            redirect_to_devnull(stream)

    handlers = {signal.SIGTERM: terminate}
    if survives_hangup and hasattr(signal, "SIGHUP"):  # not on Windows
        handlers[signal.SIGHUP] = hang_up
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
