"""A fork while a group's file is locked by another program, in a process that must not wait."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

from jobgroup import JobGroup

SCRIPT = """
import os, threading, time
from jobgroup import JobGroup
from jobgroup.errors import StorageError
from jobgroup.store import forking

forking.limit_wait(0.05)
jg = JobGroup.open("locked")
free = JobGroup.open("free")
print("opened", flush=True)
input()  # now the file is locked
writer = threading.Thread(target=lambda: setattr(jg, "description", "written"))
writer.start()
time.sleep(3)
child = os.fork()
if child == 0:
    for get in (lambda: jg.description, lambda: JobGroup.open("locked")):
        try:
            get()
            print("used", flush=True)
        except StorageError:
            print("refused", flush=True)
    print(JobGroup.open("free").name, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print("waiting" if writer.is_alive() else "written", flush=True)
input()  # now it is free again
writer.join()
print(jg.description, flush=True)
"""


def test_a_fork_leaves_a_locked_file_to_its_parent(data_dir):
    """The fork does not wait for the lock. The child refuses that group and uses the others, and
    the parent's change is stored once the file is free.
    """
    JobGroup("locked")
    JobGroup("free")
    [file] = data_dir.rglob("locked*.jobgroup")
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def says(count: int) -> list[str]:
            return [process.stdout.readline().strip() for _ in range(count)]

        def answer() -> None:
            process.stdin.write("\n")
            process.stdin.flush()

        assert says(1) == ["opened"]
        with closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer()
            assert says(4) == ["refused", "refused", "free", "waiting"]
            other.execute("ROLLBACK")
        answer()
        assert says(1) == ["written"]
