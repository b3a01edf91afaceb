"""Signals of commands that may take days: a terminal that is closed, a machine that shuts down."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO, cast

from jobgroup.cli.exit_codes import TerminatedError
from jobgroup.cli.output import Unread, let_go


@contextmanager
def orderly(*, survives_hangup: bool) -> Iterator[None]:
    """For the length of a block SIGTERM ends the command as Ctrl-C does.

    Args:
        survives_hangup: SIGHUP ends nothing, nor does anything that was to be read by somebody who
            is gone.
    """
    # asked now: of a terminal that is gone, it is not told any more that it was one
    terminals = [stream for stream in (sys.stdout, sys.stderr) if stream.isatty()]

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise TerminatedError

    def hang_up(_number: int, _frame: FrameType | None) -> None:
        for stream in terminals:
            let_go(stream)

    handlers = {signal.SIGTERM: terminate}
    streams = sys.stdout, sys.stderr
    if survives_hangup:
        sys.stdout, sys.stderr = (cast("TextIO", Unread(stream)) for stream in streams)
        if hasattr(signal, "SIGHUP"):  # not on Windows
            handlers[signal.SIGHUP] = hang_up
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        for number, handler in before.items():
            signal.signal(number, handler)
