"""List, delete, restore and rename groups, and move damaged files out of the way."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from datetime import MINYEAR, datetime
from pathlib import Path

from jobgroup.engine.engine import engine
from jobgroup.engine.lease import Witness
from jobgroup.errors import (
    CorruptGroupError,
    GroupNotFoundError,
    InvalidNameError,
    JobGroupError,
    StorageError,
    warn,
)
from jobgroup.status import ON_CLOUD, SENDING, UNCONFIRMED
from jobgroup.store import GroupStore, GroupSummary
from jobgroup.store.atomic import move, sync_directory
from jobgroup.store.connection import is_emptied
from jobgroup.store.deletion import copy_deleted, move_group, unmark
from jobgroup.store.names import SUFFIX, normalised
from jobgroup.store.paths import damaged_directory, existing_groups, group_path, remove_files
from jobgroup.store.summaries import identity, is_marked_deleted
from jobgroup.store.summary_index import summaries_of
from jobgroup.store.trash import TRASH_RETENTION_DAYS, deleted_groups, place_for, purge, stamped
from jobgroup.words import format_unended

_keeps_damaged_files = False


def names() -> list[str]:
    """Return the names of all groups, as typed."""
    return list(existing_groups())


def exists(name: str) -> bool:
    """Return whether a group of that name exists.

    Raises:
        InvalidNameError: no group can have the name.
    """
    path = group_path(name)
    complete_deletion(name)
    return path.exists()


def similar_names(name: str) -> list[str]:
    """Return the names of groups that resemble this name."""
    from difflib import get_close_matches  # only for messages

    others = [n for n in names() if n != normalised(name)]
    folded = {n.casefold(): n for n in others}
    return [folded[f] for f in get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)]


def not_found(name: str) -> GroupNotFoundError:
    """Return the error for a name that no group has. It suggests similar names."""
    near = similar_names(name)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return GroupNotFoundError(
        f"There is no job group named {name!r}.{hint} List all groups with"
        " JobGroup.list_existing(), or `jobgroup ls` in a terminal."
    )


def summaries() -> list[GroupSummary]:
    """Return the summaries of all groups, by name."""
    return summaries_of(existing_groups())


def keep_damaged_files() -> None:
    """Let this process leave damaged files in place, because a server only reads groups."""
    global _keeps_damaged_files  # noqa: PLW0603  # one setting for the process
    _keeps_damaged_files = True


def quarantine(path: Path) -> Path:
    """Move a damaged file, unchanged, to its own directory; return the new path.

    Raises:
        StorageError: the system does not allow it.
    """
    aside = damaged_directory() / stamped(path.name.removesuffix(SUFFIX))
    try:
        for suffix in ("-wal", "-shm", "-journal", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").replace(f"{aside}{suffix}")
    except OSError as error:
        raise StorageError(
            f"The damaged file {path} cannot be moved to {aside.parent} ({error.strerror}). It was"
            " left as it is; other groups are not affected."
        ) from error
    sync_directory(aside.parent)
    sync_directory(path.parent)
    return aside


def set_aside(name: str, path: Path, error: CorruptGroupError) -> None:
    """Move the file of a group that cannot be opened out of the way.

    An emptied file stays, because another process may be writing it.

    Raises:
        CorruptGroupError: always, unless the file was emptied. It says where the file is.
        StorageError: the file cannot be moved.
    """
    if is_emptied(path):
        return
    if _keeps_damaged_files:
        raise CorruptGroupError(
            f"The file of the group {name!r} is damaged ({error.__cause__}). It was left as it is:"
            f" {path}. To set it aside, open the group in Python."
        ) from error
    aside = quarantine(path)
    raise CorruptGroupError(
        f"The file of the group {name!r} is damaged ({error.__cause__}). It was moved intact to"
        f" {aside}. JobGroup({name!r}) now creates a new group; other groups are not affected."
    ) from error


def delete(name: str, *, permanently: bool = False) -> None:
    """Move a group to the trash, or remove it permanently.

    Raises:
        GroupNotFoundError: no group of that name exists.
        GroupBusyError: a process is running the group.
        StorageError: the group could not be moved, or the file is a link to another group's file;
            nothing was changed.
    """
    empty_trash()
    path = group_path(name)
    complete_deletion(name)
    if not os.path.lexists(path):
        raise not_found(name)
    try:
        store = GroupStore(path)
    except CorruptGroupError:
        if permanently:
            remove_files(path)
        else:
            quarantine(path)
        return
    with closing(store):
        _refuse_link(store)
        witness = Witness()
        witness.wait_until_judged(store)
        unended = store.records(states=ON_CLOUD | {UNCONFIRMED, SENDING})
        active = [r.remote_id or "unconfirmed" for r in unended]
        active += [part.remote_id for part in store.subjobs.orphans()]
        trashed = None if permanently else place_for(name)
        move_group(store, trashed, is_live=witness.is_live)
    _remove_original(path, trashed)
    if active:
        _warn_of_active(name, active)


def rename(name: str, new_name: str) -> None:
    """Rename a group: copy its file, and remove the old one.

    The old group is marked as deleted first. No process can then change it, so the copy is complete
    even if other processes have the group open.

    Raises:
        GroupNotFoundError: no group of that name exists.
        JobGroupError: a group of the new name exists.
        GroupBusyError: a process is running the group.
        StorageError: the group could not be copied, or the file is a link to another group's file;
            nothing was changed.
    """
    path, new_path = group_path(name), group_path(new_name)
    if not exists(name):
        raise not_found(name)
    if new_path != path and exists(new_name):
        raise JobGroupError(f"A group named {new_name!r} exists, so {name!r} was not renamed.")
    if new_path == path:
        return
    with closing(GroupStore(path)) as store:
        _refuse_link(store)
        witness = Witness()
        witness.wait_until_judged(store)
        move_group(store, new_path, normalised(new_name), is_live=witness.is_live)
    _remove_original(path, new_path)


def _refuse_link(store: GroupStore) -> None:
    """Raise StorageError if a group's file is a link to the file of another group."""
    path, name = store.path, str(store.meta()["name"])
    try:
        original = group_path(name)
        is_link = original != path and original.samefile(path)
    except (OSError, InvalidNameError):  # no group has that name
        return
    if is_link:
        raise StorageError(
            f"{path.name} is a link to the file of the group {name!r}. Nothing was changed. Use the"
            f" name {name!r}, or remove the link."
        )


