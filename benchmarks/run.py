"""All measurements of jobgroup, the floor and Perceval's own groups, in one table of ratios.

python benchmarks/run.py [--rows adding,watching] [--repeats N] [--quick] [--output FILE]
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from traceback import print_exception

from measure import measure
from report import Measured, as_markdown, as_text, table

ROWS = (
    *("imports", "memory", "watching", "running", "results", "opening", "adding", "million"),
    *("dashboard", "plotting", "cluster", "beyond"),
)
LATE_S = 15 * 60
"""Seconds after which each variant runs only once, so that a whole run takes about 25 minutes."""

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Measure, print, and write the page of results."""
    options = _options()
    measured: list[Measured] = []
    began, commit = time.time(), _commit()  # before the page of results is changed
    loads = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory(prefix="jobgroup-bench-", dir=options.directory) as directory:
        for row in options.rows:
            for line in import_module(row).lines(quick=options.quick):
                print(f"{line.what} ", end="", file=sys.stderr, flush=True)
                try:
                    is_late = time.time() - began > LATE_S and not options.quick
                    repeats = 1 if is_late else options.repeats
                    measured.append(measure(line, repeats, Path(directory)))
                except Exception as error:  # noqa: BLE001  # the other lines are measured all the same
                    print_exception(error)
                    measured.append(Measured(line, failure=type(error).__name__))
                print(f" {as_text(table(measured)[-1:])}", file=sys.stderr)
                loads.append(os.getloadavg()[0])
            rows, about = table(measured), _about(options, commit, time.time() - began, loads)
            if options.output:  # after each row: a run that is interrupted leaves what it has
                options.output.write_text(_page(rows, about))
    print(f"{as_text(rows)}\n\n{about}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=lambda text: text.split(","), default=ROWS)
    parser.add_argument("--repeats", type=int, help="runs of each variant (3; quick: 2)")
    parser.add_argument("--quick", action="store_true", help="small sizes, without the slow peers")
    parser.add_argument("--directory", type=Path, help="directory on the disk that is measured")
    parser.add_argument("--output", type=Path, help="page of results (RESULTS.md for a whole run)")
    options = parser.parse_args()
    if unknown := set(options.rows) - set(ROWS):
        parser.error(f"unknown rows: {unknown}; known rows: {', '.join(ROWS)}")
    is_whole = not options.quick and options.rows == ROWS
    options.output = options.output or (RESULTS if is_whole else None)
    options.repeats = options.repeats or (2 if options.quick else 3)
    return options


def _about(options: argparse.Namespace, commit: str, seconds: float, loads: list[float]) -> str:
    packages = ("jobgroup", "perceval-quandela", "httpx", "aiohttp", "httpx-aiohttp")
    machine = (
        f"{platform.system()} {platform.release()}, {os.cpu_count()} processors ({_processor()}),"
        f" {_memory_gb():.0f} GB, load {min(loads):.1f} to {max(loads):.1f}"
    )
    return (
        f"{time.strftime('%Y-%m-%d %H:%M')}, {seconds / 60:.0f} minutes; commit {commit};"
        f" each number is the median of {options.repeats} runs in separate processes that take"
        " turns; slow peers, the longest lines, and lines after the first"
        f" {LATE_S // 60} minutes ran once. {machine};"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        + ", ".join(f"{name} {_version(name)}" for name in packages)
        + "."
    )


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty=, changed"]
    done = subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    """Return the processor's model if Linux reports it, otherwise its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _version(package: str) -> str:
    try:
        return version(package)
    except Exception:  # noqa: BLE001  # if it runs from the sources
        return "from source"


def _page(rows: list[tuple[str, ...]], about: str) -> str:
    return f"""# Speed and memory

`make bench` measures jobgroup, the same work without it (the *floor*: bare `sqlite3`, or a bare
httpx loop on aiohttp's transport) and Perceval's own groups (the *peers*) on the same machine, disk
and loopback server. The first *ratio* is jobgroup to the floor, the second is peer to jobgroup.
*Growth* compares a line with the smaller one of the same kind, for ten times more jobs: 10 is
linear, 1 is flat. [README.md](README.md) explains why some lines miss their goal.

{as_markdown(rows)}

{about}
"""


if __name__ == "__main__":
    main()
