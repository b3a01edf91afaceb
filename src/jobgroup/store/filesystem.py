"""Is a directory on a network file system? There SQLite's WAL loses rows that it acknowledged."""

from __future__ import annotations

import os
from pathlib import Path

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
        fields, _, rest = line.partition(" - ")
        point = fields.split()[4].encode().decode("unicode_escape")  # spaces stand as \040
        if directory.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, rest.split()[0])
    return best[1]
