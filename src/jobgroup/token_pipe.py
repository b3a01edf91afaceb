"""Pass tokens from one process of jobgroup to another through a pipe, one per line.

No local variable contains such a line as plain text, because debuggers and tracebacks show local
variables.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from jobgroup.credentials import set_token
from jobgroup.secret import NOTHING, Secret


def token_line(url: str, account: str, token: Secret) -> Secret:
    """Return the line that passes an account's token."""
    return Secret(json.dumps([url, account, token.reveal()]) + "\n")


def take_token(line: Secret) -> None:
    """Set the token from a line of `token_line` in this process."""
    url, account, token = map(Secret, json.loads(line.reveal()))
    set_token(token.reveal(), url=url.reveal(), account=account.reveal())


def read_lines(descriptor: int) -> Iterator[Secret]:
    """Read lines of JSON without a buffer: Python aborts if a thread reads a buffer at the exit."""
    unfinished = NOTHING
    while part := Secret(os.read(descriptor, 1 << 20).decode("ascii")):
        *lines, unfinished = map(Secret, (unfinished.reveal() + part.reveal()).split("\n"))
        yield from lines
