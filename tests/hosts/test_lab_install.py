"""The JupyterLab extension in the installed package."""

from __future__ import annotations

import json
import re
import sys
import sysconfig
from importlib.metadata import files
from pathlib import Path

import pytest

import jobgroup
from harness.environment import environment_without_jobgroup

pytestmark = pytest.mark.hosts

EXTENSION = Path(sysconfig.get_path("data"), "share/jupyter/labextensions/jobgroup")


def test_both_parts_work_once_installed_and_an_uninstall_leaves_no_trace(tmp_path: Path):
    """A Jupyter that was there before lists both as valid; afterwards its files are the old ones.

    The front end has the package's version.
    """
    environment = environment_without_jobgroup(tmp_path / "environment")
    before = environment.files()
    (wheel,) = Path(sys.prefix, "wheels").glob("jobgroup-*.whl")
    pip = ("pip", "--disable-pip-version-check", "--no-input")
    environment.run(*pip, "install", "--no-compile", "--no-deps", "--no-index", str(wheel))
    parts = environment.run("jupyterlab.labextensions", "list").splitlines()
    (ours,) = [line for line in parts if "jobgroup v" in line]
    for word in (f"jobgroup v{jobgroup.__version__}", "enabled", "OK", "(python, jobgroup)"):
        assert word in ours
    server = environment.run("jupyter_server.extension.serverextension", "list")
    assert re.search(r"Validating jobgroup_server\.\.\.\s+jobgroup_server\W.*OK", server)
    environment.run(*pip, "uninstall", "--yes", "jobgroup")
    assert environment.files() == before


def test_every_installed_file_is_recorded_so_that_an_uninstall_leaves_none():
    """The package's record lists the files that JupyterLab loads, so installers remove them."""
    recorded = {Path(str(file.locate())).resolve() for file in files("jobgroup") or ()}
    installed = {path.resolve() for path in EXTENSION.rglob("*") if path.is_file()}
    assert (EXTENSION / "install.json").resolve() in installed
    assert installed <= recorded
    manifest = json.loads((EXTENSION / "package.json").read_text())
    assert (EXTENSION / manifest["jupyterlab"]["_build"]["load"]).is_file()
