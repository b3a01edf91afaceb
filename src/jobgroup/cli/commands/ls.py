"""``jobgroup ls``: the groups on this machine, or those in the trash."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import add_json
from jobgroup.cli.exit_codes import Exit
from jobgroup.cli.output import say, say_json, say_table
from jobgroup.cli.serialize import group_line
from jobgroup.cli.snapshot import local, said
from jobgroup.group import JobGroup

HELP = "list the groups on this machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``--trash``, ``--json``."""
    parser.add_argument(
        "--trash", action="store_true", help="the deleted ones that can be restored"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """List them."""
    if arguments.trash:
        return _list_trash(arguments)
    groups = JobGroup.summaries()
    if arguments.json:
        say_json([group_line(group) for group in groups])
    elif not groups:
        say("No groups yet. JobGroup('scan').add(job) makes one.")
    else:
        say_table(
            {
                "name": [g.name for g in groups],
                "changed": [local(g.modified_at) for g in groups],
                "size": [f"{g.size_bytes / 1e6:.1f} MB" for g in groups],
                "jobs": [
                    f"cannot be read: {g.problem}" if g.problem else said(g.counts) for g in groups
                ],
                "description": [g.description for g in groups],
            }
        )
    return Exit.DONE


def _list_trash(arguments: argparse.Namespace) -> int:
    names = JobGroup.list_trash()
    if arguments.json:
        say_json([{"name": name} for name in names])
    elif not names:
        say("The trash is empty.")
    for name in () if arguments.json else names:
        say(name)
    return Exit.DONE
