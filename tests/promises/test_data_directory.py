"""The data directory stays the same, whatever a process does and whatever its user lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobgroup import CorruptGroupError, JobGroup, StorageError
from jobgroup.store.paths import data_directory

_USE = """
import json, os, sys, tempfile
from jobgroup import JobGroup, RemoteJob
def made(name="sweep"):
    jg = JobGroup(name)
    jg.add(RemoteJob({"command": "timer"}, platform="p", url="http://127.0.0.1:9"))
    return jg
"""


@pytest.fixture
def reported(tmp_path):
    """Run a source text in a process of its own, in its directory, and return its output."""
    home = tmp_path / "home"
    home.mkdir()

    def run(source, *, cwd=tmp_path, **variables):
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "VIRTUAL_ENV")}
        done = subprocess.run(
            [sys.executable, "-c", _USE + source],
            env={
                **kept,
                "HOME": str(home),
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                **{k: v for k, v in variables.items() if v is not None},
            },
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_a_relative_directory_becomes_absolute_at_the_first_use(reported, tmp_path):
    """%cd moves no group, a fork loses none, and a child begins in its parent's directory."""
    found = reported(
        """
jg = made()
os.chdir(tempfile.mkdtemp())
before = JobGroup.list_existing()
child = os.fork()
if child == 0:
    os._exit(0 if len(jg) == 1 and JobGroup.list_existing() == ["sweep"] else 1)
status = os.waitpid(child, 0)[1]
made()
print(json.dumps([before, len(jg), repr(jg).splitlines()[0], status]))
""",
        JOBGROUP_DATA_DIR="data",
    )
    assert found == [["sweep"], 2, "JobGroup('sweep', 2 jobs)", 0]
    assert (tmp_path / "data/groups/sweep.jobgroup").is_file()


@pytest.mark.parametrize("chosen", ["~/data", "~/./x/../data"])
def test_a_tilde_is_the_home_directory(chosen, reported, tmp_path):
    """No directory with that name appears anywhere."""
    reported("made(); print(0)", JOBGROUP_DATA_DIR=chosen)
    assert (tmp_path / "home/data/groups/sweep.jobgroup").is_file()
    assert not list(tmp_path.rglob("~*"))


_WITHOUT_A_HOME = """
import pwd
def nobody(uid): raise KeyError(uid)
pwd.getpwuid = nobody  # a user id without an entry, as containers have them
try:
    made()
    print(json.dumps("made"))
except Exception as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""


@pytest.mark.parametrize(
    ("variables", "at_fault"),
    [
        ({"HOME": None}, "HOME"),
        ({"HOME": None, "JOBGROUP_DATA_DIR": "~/x"}, "JOBGROUP_DATA_DIR"),
        ({"JOBGROUP_DATA_DIR": "~nobody-has-this-name/x"}, "JOBGROUP_DATA_DIR"),
        ({"HOME": "home"}, "HOME"),
        ({"HOME": ""}, "HOME"),
    ],
)
def test_a_missing_home_directory_is_named_with_the_variable(
    variables, at_fault, reported, tmp_path
):
    """Nothing is stored anywhere, and the sentence says what to set."""
    source = _WITHOUT_A_HOME.replace("made()", "os.environ.pop('HOME', 0); made()", 1)
    if variables.get("HOME") is not None or "HOME" not in variables:
        source = _WITHOUT_A_HOME
    kind, sentence = reported(source, **variables)
    assert kind == "StorageError"
    assert at_fault in sentence
    assert "Set " in sentence
    assert "Nothing was stored" in sentence
    assert not list(tmp_path.rglob("*.jobgroup"))
    assert not list(tmp_path.rglob("~*"))


def test_a_user_without_a_home_directory_can_name_another(reported, tmp_path):
    """JOBGROUP_DATA_DIR alone is enough, and so is XDG_DATA_HOME."""
    source = _WITHOUT_A_HOME.replace("made()", "os.environ.pop('HOME', 0); made()", 1)
    for n, variable in enumerate(("JOBGROUP_DATA_DIR", "XDG_DATA_HOME")):
        assert reported(source, **{variable: str(tmp_path / str(n))}) == "made"
        assert len(list((tmp_path / str(n)).rglob("sweep.jobgroup"))) == 1


def test_a_user_without_a_home_directory_has_no_settings_of_perceval(reported, tmp_path):
    """The token is missing, no group of Perceval is found, and the doctor checks everything."""
    source = (
        _WITHOUT_A_HOME.partition("try:")[0]
        + """
