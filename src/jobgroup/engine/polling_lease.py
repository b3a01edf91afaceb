"""Decide which accounts this process polls. One process at a time polls each account."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final
from weakref import WeakValueDictionary

from jobgroup.engine.lease import HeldLease, Witness
from jobgroup.errors import StorageError
from jobgroup.store import AccountKey, GroupStore
from jobgroup.store.polling_leases import PollingHolder
from jobgroup.system import this_process

POLLING_HEARTBEAT_S: Final = 10.0
"""Seconds between two renewals of a lease. Polling writes nothing else."""

POLLING_TTL_S: Final = 30.0
"""Seconds without a renewal after which another process takes a lease. If the holder was a process
of this machine and has ended, that takes less than a second.
"""

_living: Final[WeakValueDictionary[str, PollingLease]] = WeakValueDictionary()
"""The leases of this process, by owner."""


class PollingLease:
    """This process's leases to poll accounts. Only one thread at a time may use it.

    The process that runs the group takes the leases from others, because it must be the first to
    know which slots are free. Otherwise, the first process that watches the group keeps the leases
    while it watches. `may_ask` returns whether this process may have a token for an account.
    """

    def __init__(
        self, store: GroupStore, running: HeldLease, may_ask: Callable[[AccountKey], bool]
    ) -> None:
        self._store = store
        self._running = running
        self._may_ask = may_ask
        self._owner = uuid.uuid4().hex
        _living[self._owner] = self
        self._witnesses: dict[AccountKey, Witness] = {}
        self._renewed_at = 0.0
        self.accounts: frozenset[AccountKey] = frozenset()
        """Accounts that this process polls."""
        self.followed: frozenset[AccountKey] = frozenset()
        """Accounts that another process polls."""
        self.answered_at: float | None = None
        """Time of a cloud's last known response to any process, in seconds since the epoch."""

    def update(self, wanted: Collection[AccountKey]) -> None:
        """Acquire, renew and release leases, so that each wanted account has one living holder.

        Raises:
            StorageError: the file cannot be read or written; this process polls no account.
        """
        holders = self._store.polling_leases.holders()
        mine = {account for account, held in holders.items() if held.owner == self._owner}
        self.accounts = frozenset()
        kept = {account for account in mine if self._may_ask(account)}
        if not self._running.is_held:  # a run may briefly have no job on a cloud
            kept &= set(wanted)
        if kept != mine:
            self._store.polling_leases.release(self._owner, mine - kept)
        for account in set(wanted) - kept:
            held = holders.get(account)
            if self._may_ask(account) and self._may_take(account, held):
                fencing_token = held.fencing_token if held else 0
                if self._store.polling_leases.acquire(
                    account, self._owner, this_process(), fencing_token
                ):
                    kept.add(account)
        answers = [held.answered_at for held in holders.values() if held.answered_at is not None]
        self.answered_at = max([*answers, self.answered_at or 0.0]) or None
        if kept and time.monotonic() - self._renewed_at > POLLING_HEARTBEAT_S:
            if mine & kept:
                with suppress(StorageError):  # if the disk is full, other processes may poll too
                    self._store.polling_leases.renew(self._owner, self.answered_at)
            self._renewed_at = time.monotonic()
        self.accounts = frozenset(kept)
        self.followed = frozenset(
            a for a in set(wanted) - kept if a in holders and holders[a].owner
        )

    def release(self) -> None:
        accounts, self.accounts = self.accounts, frozenset()
        if accounts:
            self._store.polling_leases.release(self._owner, accounts)

    def _may_take(self, account: AccountKey, held: PollingHolder | None) -> bool:
        if held is None or not held.owner or self._running.is_held:
            return True
        if held.process == this_process() and held.owner not in _living:
            return True  # the file was deleted and restored
        # A living process may have stopped watching while a full disk prevented the release.
        witness = self._witnesses.setdefault(
            account, Witness(POLLING_HEARTBEAT_S, POLLING_TTL_S, wants_beats=True)
        )
        return witness.judge(held) == "dead"
