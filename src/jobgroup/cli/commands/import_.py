"""``jobgroup import``: groups that were exported, or made with Perceval's own JobGroup."""

from __future__ import annotations

import argparse
from pathlib import Path

from jobgroup.cli.arguments import add_json
from jobgroup.cli.exit_codes import Exit, MisuseError
from jobgroup.cli.output import say, say_json
from jobgroup.cli.serialize import group_state, import_report
from jobgroup.group import JobGroup

HELP = "take in an exported group, or those of Perceval's own JobGroup"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where from, and how."""
    parser.add_argument(
        "path",
        type=Path,
        nargs="?",
        help="of an exported group, of Perceval's .jgrp or .egrp, or of a folder of these; none:"
        " where Perceval keeps its groups",
    )
    parser.add_argument("--name", help="for an exported group, instead of its own")
    parser.add_argument(
        "--dry-run", action="store_true", help="only say which of Perceval's would be imported"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Import; exit code 1 where a file could not be taken over."""
    path: Path | None = arguments.path
    if path is not None and _is_exported(path):
        return _load(arguments, path)
    if arguments.name is not None:
        raise MisuseError("--name is for an exported group; Perceval's keep the names they have.")
    report = JobGroup.import_perceval(path, dry_run=arguments.dry_run)
    if arguments.json:
        say_json(import_report(report))
    else:
        say(str(report))
    return Exit.DONE if all(skipped.is_here for skipped in report.skipped) else Exit.FAILED


def _load(arguments: argparse.Namespace, path: Path) -> int:
    if arguments.dry_run:
        raise MisuseError("--dry-run is for Perceval's groups; this one was exported here.")
    group = JobGroup.load(path, name=arguments.name)
    if arguments.json:
        say_json({"source": str(path.absolute()), "group": group_state(group)})
    else:
        say(str(group))
    return Exit.DONE


def _is_exported(path: Path) -> bool:
    try:
        with path.open("rb") as opened:
            return opened.read(16) == b"SQLite format 3\0"
    except OSError:
        return False
