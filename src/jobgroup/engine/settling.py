"""Record the outcome of a request, and retry until it is on disk.

The job may have cost money. So if the disk is locked, full or absent, this process keeps the record
in memory and retries while it is alive. It also keeps the lease, so that no other process considers
the *sending* job abandoned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import anyio

from jobgroup.engine.lease import HeldLease
from jobgroup.engine.loop import BackgroundLoop, SerialThread
from jobgroup.errors import GroupDeletedError, GroupMovedError, StorageError
from jobgroup.logs import logger
from jobgroup.store import GroupStore

WRITE_TIMEOUT_S: Final = 10.0
LOCKED_WRITE_TIMEOUT_S: Final = 25.0
"""Seconds for which a run waits for the disk before it raises an error. It waits longer if another
program has locked the file, because the lock may end at any moment.
"""

WRITE_RETRY_INTERVAL_S: Final = 0.5
LOCKED_S: Final = 1.0
"""Seconds for which each attempt waits for another program's lock."""

T = TypeVar("T")

_log = logger(__name__)


@dataclass(eq=False)
class _Unwritten:
    """A record that is not in the file yet.

    Attributes:
        what: sentence without its period: ``The cloud took job 2 (j2) of 'scan' as 9f3c``.
        write: function that writes the record.
        error: error of the last attempt.
        then: function that is called after `write`.
        written: result of `write`.
    """

    what: str
    write: Callable[[], Any]
    error: OSError
    then: Callable[[], object] | None = None
    written: asyncio.Future[Any] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def is_deleted(self) -> bool:
        """Whether the file is gone."""
        return isinstance(self.error, GroupDeletedError)

    @property
    def sentence(self) -> str:
        return f"{self.what}, but this cannot be written to the group's file ({why(self.error)})."


class Settling:
    """The unwritten records of one group's requests. Use it on the loop, except `sentence`.

    It keeps `lease` until all records are written, and calls `notify` at each change.
    """

    def __init__(
        self,
        store: GroupStore,
        loop: BackgroundLoop,
        in_thread: SerialThread,
        notify: Callable[[], None],
        lease: HeldLease,
    ) -> None:
        self._store = store
        self._loop = loop
        self._in_thread = in_thread
        self._notify = notify
        self._lease = lease
        self._unwritten: list[_Unwritten] = []

    @property
    def sentence(self) -> str:
        """Sentence about the first unwritten record; "" if there is none. Thread-safe."""
        return " ".join(one.sentence for one in self._unwritten[:1])

    @property
    def is_waited_for(self) -> bool:
        """Whether an unwritten record may still be written."""
        return any(not one.is_deleted for one in self._unwritten)

    @property
    def is_hopeless(self) -> bool:
        """Whether all unwritten records are for a file that is gone."""
        return bool(self._unwritten) and not self.is_waited_for

    async def write(
        self,
        what: str,
        write: Callable[[], T],
        *,
        or_else: Callable[[], object] | None = None,
        patience_s: float | None = None,
    ) -> T:
        """Write a record of an event on a cloud.

        Args:
            what: sentence without its period, with the job and any id.
            write: function that writes the record; it is called until it succeeds.
            or_else: function that is called after `write` if `write` succeeds only after this
                method has raised.
            patience_s: seconds after which this raises; the default depends on the reason.

        Raises:
            StorageError: the record is not written yet; the message contains `what`.
        """
        try:
            return await self._in_thread(self._write_briefly, write)
        except OSError as error:
            one = _Unwritten(what, write, error)
        self._unwritten.append(one)
        self._notify()
        self._loop.spawn(self._retry, one, self._lease.keep())
        began = anyio.current_time()
        while not (one.written.done() or one.is_deleted):
            by_reason = LOCKED_WRITE_TIMEOUT_S if "locked" in why(one.error) else WRITE_TIMEOUT_S
            if anyio.current_time() - began > (by_reason if patience_s is None else patience_s):
                break
            await asyncio.wait([one.written], timeout=WRITE_RETRY_INTERVAL_S)
        if one.written.done():
            outcome: T = one.written.result()
            return outcome
        one.then = or_else
        _log.error("%s jobgroup keeps it in memory and retries.", one.sentence)
        if isinstance(one.error, GroupMovedError):
            raise StorageError(f"{one.what}. {one.error}")
        remedy = "Restore it with JobGroup.restore" if one.is_deleted else "Make it writable"
        raise StorageError(
            f"{one.sentence} jobgroup keeps it in memory, retries while this process lives, and"
            f" sends nothing twice. {remedy}, then run the group again."
        ) from one.error.__cause__  # that error would say that nothing was changed

    def give_up(self) -> None:
        """In the exiting thread, log the records that are lost when this process ends."""
        for one in list(self._unwritten):
            rest: object = (
                "Its job is now unconfirmed; job.confirm(id) (or jobgroup confirm) records the id."
            )
            if isinstance(one.error, GroupMovedError):
                rest = one.error
            _log.error("%s This process ends, so write it down. %s", one.sentence, rest)

    def _write_briefly(self, write: Callable[[], T], then: Callable[[], object] | None = None) -> T:
        with self._store.database.busy_timeout(LOCKED_S):
            outcome = write()
            if then is not None:
                then()
            return outcome

    async def _retry(self, one: _Unwritten, has_lease: bool) -> None:
        try:
            while not one.written.done():
                await anyio.sleep(WRITE_RETRY_INTERVAL_S)
                try:
                    outcome = await self._in_thread(self._write_briefly, one.write, one.then)
                except OSError as error:
                    one.error = error
                except Exception as error:  # noqa: BLE001  # `write` raises it
                    one.written.set_exception(error)
                    one.written.exception()  # mark the error as retrieved
                else:
                    one.written.set_result(outcome)
                    _log.info("%s. It is written now.", one.what)
        finally:
            self._unwritten.remove(one)
            if has_lease:
                await self._lease.release_one()
            self._notify()


def why(error: Exception) -> str:
    """Return a storage error's reason, without the advice, which assumes an unchanged file."""
    if isinstance(error, GroupMovedError):
        return f"{error.how}, though not by jobgroup"
    if isinstance(error, GroupDeletedError):
        return "the group was deleted"
    reason = error.__cause__ or error
    return str(reason).partition(" Nothing was")[0].rstrip(".")
