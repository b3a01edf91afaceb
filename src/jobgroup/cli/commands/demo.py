"""``jobgroup demo``: three scripts on an embedded cloud."""

from __future__ import annotations

import argparse

HELP = "run three example scripts on an embedded cloud"


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


def run(_arguments: argparse.Namespace) -> int:
    """Run them."""
    from jobgroup.demo import run_demo  # what only this command needs

    return run_demo()
