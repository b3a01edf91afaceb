"""Keep an index of group summaries, so that listing groups does not open every file.

The index is only a copy. An entry is valid while the group's file, log and journal are as they were
when the group was read. Otherwise the group is read again. If the index is missing or damaged, all
groups are read.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from jobgroup.store.atomic import BESIDE, atomic_write, read_regular
from jobgroup.store.filesystem import is_network
from jobgroup.store.paths import data_directory, groups_directory
from jobgroup.store.records import GroupSummary
from jobgroup.store.summaries import summarise

_FORMAT: Final = 2
_MAX_INDEX_BYTES: Final = 64 * 2**20
_MAX_DESCRIPTION: Final = 500
"""Maximum number of characters of a description; a group with a longer one is always read."""

_SETTLED_AFTER_NS: Final = 3_000_000_000
"""Age of a file's times, in nanoseconds, from which any later write changes them. Their resolution
is up to 2 s, so a write soon after another one may not change them.
"""

_WORTH_WRITING: Final = 50
"""Number of missing groups from which the index is written. Reading fewer groups takes less than
0.1 s.
"""

Stamp = list[int]


class _Kept(NamedTuple):
    stamp: Stamp
    summary: GroupSummary


_kept: dict[Path, dict[str, _Kept]] = {}
"""Entries that this process has read, by index and file name."""

_unwritten: dict[Path, int] = {}
"""Number of these entries that are missing from the index, by index."""


def index_path() -> Path:
    return data_directory() / "summaries.json"


def summaries_of(groups: Mapping[str, Path]) -> list[GroupSummary]:
    """Return the summaries of groups, by name; read only those that have changed."""
    directory, path = groups_directory(), index_path()
    # Other file systems may report changes late, or only to processes that open the file.
    if os.name != "posix" or is_network(directory):
        return [summarise(name, file) for name, file in groups.items()]
    known = _kept.get(path) or _load(path)
    now_ns = time.time_ns()
    present = set(os.listdir(directory))  # noqa: PTH208 # only the names are needed
    found: list[GroupSummary] = []
    kept: dict[str, _Kept] = {}
    read = 0
    for name, file in groups.items():
        size_bytes, stamp = _stamp(file, present)
        entry = known.get(file.name)
        if entry is None or entry.stamp != stamp or entry.summary.name != name:
            entry = _Kept(stamp, summarise(name, file))
            read += _is_worth_keeping(entry, now_ns)
        elif entry.summary.size_bytes != size_bytes:
            entry = _Kept(stamp, replace(entry.summary, size_bytes=size_bytes))
        if _is_worth_keeping(entry, now_ns):
            kept[file.name] = entry
        found.append(entry.summary)
    _kept[path] = kept
    # The entries of recently written groups become valid a few at a time.
    _unwritten[path] = _unwritten.get(path, 0) + read
    if _unwritten[path] >= _WORTH_WRITING:
        with suppress(OSError):  # the next process reads the groups again
            _write(path, kept)
            _unwritten[path] = 0
    return found


def _is_worth_keeping(entry: _Kept, now_ns: int) -> bool:
    changed_at = max((*entry.stamp[3::5], *entry.stamp[4::5]), default=now_ns)
    return (
        entry.summary.problem is None
        and len(entry.summary.description) <= _MAX_DESCRIPTION
        and changed_at < now_ns - _SETTLED_AFTER_NS
    )


def _stamp(file: Path, present: set[str]) -> tuple[int, Stamp]:
    """Return a group's size, and a stamp that changes with each write.

    The stamp has the device, inode, size and two times of the file, its log and its journal. It is
    empty if the path is not a file.
    """
    numbers: Stamp = []
    total = 0
    for suffix in ("", *BESIDE):
        if suffix and file.name + suffix not in present:
            continue
        try:
            found = os.lstat(f"{file}{suffix}")
        except OSError:
            return 0, []
        if not stat.S_ISREG(found.st_mode):
            return 0, []
        total += found.st_size
        if suffix != "-shm" and (found.st_size or not suffix):  # readers create "-shm" files
            numbers += [found.st_dev, found.st_ino, found.st_size]
            numbers += [found.st_mtime_ns, found.st_ctime_ns]
    return total, numbers


def _load(path: Path) -> dict[str, _Kept]:
    try:
        document = json.loads(read_regular(path, _MAX_INDEX_BYTES))
        if document["format"] != _FORMAT:
            return {}
        return {file: _entry(stamp, row) for file, (stamp, *row) in document["groups"].items()}
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return {}
    except (ArithmeticError, RecursionError):  # a number beyond floats; nested too deeply
        return {}


def _entry(stamp: Any, row: Any) -> _Kept:
    name, counts, created, modified, text, swept, is_exported = row
    states = {str(state): int(number) for state, number in counts.items()}
    summary = GroupSummary(
        *(str(name), states, float(created), float(modified), 0),
        description=str(text),
        swept=tuple(map(str, swept)),
        is_exported=bool(is_exported),
    )
    return _Kept([int(number) for number in stamp], summary)


def _write(path: Path, kept: Mapping[str, _Kept]) -> None:
    groups = {
        file: [
            *(stamp, found.name, dict(found.counts)),
            *(found.created_at, found.modified_at, found.description),
            *(list(found.swept), found.is_exported),
        ]
        for file, (stamp, found) in kept.items()
    }
    text = json.dumps({"format": _FORMAT, "groups": groups}, separators=(",", ":"))
    with atomic_write(path, overwrite=True) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
