"""Is the process that runs a group alive? And a clock that sleeping machines do not stop."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from jobgroup.store import LeaseRecord

LAPSES_AFTER_S = 10.0
"""A lease whose holder has not been heard of for so long is anybody's."""


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
