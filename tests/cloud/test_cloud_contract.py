"""The calls for jobs keep the vendor's contract."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).with_name("vendors_contract.py")


def test_calls_keep_the_vendors_contract(cloud):
    """Generated requests and real jobs get the documented statuses and shapes.

    Schemathesis prepares its requests during collection. In this process, each worker of a parallel
    run would prepare them.
    """
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "schemathesis",
            "-p",
            "no:cacheprovider",
            TESTS,
        ],
        env={**os.environ, "CLOUD_URL": cloud.url, "CLOUD_TOKEN": cloud.token},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
