"""The extension of JupyterLab as the installed package has it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from importlib.metadata import files
from pathlib import Path

import pytest

import jobgroup

pytestmark = pytest.mark.hosts

EXTENSION = Path(sysconfig.get_path("data"), "share/jupyter/labextensions/jobgroup")


def _listed(*command: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=True
    )
    return run.stdout + run.stderr


def test_jupyter_lists_both_extensions_as_working():
    """Both parts are enabled and valid, and the front end has the package's version."""
    parts = _listed("jupyter", "labextension", "list").splitlines()
    (ours,) = [line for line in parts if "jobgroup v" in line]
    assert f"jobgroup v{jobgroup.__version__}" in ours
    assert "enabled" in ours
    assert "OK" in ours
    assert "(python, jobgroup)" in ours
    server = _listed("jupyter", "server", "extension", "list")
    assert re.search(r"Validating jobgroup_server\.\.\.\s+jobgroup_server\W.*OK", server)


def test_every_installed_file_is_recorded_so_that_an_uninstall_leaves_none():
    """What JupyterLab loads is in the package's record, by which installers remove it."""
    recorded = {Path(str(file.locate())).resolve() for file in files("jobgroup") or ()}
    installed = {path.resolve() for path in EXTENSION.rglob("*") if path.is_file()}
    assert (EXTENSION / "install.json").resolve() in installed
    assert installed <= recorded
    manifest = json.loads((EXTENSION / "package.json").read_text())
    assert (EXTENSION / manifest["jupyterlab"]["_build"]["load"]).is_file()
