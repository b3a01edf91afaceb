"""The parts of a Perceval group that are imported and those that are not."""

from __future__ import annotations

import json
import re
from datetime import datetime

import pytest

from jobgroup import JobGroup
from jobgroup.adapters import read_group

CLOUD = {"platform": "sim:slos", "url": "https://clouds.example", "headers": {}}
UNSENT = {"id": None, "name": "a", "status": None, "metadata": CLOUD}
SENT = {"id": "id-1", "name": "b", "status": "SUCCESS", "metadata": CLOUD}


@pytest.fixture
def write(tmp_path):
    """Write a group as Perceval's `JobGroup` does."""

    def write(*entries, name="scan", folder="."):
        path = tmp_path / folder / f"{name}.jgrp"
        path.parent.mkdir(exist_ok=True)
        dates = {"created_date": "20241120_101112", "modified_date": "20241121_101112"}
        path.write_text(json.dumps({**dates, "job_group_data": entries}))
        return path

    return write


def _unsent(**delta):
    """Return an unsent entry as releases from 1.1 on write it."""
    payload = {"command": "sample_count", "max_samples": 1, "max_shots": 100}
    body = {"job_name": "in the body", "pcvl_version": "1.1.0", "payload": payload}
    return {**UNSENT, "request_data": body, "delta_parameters": {"mapping": {}, **delta}}


def test_dates_are_those_of_the_group(write):
    """The new group has the creation and modification dates of the old one."""
    JobGroup.import_perceval(write(SENT, _unsent()))
    jg = JobGroup.open("scan")
    made = datetime(2024, 11, 20, 10, 11, 12)
    assert (jg.created_date, jg.modified_date) == (made, datetime(2024, 11, 21, 10, 11, 12))
    added = [record.added_at for record in jg.snapshot()]
    assert added == [made.timestamp()] * 2


@pytest.mark.parametrize(
    ("status", "state"),
    [(None, "waiting"), ("NONE", "unknown"), ("of another release", "unknown"), ("ERROR", "error")],
)
def test_states_of_sent_jobs(write, status, state):
    """A job that was just sent is waiting, and an unknown status is kept."""
    JobGroup.import_perceval(write({**SENT, "status": status}))
    assert [job.state for job in JobGroup.open("scan")] == [state]


def test_body_equals_the_one_that_perceval_makes(write):
    """It has the arguments of `add`, no more samples than shots, and the conversion."""
    context = {"result_mapping": ["m", "f"]}
    lost = _unsent(command={"job_context": None})
    lost["request_data"]["payload"]["job_context"] = context
    path = write(
        _unsent(command={"max_samples": 400, "job_context": None}),
        {**_unsent(mapping={"max_samples": 3}), "job_context": context},
        {**lost, "job_context": None},
    )
    limited, converted, as_sent = read_group(path).jobs
    payload = {"command": "sample_count", "max_samples": 100, "max_shots": 100}
    assert limited.body == {
        "platform_name": "sim:slos",
        "pcvl_version": "1.1.0",
        "payload": {**payload, "job_context": None},
    }
    assert (limited.name, converted.body["payload"]["max_samples"]) == ("a", 1)
    given = {**context, "mapping_delta_parameters": {"max_samples": 3}}
    assert converted.body["payload"]["job_context"] == given
    assert as_sent.body["payload"]["job_context"] == context


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (
            {**SENT, "metadata": {**CLOUD, "headers": {"X-Auth-Token": "t"}}},
            "not for Quandela Cloud",
        ),
        ({**SENT, "id": "two words"}, "its id is invalid"),
        ({**SENT, "id": 7}, "its id is invalid"),
        ({**SENT, "metadata": {**CLOUD, "platform": None}}, "has no platform"),
    ],
)
def test_invalid_entry_is_reported(write, entry, reason):
    """The report has the entry's number and the fault, and the group is not imported."""
    report = JobGroup.import_perceval(write(_unsent(), entry))
    (skipped,) = report.skipped
    assert skipped.reason.startswith("It is damaged at job 1 (")
    assert reason in skipped.reason
    assert JobGroup.list_existing() == []


def test_group_of_jobgroup_is_not_imported(write, tmp_path):
    """The message names the correct call."""
    jg = JobGroup("ours")
    jg.export(tmp_path / "ours.jobgroup")
    (skipped,) = JobGroup.import_perceval(tmp_path / "ours.jobgroup").skipped
    assert "JobGroup.load imports exported groups" in skipped.reason
    assert not skipped.already_exists


