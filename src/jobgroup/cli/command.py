"""A command of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobgroup.cli.arguments import Argument
from jobgroup.cli.console import echo, echo_json
from jobgroup.cli.exit_codes import Exit


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    Attributes:
        help: what it does: an imperative in lower case.
        run: does it and returns the exit code. The command line turns an error of jobgroup into a
            message and an exit code.
        arguments: its arguments and options.
        examples: command lines for the end of its help.
    """

    help: str
    run: Callable[[argparse.Namespace], int]
    arguments: tuple[Argument, ...] = ()
    examples: tuple[str, ...] = ()


def report(arguments: argparse.Namespace, text: str, document: Any) -> Exit:
    """Print a result, as JSON if that was asked for; return `Exit.DONE`."""
    if arguments.json:
        echo_json(document)
    else:
        echo(text)
    return Exit.DONE
