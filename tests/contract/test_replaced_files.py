"""Tests of a group's file that a sync tool removes, moves or replaces while it is open."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from jobgroup import Dashboard, GroupDeletedError, GroupMovedError, JobGroup, StorageError

SUFFIXES = ("", "-wal", "-shm")

RUNS = """
import json
from jobgroup import JobGroup
jg = JobGroup.open("experiment")
known = len([job for job in jg if job.id])
jg.run_parallel()
print(json.dumps([known, len([job for job in jg if job.id])]))
"""


def kept(path):
    """Copy a group's file and its companions; return a function that puts the copy in place."""
    aside = path.with_suffix(".kept")
    for suffix in SUFFIXES:
        shutil.copy(f"{path}{suffix}", f"{aside}{suffix}")

    def put_back(suffixes=SUFFIXES):
        for suffix in suffixes:
            Path(f"{aside}{suffix}").replace(f"{path}{suffix}")

    return put_back


@pytest.fixture
def path(data_dir):
    """Return the path of the file of the tests' group."""
    return data_dir / "groups" / "experiment.jobgroup"


def test_run_sends_nothing_after_its_file_is_replaced(path, group, scripted, timer, in_child):
    """Even an identical copy counts: later writes to the old file would be lost."""
    jg = group(scripted, 4)
    kept(path)()
    for use in (jg.run_parallel, jg.progress, lambda: jg.add(timer(scripted))):
        with pytest.raises(GroupMovedError, match="was replaced while it was open"):
            use()
    assert scripted.count("create") == 0
    assert "was replaced" in repr(jg)
    assert in_child(RUNS, scripted) == [0, 4]
    assert scripted.count("create") == 4
    assert {job.state for job in JobGroup.open("experiment")} == {"waiting"}
    assert scripted.count("create") == 4


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_group_notices_a_replaced_log(path, suffix, group, scripted):
    """SQLite would keep using the old log while other processes use the new one."""
    jg = group(scripted, 2)
    kept(path)([suffix])
    with pytest.raises(GroupMovedError, match="replaced"):
        jg.run_parallel()
    assert scripted.count("create") == 0


def test_group_does_not_resend_jobs_after_an_earlier_file_returns(path, group, scripted):
    """The earlier file lacks the ids: the open group raises, and a reopened one shows its state."""
    jg = group(scripted, 4)
    earlier = kept(path)
    jg.run_parallel()
    earlier()
    with pytest.raises(GroupMovedError, match="check its jobs before you run it"):
        jg.run_parallel()
    assert scripted.count("create") == 4


def test_add_raises_when_the_file_is_missing(path, group, scripted, timer):
    """The error says so. The group works again when its file is back."""
    jg = group(scripted, 1)
    elsewhere = path.with_name("elsewhere")
    elsewhere.mkdir()
    for suffix in SUFFIXES:
        Path(f"{path}{suffix}").replace(elsewhere / f"{path.name}{suffix}")
    for use in (lambda: jg.add(timer(scripted)), jg.run_parallel):
        with pytest.raises(GroupDeletedError, match=r"removed or moved|was deleted"):
            use()
    assert scripted.count("create") == 0
    assert not path.exists()
    for suffix in SUFFIXES:
        moved = elsewhere / f"{path.name}{suffix}"
        if moved.exists():
            moved.replace(f"{path}{suffix}")
    jg.add(timer(scripted))
    assert len(jg) == 2


def test_old_object_does_not_write_to_a_new_group_of_its_name(path, group, scripted):
    """The new group is on disk with its job; the old object does not write to it."""
    jg = group(scripted, 1)
    for suffix in SUFFIXES:
        Path(f"{path}{suffix}").unlink()
    new = group(scripted, 1)
    assert path.exists()
    assert len(new) == 1
    with pytest.raises(GroupDeletedError):
        jg.run_parallel()
    assert scripted.count("create") == 0
    new.run_parallel()
    assert scripted.count("create") == 1


def test_observed_state_reports_a_replaced_file(path, group, scripted, until):
    """An observed state reports the replaced file in `last_error`."""
    jg = group(scripted, 2)
    heard = []
    state = jg.state
    state.observe(lambda change: heard.append(change.new), "last_error")
    kept(path)()
    assert "was replaced" in until(lambda: heard and heard[-1])
    state.unobserve_all()


