"""A group's file as it is used on the engine's loop: in a thread, one at a time, with wake-ups."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import anyio
import anyio.to_thread

from jobgroup.credentials import token_for
from jobgroup.engine.liveness import Witness, is_gone
from jobgroup.engine.loop import BackgroundLoop
from jobgroup.engine.provider_cache import Accounts, check_origin
from jobgroup.errors import GroupDeletedError, StorageError
from jobgroup.providers.base import Provider
from jobgroup.store import GroupStore, Target
from jobgroup.words import logger

T = TypeVar("T")
P = ParamSpec("P")


class OpenGroup:
    """One group's file, the loop, and the accounts that its jobs run on.

    Args:
        name: of the group.
        path: of its file.
        create: make the file where it is missing.
        loop: on which everything happens.
        accounts: give the providers.
    """

    def __init__(
        self, name: str, path: Path, *, create: bool, loop: BackgroundLoop, accounts: Accounts
    ) -> None:
        self.name = name
        self.log = logger()
        self.store = GroupStore(path, create=name if create else None)
        self.begin(loop, accounts)

    def begin(self, loop: BackgroundLoop, accounts: Accounts) -> None:
        """Be as new: in a forked child, what is under way is its parent's."""
        self.loop = loop
        self._accounts = accounts
        self.witness = Witness()
        self._turn: anyio.CapacityLimiter | None = None
        self._changed = anyio.Event()
        self._prepared: set[Target] = set()

    # -- from any thread ---------------------------------------------------------------------------

    def start(self, function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Future[Any]:
        """Run a coroutine function on the engine's loop."""
        return self.loop.start(function, *args, **kwargs)

    def mark_abandoned_unconfirmed(self) -> None:
        """What a launcher left in flight that has certainly ended is unconfirmed.

        Of others that may be dead only who runs the group decides: a look changes nothing.
        """
        journal = self.store.journal
        with suppress(StorageError):  # a read-only file is shown as it is
            if journal.has_in_flight():
                journal.recover_if_abandoned(is_gone)

    def is_current(self) -> bool:
        """Whether its group is still the one of that name: not deleted, or restored."""
        for _ in range(2):  # the first look notices a deletion, the second a restored file
            with suppress(GroupDeletedError):
                self.store.meta()
                return True
        return False

    # -- on the loop -------------------------------------------------------------------------------

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Use the file without holding up the loop; one at a time, in order."""
        if self.loop.is_closing:  # no new threads at the interpreter's end
            return function(*args, **kwargs)
        if self._turn is None:
            self._turn = anyio.CapacityLimiter(1)
        return await anyio.to_thread.run_sync(lambda: function(*args, **kwargs), limiter=self._turn)

    async def provider(self, target: Target) -> Provider:
        """The provider for a job's account, with a token at hand.

        At the first use that takes a thread: there are imports, and a keyring may ask the user.

        Raises:
            CredentialsError: there is no token, or the origin may carry none.
            MissingDependencyError: no such provider is installed.
            InvalidProviderError: it cannot be used, or the origin is no url.
        """

        def prepare() -> Provider:
            check_origin(target)
            token_for(target.origin, target.account)
            return self._accounts.provider(target)

        if target in self._prepared or self.loop.is_closing:
            return prepare()
        provider = await anyio.to_thread.run_sync(prepare)
        self._prepared.add(target)
        return provider

    def changed(self) -> None:
        """Something was written: wake who waits for it. On the loop only."""
        self._changed.set()
        self._changed = anyio.Event()

    @property
    def change(self) -> anyio.Event:
        """Set by the next change. Taken before a look, it tells of what changes during the look."""
        return self._changed

    async def wait_until(
        self,
        predicate: Callable[[], Awaitable[T]],
        timeout_s: float = math.inf,
        *,
        check_interval_s: float = 1.0,
    ) -> T:
        """Wait until `predicate` returns something true; return what it returned last.

        Args:
            predicate: asked at once, after each change in this process, and after each
                `check_interval_s`, in which other processes may have changed the file.
            timeout_s: seconds after which its last answer is returned, whatever it is.
            check_interval_s: seconds between two questions at most.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            change = self._changed  # taken first, so that no change during the question is missed
            answer = await predicate()
            left_s = deadline - time.monotonic()
            if answer or left_s <= 0:
                return answer
            await self.next_change(min(check_interval_s, left_s), change)

    async def next_change(self, timeout_s: float = 1.0, change: anyio.Event | None = None) -> None:
        """Wait until something changes in this process, or the time is up.

        Args:
            timeout_s: seconds to wait at most.
            change: the one to wait for, taken earlier; the next one from now on otherwise.
        """
        with anyio.move_on_after(timeout_s):
            await (change or self._changed).wait()
