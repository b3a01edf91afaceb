"""Copies of a group's file and its companions, moved in place or written over the file."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SUFFIXES = ("", "-wal", "-shm")

RUNS = """
import json
from jobgroup import JobGroup
jg = JobGroup.open("experiment")
known = len([job for job in jg if job.id])
jg.run_parallel()
print(json.dumps([known, len([job for job in jg if job.id])]))
"""


def kept(path):
    """Copy a group's file and its companions; return a function that puts the copy in place."""
    aside = path.with_suffix(".kept")
    for suffix in SUFFIXES:
        shutil.copy(f"{path}{suffix}", f"{aside}{suffix}")

    def put_back(suffixes=SUFFIXES):
        for suffix in suffixes:
            Path(f"{aside}{suffix}").replace(f"{path}{suffix}")

    return put_back


def copied_over(source, path):
    """Copy a group's file; return a function that copies the copy over the file and keeps the
    inodes.

    Separate programs do the copying, because closing a file would drop this process's locks.
    """
    aside = path.with_suffix(".kept")
    for suffix in SUFFIXES:
        subprocess.run(["cp", f"{source}{suffix}", f"{aside}{suffix}"], check=True)

    def copy_over(suffixes=SUFFIXES):
        for suffix in suffixes:
            number = Path(f"{path}{suffix}").stat().st_ino
            # truncating an index ends the processes that have it mapped
            write = ["dd", f"if={aside}{suffix}", f"of={path}{suffix}", "conv=notrunc", "bs=1M"]
            subprocess.run(write, check=True, capture_output=True)
            os.truncate(f"{path}{suffix}", Path(f"{aside}{suffix}").stat().st_size)
            assert Path(f"{path}{suffix}").stat().st_ino == number

    return copy_over
