"""``jobgroup ls``, ``estimate``, ``rename``, ``delete``, ``restore``, ``export`` and ``import``."""

from __future__ import annotations

import argparse
from pathlib import Path

from jobgroup import catalog
from jobgroup.cli.arguments import JSON, NAME, OVERWRITE, argument, flag
from jobgroup.cli.command import Command, report
from jobgroup.cli.console import echo, echo_err, echo_json, echo_table, is_confirmed
from jobgroup.cli.exit_codes import Exit, UsageError
from jobgroup.cli.progress import local, states
from jobgroup.cli.serialize import (
    estimate_document,
    group_document,
    import_document,
    summary_document,
)
from jobgroup.group import JobGroup
from jobgroup.store.atomic import read_regular
from jobgroup.store.names import normalised
from jobgroup.store.output import user_path
from jobgroup.store.trash import TRASH_RETENTION_DAYS


def _ls(arguments: argparse.Namespace) -> int:
    if arguments.trash:
        names = JobGroup.list_trash()
        text = "\n".join(names) or "The trash is empty."
        return report(arguments, text, [{"name": name} for name in names])
    groups = JobGroup.summaries()
    if arguments.json:
        echo_json([*map(summary_document, groups)])
    elif not groups:
        echo("No groups yet. Create one with JobGroup('scan').add(job).")
    else:
        echo_table(
            {
                "name": [g.name for g in groups],
                "changed": [local(g.modified_at) for g in groups],
                "size": [f"{g.size_bytes / 1e6:.1f} MB" for g in groups],
                "jobs": [
                    f"unreadable: {g.problem}" if g.problem else states(g.counts) for g in groups
                ],
                "description": [g.description for g in groups],
            }
        )
    return Exit.DONE


def _estimate(arguments: argparse.Namespace) -> int:
    estimate = JobGroup.open(arguments.name).estimate()
    return report(arguments, str(estimate), estimate_document(estimate))


def _rename(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    group.rename(arguments.new)
    return report(arguments, f"Renamed {arguments.name} to {group.name}.", group_document(group))


def _delete(arguments: argparse.Namespace) -> int:
    name, is_final = arguments.name, arguments.permanently
    found = next((g for g in JobGroup.summaries() if g.name == name), None)
    if found and not arguments.yes:
        ways_back = f"restore it for {TRASH_RETENTION_DAYS} days" if not is_final else "not undo it"
        content = found.problem or states(found.counts)
        if not is_confirmed(f"Delete {name!r} ({content})? You can {ways_back}."):
            echo_err("Nothing was deleted.")
            return Exit.FAILED
    catalog.delete(name, permanently=is_final)  # raises an error if there is no such group
    text = f"Deleted {name}."
    if not is_final:
        typed = f"-- {name!r}" if name.startswith("-") else repr(name)
        text += f" To restore it, run jobgroup restore {typed} within {TRASH_RETENTION_DAYS} days."
    return report(arguments, text, {"deleted": name, "permanently": is_final})


def _restore(arguments: argparse.Namespace) -> int:
    JobGroup.restore(arguments.name)
    group = JobGroup.open(arguments.name)
    text = f"Restored {group.name}: {states(group.state.counts)}"
    return report(arguments, text, group_document(group))


def _export(arguments: argparse.Namespace) -> int:
    name, path = arguments.name, arguments.path
    JobGroup.open(name).export(path, overwrite=arguments.overwrite, results=arguments.results)
    size = path.stat().st_size
    document = {"name": name, "path": str(path.absolute()), "size_bytes": size}
    return report(arguments, f"Exported {name} to {path} ({size / 1e6:.1f} MB).", document)


def _import(arguments: argparse.Namespace) -> int:
    path: Path | None = arguments.path
    if path is not None and _is_exported(path):
        if arguments.dry_run:
            raise UsageError(
                "--dry-run works only with Perceval's groups; jobgroup exported this file."
            )
        group = JobGroup.load(path, name=arguments.name)
        document = {"source": str(path.absolute()), "group": group_document(group)}
        return report(arguments, str(group), document)
    if arguments.name is not None:
        raise UsageError(
            "--name works only with an exported group; Perceval's groups keep their names."
        )
    imported = JobGroup.import_perceval(path, dry_run=arguments.dry_run)
    report(arguments, str(imported), import_document(imported))
    return Exit.DONE if all(skipped.already_exists for skipped in imported.skipped) else Exit.FAILED


def _is_exported(path: Path) -> bool:
    try:
        return read_regular(path, 16) == b"SQLite format 3\0"
    except (OSError, ValueError):
        return False


LS = Command(
    "list the groups on this machine",
    _ls,
    (flag("--trash", "list deleted groups that can be restored"), JSON),
    ("jobgroup ls", "jobgroup ls --json"),
)
ESTIMATE = Command(
    "estimate what a run of the unsent jobs would use",
    _estimate,
    (NAME, JSON),
    ("jobgroup estimate sweep",),
)
RENAME = Command(
    "rename a group that no process is running",
    _rename,
    (NAME, argument("new", metavar="NEW", type=normalised, help="new name of the group"), JSON),
    ("jobgroup rename sweep 'sweep of phi'",),
)
DELETE = Command(
    "move a group to the trash",
    _delete,
    (
        NAME,
        flag("--yes", "delete without asking"),
        flag("--permanently", "delete permanently, without using the trash"),
        JSON,
    ),
    ("jobgroup delete sweep",),
)
RESTORE = Command(
    "restore a group from the trash",
    _restore,
    (
        argument(
            "name",
            metavar="NAME",
            type=normalised,
            completions=JobGroup.list_trash,
            help="name of a deleted group",
        ),
        JSON,
    ),
    ("jobgroup restore sweep",),
)
EXPORT = Command(
    "export a group to one file",
    _export,
    (
        NAME,
        argument("path", metavar="PATH", type=user_path, help="file to write"),
        flag("--results", "fetch all results into the group first"),
        OVERWRITE,
        JSON,
    ),
    ("jobgroup export sweep sweep.jobgroup", "jobgroup export sweep sweep.jobgroup --results"),
)
IMPORT = Command(
    "import an exported group or Perceval's own groups",
    _import,
    (
        argument(
            "path",
            metavar="PATH",
            type=Path,
            nargs="?",
            help="exported group, Perceval's .jgrp or .egrp file, or directory of these"
            " (default: Perceval's own directory)",
        ),
        argument("--name", metavar="NAME", help="new name for an exported group"),
        flag("--dry-run", "list the Perceval groups that would be imported"),
        JSON,
    ),
    ("jobgroup import sweep.jobgroup --name copy", "jobgroup import --dry-run"),
)
