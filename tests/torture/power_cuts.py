"""Cut the power at random moments. The disk keeps an arbitrary part of the unsynced data."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from nursery import Nursery

from jobgroup.cloud import EmbeddedCloud

TEST = Path(__file__).parents[1] / "promises" / "test_power_cuts.py"
CUTS = 150


def power_cuts(
    chance: random.Random, _nursery: Nursery, _cloud: EmbeddedCloud, totals: Counter[str]
) -> None:
    """Run the test in `tests/promises` with a new seed and more cuts."""
    reported = {"POWER_SEED": str(chance.randrange(2**32)), "POWER_CUTS": str(CUTS)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", TEST]
    done = subprocess.run(command, env={**os.environ, **reported}, capture_output=True, text=True)
    assert done.returncode == 0, f"{reported}\n{done.stdout}\n{done.stderr}"
    totals["power cuts"] += 4 * CUTS  # two journal modes, keeping 0 or 70 % of the unsynced data
