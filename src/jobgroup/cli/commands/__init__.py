"""The commands, a module each: what it is for, its options, what it does.

A new one is a module with `HELP`, `add_arguments` and `run`, and a line in `COMMANDS`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Final, Protocol

from jobgroup.cli.commands import (
    adopt,
    cancel,
    cloud,
    completion,
    delete,
    demo,
    doctor,
    export,
    import_,
    ls,
    pause,
    prioritize,
    rerun,
    restore,
    results,
    resume,
    run,
    show,
    watch,
)


class Command(Protocol):
    """What a module of a command has."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments and options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; returns the exit code. What it raises of ours becomes a sentence and a code."""


COMMANDS: Final[Mapping[str, Command]] = {
    "ls": ls,
    "show": show,
    "run": run,
    "rerun": rerun,
    "next": prioritize,
    "cancel": cancel,
    "pause": pause,
    "resume": resume,
    "watch": watch,
    "results": results,
    "delete": delete,
    "restore": restore,
    "export": export,
    "import": import_,
    "adopt": adopt,
    "demo": demo,
    "cloud": cloud,
    "doctor": doctor,
    "completion": completion,
}
