"""Rebuild the content of a disk after a power cut from a process's actions on its files.

This model of a disk keeps all synced data. Of the unsynced data, it keeps any parts of writes to
files, in any order, and the first few changes of names in a directory. Current file systems promise
no more.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

CREATE, WRITE, TRUNCATE, SYNC, UNLINK, RENAME, LINK, MKDIR = range(1, 9)
SECTOR = 512
_HEADER = struct.Struct("5q")
_NOT_LEFT = ("-shm", ".lock")
"""The index, which SQLite creates again, and locks. A dead process's lock expires, as other tests
prove.
"""


Content = dict[PurePosixPath, bytes | None]
"""The files of a disk by their paths; None for a directory. Each follows its directory."""


class Record(NamedTuple):
    """One action of a process on its disk."""

    kind: int
    inode: int
    number: int
    one: bytes
    two: bytes


def build(directory: Path) -> Path:
    """Compile the library that writes such a log, in a directory."""
    library = directory / "disk_log.so"
    source = Path(__file__).with_name("disk_log.c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl", "-lpthread"]
    subprocess.run(command, check=True, capture_output=True)
    return library


def read(log: Path) -> Iterator[Record]:
    """Return the records of a log, in order."""
    data = log.read_bytes()
    at = 0
    while at < len(data):
        kind, inode, number, first, second = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        yield Record(
            kind, inode, number, data[at : at + first], data[at + first : at + first + second]
        )
        at += first + second


@dataclass
class _File:
    content: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)


@dataclass
class _Folder:
    names: dict[str, _File | _Folder] = field(default_factory=dict)
    pending: list[tuple[str, _File | _Folder | None]] = field(default_factory=list)


class Disk:
    """The disk below a directory. It is empty at first."""

    def __init__(self, root: Path) -> None:
        self._root = PurePosixPath(root)
        self._top = _Folder()
        self._now: dict[PurePosixPath, _File | _Folder] = {self._root: self._top}
        self._by_inode: dict[int, _File | _Folder] = {root.stat().st_ino: self._top}

    def apply(self, record: Record) -> None:
        """Apply one action of a process."""
        kind, inode, number, one, two = record
        if kind in (CREATE, MKDIR):
            new: _File | _Folder = _File() if kind == CREATE else _Folder()
            self._by_inode[inode] = new
            self._name(one, new)
        elif kind == UNLINK:
            self._name(one, None)
        elif kind == LINK:
            self._name(two, self._now[_path(one)])
        elif kind == RENAME:
            moved = self._now[_path(one)]
            if self._now.get(_path(two)) is not moved:
                self._name(two, moved)
                self._name(one, None)
        elif (held := self._by_inode.get(inode)) is not None:
            if kind == SYNC:
                self._sync(held)
            elif isinstance(held, _File):
                held.pending.append((number, None if kind == TRUNCATE else one))

    def _name(self, text: bytes, what: _File | _Folder | None) -> None:
        path = _path(text)
        folder = self._now[path.parent]
        assert isinstance(folder, _Folder)
        folder.pending.append((path.name, what))
        if what is None:
            del self._now[path]
        else:
            self._now[path] = what

    @staticmethod
    def _sync(held: _File | _Folder) -> None:
        if isinstance(held, _File):
            held.content = _written(held.content, held.pending)
        else:
            held.names = _named(held.names, held.pending)
        held.pending.clear()

    def cut(self, chance: random.Random, keeps: float) -> Content:
        """Return what remains after a power cut now.

        Args:
            chance: random generator that decides.
            keeps: share of the unsynced data that the disk keeps.
        """
        return dict(self._left(self._top, PurePosixPath(), chance, keeps, {}))

    def _left(
        self,
        folder: _Folder,
        at: PurePosixPath,
        chance: random.Random,
        keeps: float,
        left: dict[int, bytes],
    ) -> Iterator[tuple[PurePosixPath, bytes | None]]:
        yield at, None
        first = sum(chance.random() < keeps for _ in folder.pending)
        for name, held in _named(folder.names, folder.pending[:first]).items():
            if isinstance(held, _Folder):
                yield from self._left(held, at / name, chance, keeps, left)
            elif not name.endswith(_NOT_LEFT):
                if id(held) not in left:  # a file of two names has one content
                    left[id(held)] = _written(held.content, list(_some(held, chance, keeps)))
                yield at / name, left[id(held)]


def _some(held: _File, chance: random.Random, keeps: float) -> Iterator[tuple[int, bytes | None]]:
    for offset, data in held.pending:
        if data is None:
            if chance.random() < keeps:
                yield offset, None
            continue
        is_torn = chance.random() < 0.3
        for at in range(0, len(data), SECTOR if is_torn else len(data)):
            if chance.random() < keeps:
                yield offset + at, data[at : at + (SECTOR if is_torn else len(data))]


def _written(content: bytes, changes: list[tuple[int, bytes | None]]) -> bytes:
    new = bytearray(content)
    for offset, data in changes:
        if data is None:
            del new[offset:]
            new.extend(bytes(offset - len(new)))
        else:
            new.extend(bytes(max(0, offset - len(new))))
            new[offset : offset + len(data)] = data
    return bytes(new)


def _named(
    names: dict[str, _File | _Folder], changes: list[tuple[str, _File | _Folder | None]]
) -> dict[str, _File | _Folder]:
    new = dict(names)
    for name, what in changes:
        if what is None:
            new.pop(name, None)
        else:
            new[name] = what
    return new


def _path(text: bytes) -> PurePosixPath:
    return PurePosixPath(os.fsdecode(text))


def write(content: Content, directory: Path) -> None:
    """Replace a directory by one with this content."""
    shutil.rmtree(directory, ignore_errors=True)
    for path, data in content.items():
        if data is None:
            (directory / path).mkdir(mode=0o700)
        else:
            (directory / path).write_bytes(data)
