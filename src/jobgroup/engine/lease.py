"""Holding a group's lease: taking it, keeping it alive, noticing its loss, giving it back."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from jobgroup.store import LeaseRecord
from jobgroup.store.coordination import busy_error

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession

HEARTBEAT_S = 2.0
LAPSES_AFTER_S = 10.0


def now_s() -> float:
    """A clock that also runs while the machine is suspended, where there is one."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def process_start(pid: int) -> str:
    """Tells processes of one pid apart; "" where the system does not say.

    Source: proc(5), field 22 of /proc/[pid]/stat.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]


def is_live(held: LeaseRecord) -> bool:
    """Whether the holder is alive, as far as this machine can tell.

    A holder on this machine whose process is gone is dead at once; any other is when it has not
    been heard of for `LAPSES_AFTER_S` (a heartbeat from the future is a clock that was set back).
    """
    if abs(time.time() - held.heartbeat_at) > LAPSES_AFTER_S:
        return False
    if held.host != socket.gethostname():
        return True
    if held.started:
        return process_start(held.pid) == held.started
    try:
        os.kill(held.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


class HeldLease:
    """This process' claim to run a group. Several runs share it; the last one gives it back."""

    def __init__(self, session: GroupSession) -> None:
        self._session = session
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
            if self._users == 0:
                await self._take()
            self._users += 1
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                async with self._lock:
                    self._users -= 1
                    if self._users == 0:
                        await self._give_back()

    async def still_mine(self) -> bool:
        """Whether a request may leave now. Asks the file if the last heartbeat is too long ago."""
        if not self._generation:
            return False
        if now_s() - self._checked_at > LAPSES_AFTER_S / 2:
            await self._beat()
        return self._generation > 0

    async def _take(self) -> None:
        store = self._session.store
        holder = {
            "owner": self._owner,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": process_start(os.getpid()),
        }

        def take() -> LeaseRecord:
            return store.lease.take(holder, is_live=is_live, on_taken=store.journal.recover)

        taken = await self._session.in_thread(take)
        self._generation = taken.generation
        self._checked_at = now_s()
        self._session.changed()
        self._session.engine.spawn(self._keep)
        self._session.serve_others()

    async def _keep(self) -> None:
        with anyio.CancelScope() as self._scope:
            while self._generation:
                await anyio.sleep(HEARTBEAT_S)
                try:
                    await self._beat()
                except Exception as error:  # noqa: BLE001  (a full disk; the lease lapses by itself)
                    self._session.log.warning("heartbeat failed: %s", error)

    async def _beat(self) -> None:
        generation = self._generation
        if not await self._session.in_thread(self._session.store.lease.beat, generation):
            self._generation = 0
        self._checked_at = now_s()

    async def _give_back(self) -> None:
        if self._scope is not None:
            self._scope.cancel()
            self._scope = None
        generation, self._generation = self._generation, 0
        if generation:
            await self._session.in_thread(self._session.store.lease.give_back, generation)
