"""``jobgroup doctor``: check what jobgroup needs, as text to paste into a report of a fault."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from jobgroup.cli.arguments import add_json
from jobgroup.cli.exit_codes import Exit, MisuseError
from jobgroup.cli.output import say, say_json
from jobgroup.doctor import Finding, examine

HELP = "check this machine, and a cloud if its URL is given"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which cloud."""
    parser.add_argument(
        "url", nargs="?", metavar="URL", help="cloud to ask, once, without making a job"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; exit code 1 if something is a problem."""
    try:
        found = examine(arguments.url)
    except ValueError as error:
        raise MisuseError(str(error)) from None
    is_well = all(each.verdict != "problem" for each in found)
    if arguments.json:
        say_json({"ok": is_well, "findings": [asdict(each) for each in found]})
    else:
        say("\n".join(map(_line, found)))
    return Exit.DONE if is_well else Exit.FAILED


def _line(finding: Finding) -> str:
    line = f"{finding.verdict:8} {finding.check}: {finding.text}"
    return f"{line}\n{'':8} {finding.advice}" if finding.advice else line
