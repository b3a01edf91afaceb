"""``jobgroup ls``, ``delete``, ``restore``, ``export`` and ``import``: groups as a whole."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jobgroup.cli.arguments import add_json, add_name, complete_with
from jobgroup.cli.command import Command, report
from jobgroup.cli.console import echo, echo_err, echo_json, echo_table
from jobgroup.cli.exit_codes import Exit, MisuseError
from jobgroup.cli.serialize import group_line, group_state, import_report
from jobgroup.cli.snapshot import local, said
from jobgroup.group import JobGroup
from jobgroup.store.names import normalised
from jobgroup.store.output import user_path
from jobgroup.store.trash import TRASH_RETENTION_DAYS
from jobgroup.words import plain


def _ls(arguments: argparse.Namespace) -> int:
    if arguments.trash:
        names = JobGroup.list_trash()
        text = "\n".join(names) or "The trash is empty."
        return report(arguments, text, [{"name": name} for name in names])
    groups = JobGroup.list()
    if arguments.json:
        echo_json([group_line(group) for group in groups])
    elif not groups:
        echo("No groups yet. JobGroup('scan').add(job) makes one.")
    else:
        echo_table(
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


def _delete(arguments: argparse.Namespace) -> int:
    name, is_final = arguments.name, arguments.permanently
    found = next((g for g in JobGroup.list() if g.name == name), None)
    what = f"{name!r} ({found.problem or said(found.counts)})" if found else repr(name)
    kept = (
        "It cannot be restored."
        if is_final
        else f"It can be restored for {TRASH_RETENTION_DAYS} days."
    )
    if found and not arguments.yes and not _is_confirmed(f"Delete {what}? {kept}"):
        echo_err("Nothing was deleted.")
        return Exit.FAILED
    JobGroup.delete_job_group(name, permanently=is_final)
    text = f"{name} is deleted."
    if not is_final:
        given = f"-- {name!r}" if name.startswith("-") else repr(name)
        text = (
            f"{name} is deleted; jobgroup restore {given} brings it back within"
            f" {TRASH_RETENTION_DAYS} days."
        )
    return report(arguments, text, {"deleted": name, "permanently": is_final})


def _is_confirmed(question: str) -> bool:
    sys.stderr.write(f"{plain(question)} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().casefold() if sys.stdin else ""
    if not sys.stdin or not sys.stdin.isatty():
        echo_err("")  # nobody pressed Enter
    return answer in ("y", "yes")


def _restore(arguments: argparse.Namespace) -> int:
    JobGroup.restore(arguments.name)
    group = JobGroup.open(arguments.name)
    text = f"{group.name} is back: {said(group.state.counts)}"
    return report(arguments, text, group_state(group))


def _export(arguments: argparse.Namespace) -> int:
    path: Path = arguments.path
    JobGroup.open(arguments.name).export(path, overwrite=arguments.overwrite)
    size = path.stat().st_size
    document = {"name": arguments.name, "path": str(path.absolute()), "size_bytes": size}
    return report(arguments, f"{arguments.name} is in {path}, {size / 1e6:.1f} MB", document)


def _import(arguments: argparse.Namespace) -> int:
    path: Path | None = arguments.path
    if path is not None and _is_exported(path):
        if arguments.dry_run:
            raise MisuseError("--dry-run is for Perceval's groups; jobgroup exported this one.")
        group = JobGroup.load(path, name=arguments.name)
        document = {"source": str(path.absolute()), "group": group_state(group)}
        return report(arguments, str(group), document)
    if arguments.name is not None:
        raise MisuseError("--name is for an exported group; Perceval's groups keep their names.")
    imported = JobGroup.import_perceval(path, dry_run=arguments.dry_run)
    report(arguments, str(imported), import_report(imported))
    return Exit.DONE if all(skipped.already_exists for skipped in imported.skipped) else Exit.FAILED


def _is_exported(path: Path) -> bool:
    try:
        with path.open("rb") as opened:
            return opened.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


def _add_ls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trash", action="store_true", help="deleted groups that can be restored")


def _add_delete(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--permanently", action="store_true", help="do not keep it in the trash")


def _add_deleted(parser: argparse.ArgumentParser) -> None:
    name = parser.add_argument("name", type=normalised, help="name of the deleted group")
    complete_with(name, JobGroup.list_trash)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=user_path, help="the file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path",
        type=Path,
        nargs="?",
        help="an exported group, a .jgrp or .egrp file of Perceval, or a directory of these;"
        " by default Perceval's own directory",
    )
    parser.add_argument("--name", help="another name for an exported group")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="list which of Perceval's groups it would import",
    )


LS = Command("list the groups on this machine", _ls, (_add_ls, add_json))
DELETE = Command(
    f"delete a group; it can be restored for {TRASH_RETENTION_DAYS} days",
    _delete,
    (add_name, _add_delete, add_json),
)
RESTORE = Command("bring a deleted group back", _restore, (_add_deleted, add_json))
EXPORT = Command(
    "write a group into one file, which import reads",
    _export,
    (add_name, _add_export, add_json),
    example="jobgroup export sweep sweep.jobgroup",
)
IMPORT = Command(
    "import an exported group, or those of Perceval's own JobGroup",
    _import,
    (_add_import, add_json),
    example="jobgroup import sweep.jobgroup --name copy",
)
