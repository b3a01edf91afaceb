"""The response to a paid request is never lost, whatever happens to the disk."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from jobgroup import JobGroup, StorageError
from jobgroup.group import request
from jobgroup.store.paths import group_path


@contextmanager
def locked(name: str = "experiment") -> Iterator[None]:
    """Hold the file's write lock, as a backup tool or a database browser does."""
    path = group_path(name)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=120)) as file:
        file.execute("BEGIN IMMEDIATE")
        yield
        file.execute("ROLLBACK")


def started(jg: JobGroup) -> tuple[threading.Thread, list[BaseException]]:
    """A blocking run in a thread, and the error that it raises."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            jg.run_parallel()
        except BaseException as error:  # noqa: BLE001  (the test's to see)
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


def test_an_answer_waits_for_a_locked_file(group, cloud, until, ledger):
    """A lock that lasts longer than SQLite's own timeout costs time, and no id."""
    jg = group(3)
    cloud.faults.add("delay_response", calls=["create"], delay_s=3600, times=1)
    thread, raised = started(jg)
    until(lambda: len(cloud.jobs()) == 1)
    with locked():
        cloud.faults.clear()  # the response comes now
        until(lambda: cloud.jobs()[0].id in jg.state.last_error)
        assert jg[0].state == "sending"
    thread.join(120)
    assert raised == []
    assert not jg.state.last_error
    ledger(jg).check().each_once("0", "1", "2")


@pytest.fixture
def filled(tiny_disk, group, cloud, until):
    """A group whose disk is full once its first job has reached the cloud, and its run."""
    jg = group(2)
    cloud.faults.add("delay_response", calls=["create"], delay_s=3600, times=1)
    thread, raised = started(jg)
    until(lambda: len(cloud.jobs()) == 1)
    tiny_disk.fill()
    cloud.faults.clear()  # the response comes now
    yield jg, thread, raised
    tiny_disk.clear()
    thread.join(120)


def test_a_full_disk_is_reported_and_waited_out(filled, tiny_disk, cloud, until, ledger, caplog):
    """The state names job and id at once, a blocking run's error and the log a moment later. They
    are written when there is room, although no call waits for them, and nothing is sent twice.
    """
    jg, thread, raised = filled
    remote_id = cloud.jobs()[0].id
    jg.state.observe(lambda _: None, "counts")
    until(lambda: remote_id in jg.state.last_error)
    assert jg[0].state == "sending"
    thread.join(120)
    (error,) = raised
    assert isinstance(error, StorageError)
    assert remote_id in str(error)
    assert "job 0 (0)" in str(error)
    assert "Nothing was changed" not in str(error)
    errors = [r for r in caplog.records if r.levelno == logging.ERROR]
    reported = [r.name for r in errors if remote_id in r.getMessage()]
    assert reported == ["jobgroup.engine.settling"]
    with pytest.raises(StorageError):
        jg.run_parallel()
    assert len(cloud.jobs()) == 1
    tiny_disk.clear()
    until(lambda: jg[0].id == remote_id)
    until(lambda: not jg.state.last_error)
    jg.state.unobserve_all()
    jg.run_parallel()
    ledger(jg).check().each_once("0", "1")


def test_a_process_that_ends_logs_its_unwritten_answers(tiny_disk, group, cloud, until):
    """With the disk still full at its exit, the log names job and id; the next process has the job
    as unconfirmed, and the user can give its id.
    """
    jg = group(2)
    cloud.faults.add("delay_response", calls=["create"], delay_s=3600, times=1)
    source = "from jobgroup import JobGroup; JobGroup.open('experiment').run_parallel()"
    first = subprocess.Popen([sys.executable, "-c", source], stderr=subprocess.PIPE, text=True)
    until(lambda: len(cloud.jobs()) == 1)
    tiny_disk.fill()
    cloud.faults.clear()
    remote_id = cloud.jobs()[0].id
    _, said = first.communicate(timeout=120)
    reported = [line for line in said.splitlines() if remote_id in line and "job 0 (0)" in line]
    assert len(reported) == 3, said  # the log, the run's error, and the log at the end
    assert "job.confirm" in reported[-1]
    assert "Nothing was changed" not in said
    tiny_disk.clear()
    (job,) = jg.list_unconfirmed_jobs()
    job.confirm(remote_id)
    jg.run_parallel()
    assert len(cloud.jobs()) == 2


def test_a_background_run_waits_until_there_is_room(tiny_disk, group, cloud, until, ledger):
    """It then continues without an error."""
    jg = group(1)
    cloud.faults.add("delay_response", calls=["create"], delay_s=3600, times=1)
    run = jg.start(queue=True)
    until(lambda: len(cloud.jobs()) == 1)
    tiny_disk.fill()
    cloud.faults.clear()
    until(lambda: cloud.jobs()[0].id in jg.state.last_error)
    tiny_disk.clear()
    assert run.result(120).done == [0]
    ledger(jg).check().each_once("0")


def test_a_rejection_on_a_full_disk_is_written_later(tiny_disk, group, cloud, until, ledger):
    """A rejection that arrives while the disk is full leaves the job refused, not unconfirmed."""
    jg = group(1)
    cloud.faults.add("delay", calls=["create"], delay_s=3600, times=1)
    cloud.faults.add("http_error", calls=["create"], status=422, times=1)
    thread, raised = started(jg)
    until(lambda: any(entry.faults for entry in cloud.log))
    tiny_disk.fill()
    cloud.faults.clear()
    until(lambda: "was not sent" in jg.state.last_error)
    tiny_disk.clear()
    thread.join(120)
    assert len(raised) == 1
    until(lambda: jg[0].state == "refused")
    jg.run_parallel()
    ledger(jg).check().each_once("0")


def test_a_cancellation_that_cannot_be_written_is_reported(tiny_disk, group, cloud, until):
    """The cloud was asked, and the group records that as soon as there is room."""
    jg = group(1, duration_s=600)
    jg.run_parallel()
    until(lambda: jg[0].was_sent)
    tiny_disk.fill()
    asked = request(jg, "cancel")
    until(lambda: "asked to cancel job 0" in jg.state.last_error)
    tiny_disk.clear()
    assert asked.result(120).done == [0]
    until(lambda: jg[0].state in ("cancel_requested", "canceled"))


def test_an_answer_waits_for_a_file_that_was_moved_away(group, cloud, until, ledger):
    """A synchronising program does that, for example: the run reports the id at once, and writes it
    as soon as the file is there again.
    """
    jg = group(2)
    cloud.faults.add("delay_response", calls=["create"], delay_s=3600, times=1)
    thread, raised = started(jg)
    until(lambda: len(cloud.jobs()) == 1)
    path = group_path("experiment")
    away = path.with_name("away")
    path.rename(away)
    cloud.faults.clear()
    thread.join(120)
    assert cloud.jobs()[0].id in str(raised[0])
    assert "job 0 (0)" in str(raised[0])
    away.rename(path)
    until(lambda: jg[0].id == cloud.jobs()[0].id)
    jg.run_parallel()
    ledger(jg).check().each_once("0", "1")
