"""Tests that group names are UTF-8 on disk in every locale."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from jobgroup import JobGroup

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""As a cron job or a batch system may have it."""

NAME = "\u03bb sweep"


@pytest.fixture
def in_ascii(tmp_path):
    """Run Python in a process with an ASCII locale, and return its output."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, **ASCII, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_command_handles_every_group_in_an_ascii_locale(in_ascii):
    """It lists groups, takes their names as arguments, deletes and restores them."""
    JobGroup(NAME)
    assert [group["name"] for group in json.loads(in_ascii("-m", "jobgroup", "ls", "--json"))] == [
        NAME
    ]
    assert "sweep" in in_ascii("-m", "jobgroup", "show", NAME)
    in_ascii("-m", "jobgroup", "delete", NAME, "--yes")
    assert JobGroup.list_existing() == []
    assert JobGroup.list_trash() == [NAME]
    in_ascii("-m", "jobgroup", "restore", NAME)
    assert JobGroup.list_existing() == [NAME]


def test_script_opens_and_creates_the_same_groups_in_an_ascii_locale(in_ascii, tmp_path):
    """The name may be in the source or on its command line; the files have that name."""
    JobGroup(NAME).description = "made before"
    source = """if True:
        import json, sys
        from jobgroup import JobGroup
        for name in ("\\u03bb sweep", sys.argv[1]):
            assert JobGroup.open(name).description == "made before"
        JobGroup("\\u03bc other").export("out-\\u03bc.jobgroup")
        JobGroup.load("out-\\u03bc.jobgroup", name=sys.argv[1] + " 2")
        print(json.dumps(JobGroup.list_existing()))
    """
    listed = json.loads(in_ascii("-c", source, NAME))
    assert listed == JobGroup.list_existing() == [NAME, NAME + " 2", "\u03bc other"]
    assert [path.name for path in tmp_path.glob("*.jobgroup")] == ["out-\u03bc.jobgroup"]


def test_damaged_group_keeps_its_name_in_an_ascii_locale(in_ascii, data_dir):
    """Every byte is kept, and the error is in ASCII."""
    assert JobGroup.list_existing() == []
    (data_dir / "groups" / f"{NAME}.jobgroup").write_bytes(b"no database" * 1000)
    source = f"""if True:
        import jobgroup
        try:
            jobgroup.JobGroup({NAME!a})
        except jobgroup.CorruptGroupError as error:
            print(ascii(str(error)))
    """
    assert "moved intact" in in_ascii("-c", source)
    (aside,) = (data_dir / "damaged").iterdir()
    assert aside.name.startswith(NAME)
    assert aside.read_bytes() == b"no database" * 1000


def test_impossible_path_raises_one_sentence():
    """A file name cannot have half a character."""
    with pytest.raises(OSError, match="is not a valid file name"):
        JobGroup("any").export("\ud800")
