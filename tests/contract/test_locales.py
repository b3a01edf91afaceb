"""Names of groups are UTF-8 on the disk, whatever the locale of a process is."""

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
    """Runs Python in a process whose locale has ASCII only, and gives what it printed."""

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


def test_a_command_in_an_ascii_locale_knows_every_group(in_ascii):
    """It lists them, takes their names as arguments, deletes and restores them."""
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


def test_a_script_in_an_ascii_locale_opens_and_makes_the_same_groups(in_ascii, tmp_path):
    """By a name in the source or on its command line; a file that it writes has its name too."""
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


def test_a_damaged_group_in_an_ascii_locale_is_set_aside_under_its_name(in_ascii, data_dir):
    """Every byte is kept, and the sentence comes out in ASCII."""
    assert JobGroup.list_existing() == []
    (data_dir / "groups" / f"{NAME}.jobgroup").write_bytes(b"no database" * 1000)
    source = f"""if True:
        import jobgroup
        try:
            jobgroup.JobGroup({NAME!a})
        except jobgroup.CorruptGroupError as error:
            print(ascii(str(error)))
    """
    assert "set aside" in in_ascii("-c", source)
    (aside,) = (data_dir / "damaged").iterdir()
    assert aside.name.startswith(NAME)
    assert aside.read_bytes() == b"no database" * 1000


def test_a_path_that_can_be_none_is_one_sentence():
    """Half a character stands in no file's name."""
    with pytest.raises(OSError, match="can be no file's name"):
        JobGroup("any").export("\ud800")
