"""Run the demo: three scripts on an embedded cloud, each in a separate process."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

SCRIPTS = ("prepare.py", "run.py", "analyze.py")
GROUP = "compare_knill_and_ralph_cnot"
CACHE = f"from jobgroup import JobGroup; JobGroup({GROUP!r}, cache_results=True).get_results()"


def run_demo() -> int:
    """Run the three scripts one after the other, and return the exit code.

    Groups, jobs and Perceval's configuration are in a temporary directory, separate from the
    user's. The directory remains, so that the dashboard can show the group afterwards.
    """
    from jobgroup.cloud import EmbeddedCloud

    print("Starting an embedded cloud on this machine. Your tokens are not used.", flush=True)
    scratch = Path(tempfile.mkdtemp(prefix="jobgroup-demo-"))
    with EmbeddedCloud() as cloud:
        environment = environment_for(cloud.url, cloud.token, scratch)
        for number, name in enumerate(SCRIPTS, 1):
            script = Path(__file__).with_name(name)
            title = script.read_text().split('"""')[1].split(":")[0].rstrip(".")
            print(f"\n[{number}/{len(SCRIPTS)}] {title} ({name})", flush=True)
            if error := _run([str(script)], environment):
                return error
        if error := _run(["-c", CACHE], environment):  # the cloud ends with the demo
            return error
    directory = shlex.quote(environment["JOBGROUP_DATA_DIR"])
    print(
        "\nTo see this in a notebook with the dashboard, run make lab in a clone of the repository"
        "\nand open quickstart.ipynb. In your own notebook, end a cell with a JobGroup."
        "\nTo see this group in your browser without a notebook, run:"
        f"\nJOBGROUP_DATA_DIR={directory} {_command()} ui {GROUP}"
    )
    return 0


def _run(arguments: list[str], environment: Mapping[str, str]) -> int:
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  # our own


def _command() -> str:
    """Return the command that runs jobgroup in this environment. It may not be on the PATH."""
    command = Path(sys.executable).with_name("jobgroup")
    if not command.is_file():
        return f"{shlex.quote(sys.executable)} -m jobgroup"
    if command.is_relative_to(Path.cwd()):
        command = command.relative_to(Path.cwd())
    return shlex.quote(str(command))


def environment_for(url: str, token: str, directory: Path) -> Mapping[str, str]:
    """Return environment variables that make Perceval and jobgroup use a cloud and a directory."""
    (directory / "config.json").write_text(json.dumps({"remote": {"url": url}}))
    return {
        **os.environ,
        "JOBGROUP_DATA_DIR": str(directory / "jobgroup"),
        "JOBGROUP_URL": url,
        "JOBGROUP_TOKEN": token,
        "PCVL_PERSISTENT_PATH": str(directory),
        "PCVL_CLOUD_TOKEN": token,
    }
