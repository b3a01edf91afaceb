"""Find out whether a file system is local. On others, a write-ahead log can lose data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from jobgroup import system

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
    """Return the type of the mount that holds the directory; "" if unknown."""
    return system.file_system_type(directory)