os.environ.pop("HOME")
from jobgroup import MissingTokenError
from jobgroup.doctor import examine
try:
    made().run_parallel()
except MissingTokenError:
    imported = JobGroup.import_perceval().imported
    print(json.dumps([imported, [f.text for f in examine() if f.verdict == "problem"]]))
"""
    )
    assert reported(source, JOBGROUP_DATA_DIR=str(tmp_path / "data")) == [[], []]


def test_a_removed_working_directory_is_named(monkeypatch, tmp_path):
    """A relative path has no meaning then; the sentence names the variable."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("JOBGROUP_DATA_DIR", "relative to what is gone")
    with pytest.raises(StorageError, match=r"JOBGROUP_DATA_DIR.*absolute path"):
        JobGroup("x")


def test_a_changed_variable_takes_effect(monkeypatch, tmp_path):
    """A process that names another directory uses it, and returns to the first by its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JOBGROUP_DATA_DIR", "one")
    assert data_directory() == tmp_path / "one"
    JobGroup("a")
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(tmp_path / "two"))
    assert JobGroup.list_existing() == []
    monkeypatch.chdir("/")
    monkeypatch.setenv("JOBGROUP_DATA_DIR", "one")
    assert JobGroup.list_existing() == ["a"]


@pytest.mark.skipif(sys.platform != "linux", reason="its file systems refuse such names")
def test_a_directory_whose_name_is_not_utf_8_works(tmp_path, reported):
    """Groups are created, listed, exported, deleted and restored there as anywhere."""
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/m\xe9sures \xff")
    Path(odd).mkdir()
    found = reported(
        """
jg = made()
jg.export("copy.jobgroup")
JobGroup.load("copy.jobgroup", name="loaded")
JobGroup.delete_job_group("sweep")
JobGroup.restore("sweep")
problems = [each.problem for each in JobGroup.summaries()]
print(json.dumps([JobGroup.list_existing(), problems, len(JobGroup.open("sweep"))]))
""",
        cwd=odd,
        JOBGROUP_DATA_DIR=odd,
    )
    assert found == [["loaded", "sweep"], [None, None], 1]


def test_a_link_to_a_foreign_file_leaves_that_file_alone(data_dir, tmp_path):
    """Opening a group that is a link to something else changes neither its mode nor its bytes."""
    JobGroup("own")
    foreign = tmp_path / "foreign"
    foreign.write_text("root:x:0:0\n")
    foreign.chmod(0o644)
    (data_dir / "groups" / "link.jobgroup").symlink_to(foreign)
    with pytest.raises(CorruptGroupError):
        JobGroup.open("link")
    assert foreign.stat().st_mode & 0o777 == 0o644
    assert foreign.read_text() == "root:x:0:0\n"


@pytest.mark.parametrize("part", ["groups", "trash", "damaged"])
def test_a_file_in_place_of_a_directory_is_named(part, data_dir):
    """Each call that needs the directory raises StorageError, and the file stays."""
    (groups := data_dir / "groups").mkdir(parents=True)
    (groups / "odd.jobgroup").write_text("no database " * 100)
    if part == "groups":
        groups = groups.rename(data_dir / "moved")
    (data_dir / part).write_text("mine")
    for use in {
        "groups": (JobGroup.list_existing, lambda: JobGroup("g"), lambda: JobGroup.exists("g")),
        "trash": (JobGroup.list_trash, lambda: JobGroup.restore("g")),
        "damaged": (lambda: JobGroup("odd"), lambda: JobGroup.delete_job_group("odd")),
    }[part]:
        with pytest.raises(StorageError, match=f"{part}.*Not a directory"):
            use()
    assert (data_dir / part).read_text() == "mine"
    assert (groups / "odd.jobgroup").exists()


def test_a_path_that_is_too_long_for_sqlite_is_named(monkeypatch, tmp_path):
    """SQLite itself reports only that it cannot open the file, as on a full disk."""
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(tmp_path.joinpath(*["d" * 100] * 6)))
    with pytest.raises(StorageError, match="too long for SQLite"):
        JobGroup("g")
