"""Each option of a command has only its documented effect."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
from pathlib import Path

import pytest

from jobgroup import JobGroup, RemoteJob
from jobgroup.cli.commands import COMMANDS
from jobgroup.cli.main import make_parser


@pytest.fixture
def ended(prepared):
    """Make a group with a failed job, and with cached results for one of the others."""
    group = prepared(jobs=3, failing=(1,))
    group.run_sequential(0)
    return group


def _attempts(group):
    return [len(job.attempts) for job in group]


@pytest.mark.parametrize("way", [("--delay", "0"), ("--queue", "--concurrent", "1")])
def test_stop_after_failures_ends_a_run(run, prepared, way):
    """The other jobs stay unsent, and without the option all are sent."""
    group = prepared(jobs=3, failing=(0, 1))
    done = run("run", "sweep", *way, "--stop-after-failures", "1", "--wait")
    assert done.returncode == 1
    assert "stopped after 1 failed job, as you requested. 2 jobs were not sent" in done.stderr
    assert _attempts(group) == [1, 0, 0]
    run("run", "sweep", *way)
    assert _attempts(group) == [1, 1, 1]


def test_run_failed_reruns_failed_jobs_only(run, prepared):
    """Unsent jobs stay unsent."""
    group = prepared(jobs=3, failing=(0,))
    group.launch_async_jobs(concurrent_job_count=2)
    group.wait(300)
    assert run("run", "sweep", "--failed", "--wait").returncode == 5
    assert _attempts(group) == [2, 1, 0]


def test_output_writes_results_to_a_file(call, ended, tmp_path):
    """The suffix or an option decides the format, and stderr reports the number of rows."""
    for name, options, is_json in (
        ("a.csv", (), False),
        ("b.json", (), True),
        ("c.json", ("--csv",), False),
        ("d.txt", ("--json",), True),
    ):
        path = tmp_path / name
        done = call("results", "sweep", "--columns", "job,status", "--output", str(path), *options)
        assert (done.returncode, done.stdout) == (0, "")
        assert f"Wrote 3 rows to {path}." in done.stderr
        text = path.read_text("utf-8-sig")
        rows = json.loads(text) if is_json else [*csv.DictReader(text.splitlines())]
        assert [row["status"] for row in rows] == ["success", "error", "success"]


def test_results_offline_are_the_cached_ones(read, ended):
    """No request is sent, and rows without a cached result have gaps."""
    ended.cache.enabled = True
    ended[0].get_results()
    rows = read("results", "sweep", "--offline")
    assert [row["physical_perf"] for row in rows] == [1.0, None, None]
    states = read("results", "sweep", "--offline", "--distributions", "--columns", "job,state")
    assert states == [{"job": 0, "state": "|1>"}]


def test_show_selects_jobs_by_state_and_text(call, read, ended):
    """Both options combine, --state can be repeated, and empty columns are left out."""
    listed = read("show", "sweep", "--state", "error", "--state", "success", "--find", "LASER")
    assert [job["position"] for job in listed["jobs"]] == [1]
    assert read("show", "sweep", "--state", "success", "--find", "laser")["jobs"] == []
    head = call("show", "sweep", "--state", "success").stdout.splitlines()[-3].split()
    assert "message" not in head
    assert "note" not in head
    assert head[:3] == ["job", "name", "state"]


def test_show_prints_a_pause_and_an_incident(run, prepared, environment):
    """A pause and an incident are shown above the jobs while they last."""
    group = prepared(jobs=1, duration_s=600)
    group.run_parallel()
    group.pause()
    shown = run("show", "sweep").stdout
    assert "paused: nothing more is sent\n" in shown
    assert "since " not in shown
    run("show", "sweep", env=environment | {"JOBGROUP_TOKEN": "wrong"})
    group.resume()
    assert "paused" not in run("show", "sweep", "--offline").stdout


def test_times_are_local_for_people_and_utc_in_json(call, read, ended):
    """JSON times end with Z."""
    (job,) = read("show", "sweep", "0")
    assert job["added_at"].endswith("Z")
    text = call("show", "sweep", "0").stdout
    assert job["added_at"] not in text
    assert job["history"][0]["sent_at"] not in text


def test_an_unreadable_group_is_listed(call, read, data_dir, prepared):
    """The list and the confirmation of a deletion show the reason."""
    prepared("sound", jobs=1)
    (data_dir / "groups" / "broken.jobgroup").write_bytes(b"not a group of ours at all" * 99)
    broken, sound = read("ls")
    assert (broken["name"], sound["problem"]) == ("broken", None)
    assert broken["problem"]
    assert "unreadable: " in call("ls").stdout.splitlines()[1]
    asked = call("delete", "broken")
    assert broken["problem"][:20] in asked.stderr


def test_an_unknown_provider_adopts_nothing(call, cloud):
    """There is a message, and no group is left behind."""
    done = call("adopt", "new", "an-id", "--provider", "nobody", "--url", cloud.url)
    assert (done.returncode, "No provider named 'nobody'" in done.stderr) == (1, True)
    missing = call("adopt", "new", "an-id", "--url", cloud.url, "--account", "another")
    assert (missing.returncode, "another" in missing.stderr) == (1, True)
    assert JobGroup.list_existing() == []


def test_an_appended_rerun_names_its_original(read, ended):
    """The failed job stays as it is."""
    reported = read("rerun", "sweep", "1", "--append")
    assert reported["sent"] == [3]
    assert [job["rerun_of"] for job in read("show", "sweep", "1", "3")] == [None, 1]
    assert _attempts(ended) == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "options",
    [
        *(("--delay", "inf"), ("--delay", "nan"), ("--queue", "--concurrent", "0")),
        *(("--stop-after-failures", "1"), ("--queue", "--stop-after-failures", "0")),
        ("--delay", "0", "--concurrent", "1"),
    ],
)
def test_invalid_numbers_are_usage_errors(call, prepared, options):
    """Invalid numbers, and limits that this kind of run lacks, are usage errors."""
    group = prepared(jobs=1)
    done = call("run", "sweep", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert _attempts(group) == [0]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gets this error")
def test_ui_does_not_serve_other_machines_as_root(call):
    """The error names only options that the command has."""
    done = call("ui", "--ip", "0.0.0.0", "--no-browser")
    assert done.returncode == 2
    assert "As root, jobgroup ui does not listen on 0.0.0.0" in done.stderr
    assert "allow-root" not in done.stderr


@pytest.mark.parametrize("name", ["-rf", "--json"])
def test_a_name_that_begins_with_a_dash_follows_two_dashes(call, cloud, name, tmp_path):
    """Every command accepts such a name, and suggested commands work."""
    group = JobGroup(name)
    group.add(RemoteJob({"command": "timer"}, platform="test:timer", url=cloud.url))
    shown = call("show", "--offline", "--json", "--", name)
    assert json.loads(shown.stdout)["name"] == name
    verbs = [("show", "--offline"), ("results", "--offline"), ("pause",), ("resume",)]
    verbs += [("run", "--wait"), ("watch",), ("rerun",), ("cancel", "--all"), ("export",)]
    for verb in verbs:
        paths = [str(tmp_path / "out")] if verb == ("export",) else []
        done = call(*verb, "--", name, *paths)
        assert done.returncode == 0, done.stderr
    assert len(call("show", "--", name, "0").stdout) > 0
    deleted = call("delete", "--yes", "--", name)
    assert f"jobgroup restore -- '{name}'" in deleted.stdout
    assert call("restore", "--", name).returncode == 0
    assert call("next", "--", name, "0").returncode == 0
    assert call("show", name).returncode == 2


def test_help_ends_with_examples_that_work(call):
    """The parser accepts each example."""
    for name, command in COMMANDS.items():
        text = call(name, "--help").stdout
        for example in command.examples:
            assert f"\n  {example}\n" in text
            words = shlex.split(re.sub(r'^eval "\$\(|\)"$| \|.*', "", example))
            assert words[:2] == ["jobgroup", name]
            make_parser().parse_args(words[1:])


def test_help_is_lower_case_and_documented_word_for_word(call):
    """Summaries are imperatives, arguments nouns; the page on the terminal repeats the summary."""
    page = (Path(__file__).parents[2] / "docs" / "terminal.md").read_text()
    listed = call("--help").stdout
    for name, command in COMMANDS.items():
        assert re.fullmatch(r"[a-z][^.]*", command.help)
        summary = re.escape(command.help)
        assert re.search(rf"(?m)^ +{name}\s+{summary}$", listed)
        assert re.search(rf"(?m)^\| `jobgroup {name}\b[^|]* \| {summary}", page)
        for line in call(name, "--help").stdout.split("options:\n")[1].splitlines()[1:]:
            if option := re.match(r"  --\S+(?: [A-Z][A-Z=,.]*)?  +(\S)", line):
                assert option[1].islower() or "URL" in line or "JSON" in line, line
