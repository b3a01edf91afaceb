"""The output of jobgroup's loggers, with and without a logging setup."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOG = (
    "import jobgroup; from jobgroup.logs import logger\n"
    "log = logger('jobgroup.engine.example')\n"
    "log.info('sent'); log.warning('unreachable'); log.error('job 3 has the id %s', 'a\\x1b[2J')\n"
)
SETUPS = {
    "nothing is set up": ("", ["jobgroup: job 3 has the id a [2J"]),
    "the root logger is set up": (
        "import logging; logging.basicConfig(format='%(message)s', level='INFO')\n",
        ["sent", "unreachable", "job 3 has the id a [2J"],
    ),
    "jobgroup's logger is set up": (
        "import logging; logging.getLogger('jobgroup').addHandler(logging.StreamHandler())\n",
        ["unreachable", "job 3 has the id a [2J"],
    ),
}


@pytest.mark.parametrize(("setup", "lines"), SETUPS.values(), ids=SETUPS)
def test_only_errors_are_shown_unless_logging_is_set_up(setup, lines):
    """An error reports data that would be lost; it appears once, without control characters."""
    done = subprocess.run(
        [sys.executable, "-c", setup + LOG], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines() == lines
