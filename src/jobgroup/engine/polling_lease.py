"""Which accounts' jobs this process asks about: of all that watch a group, one asks for each."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final
from weakref import WeakValueDictionary

from jobgroup.engine.lease import HeldLease, Witness
from jobgroup.errors import StorageError
from jobgroup.store import GroupStore
from jobgroup.store.polling_leases import AccountKey, PollingHolder
from jobgroup.system import this_process

POLLING_HEARTBEAT_S: Final = 10.0
"""How often the process that asks shows a sign of life, by the only write that asking costs."""

POLLING_TTL_S: Final = 30.0
"""A process that asks is replaced when it was silent for so long.

One of this machine that has ended is replaced at the next look, a second later.
"""

_living: Final[WeakValueDictionary[str, PollingLease]] = WeakValueDictionary()
"""Those of this process, by owner."""


class PollingLease:
    """This process' leases to ask about the jobs of accounts. Called in one thread at a time.

    The process that runs the group takes them from others: it has to know first which slots are
    free. Otherwise the first process that watches has them, for as long as it watches and lives.

    Args:
        store: the group.
        running: this process' lease to run the group.
        may_ask: whether this process has a token for an account, as far as it knows.
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
        """Those that this process asks about."""
        self.followed: frozenset[AccountKey] = frozenset()
        """Those that another process asks about."""
        self.answered_at: float | None = None
        """When a cloud last answered this process or the others that ask, as far as is known."""

    def update(self, wanted: Collection[AccountKey]) -> None:
        """Take, keep and give up leases, so that each wanted account has one living holder.

        Raises:
            StorageError: the file cannot be read or written; this process asks nobody.
        """
        holders = self._store.polling_leases.holders()
        mine = {account for account, held in holders.items() if held.owner == self._owner}
        self.accounts = frozenset()
        kept = {account for account in mine if self._may_ask(account)}
        if not self._running.is_held:  # between two jobs of a run there may be none to ask about
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
                with suppress(StorageError):  # a full disk: others may ask as well then
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
            return True  # from before the file was deleted and restored
        # a living process may have stopped watching while a full disk kept it from saying so
        witness = self._witnesses.setdefault(
            account, Witness(POLLING_HEARTBEAT_S, POLLING_TTL_S, wants_beats=True)
        )
        return witness.judge(held) == "dead"
