"""``jobgroup completion``: what a shell needs to complete commands and names of groups."""

from __future__ import annotations

import argparse

from jobgroup.cli.exit_codes import Exit
from jobgroup.cli.output import say_raw

HELP = "print what a shell needs to complete commands and names of groups"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish", "tcsh", "powershell"))


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    from argcomplete.shell_integration import shellcode  # what only this command needs

    say_raw(shellcode(["jobgroup"], shell=arguments.shell))
    return Exit.DONE
