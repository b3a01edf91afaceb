"""Is a directory on a network file system? There SQLite's WAL loses rows that it acknowledged."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ESCAPE = re.compile(r"\\([0-7]{3})")  # a space stands as \040
NETWORK_TYPES = ("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "afs", "9p", "fuse.")


def is_network(directory: Path) -> bool:
    """Whether the directory's file system is shared between machines.

    ``JOBGROUP_NETWORK_FS=1`` or ``0`` overrides what the system says. Where the system does not
    say (no ``/proc``, not Windows), it is taken for local.
    """
    told = os.environ.get("JOBGROUP_NETWORK_FS")
    if told is not None:
        return told not in ("", "0")
    if os.name == "nt":
        return str(directory.resolve()).startswith("\\\\")
    return file_system_type(directory).startswith(NETWORK_TYPES)


def file_system_type(directory: Path) -> str:
    """The type of the mount that holds the directory, "" where it is not known.

    Source: proc(5), /proc/self/mountinfo.
    """
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return ""
    return type_in_mountinfo(lines, directory.resolve())


def type_in_mountinfo(lines: list[str], directory: Path) -> str:
    """The type of the longest mount point that holds the directory; later mounts win. Pure."""
    best = ("", "")
    for line in lines:
        fields, kind = (part.split() for part in line.partition(" - ")[::2])
        if len(fields) < 5 or not kind:
            continue
        point = _ESCAPE.sub(lambda m: chr(int(m[1], 8)), fields[4])
        if directory.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, kind[0])
    return best[1]
