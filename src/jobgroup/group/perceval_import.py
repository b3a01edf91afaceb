"""Import groups of Perceval's own `JobGroup`, without changing their files."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from jobgroup import adapters, catalog
from jobgroup.adapters import ForeignGroup, UnreadableGroupError
from jobgroup.errors import InvalidNameError, JobGroupError, StorageError
from jobgroup.logs import logger
from jobgroup.status import UNSENT
from jobgroup.store import GroupStore, NewJob
from jobgroup.store.inserts import check_job
from jobgroup.store.names import SUFFIX, off_disk
from jobgroup.store.output import user_path
from jobgroup.store.paths import group_path
from jobgroup.store.transfer import make_group
from jobgroup.words import format_count, format_counts

_log = logger(__name__)

MAX_IMPORT_BYTES: Final = 2**30
"""Maximum size of a file, in bytes. Perceval rewrites the whole file for each change, so real files
are smaller.
"""

_CONTENT: Final = "imported_content"


@dataclass(frozen=True, slots=True)
class ImportedGroup:
    """A group that was, or would be, imported.

    Attributes:
        name: name of the group, as in Perceval.
        path: path of Perceval's file, which was not changed.
        counts: number of its jobs in each state.
        created_date: time of creation (naive, local time).
        note: differences from Perceval's group; "" for none.
    """

    name: str
    path: Path
    counts: dict[str, int]
    created_date: datetime
    note: str = ""

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __str__(self) -> str:
        note = f"; {self.note}" if self.note else ""
        return f"{format_counts(self.counts)}, made {self.created_date:%Y-%m-%d}{note}"


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that was not imported.

    Attributes:
        path: path of the file.
        reason: reason why it was skipped, as a clause.
        already_exists: whether a group of the same name already exists.
    """

    path: Path
    reason: str
    already_exists: bool = False


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import, or of a dry run.

    Attributes:
        source: directory or file to import.
        dry_run: whether nothing was written.
        imported: groups that were imported.
        skipped: files that were not imported, with the reasons.
    """

    source: Path
    dry_run: bool = False
    imported: list[ImportedGroup] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)

    def __repr__(self) -> str:
        done = "would be imported" if self.dry_run else "imported"
        lines = [
            f"{format_count(len(self.imported), 'group')} {done} from {_printable(self.source)}"
        ]
        names = [_printable(repr(group.name)) for group in self.imported]
        width = max(map(len, names), default=0)
        lines += [f"  {n:{width}}  {g}" for n, g in zip(names, self.imported, strict=True)]
        if self.skipped:
            lines.append(f"{format_count(len(self.skipped), 'file')} skipped")
            lines += [f"  {_printable(off_disk(s.path.name))}: {s.reason}" for s in self.skipped]
        elif not self.imported:
            lines.append("There are no .jgrp or .egrp files.")
        if self.imported and not self.dry_run:
            lines.append("Tokens were not imported: see jobgroup.set_token.")
        return "\n".join(lines)


def import_perceval(path: str | os.PathLike[str] | None, *, dry_run: bool) -> ImportReport:
    """Import the groups of a directory, a file, or (None) Perceval's own directory.

    Raises:
        StorageError: the file or directory does not exist, or a group could not be written. Groups
            before it were imported; the next import continues with the rest.
    """
    places = adapters.group_directories() if path is None else [user_path(path)]
    if path is not None and not places[0].exists():
        raise StorageError(f"There is no file or directory {places[0]}. Nothing was imported.")
    report = ImportReport(places[0], dry_run)
    for file in (file for place in places for file in _files(place)):
        try:
            report.imported.append(_import(file, report))
        except (UnreadableGroupError, InvalidNameError, _AlreadyExistsError) as error:
            already_exists = isinstance(error, _AlreadyExistsError)
            report.skipped.append(SkippedFile(file, _sentence(str(error)), already_exists))
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 # for one file only
            _log.debug("%s cannot be imported", file, exc_info=True)
            why = f"it cannot be imported ({type(error).__name__}: {str(error)[:300]})"
            report.skipped.append(SkippedFile(file, _sentence(why)))
    return report


class _AlreadyExistsError(JobGroupError):
    """A group of that name exists and was not changed."""


def _import(file: Path, report: ImportReport) -> ImportedGroup:
    if file.suffix == SUFFIX:  # never opened as a plain file, because SQLite may be using it
        raise UnreadableGroupError(
            "it is a file of jobgroup; JobGroup.load imports exported groups"
        )
    name = off_disk(file.stem)
    content = _digest(file)
    _refuse_known(name, content)
    if any(name == group.name for group in report.imported):
        raise _AlreadyExistsError(f"another file has a group named {name!r}, which was imported")
    saved = adapters.read_group(file)
    jobs, note = _jobs(saved)
    _refuse_unkeepable(jobs)
    if not report.dry_run:
        meta = {"created_at": saved.created_at, "modified_at": saved.modified_at}
        _make_or_fill(name, jobs, {**meta, _CONTENT: content})
    return ImportedGroup(
        name=name,
        path=file,
        counts=dict(Counter(job.status.state if job.status else UNSENT for job in jobs)),
        created_date=datetime.fromtimestamp(saved.created_at),  # noqa: DTZ006 # as in groups
        note=note,
    )


def _refuse_known(name: str, content: str) -> None:
    path = group_path(name)
    catalog.complete_deletion(name)
    if not path.exists():
        return
    try:
        with closing(GroupStore(path)) as store:
            known, is_empty = store.meta().get(_CONTENT), not len(store)
    except StorageError:
        known, is_empty = None, False
    if is_empty:
        return
    if known is None:
        raise _AlreadyExistsError(
            f"a group named {name!r} already exists and was not changed; delete or rename it first"
        )
    raise _AlreadyExistsError(
        "it was imported before"
        if known == content
        else f"it was imported before and has changed since; to import it again, delete {name!r}"
    )


def _make_or_fill(name: str, jobs: Sequence[NewJob], meta: Mapping[str, object]) -> None:
    """Create the group, or fill an existing empty group, which keeps its description."""
    try:
        make_group(name, jobs, meta)
    except FileExistsError:
        with closing(GroupStore(group_path(name))) as store:
            if not store.fill(jobs, meta):  # another process was faster
                _refuse_known(name, str(meta[_CONTENT]))
                raise


def perceval_file(name: str) -> Path | None:
    """Return the file of Perceval's own group of that name; None if there is none."""
    if Path(name).name != name:
        return None
    with suppress(OSError, ValueError, RuntimeError):  # the user may have no home directory
        for directory in adapters.group_directories():
            for suffix in adapters.GROUP_SUFFIXES:
                if (file := directory / f"{name}{suffix}").is_file():
                    return file
    return None


