"""Tests of copies of a group's file beside it, and of files copied over it."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from file_copies import RUNS, SUFFIXES, copied_over, kept

from jobgroup import GroupMovedError, JobGroup, StorageError


def copied_beside(path, name):
    """Copy a group's file and its log, as a user or a sync tool does."""
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{path.with_name(name)}{suffix}")


def test_copy_beside_its_group_sends_nothing(path, group, scripted):
    """Both contain the same jobs, so the group continues, and so does the last copy."""
    jg = group(scripted, 3)
    copied_beside(path, "experiment-desktop.jobgroup")
    copy = JobGroup.open("experiment-desktop")
    assert len(copy) == 3
    with pytest.raises(StorageError, match=r"is a copy of .* 'experiment'.* Run 'experiment', or"):
        copy.run_parallel()
    assert scripted.count("create") == 0
    jg.run_parallel()
    assert scripted.count("create") == 3
    with pytest.warns(UserWarning, match="not ended"):
        JobGroup.delete_job_group("experiment")
    copy.run_parallel()
    assert scripted.count("create") == 6


@pytest.mark.parametrize(
    "name",
    [
        "experiment.sync-conflict-20260101-101010-ABCDEFG.jobgroup",
        "experiment (Peter's conflicted copy 2026-01-01).jobgroup",
    ],
)
def test_group_does_not_send_jobs_that_a_copy_beside_it_may_have_sent(
    name, path, group, scripted, in_child
):
    """Sync tools keep one machine's file, and put the other machine's file, with its sent jobs,
    next to it.
    """
    jg = group(scripted, 3)
    before = kept(path)
    jg.run_parallel()
    copied_beside(path, name)
    before()
    assert in_child(REFUSED, scripted) == "StorageError"
    assert scripted.count("create") == 3
    for suffix in ("", "-wal"):
        Path(f"{path.with_name(name)}{suffix}").unlink()
    assert in_child(RUNS, scripted) == [0, 3]


REFUSED = """
import json
from jobgroup import JobGroup, StorageError
try:
    JobGroup.open("experiment").run_parallel()
except StorageError as error:
    assert "has 3 attempts" in str(error), error
    print(json.dumps(type(error).__name__))
"""


def test_similar_names_and_renamed_files_are_not_copies(path, group, scripted):
    """Similar names, damaged files and a file that the user renamed do not count as copies."""
    group(scripted, 1, "experiment 2").run_parallel()
    path.with_name("experiment 3.jobgroup").write_bytes(b"damaged")
    jg = group(scripted, 1)
    jg.run_parallel()
    jg.export(exported := path.parent.parent / "kept")
    with pytest.warns(UserWarning, match="not ended"):
        JobGroup.delete_job_group("experiment")
    exported.rename(path.with_name("renamed.jobgroup"))
    renamed = JobGroup.open("renamed")
    renamed.run_parallel()
    assert [job.state for job in renamed] == ["waiting"]
    assert scripted.count("create") == 2


@pytest.fixture
def large(timer, scripted):
    """Make a job whose large body moves the log into the file when it is added."""
    return timer(scripted, text=random.Random(0).randbytes(5_000_000).hex())


@pytest.mark.parametrize("suffixes", [SUFFIXES, ("",), ("-wal", "-shm"), ("-wal",)])
@pytest.mark.parametrize("is_moved", [False, True])
def test_group_notices_an_earlier_file_copied_over_it(
    is_moved, suffixes, path, group, scripted, timer, large
):
    """The inodes stay the same. No job is resent, whether or not the log was checkpointed."""
    jg = group(scripted, 4)
    copy_over = copied_over(path, path)
    jg.run_parallel()
    jg.add(timer(scripted))
    if is_moved:
        before = path.stat().st_mtime_ns
        jg.add(large)
        assert path.stat().st_mtime_ns != before
        jg.add(timer(scripted))
    copy_over(suffixes)
    for use in (jg.run_parallel, jg.progress, lambda: jg.add(timer(scripted))):
        with pytest.raises(GroupMovedError, match="was replaced while it was open"):
            use()
    assert scripted.count("create") == 4
    assert "was replaced" in repr(jg)


def test_group_notices_another_group_copied_over_it(path, group, scripted):
    """The other group keeps the inode and has a higher version, but its uuid is different."""
    jg = group(scripted, 2)
    other = group(scripted, 2, "other")
    other_path = path.with_name("other.jobgroup")
    for count in range(20):
        other[0].note = str(count)
    copied_over(other_path, path)()
    with pytest.raises(GroupMovedError):
        jg.run_parallel()
    assert scripted.count("create") == 0


def test_group_continues_after_another_process_checkpoints_the_log(path, group, scripted, in_child):
    """Another process writes so much that the log is moved into the file. This process
    continues.
    """
    jg = group(scripted, 2)
    before = path.stat().st_mtime_ns
    in_child(
        "import random\nfrom jobgroup import JobGroup, RemoteJob\n"
        "text = random.Random(0).randbytes(5_000_000).hex()\n"
        "body = {'command': 'timer', 'parameters': {'text': text}}\n"
        "JobGroup.open('experiment').add(RemoteJob(body, platform='test:timer'))\nprint(0)"
    )
    assert path.stat().st_mtime_ns != before
    assert len(jg) == 3
    jg[0].note = "still here"
    assert JobGroup.open("experiment")[0].note == "still here"
