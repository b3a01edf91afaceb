"""A Python environment with all packages of this one except jobgroup."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

OURS = "jobgroup"
VARIABLES = {"PYTHONPATH": "", "JUPYTER_PATH": ""}
"""Environment variables without the paths to jobgroup."""


@dataclass(frozen=True)
class Environment:
    """An environment; its processes need `VARIABLES`."""

    folder: Path

    @property
    def python(self) -> Path:
        """Return the interpreter."""
        return self.folder / "bin" / "python"

    def run(self, *words: str) -> str:
        """Run a module and return its output, or raise CalledProcessError."""
        run = subprocess.run(
            [self.python, "-m", *words],
            env={**os.environ, **VARIABLES},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return run.stdout

    def files(self) -> set[Path]:
        """Return the files of the environment, except Python's caches."""
        found = self.folder.rglob("*")
        return {each for each in found if "__pycache__" not in each.parts}


def environment_without_jobgroup(folder: Path) -> Environment:
    """Create an environment of links to this one."""
    venv.create(folder, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    for place in (packages, Path("share/jupyter"), Path("share/jupyter/labextensions")):
        _link(sys.prefix / place, folder / place)
    for place in Path(sys.prefix, "etc/jupyter").iterdir():
        _link(place, folder / "etc/jupyter" / place.name)
    return Environment(folder)


def _link(source: Path, target: Path) -> None:
    """Link a folder's content, except jobgroup's files and folders that contain them."""
    target.mkdir(parents=True, exist_ok=True)
    for each in source.iterdir():
        link = target / each.name
        if not each.name.startswith(OURS) and each.name != "labextensions" and not link.exists():
            link.symlink_to(each)
