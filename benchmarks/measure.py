"""Run each variant repeatedly in separate processes with separate data directories, in turns."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from report import Line, Measured, Result, Variant

KEPT = "JOBGROUP_BENCH_KEPT"
"""The directory that all runs of a line share; each run has its own working directory."""


def measure(line: Line, repeats: int, directory: Path) -> Measured:
    """Run every variant of a line `repeats` times, in turns for equal conditions."""
    measured = Measured(line)
    variants = {"ours": line.ours, **line.floors, **line.peers}
    with tempfile.TemporaryDirectory(dir=directory) as kept:
        for nth in range(repeats):
            for name, variant in variants.items():
                if nth and variant.once:
                    continue
                measured.add(name, _in_process(variant, directory, Path(kept)))
                print(".", end="", file=sys.stderr, flush=True)
    return measured


def _in_process(variant: Variant, directory: Path, kept: Path) -> Result:
    fresh = Path(tempfile.mkdtemp(dir=directory))
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            return process.submit(_run, variant, fresh, kept).result()
    finally:
        shutil.rmtree(fresh)


def _run(variant: Variant, fresh: Path, kept: Path) -> Result:
    os.environ |= {
        "JOBGROUP_DATA_DIR": str(fresh / "data"),
        "PCVL_PERSISTENT_PATH": str(fresh / "perceval"),
        "TQDM_DISABLE": "1",
        KEPT: str(kept),
    }
    os.chdir(fresh)
    for stream in (sys.stdout, sys.stderr):  # the peers are talkative
        os.dup2(os.open("output", os.O_CREAT | os.O_WRONLY), stream.fileno())
    return variant.run(*variant.args)


def written_bytes() -> int:
    """Return the bytes that this process has passed to the system for writing (proc(5))."""
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    raise OSError("The system does not say what was written.")
