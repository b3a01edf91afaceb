"""A Perceval release that is too old causes one message and no change."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import json
from jobgroup import JobGroup
from jobgroup.adapters import UndecodableResultError, decode
from jobgroup.errors import MissingDependencyError
from perceval.runtime import RemoteJob

jg = JobGroup("old")
try:
    jg.add(RemoteJob(), max_samples=10)
except MissingDependencyError as error:
    print(error)
print(len(jg))
try:
    decode({"results": '{"results": 1}'})
except UndecodableResultError as error:
    print(error.raw)
"""


def test_an_old_release_is_refused(tmp_path):
    """The error names 0.11 and says what to do. Nothing is added, and a result's text is kept."""
    package = tmp_path / "perceval"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "runtime.py").write_text("class RemoteJob: pass")
    about = tmp_path / "perceval_quandela-0.11.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: perceval-quandela\nVersion: 0.11.2\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    sentence, length, raw = done.stdout.splitlines()
    assert sentence.startswith("Perceval 0.11.2 is installed, but jobgroup needs 0.12 or newer.")
    assert "Nothing was changed" in sentence
    assert (length, raw) == ("0", '{"results": 1}')
