"""Create loggers that are silent by default and cannot control a terminal.

Programs decide what is shown. If a program does not configure logging, only errors are written to
standard error. Most errors name something that would otherwise be lost, such as the id of a job
that could not be stored.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import Final

from jobgroup.words import plain


class _PlainText(logging.Filter):
    """Removes control characters from messages, for every handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Convert each record's message to plain text."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            return True  # logging itself reports the error
        record.msg, record.args = plain(text), ()
        return True


class _UnhandledErrors(logging.Handler):
    """Writes errors to standard error if no other handler does."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record if no other handler does."""
        where = logging.getLogger(record.name)
        while where.propagate and where.parent is not None:
            if any(handler is not self for handler in where.handlers):
                return
            where = where.parent
        if not any(handler is not self for handler in where.handlers) and sys.stderr:
            with suppress(OSError, ValueError):
                sys.stderr.write(f"jobgroup: {self.format(record)}\n")


_PLAIN_TEXT: Final = _PlainText()
logging.getLogger("jobgroup").addHandler(_UnhandledErrors(logging.ERROR))


def logger(name: str) -> logging.Logger:
    """Return the logger of a module: ``logger(__name__)``."""
    found = logging.getLogger(name)
    found.addFilter(_PLAIN_TEXT)  # has no effect if the logger already has it
    return found