def _remove_original(path: Path, copy: Path | None) -> None:
    """Remove the file of a deleted or renamed group; if that fails, keep the group and no copy."""
    _close_here(path)  # an open file would still take up disk space
    try:
        remove_files(path)
    except StorageError:
        if path.exists():
            if copy is not None:
                remove_files(copy)  # first: jobs of two copies could be paid for twice
            unmark(path)
        raise


def complete_deletion(name: str) -> None:
    """Finish a deletion or a renaming that a killed process began.

    If that process had already copied the file to the trash or to a new name, remove the file.
    Otherwise move it to the trash.
    """
    path = group_path(name)
    if path.exists() and is_marked_deleted(path):
        if _copy_of(path, [*existing_groups().items(), *deleted_groups().items()]) is None:
            copy_deleted(path, place_for(name))
        remove_files(path)


def _copy_of(path: Path, others: Iterable[tuple[str, Path]]) -> str | None:
    """Return the name of another file that has the same group at the same or a later version."""
    own = identity(path)
    for name, other in others:
        found = None if other == path else identity(other)
        if own and found and found[0] == own[0] and found[1] >= own[1]:
            return name
    return None


def delete_before(moment: datetime) -> list[str]:
    """Move all groups created before a moment to the trash; return their names.

    Damaged groups, and groups that a process is running, remain. A warning lists them.
    """
    try:
        limit = moment.timestamp()  # a moment without a time zone is local time
    except (ValueError, OverflowError):  # the moment is at a limit of the calendar
        limit = -math.inf if moment.year == MINYEAR else math.inf
    found = summaries()
    for broken in (s for s in found if s.problem):
        warn(f"The group {broken.name!r} cannot be read ({broken.problem}), so it was kept.")
    return _delete_all([s.name for s in found if not s.problem and s.created_at < limit])


def delete_all() -> list[str]:
    """Move all groups to the trash; return their names."""
    return _delete_all(names())


def _delete_all(doomed: Sequence[str]) -> list[str]:
    gone = []
    for name in doomed:
        try:
            delete(name)
            gone.append(name)
        except JobGroupError as error:
            warn(f"The group {name!r} was not deleted: {error}")
    return gone


def trash() -> dict[str, Path]:
    """Return the groups that can be restored; of each name, the one that was deleted last."""
    empty_trash()
    return deleted_groups()


def restore(name: str) -> None:
    """Restore the last deleted group of a name.

    Raises:
        GroupNotFoundError: the trash has no such group.
        JobGroupError: a group of that name exists, or the same group exists under a new name;
            nothing was changed.
    """
    path = group_path(name)
    complete_deletion(name)
    found = trash().get(normalised(name))
    if found is None:
        raise GroupNotFoundError(
            f"The trash has no job group named {name!r}; it keeps deleted groups for"
            f" {TRASH_RETENTION_DAYS} days. List them with JobGroup.list_trash(), or `jobgroup ls"
            " --trash` in a terminal."
        )
    if copy := _copy_of(found, existing_groups().items()):
        raise JobGroupError(
            f"The deleted group {name!r} was not restored, because {copy!r} has the same jobs,"
            " which could then be paid for twice."
        )
    try:
        move(found, path)
    except FileExistsError:
        raise JobGroupError(
            f"A group named {name!r} exists, so the deleted one was not restored. Rename or delete"
            " the new one first."
        ) from None
    _close_here(path)  # the next use opens the new file


def empty_trash() -> None:
    """Remove groups from the trash that two checks, a day apart, found expired."""
    with suppress(OSError):  # files that cannot be removed stay
        purge()


def _close_here(path: Path) -> None:
    """Close a group's file if this process has it open."""
    if (session := engine().open_session(path)) is not None:
        session.store.close()


def _warn_of_active(name: str, active: Sequence[str]) -> None:
    ids = ", ".join(active[:5])
    more = f" and {len(active) - 5} more" if len(active) > 5 else ""
    warn(
        f"{format_unended(len(active), name)} and will continue on the cloud: {ids}{more}."
        " Restore the group with JobGroup.restore to cancel them or wait for them."
    )
