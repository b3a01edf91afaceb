"""Find out whether a file system is local: on others, SQLite's WAL can lose acknowledged rows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from jobgroup import system

LOCAL_TYPES: Final = frozenset(
    (  # noqa: SIM905  # a type is added as a word
        "ext2 ext3 ext4 xfs btrfs bcachefs zfs f2fs jfs reiserfs nilfs2 ubifs tmpfs ramfs rootfs"
        " overlay overlayfs aufs"  # layers over one of these, in containers and live systems
        " apfs hfs hfsplus hfs+ ufs ntfs ntfs3 refs fat fat32 vfat msdos exfat"
    ).split()
)
"""File systems that only one machine uses. All others may be shared between machines."""


def is_network(directory: Path) -> bool:
    """Return whether the directory's file system is, or could be, shared between machines.

    An unknown file system counts as shared; so does FUSE, because the system does not know what is
    behind it. ``JOBGROUP_NETWORK_FS=1`` or ``0`` overrides the system's answer.
    """
    override = os.environ.get("JOBGROUP_NETWORK_FS")
    if override is not None:
        return override not in ("", "0")
    return file_system_type(directory) not in LOCAL_TYPES


def file_system_type(directory: Path) -> str:
    """Return the type of the mount that holds the directory; "" if unknown."""
    return system.file_system_type(directory)
