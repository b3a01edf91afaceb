"""Threads, the decoder, and tokens given in a page: shared by all views of one server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from jobgroup.credentials import set_token
from jobgroup.secret import Secret
from jobgroup_server.decoder import Decoder

MAX_THREADS: Final = 8
"""A group whose file is locked by another program keeps one of them, so a few may wait."""


class Shared:
    """Made for the first view of a server.

    Attributes:
        pool: Threads for what would block the server's event loop.
        decoder: The child process that decodes results.
    """

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="jobgroup-server")
        self.decoder = Decoder()
        self._tokens: dict[str, Secret] = {}

    def set_token(self, token: str, url: str) -> None:
        """Keep a token in the memory of this process, for it and the processes that it starts."""
        secret = Secret(token.strip())
        set_token(token, url=url)
        self._tokens[url] = secret

    def token_lines(self) -> list[str]:
        """Return a line "URL TOKEN" for each token that was typed in a page."""
        return [f"{url} {token.reveal()}" for url, token in self._tokens.items()]

    def close(self) -> None:
        """End the threads and the child process."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.decoder.close()
