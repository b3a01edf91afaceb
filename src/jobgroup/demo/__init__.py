"""The demo: three scripts on an embedded cloud, each in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

SCRIPTS = ("prepare.py", "run.py", "analyse.py")


def run_demo() -> int:
    """Run the three scripts one after the other and return the exit code.

    Groups, jobs and Perceval's configuration are in a temporary directory, apart from the user's.
    """
    from jobgroup.cloud import EmbeddedCloud

    print("Starting an embedded cloud on this machine. Your tokens are not used.", flush=True)
    with tempfile.TemporaryDirectory(prefix="jobgroup-demo-") as scratch, EmbeddedCloud() as cloud:
        environment = environment_for(cloud.url, cloud.token, Path(scratch))
        for number, name in enumerate(SCRIPTS, 1):
            script = Path(__file__).with_name(name)
            title = script.read_text().split('"""')[1].split(":")[0].rstrip(".")
            print(f"\n[{number}/{len(SCRIPTS)}] {title} ({name})", flush=True)
            done = subprocess.run(  # noqa: S603  # our own scripts
                [sys.executable, str(script)], env=environment, check=False
            )
            if done.returncode:
                return done.returncode
    print(
        "\nTo see this in a notebook with the dashboard, run make lab in a clone of the repository"
        "\nand open quickstart.ipynb. In your own notebook, end a cell with a JobGroup."
        "\nTo see it in a browser without a notebook, run jobgroup ui."
    )
    return 0


def environment_for(url: str, token: str, directory: Path) -> Mapping[str, str]:
    """Return the environment in which Perceval and jobgroup use that cloud and a directory."""
    (directory / "config.json").write_text(json.dumps({"remote": {"url": url}}))
    return {
        **os.environ,
        "JOBGROUP_DATA_DIR": str(directory / "jobgroup"),
        "JOBGROUP_URL": url,
        "JOBGROUP_TOKEN": token,
        "PCVL_PERSISTENT_PATH": str(directory),
        "PCVL_CLOUD_TOKEN": token,
    }
