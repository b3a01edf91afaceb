"""Keep deleted groups in the trash, and remove expired ones for good.

The clock may be wrong for a while. So a group is removed only if two checks, a day apart, found
that it had expired.
"""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from jobgroup.errors import InvalidNameError
from jobgroup.store import schema
from jobgroup.store.atomic import atomic_write, read_regular
from jobgroup.store.names import SUFFIX, decode, encode, off_disk, on_disk
from jobgroup.store.paths import groups_directory, trash_directory

TRASH_RETENTION_DAYS: Final = 7
"""Days for which a deleted group can be restored."""

CONFIRMED_AFTER_S: Final = 24 * 3600
"""Minimum number of seconds between the two checks."""

_OURS: Final = re.compile(r"(?P<name>.+)~(?P<ms>[0-9]{1,15})" + re.escape(SUFFIX), re.DOTALL)
# An encoded name never contains "~".

_UNFINISHED: Final = re.compile(r"\.[0-9a-f]{32}\.new(-wal|-shm|-journal)?")
"""Names of unfinished files from `atomic_write`."""

_RECORD: Final = ".expired.json"
_RECORD_BYTES: Final = 4_000_000


def stamped(encoded: str) -> str:
    """Return the name on disk of a group that is moved to the trash now."""
    return f"{encoded}~{time.time_ns() // 1_000_000}{SUFFIX}"


def place_for(name: str) -> Path:
    """Return the path in the trash of a group that is deleted now."""
    return trash_directory() / stamped(on_disk(encode(name)))


def deleted_groups() -> dict[str, Path]:
    """Return the latest deleted group of each name, and ignore other files in the trash."""
    return {name: path for _, name, path in sorted(_found())}


def purge() -> None:
    """Remove expired groups, after two checks a day apart, and files left by killed processes."""
    now = time.time()
    found = [*((at, path) for at, _, path in _found()), *_left_unfinished()]
    expired = [path for at, path in found if now - at > TRASH_RETENTION_DAYS * 24 * 3600]
    earlier = _read_record()
    if not expired and not earlier:
        return
    seen: dict[str, float] = {}
    for path in expired:
        # A time in the future comes from another clock.
        first = min(now, earlier.get(path.name, now))
        is_ours = _UNFINISHED.fullmatch(path.name) or _is_a_group(path)
        if now - first >= CONFIRMED_AFTER_S and is_ours:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        else:
            seen[path.name] = first
    if seen != earlier:
        _write_record(seen)


def _found() -> list[tuple[float, str, Path]]:
    """Return the times, names and paths of deleted groups."""
    found = []
    for entry in os.scandir(trash_directory()):
        match = _OURS.fullmatch(off_disk(entry.name))
        with suppress(OSError, InvalidNameError):
            if match and entry.is_file(follow_symlinks=False):
                found.append((_deleted_at(entry, match), decode(match["name"]), Path(entry.path)))
    return found


def _left_unfinished() -> list[tuple[float, Path]]:
    """Return the times at which unfinished files were last written."""
    found = []
    for directory in (trash_directory(), groups_directory()):
        for entry in os.scandir(directory):
            with suppress(OSError):
                if _UNFINISHED.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    found.append((entry.stat(follow_symlinks=False).st_mtime, Path(entry.path)))
    return found


def _deleted_at(entry: os.DirEntry[str], match: re.Match[str]) -> float:
    """Return the later of the deletion date and the file's date, which the disk's clock gave."""
    return max(int(match["ms"]) / 1000, entry.stat(follow_symlinks=False).st_mtime)


def _is_a_group(path: Path) -> bool:
    """Check SQLite's header. Source: https://www.sqlite.org/fileformat2.html, 1.3."""
    with path.open("rb") as file:
        header = file.read(72)
    return header[:16] == b"SQLite format 3\0" and (
        int.from_bytes(header[68:72], "big") == schema.APPLICATION_ID
    )


def _read_record() -> dict[str, float]:
    """Return the valid records of expired files: the file names and the times of their checks."""
    try:
        found = json.loads(read_regular(trash_directory() / _RECORD, _RECORD_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        name: float(at)
        for name, at in found.items()
        if isinstance(at, int | float) and 0 <= at < 1e12
    }


def _write_record(seen: dict[str, float]) -> None:
    # If the check of a file cannot be recorded, the file needs two more checks.
    with (
        suppress(OSError),
        atomic_write(trash_directory() / _RECORD, overwrite=True) as unfinished,
    ):
        unfinished.write_text(json.dumps(seen), encoding="utf-8")
