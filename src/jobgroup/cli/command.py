"""What a command of the command line consists of."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobgroup.cli.console import echo, echo_json
from jobgroup.cli.exit_codes import Exit


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    Attributes:
        help: what it does: an imperative in lower case.
        run: does it; returns the exit code. The command line turns an error of jobgroup that it
            raises into a message and an exit code.
        arguments: functions that add its arguments and options to a parser.
        example: a command line, for the end of its help.
    """

    help: str
    run: Callable[[argparse.Namespace], int]
    arguments: tuple[Callable[[argparse.ArgumentParser], None], ...] = ()
    example: str = ""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments and options."""
        for add in self.arguments:
            add(parser)


def report(arguments: argparse.Namespace, text: str, document: Any) -> int:
    """Write a result, as JSON if that was asked for; returns `Exit.DONE`."""
    if arguments.json:
        echo_json(document)
    else:
        echo(text)
    return Exit.DONE
