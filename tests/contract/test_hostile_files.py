"""Tests of malicious group files: jobgroup refuses them before it runs any of their content."""

from __future__ import annotations

import datetime as dt
import json
import resource
import shutil
import sqlite3
import zlib
from contextlib import closing

import pytest

from jobgroup import CorruptGroupError, Dashboard, JobGroup, RemoteJob, StorageError
from jobgroup.cli.main import main
from jobgroup.store.columns import read_columns
from jobgroup.store.database import Database

SCHEMAS = {
    "a journal that replaces its rows": """
        PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = replace(sql, 'id INTEGER PRIMARY KEY',
            'id INTEGER PRIMARY KEY ON CONFLICT REPLACE') WHERE name = 'attempts';
    """,
    "a constraint more": """
        PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = replace(sql, 'provider_status TEXT,',
            'provider_status TEXT CHECK (length(zeroblob(900000000)) > 0),')
            WHERE name = 'attempts';
    """,
    "a default that is an expression": """
        PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = replace(sql, 'DEFAULT 0', 'DEFAULT (abs(-1))')
            WHERE name = 'jobs';
    """,
    "a generated column": "ALTER TABLE jobs ADD COLUMN x AS (zeroblob(900000000));",
    "an index of an expression": "CREATE INDEX x ON jobs (length(name));",
    "another index under our name": """
        DROP INDEX subjobs_by_remote_id;
        CREATE INDEX subjobs_by_remote_id ON subjobs (number);
    """,
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON attempts BEGIN DELETE FROM attempts; END;",
    "a view in place of a table": """
        DROP TABLE meta;
        CREATE VIEW meta AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
            SELECT i AS key, i AS value FROM n;
    """,
    "a table more": "CREATE TABLE more (x);",
    "a table less": "DROP TABLE priorities;",
    "very many tables": "",
}


def many_tables(connection):
    """Return a schema that takes hundreds of megabytes to read."""
    connection.execute("PRAGMA writable_schema = ON")
    connection.executemany(
        "INSERT INTO sqlite_master VALUES ('table', ?, ?, 2, ?)",
        ((f"t{i}", f"t{i}", f"CREATE TABLE t{i} (x DEFAULT '{'x' * 500}')") for i in range(200000)),
    )


ROWS = {
    "a date that is a text": "UPDATE meta SET value = 'abc' WHERE key = 'created_at'",
    "a date that is no number": "UPDATE meta SET value = 9e999 WHERE key = 'modified_at'",
    "a date after the calendar's end": "UPDATE jobs SET added_at = 1e15 WHERE position = 1",
    "a time that is a text": "UPDATE attempts SET intent_at = 'soon'",
    "a version that is a text": "UPDATE meta SET value = 'x' WHERE key = 'version'",
    "a version at the integers' end": (
        "UPDATE meta SET value = 9223372036854775807 WHERE key = 'version'"
    ),
    "a job far away": "UPDATE jobs SET position = 1000000000 WHERE position = 2",
    "a job that is not there": "DELETE FROM jobs WHERE position = 1",
    "a state that there is not": "UPDATE jobs SET state = 'sucbess' WHERE position = 1",
    "a kind that there is not": "UPDATE attempts SET kind = 'free'",
    "an attempt of no job": "UPDATE attempts SET entry_id = 7",
    "an id that is a blob": "UPDATE subjobs SET remote_id = x'00ff'",
    "a huge number of shots": "UPDATE attempts SET shots = 9223372036854775807",
    "a job without a target": "UPDATE jobs SET target_id = 99 WHERE position = 0",
    "the last of all generations": (
        "INSERT OR REPLACE INTO lease SELECT * FROM lease;"
        " UPDATE lease SET fencing_token = 9223372036854775807"
    ),
    "an endless name": "UPDATE jobs SET name = printf('%.*c', 3000000, 'x') WHERE position = 0",
    "a body that is a text": "UPDATE payloads SET body = 'x'",
}


pytestmark = [
    pytest.mark.filterwarnings("ignore:No groups found to delete:UserWarning"),
    pytest.mark.filterwarnings("ignore:The group 'placed' cannot be read:UserWarning"),
]


