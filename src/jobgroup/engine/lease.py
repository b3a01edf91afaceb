"""Acquire, renew and release the lease to run a group, and judge whether its holder is alive."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import anyio

from jobgroup.engine.loop import BackgroundLoop, SerialThread
from jobgroup.errors import StorageError
from jobgroup.logs import logger
from jobgroup.store import GroupStore, LeaseRecord
from jobgroup.store.connection import BUSY_TIMEOUT_S
from jobgroup.store.lease_row import Verdict, busy_error
from jobgroup.store.polling_leases import PollingHolder
from jobgroup.system import ProcessIdentity, life_of, this_process

_log = logger(__name__)

HEARTBEAT_S: Final = 2.0
"""Seconds between two renewals of a lease."""

LEASE_TTL_S: Final = 10.0
"""Seconds without a renewal after which a holder counts as dead, if its process cannot be examined.
An observer measures them by its own clock.
"""

JUDGE_INTERVAL_S: Final = 0.25
"""Seconds between two checks of a holder that may be alive."""


def now_s() -> float:
    """Return the time of a clock that, if possible, runs while the machine is suspended."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def is_gone(process: ProcessIdentity) -> bool:
    """Return whether a process has certainly ended."""
    return life_of(process) == "gone"


class Witness:
    """Judges, from this process's observations, whether a lease's holder is alive. Thread-safe.

    Dates are ignored, because the clocks of two machines differ. The system reports whether a
    process of this machine is alive. For other processes, and for stopped ones, only renewals
    count.

    Args:
        heartbeat_s: seconds between two renewals.
        ttl_s: seconds without a renewal after which a holder is dead.
        wants_beats: whether a living process that does not renew its lease also counts as dead.
    """

    def __init__(
        self,
        heartbeat_s: float = HEARTBEAT_S,
        ttl_s: float = LEASE_TTL_S,
        *,
        wants_beats: bool = False,
    ) -> None:
        self._wants_beats = wants_beats
        self._heartbeat_s = heartbeat_s
        self._ttl_s = ttl_s
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget all observations, so that a living holder can still renew its lease."""
        with self._lock:
            self._sign: tuple[int, int] | None = None
            self._has_moved = False
            self._silent_s = 0.0
            self._looked_at = 0.0

    def judge(self, held: LeaseRecord | PollingHolder) -> Verdict:
        life = life_of(held.process)
        if life == "gone":
            return "dead"
        if life == "running" and not self._wants_beats:
            return "alive"
        sign, now = (held.fencing_token, held.beats), time.monotonic()
        with self._lock:
            if sign == self._sign:
                # A pause of this process hardly counts: the holder may have paused too.
                self._silent_s += min(now - self._looked_at, self._heartbeat_s)
            else:
                self._has_moved = self._sign is not None
                self._silent_s = 0.0
            self._sign, self._looked_at = sign, now
            if self._silent_s >= self._ttl_s:
                return "dead"
            return "alive" if self._has_moved else "unseen"

    def is_live(self, held: LeaseRecord) -> bool:
        """Return whether a holder may be alive."""
        return self.judge(held) != "dead"

    def wait_until_judged(self, store: GroupStore) -> None:
        """Block, for at most 10 s, until it is known whether a holder is alive."""
        has_warned = False
        while (held := store.lease.current()) and self.judge(held) == "unseen":
            if not has_warned:
                _log.warning(
                    "Process %d on %s may still be running the group. Waiting up to %.0f s to find"
                    " out.",
                    held.process.pid,
                    held.process.host,
                    LEASE_TTL_S,
                )
                has_warned = True
            time.sleep(JUDGE_INTERVAL_S)


class HeldLease:
    """This process's lease to run a group. Several runs share it; the last one releases it.

    `serve` runs while this process has the lease.

    Attributes:
        is_from_page: whether a page started this process; other processes' errors mention it.
    """

    def __init__(
        self,
        store: GroupStore,
        loop: BackgroundLoop,
        in_thread: SerialThread,
        notify: Callable[[], None],
        serve: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._loop = loop
        self._in_thread = in_thread
        self._notify = notify
        self._serve = serve
        self.is_from_page = False
        self._witness = Witness()
        self._owner = uuid.uuid4().hex
        self._users = 0
        self._lock = anyio.Lock()
        self._fencing_token = 0
        self._checked_at = 0.0
        self._scope: anyio.CancelScope | None = None

    @property
    def is_held(self) -> bool:
        return self._fencing_token > 0

    def is_held_elsewhere(self) -> bool:
        """Return whether another process may be running the group. Any thread may call it."""
        if self.is_held:
            return False
        held = self._store.lease.current()
        if held is None or held.owner == self._owner:  # this process could not release it
            return False
        return self._witness.is_live(held)

    def mark_abandoned_unconfirmed(self) -> bool:
        """Mark the jobs of a dead process that are still *sending* as unconfirmed.

        If the process may still be alive, the next process that runs the group does this.

        Returns:
            Whether there may be such jobs.
        """
        journal = self._store.journal
        with suppress(StorageError):  # the file may be read-only
            if not journal.has_in_flight():
                return False
            journal.recover_from_the_dead(is_gone)
        return True

    @property
    def fencing_token(self) -> int:
        """Fencing token for sending; GroupBusyError is raised without a lease."""
        if not self._fencing_token:
            raise busy_error(None)
        return self._fencing_token

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold the lease for a block. Raise GroupBusyError if another process has it."""
        async with self._lock:
            if self._users == 0 or not self._fencing_token:  # the lease may have been lost
                await self._acquire()
            self._users += 1
        try:
            yield
        finally:
            await self.release_one()

    def keep(self) -> bool:
        """Keep the lease until `release_one`, even after the last block that holds it.

        Return False if no block holds it.
        """
        self._users += self._users > 0
        return self._users > 0

    async def release_one(self) -> None:
        """Release the lease if nothing else in this process holds it."""
        with anyio.CancelScope(shield=True):
            async with self._lock:
                self._users -= 1
                if self._users == 0:
                    await self._release()

    async def verify(self) -> bool:
        """Return whether a request may be sent; read the file if the last renewal is old."""
        if not self._fencing_token:
            return False
        if now_s() - self._checked_at > LEASE_TTL_S / 2:
            await self._renew()
        return self._fencing_token > 0

    async def _acquire(self) -> None:
        store, witness = self._store, self._witness

        def judge(held: LeaseRecord, waited_s: float) -> Verdict:
            if waited_s > HEARTBEAT_S / 2 and not is_gone(held.process):
                witness.reset()  # the holder could not write
            return witness.judge(held)

        def take() -> LeaseRecord | None:
            return store.lease.acquire(
                self._owner,
                this_process(),
                from_page=self.is_from_page,
                judge=judge,
                on_acquired=store.journal.recover_abandoned,
            )

        witness.reset()  # a holder with a full disk cannot renew its lease
        while (taken := await self._in_thread(take)) is None:
            while (held := await self._in_thread(store.lease.current)) is not None:
                if witness.judge(held) != "unseen":
                    break
                await anyio.sleep(JUDGE_INTERVAL_S)
        self._fencing_token = taken.fencing_token
        self._checked_at = now_s()
        _log.info("This process now runs %s.", self._store.path.stem)
        self._notify()
        self._loop.spawn(self._renew_loop)
        self._loop.spawn(self._serve)

    async def _renew_loop(self) -> None:
        logged = ""
        with anyio.CancelScope() as self._scope:
            while self._fencing_token:
                await anyio.sleep(HEARTBEAT_S)
                try:
                    await self._renew(patience_s=HEARTBEAT_S / 2)
                    logged = ""
                except Exception as error:  # noqa: BLE001  # such as a full disk
                    if str(error) != logged:
                        logged = str(error)
                        _log.warning(
                            "The lease of %s was not renewed: %s", self._store.path.name, logged
                        )

    async def _renew(self, patience_s: float = BUSY_TIMEOUT_S) -> None:
        token, store = self._fencing_token, self._store

        def beat() -> bool:
            with store.database.busy_timeout(patience_s):
                return store.lease.renew(token)

        if not await self._in_thread(beat):
            if self._fencing_token:
                _log.warning("Another process now runs %s.", self._store.path.stem)
            self._fencing_token = 0
        self._checked_at = now_s()

    async def _release(self) -> None:
        if self._scope is not None:
            self._scope.cancel()
            self._scope = None
        token, self._fencing_token = self._fencing_token, 0
        if token:
            _log.info("This process no longer runs %s.", self._store.path.stem)
            try:
                await self._in_thread(self._store.lease.release, token)
            except OSError:  # the run itself is over
                self._loop.spawn(self._release_later, token)

    async def _release_later(self, token: int) -> None:
        """Retry, because no other process gets the lease while this process is alive."""
        while not self._fencing_token and not self._loop.is_closing:
            await anyio.sleep(HEARTBEAT_S)
            with suppress(OSError):
                await self._in_thread(self._store.lease.release, token)
                return
