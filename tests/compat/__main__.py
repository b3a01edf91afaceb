"""`make compat`: run this folder's tests with every release of Perceval in `releases/`.

The Makefile creates an environment for each release. The cloud runs in this process, because old
releases cannot execute the payloads of newer ones. Arguments select releases. The exit code is 1 if
a test failed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx

from jobgroup.cloud import EmbeddedCloud

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENTS = ROOT / ".venv" / "compat"
# ignore the old releases' warnings about newer libraries
PYTEST = ("-m", "pytest", str(HERE), "-W", "default", "-p", "no:cacheprovider")


def main(releases: Sequence[str]) -> int:
    """Run the matrix, print its table, and return the exit code."""
    outcomes = {}
    with EmbeddedCloud() as cloud:
        headers = {"Authorization": f"Bearer {cloud.token}"}
        details = f"{cloud.url}/api/platforms/sim:altair/processor"
        httpx.get(details, headers=headers, timeout=120).raise_for_status()
        for release in releases or _all_releases():
            sys.stdout.write(f"\nPerceval {release}\n")
            sys.stdout.flush()
            outcomes[release] = _outcomes(release, f"{cloud.url} {cloud.token}")
    sys.stdout.write(_table(outcomes))
    good = {"ok", "-"}
    whole = all(found and set(found.values()) <= good for found in outcomes.values())
    return 0 if whole else 1


def _all_releases() -> list[str]:
    names = [path.stem for path in (HERE / "releases").glob("*.txt")]
    return sorted(names, key=lambda name: [int(part) for part in name.split(".")])


def _outcomes(release: str, cloud: str) -> dict[str, str]:
    """Return the outcome of each test by its name; empty if the tests could not start."""
    python = ENVIRONMENTS / release / "bin" / "python"
    with tempfile.TemporaryDirectory() as folder:
        # old releases have no other way to avoid this user's own folder
        environment = {**os.environ, "JOBGROUP_COMPAT_CLOUD": cloud, "XDG_DATA_HOME": folder}
        report = Path(folder) / "report.xml"
        subprocess.run(
            [python, *PYTEST, f"--junitxml={report}"], env=environment, cwd=ROOT, check=False
        )
        if not report.exists():
            return {}
        cases = list(ET.parse(report).iter("testcase"))
    failed = {"failure", "error", "skipped"}
    return {
        case.get("name", ""): "FAILED" if failed & {part.tag for part in case} else "ok"
        for case in cases
    }


def _table(outcomes: dict[str, dict[str, str]]) -> str:
    """Return a table with releases as columns and tests as rows."""
    tests = list(dict.fromkeys(name for found in outcomes.values() for name in found))
    rows = [["", *outcomes]]
    rows += [
        [_said(name), *(found.get(name, "-" if found else "FAILED") for found in outcomes.values())]
        for name in tests
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n" + "\n".join(lines) + "\n"


def _said(name: str) -> str:
    return re.sub(r"\[(.*)-(.*)\]", r", \1, \2", name.removeprefix("test_")).replace("_", " ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