def changed(path, script, fill=None):
    """Edit a file in a way that jobgroup never would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA ignore_check_constraints = ON")
        file.execute("BEGIN")
        for statement in script.split(";\n"):
            if statement.strip():
                for each in statement.split("; ") if "TRIGGER" not in statement else [statement]:
                    file.execute(each)
        if fill is not None:
            fill(file)
        file.execute("COMMIT")


@pytest.fixture
def exported(ended, tmp_path):
    """Export a group of three sent jobs."""
    jg = ended("completed", "completed", "completed")
    jg.export(tmp_path / "exported")
    JobGroup.delete_job_group(jg.name, permanently=True)
    return tmp_path / "exported"


@pytest.mark.parametrize("name", SCHEMAS)
def test_file_with_a_foreign_schema_is_refused(name, exported, data_dir, group, scripted):
    """Load and open run none of the content. Listing and other groups still work."""
    changed(exported, SCHEMAS[name], many_tables if name == "very many tables" else None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(StorageError, match=r"is not the file of a job group|is damaged"):
        JobGroup.load(exported, name="loaded")
    other = group(scripted, 2, "other")
    placed = data_dir / "groups" / "placed.jobgroup"
    shutil.copy(exported, placed)
    assert JobGroup.list_existing() == ["other", "placed"]
    assert not JobGroup.delete_job_groups_date(dt.datetime(2000, 1, 1))
    with pytest.raises(CorruptGroupError, match="moved intact"):
        JobGroup.open("placed")
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 200_000  # kB
    other.run_parallel()
    assert {job.state for job in other} == {"waiting"}


@pytest.mark.parametrize("name", ROWS)
def test_load_refuses_a_file_with_an_impossible_row(name, exported, data_dir):
    """The error names the row; no group is created."""
    changed(exported, ROWS[name])
    with pytest.raises(CorruptGroupError, match="exported is damaged"):
        JobGroup.load(exported, name="loaded")
    assert list((data_dir / "groups").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "a date that is a text",
        "a date that is no number",
        "a version that is a text",
        "a job far away",
        "the last of all generations",
    ],
)
def test_open_sets_aside_a_file_with_a_harmful_row(name, exported, data_dir, group, scripted):
    """The user put the file among the groups. Before it is opened, it does not affect them."""
    changed(exported, ROWS[name])
    group(scripted, 1, "other")
    shutil.copy(exported, data_dir / "groups" / "placed.jobgroup")
    assert JobGroup.list_existing() == ["other", "placed"]
    assert not JobGroup.delete_job_groups_date(dt.datetime(2000, 1, 1))
    with pytest.raises(CorruptGroupError, match="moved intact"):
        JobGroup.open("placed")
    assert JobGroup.list_existing() == ["other"]


@pytest.fixture(scope="module")
def bomb():
    """Return 300 MB, compressed."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(300)) + packer.flush()


@pytest.mark.parametrize(("table", "column"), [("payloads", "body"), ("results", "document")])
def test_load_refuses_a_compression_bomb(table, column, exported, bomb):
    """A body or result would unpack to more than the limit. Rejecting it takes little memory."""
    with closing(sqlite3.connect(exported)) as file, file:
        file.execute("INSERT INTO results VALUES (1, 1.0, x'00', x'00')")
        file.execute(f"UPDATE {table} SET {column} = ?", (bomb,))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CorruptGroupError, match="too large when it is unpacked"):
        JobGroup.load(exported, name="loaded")
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 100_000  # kB


def test_load_refuses_a_sparse_file(exported, data_dir):
    """The error says that the file is larger than the disk. Loading does not fill the disk."""
    before = sorted(data_dir.rglob("*"))
    with exported.open("rb+") as file:
        file.truncate(2**43)
    with pytest.raises(StorageError, match="not have enough space"):
        JobGroup.load(exported, name="loaded")
    assert sorted(data_dir.rglob("*")) == before


def test_restore_sets_aside_a_foreign_file(exported, data_dir):
    """The user put the file into the trash. `restore` treats it like any other foreign file."""
    changed(exported, SCHEMAS["a trigger"])
    (data_dir / "trash").mkdir(exist_ok=True)
    shutil.copy(exported, data_dir / "trash" / "placed~1999999999999.jobgroup")
    JobGroup.restore("placed")
    with pytest.raises(CorruptGroupError, match="moved intact"):
        JobGroup.open("placed")


