"""The detection of file systems that are local to one machine."""

from __future__ import annotations

import ntpath
import os
import sys
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from jobgroup.store import filesystem
from jobgroup.store.filesystem import (
    LOCAL_TYPES,
    file_system_type,
    is_network,
    type_in_mountinfo,
)

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:5 / /home rw - nfs4 server:/export rw
31 30 0:6 / /home/user\\040name/local rw - xfs /dev/sdb rw
32 22 0:7 / /mnt/x rw master:1 propagate_from:2 - tmpfs tmpfs rw
33 22 0:8 / /mnt/x rw - cifs //server/share rw
34 22 0:9 / /ceph rw - fuse.ceph-fuse ceph rw
35 22 0:10 / /home/m\u00e9lanie/\u30c7\u30fc\u30bf rw - lustre lfs rw
""".encode().splitlines()


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("/", "ext4"),
        ("/homework", "ext4"),
        ("/home", "nfs4"),
        ("/home/other/deep/er", "nfs4"),
        ("/home/user name/local/data", "xfs"),
        ("/mnt/x/y", "cifs"),
        ("/ceph/a", "fuse.ceph-fuse"),
        ("/home/m\u00e9lanie/\u30c7\u30fc\u30bf/groups", "lustre"),
        ("/home/m\u00e9lanie", "nfs4"),
    ],
)
def test_the_longest_mount_point_holds_a_directory(directory, kind):
    """The longest mount point counts, and of two on one path the later one."""
    assert type_in_mountinfo(MOUNTS, directory.encode()) == kind


@pytest.mark.parametrize("point", [b"/m\xe9lanie", b"/\xff\xfe", b"/a\\134b", b"/a\\012b"])
def test_a_mount_point_that_is_not_utf_8_is_found(point):
    """Mount points are bytes, and so are the directories in them."""
    line = b"31 22 0:6 / " + point + b" rw - nfs4 server:/export rw"
    directory = point.replace(b"\\134", b"\\").replace(b"\\012", b"\n") + b"/groups"
    assert type_in_mountinfo([*MOUNTS, line], directory) == "nfs4"
    assert type_in_mountinfo([*MOUNTS, line], b"/other") == "ext4"


@pytest.mark.parametrize("line", [b"", b"garbage \xff", b"22 1 254:0 / /", b"1 2 3 4 5 6 7 - "])
def test_a_malformed_line_of_mounts_is_ignored(line):
    """A malformed line does not prevent access to groups."""
    assert type_in_mountinfo([line, *MOUNTS], b"/home") == "nfs4"
    assert type_in_mountinfo([line], b"/home") == ""


NOT_LOCAL = (  # noqa: SIM905  # a type is added as a word
    "nfs nfs4 cifs smb3 smbfs afpfs webdav lustre gpfs beegfs ceph afs 9p fuse fuseblk fuse.sshfs"
    " fuse.s3fs fuse.grpcfuse fuse.osxfs virtiofs vboxsf prl_fs vmhgfs wekafs panfs pvfs2 orangefs"
    " gfs2 ocfs2 dvs coda ncpfs glusterfs autofs ecryptfs macfuse nullfs"
).split()


@pytest.mark.parametrize("kind", [*NOT_LOCAL, "a type of next year", "network drive", ""])
def test_an_unknown_file_system_counts_as_shared(kind, monkeypatch):
    """On some of these file systems, two machines lost each other's rows."""
    monkeypatch.setattr(filesystem, "file_system_type", lambda _: kind)
    monkeypatch.delenv("JOBGROUP_NETWORK_FS", raising=False)
    assert is_network(Path("/x"))


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "ntfs"]
)
def test_a_known_local_file_system_is_not_shared(kind, monkeypatch):
    """On usual disks, jobgroup uses the write-ahead log.

    A process can then watch while another adds.
    """
    monkeypatch.setattr(filesystem, "file_system_type", lambda _: kind)
    monkeypatch.delenv("JOBGROUP_NETWORK_FS", raising=False)
    assert not is_network(Path("/x"))


@pytest.mark.parametrize(("reported", "is_shared"), [("1", True), ("0", False), ("", False)])
def test_the_variable_overrides_the_system(reported, is_shared, monkeypatch, tmp_path):
    """JOBGROUP_NETWORK_FS states what the system cannot report."""
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", reported)
    assert is_network(tmp_path) is is_shared


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc/self/mountinfo")
def test_the_type_agrees_with_another_reader(tmp_path):
    """An independent reader of other system files finds the same type."""
    theirs = [p for p in psutil.disk_partitions(all=True) if tmp_path.is_relative_to(p.mountpoint)]
    if theirs:
        assert file_system_type(tmp_path) == max(theirs, key=lambda p: len(p.mountpoint)).fstype
    assert file_system_type(Path("/proc")) == "proc"
    assert "proc" not in LOCAL_TYPES


# -- systems that the tests do not run on: the rule, with the reports of these systems -------------


class _Part(NamedTuple):
    device: str
    mountpoint: str
    fstype: str
    opts: str


@pytest.fixture
def partitions(monkeypatch):
    """Return a function that sets the partitions that psutil reports."""

    def tell(*parts):
        monkeypatch.setattr(psutil, "disk_partitions", lambda **_: [_Part(*p) for p in parts])

    return tell


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("C:\\Users\\me\\AppData", "ntfs"),
        ("\\\\?\\C:\\Users", "ntfs"),
        ("z:\\home", "network drive"),
        ("\\\\server\\share\\home", "network drive"),
        ("Q:\\gone", ""),
    ],
)
def test_network_drives_of_windows_are_shared(directory, kind, partitions, monkeypatch):
    """A drive letter of a server is shared, whatever its file system."""
    partitions(("C:\\", "C:\\", "NTFS", "rw,fixed"), ("Z:\\", "Z:\\", "NTFS", "rw,remote"))
    monkeypatch.setattr(os, "name", "nt")
    monkeypatch.setattr(os, "path", ntpath)
    monkeypatch.setattr(ntpath, "realpath", lambda path: path)
    assert file_system_type(directory) == kind


def test_the_longest_mount_point_counts_on_macos(partitions, monkeypatch):
    """The longest mount point decides. If psutil fails, the type is unknown."""
    partitions(
        ("/dev/disk3s1", "/", "apfs", "rw"),
        ("//me@server/home", "/Volumes/home", "smbfs", "rw"),
        ("/dev/disk3s5", "/System/Volumes/Data", "apfs", "rw"),
    )
    monkeypatch.setattr(sys, "platform", "darwin")
    assert file_system_type(Path("/Volumes/home/me")) == "smbfs"
    assert file_system_type(Path("/Users/me")) == "apfs"
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: 1 / 0)
    assert file_system_type(Path("/Users/me")) == ""
