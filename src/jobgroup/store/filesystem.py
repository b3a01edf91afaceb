"""Find out whether a file system is local. On others, a write-ahead log can lose data."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

LOCAL_TYPES: Final = frozenset(
    (  # noqa: SIM905 # to add a type, add a word
        "ext2 ext3 ext4 xfs btrfs bcachefs zfs f2fs jfs reiserfs nilfs2 ubifs tmpfs ramfs rootfs"
        " overlay overlayfs aufs"  # layers over a local one, in containers
        " apfs hfs hfsplus hfs+ ufs ntfs ntfs3 refs fat fat32 vfat msdos exfat"
    ).split()
)
"""File systems that only one machine uses. Machines may share all others."""


def is_network(directory: Path) -> bool:
    """Return whether machines share, or may share, the directory's file system.

    Unknown file systems count as shared. So does FUSE, because its files may come from anywhere.
    ``JOBGROUP_NETWORK_FS=1`` or ``0`` overrides this.
    """
    override = os.environ.get("JOBGROUP_NETWORK_FS")
    if override is not None:
        return override not in ("", "0")
    return file_system_type(directory) not in LOCAL_TYPES


def file_system_type(directory: Path) -> str:
    """Return the type of the file system that holds a directory, in lower case; "" if unknown.

    On Windows, another machine's drive is a "network drive", with any format. Sources: proc(5),
    /proc/self/mountinfo; psutil for Windows and macOS.
    """
    resolved = os.path.realpath(directory)
    with suppress(OSError):
        os.stat(resolved)  # noqa: PTH116 # this mounts what is mounted on demand
    if os.name == "nt":
        return _drive_type(resolved)
    if sys.platform != "linux":
        return _partition_type(resolved)
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return ""
    return type_in_mountinfo(lines, os.fsencode(resolved))


def type_in_mountinfo(lines: Iterable[bytes], directory: bytes) -> str:
    """Return the type of the longest mount point that holds the directory; of several, the last."""
    best, kind = b"", b""
    for line in lines:
        fields, described = (part.split(b" ") for part in line.partition(b" - ")[::2])
        if len(fields) < 5 or not described[0]:
            continue
        # The file writes a space as \040.
        point = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8) & 255]), fields[4])
        if len(point) >= len(best) and _holds(point, directory):
            best, kind = point, described[0]
    return kind.decode("ascii", "replace").lower()


def _holds(point: bytes, directory: bytes) -> bool:
    return directory == point or directory.startswith(point.rstrip(b"/") + b"/")


def _drive_type(directory: str) -> str:
    if directory.startswith("\\\\") and not directory.startswith("\\\\?\\"):
        return "network drive"
    drive = os.path.splitdrive(directory.removeprefix("\\\\?\\"))[0].casefold()
    for part in _partitions():
        if part.device.rstrip("\\").casefold() == drive:
            return "network drive" if "remote" in part.opts else str(part.fstype).lower()
    return ""


def _partition_type(directory: str) -> str:
    found = [
        part
        for part in _partitions()
        if _holds(os.fsencode(part.mountpoint), os.fsencode(directory))
    ]
    return str(max(found, key=lambda part: len(part.mountpoint)).fstype).lower() if found else ""


def _partitions() -> list[Any]:
    import psutil

    with suppress(Exception):  # some systems raise various errors
        return list(psutil.disk_partitions(all=True))
    return []
