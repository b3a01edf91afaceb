"""Tests of rows of docs/coming-from-perceval.md with both classes: groups, names and copies."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import perceval as pcvl
import pytest
from either_class import HAS_ITEMS, jobs_of

from jobgroup import GroupDeletedError, JobGroup, JobGroupWarning, MissingTokenError, forget_tokens


def test_3_tokens(both, timer, cloud, data_dir):
    """Perceval's file has the token. jobgroup's does not, so a later script must set it."""
    own, jg = both
    for group in both:
        group.add(timer())
    path = Path(pcvl.JobGroup._DIR_PATH) / f"{own.name}.jgrp"  # noqa: SLF001
    assert cloud.token in path.read_text()
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    assert files
    assert not any(cloud.token.encode() in path.read_bytes() for path in files)
    forget_tokens()
    with pytest.raises(MissingTokenError, match="set_token"):
        jg.run_parallel()


def test_4_perceval_group_of_the_same_name(theirs, timer, tmp_path):
    """Perceval opens it. A new empty group points to it, and the import fills that group."""
    own = theirs()
    own.add(timer())
    assert len(jobs_of(pcvl.JobGroup(own.name))) == 1
    path = Path(pcvl.JobGroup._DIR_PATH) / f"{own.name}.jgrp"  # noqa: SLF001
    folder = tmp_path / "perceval" / "job_group"
    folder.mkdir(parents=True)
    (folder / path.name).write_bytes(path.read_bytes())
    with pytest.warns(JobGroupWarning, match="import_perceval"):
        jg = JobGroup(own.name)
    assert len(JobGroup.import_perceval().imported) == len(jg) == len(jobs_of(own)) == 1


def test_6_deleting_a_missing_group(both):
    """Both only warn, and jobgroup also suggests groups with similar names."""
    with pytest.warns(UserWarning, match="Cannot delete"):
        pcvl.JobGroup.delete_job_group("our")
    with pytest.warns(JobGroupWarning, match="Did you mean 'ours'"):
        JobGroup.delete_job_group("our")


def test_7_pdisplay(both, timer, capsys):
    """Both print the same table."""
    printed = []
    for group in both:
        group.add(timer())
        capsys.readouterr()
        pcvl.pdisplay(group)
        printed.append(capsys.readouterr().out)
    assert "Total" in printed[0]
    assert printed[0] == printed[1]


def test_13_names(both, timer):
    """Every public name of this release's group exists, and two of 0.12 in every release."""
    own, jg = both
    assert {name for name in dir(own) if not name.startswith("_")} <= set(dir(jg))
    assert [bool(group) for group in both] == [not HAS_ITEMS, True]
    for group, has_names in zip(both, (not HAS_ITEMS, True), strict=True):
        group.add(timer())
        assert hasattr(group, "list_remote_jobs") is has_names
        assert hasattr(group, "count_never_sent_jobs") is has_names
    assert (len(jg.list_remote_jobs), jg.count_never_sent_jobs()) == (1, 1)
    if not HAS_ITEMS:
        assert own.list_remote_jobs == [None]
    assert not jg.list_remote_jobs[0].was_sent


def test_14_copies(both, timer):
    """Lists of jobs can be pickled and groups copied. jobgroup's copies are the same group."""
    for group in both:
        group.add(timer())
        assert len(pickle.loads(pickle.dumps(jobs_of(group)))) == 1
        assert len(jobs_of(copy.deepcopy(group))) == 1
    again = copy.deepcopy(both[1])
    again.add(timer())
    assert len(both[1]) == 2


def test_15_object_of_a_deleted_group(both, timer):
    """Perceval's object still works. jobgroup's raises, and its group can be restored."""
    own, jg = both
    for group in both:
        group.add(timer())
        type(group).delete_job_group(group.name)
    assert own.progress()["Total"] == 1
    with pytest.raises(GroupDeletedError):
        jg.progress()
    JobGroup.restore("ours")
    assert JobGroup("ours").progress()["Total"] == 1