def test_group_continues_after_another_process_deletes_and_restores_it(
    path, group, scripted, in_child
):
    """The file is new, but it contains the same group."""
    jg = group(scripted, 2)
    number = path.stat().st_ino
    in_child(
        "from jobgroup import JobGroup; JobGroup.delete_job_group('experiment');"
        " JobGroup.restore('experiment'); print(0)"
    )
    assert path.stat().st_ino != number
    jg.run_parallel()
    assert scripted.count("create") == 2
    assert {job.state for job in jg} == {"waiting"}


def test_dashboard_shows_that_the_file_was_replaced(path, group, scripted):
    """The last view stays, with the error; the dashboard does not call the group deleted."""
    jg = group(scripted, 2)
    dashboard = Dashboard(jg)
    dashboard.read_state()
    kept(path)()
    assert dashboard.read_state() == (0, 0)
    assert "was replaced" in dashboard.last_error
    assert not dashboard.deleted
    dashboard.close()


@pytest.mark.parametrize("is_earlier", [False, True])
def test_group_is_recognized_by_content_when_inode_numbers_change(
    is_earlier, path, group, scripted, monkeypatch
):
    """On network file systems, the same group continues and an earlier state does not."""
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    jg = group(scripted, 2)
    earlier = path.with_suffix(".kept")
    shutil.copy(path, earlier)
    if is_earlier:
        jg.run_parallel()
    earlier.replace(path)
    if is_earlier:
        with pytest.raises(GroupMovedError, match="an earlier state"):
            jg.run_parallel()
    else:
        jg.run_parallel()
    assert scripted.count("create") == 2


def test_group_is_not_confused_with_another_when_inode_numbers_change(
    path, group, scripted, monkeypatch
):
    """Another group in the same place is recognized even if inode numbers change."""
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    jg = group(scripted, 2)
    group(scripted, 2, "other")
    path.with_name("other.jobgroup").replace(path)
    with pytest.raises(StorageError):
        jg.run_parallel()
    assert scripted.count("create") == 0


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


def copied_over(source, path):
    """Copy a group's file; return a function that copies the copy over the file and keeps the
    inodes.

    Separate programs do the copying, because closing a file would drop this process's locks.
    """
    aside = path.with_suffix(".kept")
    for suffix in SUFFIXES:
        subprocess.run(["cp", f"{source}{suffix}", f"{aside}{suffix}"], check=True)

    def copy_over(suffixes=SUFFIXES):
        for suffix in suffixes:
            number = Path(f"{path}{suffix}").stat().st_ino
            # truncating an index ends the processes that have it mapped
            write = ["dd", f"if={aside}{suffix}", f"of={path}{suffix}", "conv=notrunc", "bs=1M"]
            subprocess.run(write, check=True, capture_output=True)
            os.truncate(f"{path}{suffix}", Path(f"{aside}{suffix}").stat().st_size)
            assert Path(f"{path}{suffix}").stat().st_ino == number

    return copy_over


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


def test_group_saves_its_jobs_when_its_file_is_emptied(path, group, scripted, timer):
    """Programs that copy over a file empty it first. A loadable file then has every id."""
    jg = group(scripted, 3)
    jg.run_parallel()
    ids = [job.id for job in jg]
    os.truncate(path, 0)
    for use in (lambda: jg.add(timer(scripted)), jg.run_parallel):
        with pytest.raises(GroupMovedError, match="it was emptied") as said:
            use()
    (saved,) = path.parent.glob("*.rescued")
    assert str(saved) in str(said.value)
    assert scripted.count("create") == 3
    assert [job.id for job in JobGroup.load(saved, name="again")] == ids


def test_another_process_refuses_an_emptied_file(path, group, scripted, in_child):
    """The error names the saved file. The log, which has the jobs, is left alone."""
    jg = group(scripted, 2)
    jg.run_parallel()
    os.truncate(path, 0)
    with pytest.raises(GroupMovedError):
        jg.progress()
    (saved,) = path.parent.glob("*.rescued")
    log_bytes = Path(f"{path}-wal").stat().st_size
    assert log_bytes > 0
    for way in ("JobGroup", "JobGroup.open"):
        assert str(saved) in in_child(OPENS.replace("WAY", way), scripted)
    assert path.stat().st_size == 0
    assert Path(f"{path}-wal").stat().st_size == log_bytes