# -- values that are too large to store ------------------------------------------------------------


def _job(**body):
    return RemoteJob({"command": "timer", **body}, platform="test:timer", url="http://127.0.0.1:9")


def test_add_refuses_values_too_large_to_read_again(data_dir):
    """The error names the size and the limit of the body, labels or name. Nothing is added."""
    del data_dir
    jg = JobGroup("large")
    long = "y" * (5 << 20)
    for options, reported in (
        ({"job_to_add": _job(x="y" * (66 << 20))}, r"66\.\d MiB of JSON, and at most 64 MiB"),
        ({"job_to_add": _job(), "labels": {"x": long}}, "The labels of a job .*got 5,242,888"),
    ):
        with pytest.raises(ValueError, match=rf"{reported}.*Nothing was added"):
            jg.add(**options)
    named = RemoteJob({"command": "t"}, platform="p", url="http://127.0.0.1:9")
    named.name = "n" * 20_000
    with pytest.raises(ValueError, match=r"name of a job .*got 20,000. Nothing was added"):
        jg.add(named)
    assert len(jg.remote_jobs) == 0


def test_too_large_value_does_not_replace_the_old_one(data_dir):
    """The limit applies to a note, a name and a description."""
    del data_dir
    jg = JobGroup("large")
    jg.add(_job())
    long = "y" * (5 << 20)
    jg.description = "short"
    jg[0].note = "short"
    with pytest.raises(ValueError, match="Nothing was changed"):
        jg[0].note = long
    with pytest.raises(ValueError, match="Nothing was changed"):
        jg.description = long
    assert (jg.description, jg[0].note) == ("short", "short")


def test_self_referencing_labels_are_refused(data_dir):
    """Labels that are nested too deeply to be read as JSON are rejected too. Nothing is added."""
    del data_dir
    jg = JobGroup("deep")
    loop: dict[str, object] = {}
    loop["a"] = loop
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    for labels in ({"x": loop}, {"x": deep}):
        with pytest.raises(ValueError, match=r"x contain themselves|nested"):
            jg.add(_job(), labels=labels)
    assert len(jg.remote_jobs) == 0
    assert json.dumps(jg.progress())


NO_NUMBERS = ("'abc'", "x'ff00'", "9e999", "-9e999", "9223372036854775807", "-1e308", "''")
NUMBERS = {
    "jobs": ("added_at", "attempts", "rerun_of"),
    "attempts": (
        *("intent_at", "sent_at", "created_at", "started_at", "finished_at"),
        *("duration_s", "progress", "shots", "number"),
    ),
    "events": ("at",),
}
DEEP = '{"a":' + "[" * 900 + "]" * 900 + "}"


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_malformed_values_affect_only_their_job(value, group, scripted, data_dir, tmp_path, capsys):
    """The user put an unchecked file among the groups: lists, dashboards and pages show its other
    jobs unchanged, whether they read rows or columns.
    """
    jg = group(scripted, 3)
    jg.run_parallel()
    jg.export(tmp_path / "file")
    with closing(sqlite3.connect(tmp_path / "file")) as connection, connection:
        for table, columns in NUMBERS.items():
            for column in columns:
                key = "id" if table == "jobs" else "entry_id"
                connection.execute(
                    f"UPDATE OR IGNORE {table} SET {column} = {value} WHERE {key} = 1"
                )
        connection.execute("UPDATE jobs SET labels = ? WHERE position = 1", (DEEP,))
    path = data_dir / "groups" / "dropped.jobgroup"
    (tmp_path / "file").rename(path)
    dropped = JobGroup.open("dropped")
    assert "dropped" in str(dropped._repr_mimebundle_())
    Dashboard(dropped).save_html(tmp_path / "page.html")
    assert main(["show", "dropped", "--json", "--offline"]) == 0
    shown = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert shown["jobs"][2]["sent_at"] is not None
    assert [(job.state, job.labels) for job in dropped] == [("waiting", {})] * 3
    assert len([job.attempts for job in dropped]) == 3
    with closing(Database(path)) as database:
        columns = read_columns(database, 0, 3).columns.values()
    assert all(len(json.loads(each.json, parse_constant=pytest.fail)) == 3 for each in columns)
