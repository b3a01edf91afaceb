"""Tests of a group's file that is emptied or lost: its jobs and ids are saved."""

from __future__ import annotations

import json
import os
import shutil
from functools import partial
from pathlib import Path

import pytest
from file_copies import SUFFIXES, copied_over, kept

from jobgroup import GroupMovedError, JobGroup, StorageError


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
