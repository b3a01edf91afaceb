"""Is the process that runs a group alive? And a clock that sleeping machines do not stop."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from jobgroup.system import ProcessIdentity, life_of

if TYPE_CHECKING:
    from jobgroup.store import GroupStore, LeaseRecord
    from jobgroup.store.coordination import Verdict

HEARTBEAT_S: Final = 2.0
"""How often the holder of a lease shows a sign of life."""

LEASE_TTL_S: Final = 10.0
"""A holder of whom nothing is known but its signs of life is dead when it has shown none for so
long, before the eyes and by the clock of who wants to know."""

LOOK_EVERY_S: Final = 0.25


def now_s() -> float:
    """A clock that also runs while the machine is suspended, where there is one."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def is_gone(process: ProcessIdentity) -> bool:
    """Whether it is proved that a process has ended."""
    return life_of(process) == "gone"


class Witness:
    """What this process has seen of who holds a group's lease. From any thread.

    No date decides: clocks of two machines differ. A process of this machine is alive or gone, as
    the system says; of any other, and of one that is stopped, only its signs of life count.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Forget what was seen: from now on a living holder can show a sign of life."""
        with self._lock:
            self._sign: tuple[int, int] | None = None
            self._has_moved = False
            self._silent_s = 0.0
            self._looked_at = 0.0

    def judge(self, held: LeaseRecord) -> Verdict:
        """What is known of a holder by now."""
        life = life_of(held.process)
        if life in ("gone", "running"):
            return "dead" if life == "gone" else "alive"
        sign, now = (held.generation, held.beats), time.monotonic()
        with self._lock:
            if sign == self._sign:
                # a pause of this process counts little: the holder may have been paused with it
                self._silent_s += min(now - self._looked_at, HEARTBEAT_S)
            else:
                self._has_moved = self._sign is not None
                self._silent_s = 0.0
            self._sign, self._looked_at = sign, now
            if self._silent_s >= LEASE_TTL_S:
                return "dead"
            return "alive" if self._has_moved else "unseen"

    def is_live(self, held: LeaseRecord) -> bool:
        """Whether a holder may be alive, as far as was seen."""
        return self.judge(held) != "dead"

    def wait_until_judged(self, store: GroupStore) -> None:
        """Block until it is known whether the holder is alive, if there is one; 10 s at most."""
        while (held := store.lease.current()) and self.judge(held) == "unseen":
            time.sleep(LOOK_EVERY_S)
