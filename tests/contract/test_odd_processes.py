"""Processes that lack something: a stream to draw on, threads of the system, time."""

from __future__ import annotations

import json

PREPARED = """
import json, sys
from jobgroup import JobGroup, RemoteJob
jg = JobGroup('odd')
for n in range(2):
    jg.add(RemoteJob({'command': 'timer'}, platform='test:timer', name=f'job {n}'))
"""


def test_what_blocks_does_its_work_without_stderr(start, in_child):
    """As under pythonw, or as a service: no bar is drawn, all is done."""
    cloud = start()
    states = in_child(
        PREPARED + "sys.stderr = None\n"
        "jg.run_sequential(0); jg.run_parallel(); jg.track_progress(); jg.get_results()\n"
        "print(json.dumps([job.state for job in jg]))",
        cloud,
    )
    assert states == ["success", "success"]


def test_the_command_works_without_streams(start, in_child):
    """As `pythonw -m jobgroup` has it: exit code 0, and nothing to read."""
    cloud = start()
    done = in_child(
        PREPARED + "from jobgroup.cli import main\n"
        "out, sys.stdout, sys.stderr = sys.stdout, None, None\n"
        "codes = [main([*words, 'odd']) for words in (['run', '--wait'], ['show'], ['watch'])]\n"
        "print(json.dumps([codes, [job.state for job in jg]]), file=out)",
        cloud,
    )
    assert done == [[0, 0, 0], ["success", "success"]]


def test_gevents_monkey_patching_is_refused_in_a_sentence(start, spawn):
    """Its threads are none in which a loop can run; what is on disk can be read all the same."""
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


def test_what_is_asked_after_the_engines_end_is_refused_in_a_sentence(start, in_child):
    """As from a script's own `atexit`: it does not wait for an engine that has come to rest."""
    cloud = start()
    told = in_child(
        "import atexit\n"
        "def late():\n"
        "    try:\n        jg.get_results()\n"
        "    except Exception as error:\n        print(json.dumps(str(error)))\n"
        "atexit.register(late)\n" + PREPARED + "jg.run_parallel(); jg.wait()",
        cloud,
    )
    assert "Python is ending" in told


def test_scripts_that_end_while_their_group_is_watched_end_well(start, in_child):
    """The engine begins no thread while Python ends: with 3.11.2 that crashed one in twenty."""
    cloud = start()
    for _ in range(6):
        assert in_child(PREPARED + "end = jg.on_done(print); print(json.dumps(1))", cloud) == 1
