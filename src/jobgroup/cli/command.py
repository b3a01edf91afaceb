"""Define `Command`, one command of the command line, and print its result."""

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
    """A command of ``jobgroup``, such as ``jobgroup run``.

    Attributes:
        help: description of the command, as a lower-case imperative.
        run: function that runs the command and returns its exit code. `main` turns jobgroup's
            errors into a message and an exit code.
        arguments: arguments and options of the command.
        examples: command lines to show at the end of the help.
    """

    help: str
    run: Callable[[argparse.Namespace], int]
    arguments: tuple[Argument, ...] = ()
    examples: tuple[str, ...] = ()


def report(arguments: argparse.Namespace, text: str, document: Any) -> Exit:
    """Print a result, as JSON if requested; return `Exit.DONE`."""
    if arguments.json:
        echo_json(document)
    else:
        echo(text)
    return Exit.DONE
