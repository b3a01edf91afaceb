"""The command line in a terminal: the live view, hang-up, signals, notifications."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
from contextlib import suppress

import pytest

from jobgroup import JobGroup


class Terminal:
    """A pseudo-terminal of some width, whose output is read continuously."""

    def __init__(self, columns=80):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._seen = bytearray()
        self._is_closing = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with suppress(OSError):  # its last writer is gone
            while not self._is_closing:
                if select.select([self.master], [], [], 0.05)[0]:
                    self._seen += os.read(self.master, 65536)

    @property
    def text(self):
        """The output as text."""
        return self._seen.decode(errors="replace")

    @property
    def lines(self):
        """The currently visible lines, without colors and cursor movements."""
        text = re.sub(r"\x1b\[[0-9]*[AK]|\r", "\n", self.text)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).split("\n")

    def control(self):
        """Make it the terminal of the calling process."""
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def close(self):
        """Hang up after reading has stopped, because a terminal that is being read stays open."""
        self._is_closing = True
        self._reader.join()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(environment):
    """Make terminals and the process options for starting a command in them."""

    def make(columns=80, **more):
        terminal = Terminal(columns)
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal.slave)
        env = environment | {"TERM": "xterm-256color", "COLUMNS": ""} | more
        env.pop("COLUMNS")
        return terminal, {**streams, "env": env, "preexec_fn": terminal.control}

    return make


@pytest.fixture
def waiting_to_run(until):
    """Make a group active whose jobs are sent only after `group.resume()`."""

    def wait(group):
        group.pause()
        group.start(queue=True)
        until(lambda: group.state.busy)

    return wait


def test_a_live_view_in_a_terminal(begin, prepared, terminal, until, waiting_to_run):
    """The view is redrawn in place, with a bar, counts, running jobs and the latest failure."""
    group = prepared(jobs=4, failing=(3,))
    group.description = "How far it can be pushed"
    waiting_to_run(group)
    screen, options = terminal()
    process = begin("watch", "sweep", **options)
    until(lambda: "paused" in screen.text)
    group.resume()
    assert process.wait(120) == 5
    until(lambda: "sweep has finished: 3 success, 1 error." in "\n".join(screen.lines))
    text = "\n".join(screen.lines)
    assert "How far it can be pushed" in text
    assert "━━━━" in text
    assert "failed: 3 job 3 (phi=0.3): The laser lost its lock" in text
    assert "\x1b[1A" in screen.text
    assert re.search(r"\x1b\[[0-9;]*3[0-9]m", screen.text)


def test_a_narrow_terminal_without_colors(begin, prepared, terminal, until):
    """No line is wider than the terminal, and NO_COLOR turns colors off."""
    group = prepared("a name that is longer than this terminal is wide", jobs=2)
    group.description = "words " * 20
    group.run_parallel()
    screen, options = terminal(columns=30, NO_COLOR="1")
    assert begin("watch", group.name, **options).wait(120) == 0
    until(lambda: "2 success" in screen.text)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", screen.text)
    assert max(map(len, screen.lines)) <= 30
    shown, options = terminal(columns=30)
    assert begin("show", group.name, "--offline", **options).wait(120) == 0
    until(lambda: "job 1" in shown.text)
    assert max(map(len, shown.lines[-4:])) <= 30


def test_a_dumb_terminal_gets_lines(begin, prepared, terminal):
    """A dumb terminal gets log lines without cursor movements or colors."""
    prepared(jobs=1).run_sequential(0)
    screen, options = terminal(TERM="dumb")
    assert begin("watch", "sweep", **options).wait(120) == 0
    assert "\x1b" not in screen.text


@pytest.mark.parametrize("signals", [True, False], ids=["reported", "silent"])
def test_a_run_survives_its_terminal(begin, prepared, terminal, until, signals):
    """The remaining jobs are sent after the window is closed, with or without SIGHUP."""
    group = prepared(jobs=4, duration_s=600)
    screen, options = terminal()
    if not signals:
        options["preexec_fn"] = os.setsid
    process = begin("run", "sweep", "--queue", **options)
    until(lambda: "2 unsent" in screen.text)
    screen.close()
    until(lambda: all(job.id for job in group[:2]))
    for job in group[:2]:
        job.cancel()
    assert process.wait(120) == 0
    assert group.list_unsent_jobs() == []
    group.cancel_all()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, None)]
)
def test_signals_end_a_run_in_order(begin, prepared, until, number, code):
    """Sent jobs are recorded and the lease is released, and SIGHUP is ignored."""
    group = prepared(jobs=3, duration_s=600)
    process = begin("run", "sweep", "--queue")
    until(lambda: all(job.id for job in group[:2]))
    process.send_signal(number)
    if code is None:
        group[0].cancel()
        assert process.wait(120) == 0
    else:
        _, complaint = process.communicate(timeout=120)
        assert process.returncode == code
        assert "the rest is unsent" in complaint
        assert "Traceback" not in complaint
        assert [job.state for job in group].count("unsent") == 1
    group.cancel_all()
    group.wait(300)
    group.run_parallel()
    group.cancel_all()


def test_notify_runs_a_command(begin, prepared, tmp_path, waiting_to_run):
    """The command runs at the first failure and at the end, without text from outside."""
    name = "$(touch owned) `touch owned`; touch owned"
    group = prepared(name, jobs=3, failing=(0, 2))
    waiting_to_run(group)
    command = 'printf "%s|%s|%s\\n" "$JOBGROUP_NAME" "$JOBGROUP_EVENT" "$JOBGROUP_MESSAGE" >> notes'
    process = begin("watch", name, "--notify", f"{command}; exit 3", cwd=tmp_path)
    assert process.stdout.readline().endswith("3 unsent; paused\n")
    group.resume()
    out, complaint = process.communicate(timeout=120)
    assert process.returncode == 5
    reported = (tmp_path / "notes").read_text().splitlines()
    assert [line.split("|")[:2] for line in reported] == [[name, "job_failed"], [name, "finished"]]
    assert reported[1].endswith(f"{name} has finished: 1 success, 2 error.")
    assert out.endswith(f"{name} has finished: 1 success, 2 error.\n")
    assert complaint.count("failed with exit code 3") == 2
    assert [path.name for path in tmp_path.iterdir() if path.name != "groups"] == ["notes"]


def test_watch_prints_one_json_object_per_line(begin, prepared, waiting_to_run):
    """The lines have the group's progress and its events."""
    group = prepared(jobs=2, failing=(1,))
    waiting_to_run(group)
    process = begin("watch", "sweep", "--json")
    first = json.loads(process.stdout.readline())
    assert (first["event"], first["active"], first["paused"]) == ("progress", True, True)
    group.resume()
    lines = [json.loads(line) for line in process.communicate(timeout=120)[0].splitlines()]
    happened = [line for line in lines if line["event"] != "progress"]
    assert [line["event"] for line in happened] == ["job_failed", "finished"]
    assert [set(line) for line in happened] == [{"event", "message", "job", "counts"}] * 2
    assert happened[0]["job"] == {"position": 1, "id": group[1].id}
    assert happened[1]["counts"] == {"success": 1, "error": 1}


def test_watch_ends_with_its_reader(begin, prepared, waiting_to_run):
    """`jobgroup watch sweep | head -1` ends quietly at the next line."""
    group = prepared(jobs=2)
    waiting_to_run(group)
    process = begin("watch", "sweep")
    assert "2 unsent" in process.stdout.readline()
    process.stdout.close()
    group.resume()
    assert process.wait(120) == 141
    assert process.stderr.read() == ""
    group.wait(300)


def test_watch_ends_when_the_group_is_deleted(begin, prepared):
    """If its group is deleted, `watch` ends with a message."""
    group = prepared(jobs=1, duration_s=600)
    group.run_parallel()
    process = begin("watch", "sweep")
    assert "1 " in process.stdout.readline()
    group.cancel_all()
    with pytest.warns(UserWarning, match="will continue on the cloud"):
        JobGroup.delete_job_group("sweep")
    _, complaint = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "deleted" in complaint
