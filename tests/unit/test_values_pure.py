"""Between Python values and the file's text, and which file systems are shared."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobgroup.store.filesystem import (
    NETWORK_TYPES,
    file_system_type,
    is_network,
    type_in_mountinfo,
)
from jobgroup.store.values import as_json, as_object

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON))
def test_json_goes_there_and_back(values):
    """What JSON can say is what comes back."""
    assert as_object(as_json(values)) == values


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (np.float64(0.3), 0.3),
        (np.int32(7), 7),
        (np.bool_(True), True),
        (np.arange(2000), list(range(2000))),
        (np.array([[0.5, np.nan]]), [[0.5, "nan"]]),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (Decimal("0.1"), "0.1"),
        (PurePosixPath("a/b"), "a/b"),
        ((1, {2}), [1, [2]]),
        ({1: {2: 3}}, {"1": {"2": 3}}),
        (2 + 1j, "(2+1j)"),
    ],
)
def test_what_json_cannot_say_is_said_in_words(value, kept):
    """Labels may be anything: numbers of numpy stay numbers, the rest is text."""
    text = as_json({"value": value, "beside": 1})
    assert as_object(text) == {"value": kept, "beside": 1}
    json.loads(text, parse_constant=pytest.fail)


@pytest.mark.parametrize("text", [None, "", "[]", "3", "null", "{", "\x00", "[" * 100_000])
def test_a_text_that_holds_no_object(text):
    """A damaged value is nothing, not an exception: one job never harms another."""
    assert as_object(text) == {}


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:5 / /home rw - nfs4 server:/export rw
31 30 0:6 / /home/user\\040name/local rw - xfs /dev/sdb rw
32 22 0:7 / /mnt/x rw master:1 propagate_from:2 - tmpfs tmpfs rw
33 22 0:8 / /mnt/x rw - cifs //server/share rw
34 22 0:9 / /ceph rw - fuse.ceph-fuse ceph rw
35 22 0:10 / /home/mélanie/データ rw - lustre lfs rw
""".splitlines()


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
        ("/home/mélanie/データ/groups", "lustre"),
        ("/home/mélanie", "nfs4"),
    ],
)
def test_the_mount_that_holds_a_directory(directory, kind):
    """The longest mount point wins, the later of two at one place; blanks are escaped there."""
    assert type_in_mountinfo(MOUNTS, Path(directory)) == kind


@pytest.mark.parametrize(
    "kind",
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "lustre",
        "gpfs",
        "beegfs",
        "ceph",
        "afs",
        "9p",
        "fuse.sshfs",
    ],
)
def test_what_is_shared_between_machines(kind):
    """Every kind of shared file system that homes and clusters have is known as one."""
    assert kind.startswith(NETWORK_TYPES)
    for local in ("ext4", "xfs", "btrfs", "tmpfs", "overlay", "apfs", "zfs"):
        assert not local.startswith(NETWORK_TYPES)


def test_no_mounts_no_type():
    """Nothing is known of an empty list, or one that is cut off in a line."""
    assert type_in_mountinfo([], Path("/x")) == ""


@pytest.mark.parametrize("line", ["", "garbage", "22 1 254:0 / /", "1 2 3 4 5 6 7 - "])
def test_an_odd_line_of_mounts_is_passed_over(line):
    """A line that is not as the manual says does not keep anybody from a group."""
    assert type_in_mountinfo([line, *MOUNTS], Path("/home")) == "nfs4"


@pytest.mark.parametrize(("told", "is_shared"), [("1", True), ("0", False), ("", False)])
def test_the_variable_overrides_the_system(told, is_shared, monkeypatch, tmp_path):
    """JOBGROUP_NETWORK_FS says what the system cannot."""
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", told)
    assert is_network(tmp_path) is is_shared


def test_the_tests_run_on_a_local_disk(tmp_path):
    """The real system's answer, where it gives one, is understood."""
    if Path("/proc/self/mountinfo").exists():
        assert file_system_type(tmp_path)
