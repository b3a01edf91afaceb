"""Run a FUSE file system that passes every operation to a directory, and has a separate cache.

Usage: fuse_mount.py DIRECTORY MOUNT_POINT [ignore-case]. Two mounts of one directory behave like
two machines that share a file system: a lock applies only to its own mount, and a mount sees the
other's writes only when its cache is a second old.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mfusepy

_STAT = ("st_atime", "st_ctime", "st_gid", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid")
_STATFS = ("bavail", "bfree", "blocks", "bsize", "favail", "ffree", "files", "flag", "frsize")


def why_not() -> str:
    """Return the reason why FUSE is unavailable on this machine; "" if it is available."""
    if not Path("/dev/fuse").exists():
        return "no /dev/fuse here"
    return "" if os.geteuid() == 0 else "mounting takes root here"


@contextmanager
def mounted(directory: Path, point: Path, *, ignore_case: bool = False) -> Iterator[Path]:
    """Mount a directory for a block.

    Raises:
        OSError: this machine does not allow it.
    """
    point.mkdir()
    words = [__file__, str(directory), str(point), *(["ignore-case"] if ignore_case else [])]
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", *words], stderr=subprocess.PIPE, text=True
    )
    try:
        give_up_at = time.monotonic() + 60
        while not point.is_mount():
            if server.poll() is not None or time.monotonic() > give_up_at:
                raise OSError(errno.ENODEV, f"no FUSE here: {server.stderr.read()[-300:]}")
            time.sleep(0.02)
        yield point
    finally:
        subprocess.run(["umount", "-l", str(point)], check=False, capture_output=True)
        server.kill()
        server.communicate()


class _PassedOn(mfusepy.Operations):
    use_ns = True

    def __init__(self, root: str, *, ignores_case: bool) -> None:
        self._root = root
        self._ignores_case = ignores_case

    def _at(self, path: str) -> str:
        found = self._root
        for part in filter(None, path.split("/")):
            found = f"{found}/{self._spelled(found, part)}"
        return found

    def _spelled(self, directory: str, part: str) -> str:
        if not self._ignores_case:
            return part
        names = [path.name for path in Path(directory).glob("*")]
        if part in names:
            return part
        return next((name for name in names if name.casefold() == part.casefold()), part)

    def getattr(self, path, fh=None):
        status = os.lstat(self._at(path))
        seconds = {key: getattr(status, key) for key in _STAT}
        times = {key: getattr(status, f"{key}_ns") for key in ("st_atime", "st_ctime", "st_mtime")}
        return seconds | times

    def access(self, path, mode):
        if not os.access(self._at(path), mode):
            raise mfusepy.FuseOSError(errno.EACCES)
        return 0

    def readdir(self, path, fh):
        return [".", "..", *(found.name for found in Path(self._at(path)).iterdir())]

    def chmod(self, path, mode):
        return Path(self._at(path)).chmod(mode)

    def mkdir(self, path, mode):
        return Path(self._at(path)).mkdir(mode)

    def rmdir(self, path):
        return Path(self._at(path)).rmdir()

    def unlink(self, path):
        return Path(self._at(path)).unlink()

    def rename(self, old, new, flags=0):
        if flags:
            raise mfusepy.FuseOSError(errno.EINVAL)
        Path(self._at(old)).rename(self._at(new))

    def link(self, target, source):
        return os.link(self._at(source), self._at(target))

    def utimens(self, path, times=None):
        return os.utime(self._at(path), ns=times)

    def open(self, path, flags):
        return os.open(self._at(path), flags)

    def create(self, path, mode, fi=None):
        return os.open(self._at(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(self._at(path), length)

    def flush(self, path, fh):
        return 0

    def release(self, path, fh):
        return os.close(fh)

    def fsync(self, path, datasync, fh):
        return os.fsync(fh)

    def statfs(self, path):
        found = os.statvfs(self._at(path))
        return {f"f_{key}": getattr(found, f"f_{key}") for key in (*_STATFS, "namemax")}


if __name__ == "__main__":
    root, point, *words = sys.argv[1:]
    mfusepy.FUSE(
        _PassedOn(root, ignores_case="ignore-case" in words),
        point,
        foreground=True,
        nothreads=True,
        attr_timeout=1,
        entry_timeout=1,
    )