def _jobs(saved: ForeignGroup) -> tuple[Sequence[NewJob], str]:
    """Return the group's jobs, each id once: an object that was added twice is one job."""
    seen: set[tuple[str, ...]] = set()
    jobs = []
    for spec in saved.jobs:
        job = spec.to_new_job(added_at=saved.created_at)
        if job.remote_ids:
            one = (*job.target.account_key, *job.remote_ids)
            if one in seen:
                continue
            seen.add(one)
        jobs.append(job)
    repeated = len(saved.jobs) - len(jobs)
    notes = [f"{format_count(repeated, 'entry', 'entries')} of jobs that were listed twice"] * bool(
        repeated
    )
    notes += [f"{n} left out: {why}" for why, n in Counter(saved.skipped).items()]
    return jobs, "; ".join(notes)


def _refuse_unkeepable(jobs: Sequence[NewJob]) -> None:
    """Raise if JSON cannot represent a value, such as a lone surrogate or an infinite number."""
    for number, job in enumerate(jobs):
        try:
            check_job(job)
        except (ValueError, RecursionError) as error:
            raise UnreadableGroupError(f"its job {number} cannot be stored. {error}") from None


def _files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield from [place] if place.exists() else []
        return
    for folder in (place, place / "job_group", place / "execution_groups"):
        try:
            found = sorted(folder.iterdir()) if folder.is_dir() else []
        except OSError as error:
            raise StorageError(
                f"The directory {folder} cannot be read ({error.strerror}). Nothing was imported"
                " from it."
            ) from None
        yield from (file for file in found if file.suffix in adapters.GROUP_SUFFIXES)


def _digest(file: Path) -> str:
    try:
        if not file.is_file():
            raise UnreadableGroupError("it is not a regular file")
        if file.stat().st_size > MAX_IMPORT_BYTES:
            raise UnreadableGroupError(f"it is larger than {MAX_IMPORT_BYTES >> 30} GiB")
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableGroupError(f"it cannot be read ({error.strerror})") from None


def _printable(text: object) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in str(text))


def _sentence(text: str) -> str:
    words = " ".join(_printable(text).split())
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")
