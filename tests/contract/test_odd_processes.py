"""Tests of processes without standard streams, system threads or time."""

from __future__ import annotations

import json

PREPARED = """
import json, sys
from jobgroup import JobGroup, RemoteJob
jg = JobGroup('odd')
for n in range(2):
    jg.add(RemoteJob({'command': 'timer'}, platform='test:timer', name=f'job {n}'))
"""


def test_blocking_calls_work_without_stderr(start, in_interpreter):
    """Under pythonw or as a service, no bar is drawn, and the work is done."""
    cloud = start()
    states = in_interpreter(
        PREPARED + "sys.stderr = None\n"
        "jg.run_sequential(0); jg.run_parallel(); jg.track_progress(); jg.get_results()\n"
        "print(json.dumps([job.state for job in jg]))",
        cloud,
    )
    assert states == ["success", "success"]


def test_command_works_without_streams(start, in_interpreter):
    """`pythonw -m jobgroup` exits with 0 and prints nothing."""
    cloud = start()
    done = in_interpreter(
        PREPARED + "from jobgroup.cli import main\n"
        "out, sys.stdout, sys.stderr = sys.stdout, None, None\n"
        "codes = [main([*words, 'odd']) for words in (['run', '--wait'], ['show'], ['watch'])]\n"
        "print(json.dumps([codes, [job.state for job in jg]]), file=out)",
        cloud,
    )
    assert done == [[0, 0, 0], ["success", "success"]]


def test_gevents_monkey_patching_is_refused(start, spawn):
    """An event loop cannot run in green threads. The data on disk can still be read."""
    cloud = start()
    process = spawn(
        "import gevent.monkey; gevent.monkey.patch_all()\n" + PREPARED + "from jobgroup import"
        " JobGroupError\n"
        "try:\n    jg.run_parallel()\n"
        "except JobGroupError as error:\n    print(json.dumps([str(error), len(jg), jg[0].state]))",
        cloud,
    )
    out, err = process.communicate(timeout=120)
    assert out, err
    sentence, jobs, state = json.loads(out.splitlines()[-1])
    assert "gevent's monkey patching" in sentence
    assert (jobs, state) == (2, "unsent")
    assert cloud.jobs() == []


def test_call_after_the_engines_end_is_refused(start, in_interpreter):
    """A script's own `atexit` function raises instead of waiting for a stopped engine. Until then,
    the run has imported nothing optional.
    """
    cloud = start()
    optional = ("perceval", "starlette", "pandas", "IPython")
    reported, imported = in_interpreter(
        "import atexit\n"
        "def late():\n"
        "    try:\n        jg.get_results()\n"
        "    except Exception as error:\n"
        f"        imported = [name for name in {optional} if name in sys.modules]\n"
        "        print(json.dumps([str(error), imported]))\n"
        "atexit.register(late)\n" + PREPARED + "jg.run_parallel(); jg.wait()",
        cloud,
    )
    assert "Python is shutting down" in reported
    assert imported == []


def test_scripts_end_cleanly_while_their_group_is_observed(start, in_interpreter):
    """The engine starts no thread while Python exits. With 3.11.2, that crashed in 1 of 20
    cases.
    """
    cloud = start()
    for _ in range(6):
        assert (
            in_interpreter(PREPARED + "end = jg.on_done(print); print(json.dumps(1))", cloud) == 1
        )
