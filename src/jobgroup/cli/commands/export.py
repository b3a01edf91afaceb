"""``jobgroup export``: a group in one file, for a colleague or an archive."""

from __future__ import annotations

import argparse
from pathlib import Path

from jobgroup.cli.arguments import add_json, add_name
from jobgroup.cli.exit_codes import Exit
from jobgroup.cli.output import say, say_json
from jobgroup.group import JobGroup
from jobgroup.store.atomic import user_path

HELP = "write a group into one file, which import takes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which, and where to."""
    add_name(parser)
    parser.add_argument("path", type=user_path, help="of the file")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Export it."""
    path: Path = arguments.path
    JobGroup.open(arguments.name).export(path, overwrite=arguments.overwrite)
    size = path.stat().st_size
    if arguments.json:
        say_json({"name": arguments.name, "path": str(path.absolute()), "size_bytes": size})
    else:
        say(f"{arguments.name} is in {path}, {size / 1e6:.1f} MB")
    return Exit.DONE
