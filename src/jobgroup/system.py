"""Find out about the machine's boots and processes.

The system's files are read as bytes, because names of programs may not be UTF-8. Sources: proc(5),
pid_namespaces(7), random(4).
"""

from __future__ import annotations

import json
import os
import socket
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, NamedTuple

PROC: Final = Path("/proc")

Life = Literal["running", "stopped", "gone", "unknown"]


class ProcessIdentity(NamedTuple):
    """The identity of a process and its machine. No two living processes have the same one.

    Attributes:
        host: name of the machine, only for messages, because containers and clones share names.
        boot: id of the running kernel's boot; "" if unknown.
        namespace: namespace of the process id; each container has its own namespace.
        pid: process id within the namespace.
        started: start of the process, which distinguishes processes with the same pid; "" if
            unknown.
    """

    host: str
    boot: str
    namespace: str
    pid: int
    started: str

    @classmethod
    def from_json(cls, text: str) -> ProcessIdentity:
        """Return a stored identity. A damaged one matches no process."""
        try:
            return cls(*json.loads(text))
        except (TypeError, ValueError):
            return cls("", "", "", 0, "")

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def this_process() -> ProcessIdentity:
    """Return the identity of this process."""
    pid = os.getpid()
    return ProcessIdentity(socket.gethostname(), boot_id(), _namespace(), pid, _own_start(pid))


def life_of(process: ProcessIdentity) -> Life:
    """Return what this machine can prove about a process.

    "gone" is certain: the process ran after this machine's boot, its id is in our namespace, and no
    such process exists now. "unknown" means that this machine can prove nothing.
    """
    if not process.boot or process.boot != boot_id() or process.namespace != _namespace():
        return "unknown"
    if not _exists(process.pid):
        return "gone"
    return _life_in_proc(process) if sys.platform == "linux" else _life_elsewhere(process)


def boot_id() -> str:
    """Return an id for this machine's current boot; "" if there is none.

    On Linux, the kernel provides it. On other systems, it is the minute of the boot. That may
    change if the clock is set, and then proves nothing.
    """
    with suppress(OSError):
        return (PROC / "sys/kernel/random/boot_id").read_bytes().decode("ascii", "replace").strip()
    import psutil

    with suppress(Exception):  # systems without /proc raise various errors
        return f"{uuid.getnode():x} {round(psutil.boot_time() / 60)}"
    return ""


def _namespace() -> str:
    try:
        return str((PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def _own_start(pid: int) -> str:
    if sys.platform != "linux":
        return _start_elsewhere(pid)
    # The process id is not used, because /proc may belong to another namespace.
    fields = _stat(PROC / "self/stat")
    return "" if fields is None else fields[19].decode("ascii")


def _stat(path: Path) -> list[bytes] | None:
    """Return the fields after the second field, which is the program's name in brackets."""
    try:
        fields = path.read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return fields if len(fields) > 19 else None


def _proc_is_ours() -> bool:
    """Return whether /proc numbers processes as this process does."""
    try:
        return str((PROC / "self").readlink()) == str(os.getpid())
    except OSError:
        return False


def _exists(pid: int) -> bool:
    if os.name == "nt":
        import psutil

        return bool(psutil.pid_exists(pid))  # on Windows, os.kill(pid, 0) sends Ctrl-C
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # the process belongs to another user
        return True
    return True


def _life_in_proc(process: ProcessIdentity) -> Life:
    if not _proc_is_ours():
        return "unknown"
    fields = _stat(PROC / str(process.pid) / "stat")
    if fields is None:  # for example, mounted with hidepid
        return "unknown" if _exists(process.pid) else "gone"
    if process.started and fields[19].decode("ascii") != process.started:
        return "gone"
    state, threads = fields[0], int(fields[17])
    if state in b"XxZ" and threads <= 1:  # a zombie has ended
        return "gone"
    return "stopped" if state in b"Tt" else "running"


def _start_elsewhere(pid: int) -> str:
    import psutil

    try:
        return repr(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""


def _life_elsewhere(process: ProcessIdentity) -> Life:
    import psutil

    try:
        found = psutil.Process(process.pid)
        if process.started and repr(found.create_time()) != process.started:
            return "gone"
        status = found.status()
    except psutil.NoSuchProcess:
        return "gone"
    except psutil.Error:
        return "unknown"
    if status in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
        return "gone"
    return "stopped" if status == psutil.STATUS_STOPPED else "running"
