"""``jobgroup delete``: move groups to the trash, after asking."""

from __future__ import annotations

import argparse
import sys

from jobgroup.cli.arguments import add_json, add_name
from jobgroup.cli.exit_codes import Exit
from jobgroup.cli.output import complain, say, say_json
from jobgroup.cli.snapshot import said
from jobgroup.group import JobGroup
from jobgroup.words import plain

HELP = "delete a group; it can be restored for 7 days"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which, how surely, how finally."""
    add_name(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--permanently", action="store_true", help="do not keep it in the trash")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Delete it; exit code 1 where the answer is not yes."""
    name, is_final = arguments.name, arguments.permanently
    found = next((g for g in JobGroup.summaries() if g.name == name), None)
    what = f"{name!r} ({found.problem or said(found.counts)})" if found else repr(name)
    kept = "It cannot be restored." if is_final else "It can be restored for 7 days."
    if found and not arguments.yes and not _is_sure(f"Delete {what}? {kept}"):
        complain("Nothing was deleted.")
        return Exit.FAILED
    JobGroup.delete_job_group(name, permanently=is_final)
    if arguments.json:
        say_json({"deleted": name, "permanently": is_final})
    else:
        say(f"{name} is deleted." if is_final else f"{name} is deleted; {_back(name)}")
    return Exit.DONE


def _is_sure(question: str) -> bool:
    sys.stderr.write(f"{plain(question)} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().casefold() if sys.stdin else ""
    if not sys.stdin or not sys.stdin.isatty():
        complain("")  # nobody pressed Enter
    return answer in ("y", "yes")


def _back(name: str) -> str:
    given = f"-- {name!r}" if name.startswith("-") else repr(name)
    return f"jobgroup restore {given} brings it back within 7 days."
