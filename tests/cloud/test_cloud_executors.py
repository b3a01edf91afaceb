"""A job that another executor drops, rejects or abandons affects no other job."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import pytest


class Moody(Executor):
    """An executor that treats each call by the next of its moods and repeats the last one."""

    def __init__(self, *moods):
        self._moods = list(moods)
        self._threads = ThreadPoolExecutor(1)

    def submit(self, function, /, *args, **kwargs):
        """Execute, drop, or raise."""
        mood = self._moods.pop(0) if len(self._moods) > 1 else self._moods[0]
        if mood == "execute":
            return self._threads.submit(function, *args, **kwargs)
        future: Future = Future()
        if mood == "drop":
            future.cancel()
            future.set_running_or_notify_cancel()
        elif mood == "accuse":
            future.set_exception(KilledWorker("its workers died"))
        else:
            raise RuntimeError(mood)
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        """End the thread."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


class KilledWorker(Exception):  # noqa: N818
    """An error with the same name as Dask's."""


@pytest.fixture
def ended(start, create, wait, short_body):
    """Run one job on a cloud whose executor has these moods, and wait for its end."""
    executors = []

    def run(*moods):
        executors.append(Moody(*moods))
        _, client = start(executor=executors[-1])
        return wait(client, create(client, short_body))

    yield run
    for executor in executors:
        executor.shutdown()


@pytest.mark.parametrize("moods", [("drop", "drop"), ("accuse",), ("drop", "accuse", "drop")])
def test_a_job_dropped_or_blamed_once_is_executed_again(ended, moods):
    """A dropped job was not canceled by the user, and a blamed one may not be at fault."""
    assert ended(*moods, "execute")["status"] == "completed"


@pytest.mark.parametrize(
    ("mood", "sentence"),
    [
        ("drop", "The executor dropped this job 4 times. Rerun it."),
        ("accuse", "Each worker that ran this job died: its workers died"),
        ("shut down", "The executor accepts no jobs (shut down). Rerun this job later."),
    ],
)
def test_a_job_that_is_never_executed_fails_with_a_message(ended, mood, sentence):
    """Such a job ends in error, and is not shown as canceled."""
    status = ended(mood)
    assert (status["status"], status["status_message"]) == ("error", sentence)


def test_platforms_are_described_whatever_the_executor_does(start):
    """Perceval's clients ask for the description before their first job."""
    _, client = start(executor=Moody("drop"))
    answer = client.get("/api/platforms/sim:slos/processor", timeout=120)
    assert "architecture" in answer.json()["specs"]


def run(*arguments, before=""):
    """Run `jobgroup` with arguments, in a process that first runs some code."""
    script = f"import sys; {before}\nfrom jobgroup.cli import main\nsys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [
        ("distributed", "dask", ("cloud", "--dask", "tcp://127.0.0.1:1")),
        ("starlette", "cloud", ("cloud",)),
        ("starlette", "cloud", ("demo",)),
    ],
)
def test_a_missing_extra_is_named(module, extra, arguments):
    """The message has the command that installs it."""
    done = run(*arguments, before=f"sys.modules[{module!r}] = None")
    assert done.returncode == 1
    assert done.stderr == (
        f"The embedded cloud needs {module}, which is not installed:"
        f' pip install "jobgroup[{extra}]"\n'
    )


def test_a_missing_scheduler_is_reported():
    """The cloud does not start without it."""
    done = run("cloud", "--dask", "tcp://127.0.0.1:1")
    assert done.returncode == 1
    assert "No Dask scheduler answers at tcp://127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
