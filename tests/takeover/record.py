"""Make the files in `recorded/`: groups of each release of Perceval, and the cloud's jobs.

    python tests/takeover/record.py DIRECTORY

makes a virtual environment of each release in DIRECTORY (kept for the next time), runs
`prepare.py` in it against an embedded cloud, and writes the group's file with another token and
url. Groups of executions, which 1.3 has, are made by `prepare_executions.py`.
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from contextlib import closing
from pathlib import Path

from jobgroup.cloud import EmbeddedCloud

RELEASES = ("0.12.2", "0.13.2", "1.0.1", "1.1.0", "1.2.4", "1.3.1")
HERE = Path(__file__).parent
RECORDED = HERE / "recorded"
URL = "https://clouds.example"  # as long as a loopback url: an archive contains lengths
TOKEN = "_T_a_token_of_nobody"


def main(environments: Path) -> None:
    """Record every release on one cloud."""
    RECORDED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        with EmbeddedCloud(directory=directory) as cloud:
            for release in RELEASES:
                record(release, environment(environments, release), cloud)
            while any(job.status in ("waiting", "running") for job in cloud.jobs()):
                time.sleep(0.1)
        with closing(sqlite3.connect(Path(directory, "jobs.sqlite"))) as jobs:
            jobs.row_factory = sqlite3.Row
            rows = [dict(row) for row in jobs.execute("SELECT * FROM jobs ORDER BY number")]
    (RECORDED / "cloud.json").write_text(json.dumps(rows, indent=1) + "\n")


def environment(environments: Path, release: str) -> Path:
    """Return the Python of a virtual environment with that release."""
    python = environments / release / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
        wanted = [f"perceval-quandela=={release}", "--only-binary", ":all:"]
        subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
    return python


def record(release: str, python: Path, cloud: EmbeddedCloud) -> None:
    """Make a group with a release, and keep its file."""
    name = f"made with {release}"
    with tempfile.TemporaryDirectory() as home:
        kept_in = {"HOME": home, "XDG_DATA_HOME": home, "PCVL_PERSISTENT_PATH": f"{home}/pcvl"}
        Path(home, "pcvl").mkdir()
        Path(home, "perceval-quandela", "job_group").mkdir(parents=True)  # 0.13 makes it nowhere
        for script in ("prepare.py", *["prepare_executions.py"] * (release >= "1.3")):
            subprocess.run(
                [python, HERE / script, cloud.url, cloud.token, name],
                env={**os.environ, **kept_in},
                cwd=home,
                check=True,
            )
        for file in [*Path(home).rglob("*.jgrp"), *Path(home).rglob("*.egrp")]:
            text = unpacked(file.read_text("utf-8"))
            assert len(cloud.url) == len(URL)
            text = text.replace(cloud.url, URL).replace(cloud.token, TOKEN)
            (RECORDED / f"{release}{file.suffix}").write_text(text, "utf-8")


def unpacked(text: str) -> str:
    """Return the text of a packed archive, or any other text unchanged."""
    if not text.startswith("pcvlar:zip:"):
        return text
    return "pcvlar" + zlib.decompress(base64.b64decode(text[len("pcvlar:zip:") :])).decode()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
