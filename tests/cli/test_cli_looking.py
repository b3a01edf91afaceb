"""The command line: lists, groups, jobs, results, files and the trash, as text and as JSON."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest

from jobgroup import JobGroup, RemoteJob
from jobgroup.results.colours import PALETTE

GROUP = {"name", "description", "total", "counts", "created_at", "modified_at"}
STATE = GROUP | {"progress", "active", "paused", "next_up", "incident"}
STATE |= {"eta_s", "stalled_since", "sender", "results_on_cloud_only"}
JOB = {
    *("position", "name", "state", "id", "platform", "url", "account", "message", "progress"),
    *("attempts", "rerun_of", "params", "labels", "metadata", "note", "shots"),
    *("added_at", "sent_at", "started_at", "finished_at", "duration_s"),
}


@pytest.fixture
def ended(prepared):
    """Make a group of which one job has failed."""
    group = prepared(jobs=3, failing=(1,))
    group.description = "How far it can be pushed"
    group.run_sequential(0)
    return group


def test_ls_lists_every_group_with_its_counts(run, read, prepared):
    """Each group has a line with its description. Without groups, `ls` says how to create one."""
    assert "No groups yet" in run("ls").stdout
    assert read("ls") == []
    prepared("one group", jobs=2).description = "over the dip"
    JobGroup("another")
    head, first, second = run("ls").stdout.splitlines()
    assert head.split() == ["name", "changed", "size", "jobs", "description"]
    assert first.startswith("another  ")
    assert first.endswith("empty")
    assert second.startswith("one group  ")
    assert second.endswith("2 unsent  over the dip")
    listed = read("ls")
    assert [set(group) for group in listed] == [GROUP | {"size_bytes", "problem"}] * 2
    assert [(g["name"], g["total"], g["counts"]) for g in listed] == [
        ("another", 0, {}),
        ("one group", 2, {"unsent": 2}),
    ]


def test_show_prints_a_group_and_its_jobs(call, read, ended):
    """`show` prints a header and a row for each job, and JSON has both."""
    lines = call("show", "sweep").stdout.splitlines()
    assert lines[:3] == [
        "sweep",
        "How far it can be pushed",
        "3 of 3 jobs have ended: 2 success, 1 error",
    ]
    assert lines[4].split()[:5] == ["job", "name", "state", "labels", "message"]
    assert "phi=0.1" in lines[6]
    assert "The laser lost its lock" in lines[6]
    reported = read("show", "sweep")
    assert set(reported) == STATE | {"jobs"}
    assert (reported["progress"], reported["active"]) == (1, False)
    assert [set(job) for job in reported["jobs"]] == [JOB] * 3
    assert [job["state"] for job in reported["jobs"]] == ["success", "error", "success"]
    assert reported["jobs"][1]["labels"] == {"phi": 0.1}
    assert [j["position"] for j in read("show", "sweep", "--state", "error")["jobs"]] == [1]
    assert [j["position"] for j in read("show", "sweep", "--find", "phi=0.2")["jobs"]] == [2]


def test_show_rounds_labels_as_figures_do(call, prepared):
    """The label 3 * 0.1 is 0.30000000000000004, in the list and in the details."""
    prepared(jobs=4)
    assert "phi=0.3 " in call("show", "sweep", "--offline").stdout.replace("\n", " ")
    assert "phi=0.3 " in call("show", "sweep", "3", "--offline").stdout.replace("\n", " ")


def test_show_prints_everything_about_a_job(call, read, ended):
    """Jobs are named by position or id, and each attempt is shown."""
    ended.rerun(1)
    ended.wait(120)
    (job,) = read("show", "sweep", "1")
    assert set(job) == JOB | {"history", "events"}
    assert [attempt["state"] for attempt in job["history"]] == ["error", "error"]
    assert read("show", "sweep", ended[1].id) == [job]
    text = call("show", "sweep", "1").stdout
    assert "message " in text
    assert text.count("The laser lost its lock") == 4  # parameter, message, and in both attempts


def test_estimate_prints_what_a_run_would_use(call, read, prepared):
    """The text is the same as in Python; JSON has the numbers."""
    group = prepared()
    assert call("estimate", "sweep").stdout == f"{group.estimate()}\n"
    assert read("estimate", "sweep") == {
        "jobs": 3,
        "shots": 300,
        "free_slots": 2,
        "duration_s": None,
    }


def test_show_asks_the_cloud_unless_offline(read, run, prepared, environment):
    """Without a valid token, `show` prints the last known state and says so."""
    group = prepared(jobs=1)
    group.run_parallel()
    stale = environment | {"JOBGROUP_TOKEN": "wrong"}
    assert read("show", "sweep", "--offline", env=stale)["jobs"][0]["state"] != "success"
    done = run("show", "sweep", env=stale)
    assert (done.returncode, "last known state" in done.stderr) == (0, True)
    assert "0 of 1 jobs" in done.stdout
    while read("show", "sweep")["active"]:
        pass


def test_results_as_table_csv_and_json(call, read, ended, tmp_path):
    """Each form has the same rows, including that of the failed job, and selected columns."""
    assert call("results", "sweep").stdout.splitlines()[0].split()[:3] == ["job", "name", "status"]
    rows = read("results", "sweep", "--columns", "phi,status,physical_perf")
    assert rows == [
        {"phi": 0.0, "status": "success", "physical_perf": 1.0},
        {"phi": 0.1, "status": "error", "physical_perf": None},
        {"phi": 0.2, "status": "success", "physical_perf": 1.0},
    ]
    text = call("results", "sweep", "--csv", "--columns", "phi,status").stdout
    assert list(csv.reader(io.StringIO(text)))[2] == ["0.1", "error"]
    assert [r["state"] for r in read("results", "sweep", "--distributions")] == ["|1>", "|1>"]
    path = tmp_path / "rows.json"
    assert call("results", "sweep", "--output", str(path)).returncode == 0
    assert len(json.loads(path.read_text())) == 3
    kept = call("results", "sweep", "--output", str(path))
    assert (kept.returncode, "already exists" in kept.stderr) == (1, True)
    assert call("results", "sweep", "--output", str(path), "--overwrite").returncode == 0


def test_results_as_a_dataset_and_a_figure(call, ended, tmp_path):
    """Each command writes one file. An unknown quantity is a usage error, and writes nothing."""
    path = tmp_path / "sweep.nc"
    assert call("results", "sweep", "--netcdf").returncode == 2
    done = call("results", "sweep", "--netcdf", "--output", str(path))
    assert (done.returncode, done.stdout) == (0, "")
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(path, engine="h5netcdf") as dataset:
        assert dataset["phi"].values.tolist() == [0.0, 0.1, 0.2]
        assert dataset["p"].sel(state="|1>", phi=0.2) == 1
    figure = tmp_path / "figure.svg"
    assert call("plot", "sweep", "|1>", "--x", "phi", "-o", str(figure)).returncode == 0
    assert figure.read_text().startswith("<?xml")
    assert call("plot", "sweep", "|1>", "-o", str(figure)).returncode == 1
    again = call("plot", "sweep", "-o", str(figure), "--overwrite")
    assert (again.returncode, again.stdout) == (0, "")
    assert "share of |1" in figure.read_text()
    assert "10^{" not in figure.read_text()
    assert PALETTE[0] in figure.read_text(), "the colors of the page"
    again = call("plot", "sweep", "|1>", "--log", "y", "-o", str(figure), "--overwrite")
    assert (again.returncode, "10^{0}" in figure.read_text()) == (0, True)
    other = tmp_path / "other.svg"
    assert call("plot", "sweep", "no_such", "-o", str(other)).returncode == 2
    assert call("plot", "sweep", "|1>", "-o", str(tmp_path / "figure.doc")).returncode == 2
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["figure.svg", "sweep.nc"]


def test_delete_asks_and_restore_restores(call, read, prepared):
    """Any answer other than yes, or none, deletes nothing."""
    prepared()
    for answer in ("", "n\n", "\n"):
        done = call("delete", "sweep", input=answer)
        assert (done.returncode, done.stdout) == (1, "")
        assert "Delete 'sweep' (3 unsent)? You can restore it for 7 days." in done.stderr
        assert JobGroup.list_existing() == ["sweep"]
    assert call("delete", "sweep", input="y\n").returncode == 0
    assert JobGroup.list_existing() == []
    assert read("ls", "--trash") == [{"name": "sweep"}]
    assert call("ls", "--trash").stdout == "sweep\n"
    assert read("restore", "sweep")["counts"] == {"unsent": 3}
    assert read("delete", "sweep", "--yes", "--permanently")["deleted"] == "sweep"
    assert (JobGroup.list_existing(), JobGroup.list_trash()) == ([], [])


def test_rename_keeps_the_jobs(call, read, prepared):
    """A name that another group has, or that none can have, changes nothing."""
    prepared()
    prepared("other")
    assert call("rename", "sweep", "other").returncode == 1
    assert call("rename", "sweep", "").returncode == 2
    assert call("rename", "swep", "third").returncode == 4
    assert sorted(JobGroup.list_existing()) == ["other", "sweep"]
    renamed = read("rename", "sweep", "sweep of phi")
    assert (renamed["name"], renamed["counts"]) == ("sweep of phi", {"unsent": 3})
    assert call("rename", "sweep of phi", "sweep").stdout == "Renamed sweep of phi to sweep.\n"
    assert sorted(JobGroup.list_existing()) == ["other", "sweep"]


def test_delete_warns_about_active_jobs(run, prepared):
    """The warning is a sentence without a line of code."""
    group = prepared(jobs=1, duration_s=600)
    group.run_parallel()
    done = run("delete", "sweep", "--yes")
    assert "will continue on the cloud" in done.stderr
    assert ".py" not in done.stderr
    run("restore", "sweep")
    JobGroup("sweep").cancel_all()


def test_export_writes_a_file_that_opens(call, read, prepared, tmp_path):
    """`export` replaces an existing file only with --overwrite."""
    prepared()
    path = tmp_path / "sweep.jobgroup"
    reported = read("export", "sweep", str(path))
    assert reported == {"name": "sweep", "path": str(path), "size_bytes": path.stat().st_size}
    assert call("export", "sweep", str(path)).returncode == 1
    assert call("export", "sweep", str(path), "--overwrite").returncode == 0
    assert len(JobGroup.load(path, name="copy")) == 3


def test_export_can_hold_all_results(call, prepared, tmp_path):
    """With --results, a loaded copy needs no cloud. Without it, the copy has no results."""
    group = prepared()
    group.run_sequential(0)
    for option, names in (((), "without"), (("--results",), "with")):
        done = call("export", "sweep", str(tmp_path / names), *option)
        assert (done.returncode, done.stderr) == (0, "")
        table = JobGroup.load(tmp_path / names, name=names).results_table(refresh=False)
        assert bool(JobGroup.open(names).cache.size_bytes) == bool(option)
        assert table["status"] == ["success"] * 3


def test_text_from_outside_cannot_control_a_terminal(call, read, cloud):
    """Names, labels, notes, messages and descriptions are shown without control characters."""
    group = JobGroup("sweep")
    evil = "\x1b]0;owned\x07\x1b[2J\r\x9b31m\u202egone"
    payload = {"command": "timer", "parameters": {"fail": evil}}
    group.add(
        RemoteJob(payload, platform="test:timer", url=cloud.url, name=evil), labels={evil: evil}
    )
    group.description = group[0].note = evil
    group.run_sequential(0)
    for arguments in (
        *(("ls",), ("show", "sweep"), ("show", "sweep", "0"), ("watch", "sweep")),
        ("results", "sweep"),
        *(("show", "sweep", "--json"), ("ls", "--json"), ("watch", "sweep", "--json")),
    ):
        done = call(*arguments)
        assert "owned" in done.stdout or arguments[0] == "watch"
        for line in (done.stdout + done.stderr).split("\n"):
            assert line.isprintable(), (arguments, line)
    assert read("show", "sweep")["jobs"][0]["note"] == evil


def test_a_closed_pipe_is_no_error(begin, prepared):
    """`jobgroup show sweep | head -1` ends quietly."""
    prepared(jobs=2000)
    process = begin("show", "sweep", "--json")
    assert process.stdout.readline() == "{\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(120) == 141


def test_tab_completes_commands_and_names(environment, prepared):
    """The command answers argcomplete's requests."""
    prepared("first sweep", jobs=1)
    prepared("second", jobs=1)

    def complete(line):
        asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line))}
        source = "import os, sys; os.dup2(1, 8); sys.argv[0] = 'jobgroup'; import jobgroup.cli;"
        done = subprocess.run(
            [sys.executable, "-c", source + "jobgroup.cli.main()"],
            env=environment | asked | {"_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_SHELL": "fish"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        return [line.split("\t")[0].strip() for line in done.stdout.split("\n") if line]

    verbs = ["remove", "rename", "rerun", "resend", "restore", "results", "resume"]
    assert sorted(complete("jobgroup re")) == verbs
    assert complete("jobgroup show se") == ["second"]
    assert complete("jobgroup run second --qu") == ["--queue"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_shell_script(run, shell):
    """The script names the command."""
    done = run("completion", shell)
    assert done.returncode == 0
    assert "jobgroup" in done.stdout