OPENS = """
import json
from jobgroup import CorruptGroupError, JobGroup
JobGroup.summaries()
try:
    WAY("experiment")
except CorruptGroupError as error:
    print(json.dumps(str(error)))
"""


def test_group_notices_an_emptied_log(path, group, scripted):
    """Only the log has the latest writes."""
    jg = group(scripted, 3)
    os.truncate(f"{path}-wal", 0)
    with pytest.raises(GroupMovedError, match="the log next to it was cut"):
        jg.run_parallel()
    assert scripted.count("create") == 0


def test_group_saves_its_ids_when_its_file_is_replaced(path, group, scripted):
    """The earlier state that replaced the file does not have the jobs."""
    jg = group(scripted, 3)
    earlier = kept(path)
    jg.run_parallel()
    ids = [job.id for job in jg]
    earlier()
    with pytest.raises(GroupMovedError, match="still be read was saved"):
        jg.run_parallel()
    (saved,) = path.parent.glob("*.rescued")
    assert [job.id for job in JobGroup.load(saved, name="again")] == ids
    assert {job.id for job in JobGroup.open("experiment")} == {None}


def emptied(path):
    """Empty a group's file."""
    return lambda: os.truncate(path, 0)


def all_emptied(path):
    """Empty the file and its log, but not the index, which processes have mapped."""
    return lambda: [os.truncate(f"{path}{suffix}", 0) for suffix in ("", "-wal")]


def removed(path):
    """Remove the file and its companions."""
    return lambda: [Path(f"{path}{suffix}").unlink() for suffix in SUFFIXES]


def garbled(path):
    """Replace the file with another program's."""
    return lambda: Path(shutil.copy(__file__, path.with_suffix(".other"))).replace(path)


@pytest.mark.parametrize(
    "act",
    [
        *(emptied, all_emptied, removed, garbled, kept),
        lambda path: copied_over(path, path),
        lambda path: partial(copied_over(path, path), ("",)),
        lambda path: partial(copied_over(path, path), ("-wal", "-shm")),
    ],
)
def test_run_saves_every_id_when_its_file_is_lost(act, path, group, scripted, in_child, caplog):
    """The error names a file with the ids of earlier processes, of this one, and of the request in
    flight. The id of the request in flight is also in the error and the log.
    """
    jg = group(scripted, 6)
    lose = act(path)
    scripted.first_word = "completed"
    scripted.faults["create"] = lambda n, _: (400, {}) if n == 2 else None
    in_child(FIRST_TWO, scripted)
    assert len(scripted.ids()) == 2
    scripted.faults["create"] = lambda n, _: lose() and None if n == 6 else None
    with pytest.raises(StorageError) as said:
        jg.run_sequential(0)
    assert scripted.count("create") == 7
    with pytest.raises(GroupMovedError) as later:
        jg.run_parallel()
    under_way = scripted.ids()[-1]
    assert under_way in str(said.value)
    assert under_way in caplog.text
    (listed,) = path.parent.glob("*.ids.json")
    assert str(listed) in str(said.value)
    found = json.loads(listed.read_text())
    assert [job["id"] for job in found] == scripted.ids()
    assert [(job["position"], job["name"]) for job in found] == [(i, f"job {i}") for i in range(6)]
    for rescued in path.parent.glob("*.rescued"):
        assert str(rescued) in str(later.value)
        again = JobGroup.load(rescued, name="again")
        assert [job.id for job in again] == [*scripted.ids()[:-1], None]
        assert again[-1].state == "unconfirmed"


FIRST_TWO = """
import json
from jobgroup import JobGroup, JobGroupError
try:
    JobGroup.open("experiment").run_sequential(0)
except JobGroupError:
    pass
print(json.dumps(0))
"""


def test_error_and_log_hold_ids_that_cannot_be_saved(path, group, scripted, caplog):
    """The whole directory was moved away."""
    jg = group(scripted, 3)
    jg.run_parallel()
    path.parent.rename(path.parent.with_name("elsewhere"))
    with pytest.raises(GroupMovedError) as said:
        jg.run_parallel()
    for job in scripted.ids():
        assert job in str(said.value)
        assert job in caplog.text


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