def test_a_damaged_group_of_that_name_is_kept(write, data_dir):
    """The damaged group may contain jobs, so it is not replaced."""
    (data_dir / "groups").mkdir(parents=True, exist_ok=True)
    path = data_dir / "groups" / "scan.jobgroup"
    path.write_bytes(b"what is left of it" * 100)
    (skipped,) = JobGroup.import_perceval(write(SENT)).skipped
    assert skipped.already_exists
    assert "already exists and was not changed" in skipped.reason


def test_folder_may_be_percevals_own_or_its_parent(write, tmp_path):
    """Groups in the folder come first, then those in Perceval's subfolders."""
    write(SENT, name="c", folder="execution_groups")
    write(SENT, name="b", folder="job_group")
    write(SENT, name="a")
    write(SENT, name="d", folder="elsewhere")
    report = JobGroup.import_perceval(tmp_path)
    assert [group.name for group in report.imported] == ["a", "b", "c"]


def test_the_report_says_where_tokens_are(write):
    """The report mentions tokens once a group was imported. A dry run creates nothing."""
    path = write(SENT)
    assert "oken" not in repr(JobGroup.import_perceval(path, dry_run=True))
    assert "jobgroup.set_token" in repr(JobGroup.import_perceval(path)).splitlines()[-1]
    assert "oken" not in repr(JobGroup.import_perceval(path))


@pytest.mark.parametrize(
    ("tag", "other", "why"),
    [
        (" RemoteComputer ", " SimulatedComputer ", "it is not for a cloud"),
        (" QuandelaCommunicationLayer ", " OtherLayer ", "it is not for Quandela Cloud"),
    ],
)
def test_executions_for_other_clouds_are_skipped(old, tag, other, why):
    """Skipped Executions are counted with the reason, and the others are imported."""
    path = old("1.3.1.egrp", "executions")
    whole = path.read_text("utf-8")
    path.write_text(whole.replace(tag, other, 1), "utf-8")
    (group,) = JobGroup.import_perceval(path).imported
    assert len(group) == len(JobGroup.open("executions")) < 5
    assert group.note == f"{5 - len(group)} left out: {why}"
    assert str(group).endswith(f"; {group.note}")


@pytest.mark.parametrize(
    "wrong",
    ["float 1e300", "float -1e12", "float nan", "float inf", "str 4 soon", "list 0", "None "],
)
def test_impossible_times_become_unknown(wrong, old, tmp_path):
    """The jobs are imported, and the group can be exported and loaded again."""
    path = old("1.3.1.egrp", "executions")
    whole = path.read_text("utf-8")
    dates = re.findall(r"float 1[0-9]{9}\.[0-9]+", whole)
    for date in dates[2:]:
        whole = whole.replace(date, wrong)
    assert whole.count(wrong) > 5
    path.write_text(whole, "utf-8")
    JobGroup.import_perceval(path)
    jg = JobGroup.open("executions")
    assert len(jg) == 5
    assert {attempt.created_at for job in jg for attempt in job.attempts} == {None}
    jg.export(tmp_path / "again")
    assert len(JobGroup.load(tmp_path / "again", name="again")) == 5


@pytest.mark.parametrize("wrong", ["00010101_000000", "99991231_235959", 7, None])
def test_group_without_a_date_is_skipped(wrong, old):
    """Such a group could not be sorted or loaded."""
    path = old("1.3.1.jgrp", "scan")
    whole = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**whole, "created_date": wrong}), "utf-8")
    report = JobGroup.import_perceval(path)
    assert report.imported == []
    assert "created_date is not a date" in str(report)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (
            {**SENT, "name": "x" * 20_000},
            "Its job 1 cannot be stored. The name of a job may have at most 10,000 characters",
        ),
        ({**SENT, "name": "\ud800"}, "a lone surrogate"),
        ({**SENT, "id": "a\ud800"}, "a lone surrogate"),
        ({**SENT, "metadata": {**CLOUD, "platform": "\udfff"}}, "a lone surrogate"),
        ({**SENT, "request_data": {"payload": {"command": "\ud800"}}}, "cannot be sent as JSON"),
        ({**SENT, "metadata": {**CLOUD, "url": "http://[::1"}}, "not a URL"),
        ({**SENT, "metadata": {**CLOUD, "headers": 7}}, "damaged at job 1"),
    ],
)
def test_file_with_an_unstorable_job_is_skipped(write, tmp_path, entry, reason):
    """The other files of the folder are imported, and a dry run reports the same."""
    first = {**SENT, "id": "another"}
    write(first, name="a")
    write(first, entry, name="b")
    write(first, name="c")
    for dry_run in (True, False):
        report = JobGroup.import_perceval(tmp_path, dry_run=dry_run)
        assert [group.name for group in report.imported] == ["a", "c"]
        (skipped,) = report.skipped
        assert reason in skipped.reason
    assert JobGroup.list_existing() == ["a", "c"]
