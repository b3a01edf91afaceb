"""Writing down what came of a request, until it is written: an answer may have cost money.

A disk that is locked, full or gone for a while costs time only. What could not be written yet is
kept in memory, with the lease, so that its job stays *sending* and no other process takes it for
abandoned; it is tried again for as long as this process lives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import anyio

from jobgroup.engine.lease import HeldLease
from jobgroup.engine.loop import BackgroundLoop, SerialThread
from jobgroup.errors import GroupDeletedError, GroupMovedError, StorageError
from jobgroup.logs import logger
from jobgroup.store import GroupStore

PATIENCE_S: Final = 10.0
"""How long a run waits for the disk before it says so and ends."""

PATIENCE_WITH_LOCKS_S: Final = 25.0
"""The same, where another program has the file locked, which it may give back at any moment."""

RETRY_EVERY_S: Final = 0.5
LOCKED_S: Final = 1.0
"""How long each attempt waits for another program's lock."""

_WHAT_IS_LEFT: Final = "The job is unconfirmed from now on, and job.confirm(id) adopts it."

T = TypeVar("T")

_log = logger(__name__)


@dataclass(eq=False)
class Unwritten:
    """Something that happened on a cloud, and is not in the file yet.

    Attributes:
        what: a clause without its end: ``The cloud took job 2 (j2) of 'scan' as 9f3c``.
        write: writes it.
        error: why it could not be written.
    """

    what: str
    write: Callable[[], Any]
    error: OSError
    is_written: anyio.Event = field(default_factory=anyio.Event)
    outcome: Any = None
    failure: Exception | None = None

    @property
    def is_deleted(self) -> bool:
        """Whether the file is gone, rather than in the way of something."""
        return isinstance(self.error, GroupDeletedError)

    @property
    def patience_s(self) -> float:
        """How long a run that somebody waits for does not end for it."""
        return PATIENCE_WITH_LOCKS_S if "locked" in why(self.error) else PATIENCE_S

    @property
    def sentence(self) -> str:
        """What happened and why it is not written, for people."""
        return f"{self.what}, but that cannot be written to the group's file ({why(self.error)})."


class Settling:
    """What one group's requests came to, on its way into the file. On the loop, but for `sentence`.

    Args:
        store: the group.
        loop: on which it is tried again.
        in_thread: gives access to the file.
        notify: is called when something could not be written, and when it is.
        lease: is kept as long as something is not written.
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
        self._unwritten: list[Unwritten] = []

    @property
    def sentence(self) -> str:
        """What is not written yet, and why; "" if all is. From any thread."""
        return " ".join(one.sentence for one in self._unwritten[:1])

    @property
    def is_waited_for(self) -> bool:
        """Whether something is not written that the file may still take."""
        return any(not one.is_deleted for one in self._unwritten)

    @property
    def is_hopeless(self) -> bool:
        """Whether all that is not written belongs into a file that is gone."""
        return bool(self._unwritten) and not self.is_waited_for

    async def write(
        self,
        what: str,
        write: Callable[[], T],
        *,
        or_else: Callable[[], object] | None = None,
        patience_s: float | None = None,
    ) -> T:
        """Write something that happened on a cloud.

        Args:
            what: happened: a clause without its end, which names the job, and its id if there is
                one.
            write: writes it. It may be called several times, until it succeeds.
            or_else: is done after it, if it succeeds only when nobody waits any more.
            patience_s: seconds after which this raises, while the writing goes on; None for what
                suits the reason.

        Raises:
            StorageError: it is not written yet; the sentence has `what`.
        """
        try:
            return await self._in_thread(self._write_briefly, write)
        except OSError as error:
            one = Unwritten(what, write, error)
        self._unwritten.append(one)
        self._notify()
        self._loop.spawn(self._go_on, one, self._lease.keep())
        began = anyio.current_time()
        while not (one.is_written.is_set() or one.is_deleted):
            limit_s = one.patience_s if patience_s is None else patience_s
            if anyio.current_time() - began > limit_s:
                break
            with anyio.move_on_after(RETRY_EVERY_S):
                await one.is_written.wait()
        if one.failure is not None:
            raise one.failure
        if one.is_written.is_set():
            outcome: T = one.outcome
            return outcome
        if or_else is not None:
            one.write = _both(one.write, or_else)
        _log.error("%s jobgroup keeps it in memory and goes on trying.", one.sentence)
        if isinstance(one.error, GroupMovedError):
            raise StorageError(f"{one.what}. {one.error}")
        remedy = "JobGroup.restore brings it back" if one.is_deleted else "make it writable"
        raise StorageError(
            f"{one.sentence} jobgroup keeps it in memory and writes it as soon as it can, while"
            f" this process lives. Nothing is sent twice; {remedy}, and run the group again."
        ) from one.error.__cause__  # not from that error, which says that nothing was changed

    def give_up(self) -> None:
        """This process ends: say what it takes along. From the thread that ends it."""
        for one in list(self._unwritten):
            told = one.error if isinstance(one.error, GroupMovedError) else _WHAT_IS_LEFT
            _log.error("%s This process ends, so write it down. %s", one.sentence, told)

    def _write_briefly(self, write: Callable[[], T]) -> T:
        with self._store.database.busy_timeout(LOCKED_S):
            return write()

    async def _go_on(self, one: Unwritten, has_lease: bool) -> None:
        try:
            while not one.is_written.is_set():
                await anyio.sleep(RETRY_EVERY_S)
                try:
                    one.outcome = await self._in_thread(self._write_briefly, one.write)
                except OSError as error:
                    one.error = error
                    continue
                except Exception as error:  # noqa: BLE001  (raised where it is waited for)
                    one.failure = error
                one.is_written.set()
                _log.info("%s It is written now.", one.what)
        finally:
            self._unwritten.remove(one)
            if has_lease:
                await self._lease.release_one()
            self._notify()


def _both(first: Callable[[], T], second: Callable[[], object]) -> Callable[[], T]:
    def write() -> T:
        outcome = first()
        second()
        return outcome

    return write


def why(error: Exception) -> str:
    """The reason alone: what a storage error advises is said of calls that changed nothing."""
    if isinstance(error, GroupMovedError):
        return f"{error.how}, though not by jobgroup"
    if isinstance(error, GroupDeletedError):
        return "the group was deleted"
    reason = error.__cause__ or error
    return str(reason).partition(" Nothing was")[0].rstrip(".")
