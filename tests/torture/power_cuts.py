"""Power cuts at random moments of a group's life, on disks that keep what they like of the rest."""

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
    """The test of `tests/promises`, with a seed of ours and more cuts."""
    reported = {"POWER_SEED": str(chance.randrange(2**32)), "POWER_CUTS": str(CUTS)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", TEST]
    done = subprocess.run(command, env={**os.environ, **reported}, capture_output=True, text=True)
    assert done.returncode == 0, f"{reported}\n{done.stdout}\n{done.stderr}"
    totals["power cuts"] += 4 * CUTS  # in both journal modes, with nothing and much of the rest
