"""Holding a group's lease: taking it, keeping it alive, noticing its loss, giving it back."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio

from jobgroup.engine.liveness import HEARTBEAT_S, LEASE_TTL_S, LOOK_EVERY_S, is_gone, now_s
from jobgroup.engine.opened import OpenGroup
from jobgroup.engine.settling import why
from jobgroup.store import LeaseRecord
from jobgroup.store.connection import BUSY_TIMEOUT_S
from jobgroup.store.coordination import Verdict, busy_error
from jobgroup.system import this_process


class HeldLease:
    """This process' claim to run a group. Several runs share it; the last one gives it back.

    Args:
        group: what it is a claim to.
        on_taken: runs while the lease is held, beside the runs.
    """

    def __init__(self, group: OpenGroup, on_taken: Callable[[], Awaitable[None]]) -> None:
        self._group = group
        self._on_taken = on_taken
        self._owner = uuid.uuid4().hex
        self._users = 0
        self._lock = anyio.Lock()
        self._generation = 0
        self._checked_at = 0.0
        self._scope: anyio.CancelScope | None = None

    @property
    def is_held(self) -> bool:
        """Whether this process runs the group."""
        return self._generation > 0

    @property
    def generation(self) -> int:
        """The generation under which to send.

        Raises:
            GroupBusyError: the lease is not, or no longer, this process'.
        """
        if not self._generation:
            raise busy_error(None)
        return self._generation

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold the lease for a block.

        Raises:
            GroupBusyError: another process has it.
        """
        async with self._lock:
            if self._users == 0 or not self._generation:  # what keeps it may have outlived its loss
                await self._take()
            self._users += 1
        try:
            yield
        finally:
            await self.give_up_one()

    def keep(self) -> bool:
        """Hold the lease for longer than the blocks that hold it, until `give_up_one`.

        False if there are none: nothing is to be given up then.
        """
        self._users += self._users > 0
        return self._users > 0

    async def give_up_one(self) -> None:
        """Give the lease back if nobody else in this process holds it."""
        with anyio.CancelScope(shield=True):
            async with self._lock:
                self._users -= 1
                if self._users == 0:
                    await self._give_back()

    async def still_mine(self) -> bool:
        """Whether a request may leave now. Asks the file if the last heartbeat is too long ago."""
        if not self._generation:
            return False
        if now_s() - self._checked_at > LEASE_TTL_S / 2:
            await self._beat()
        return self._generation > 0

    async def _take(self) -> None:
        store, witness = self._group.store, self._group.witness

        def judge(held: LeaseRecord, waited_s: float) -> Verdict:
            if waited_s > HEARTBEAT_S / 2 and not is_gone(held.process):
                witness.reset_after_fork()  # nobody could write meanwhile, the holder neither
            return witness.judge(held)

        def take() -> LeaseRecord | None:
            return store.lease.take(
                self._owner, this_process(), judge=judge, on_taken=store.journal.recover
            )

        witness.reset_after_fork()  # a holder whose disk was full has shown no sign of life
        while (taken := await self._group.in_thread(take)) is None:
            while (held := await self._group.in_thread(store.lease.current)) is not None:
                if witness.judge(held) != "unseen":
                    break
                await anyio.sleep(LOOK_EVERY_S)
        self._generation = taken.generation
        self._checked_at = now_s()
        self._group.changed()
        self._group.loop.spawn(self._keep)
        self._group.loop.spawn(self._on_taken)

    async def _keep(self) -> None:
        said = ""
        with anyio.CancelScope() as self._scope:
            while self._generation:
                await anyio.sleep(HEARTBEAT_S)
                try:
                    await self._beat(patience_s=HEARTBEAT_S / 2)
                    said = ""
                except Exception as error:  # noqa: BLE001  (a full disk; it goes on beating)
                    if why(error) != said:
                        said = why(error)
                        self._group.log.warning(
                            "%s: its file cannot be written to (%s)", self._group.name, said
                        )

    async def _beat(self, patience_s: float = BUSY_TIMEOUT_S) -> None:
        generation, store = self._generation, self._group.store

        def beat() -> bool:
            with store.database.hurried(patience_s):
                return store.lease.beat(generation)

        if not await self._group.in_thread(beat):
            self._generation = 0
        self._checked_at = now_s()

    async def _give_back(self) -> None:
        if self._scope is not None:
            self._scope.cancel()
            self._scope = None
        generation, self._generation = self._generation, 0
        if generation:
            try:
                await self._group.in_thread(self._group.store.lease.give_back, generation)
            except OSError:  # what was done under it is done
                self._group.loop.spawn(self._give_back_later, generation)

    async def _give_back_later(self, generation: int) -> None:
        """While this process lives nobody else can have what it has not given back."""
        while not self._generation and not self._group.loop.is_closing:
            await anyio.sleep(HEARTBEAT_S)
            with suppress(OSError):
                await self._group.in_thread(self._group.store.lease.give_back, generation)
                return
