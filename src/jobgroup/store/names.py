"""Convert group names to safe file names and back. Pure."""

from __future__ import annotations

import os
import re
import unicodedata

from jobgroup.errors import InvalidNameError
from jobgroup.words import shown

MAX_ENCODED_BYTES = 200
SUFFIX = ".jobgroup"

_PLAIN = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9_. -]{0,198}[A-Za-z0-9_-])?", re.ASCII)
"""Names that need no encoding and no further checks. Nearly all names match."""

_WINDOWS_DEVICES = re.compile(r"(?i)^(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.|$)")
"""Source: https://learn.microsoft.com/windows/win32/fileio/naming-a-file"""


def encode(name: str) -> str:
    """Return the file name (without suffix) for a group's name.

    Composed and decomposed letters look the same and get the same file name. Letters, digits,
    ``-``, ``_``, and inner spaces and dots are kept. All other characters are percent-encoded, so
    no name can leave the directory.

    Raises:
        TypeError: the name is not a string.
        InvalidNameError: the name is empty, has control characters, or is too long.

    >>> encode("phase scan 0.3"), encode("../etc"), decode(encode("a/b"))
    ('phase scan 0.3', '%2E.%2Fetc', 'a/b')
    """
    if not isinstance(name, str):
        raise TypeError(f"A group's name must be a string, got {type(name).__name__}.")
    name = normalised(name)
    if not name.strip():
        raise InvalidNameError("A group's name must not be empty.")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        raise InvalidNameError(
            f"The group name {shown(name)} has control characters or line breaks in it. Choose a"
            " name without them."
        )
    last = len(name) - 1
    encoded = "".join(
        c if _is_plain(c, at_edge=i in (0, last)) else _escape(c) for i, c in enumerate(name)
    )
    if _WINDOWS_DEVICES.match(encoded):
        encoded = _escape(encoded[0]) + encoded[1:]
    if len(encoded.encode()) > MAX_ENCODED_BYTES:
        raise InvalidNameError(
            f"The group name {name[:40]!r}... is too long: its file name would have"
            f" {len(encoded.encode())} bytes, and at most {MAX_ENCODED_BYTES} are allowed."
        )
    return encoded


def normalised(name: str) -> str:
    """Return the name in Unicode's composed form (NFC), which is the stored form.

    >>> normalised("phase e\u0301") == "phase \u00e9"
    True
    """
    return unicodedata.normalize("NFC", as_typed(name))


def as_typed(text: str) -> str:
    r"""Return an argument or environment variable as UTF-8, even in an ASCII locale.

    Invalid bytes stay unchanged.

    >>> as_typed("\udcce\udcbb sweep") == "\u03bb sweep", as_typed("\udcff") == "\udcff"
    (True, True)
    """
    try:
        return text.encode("utf-8", "surrogateescape").decode()
    except UnicodeError:
        return text


def on_disk(file_name: str) -> str:
    """Return the form of a file name that this process must use to get UTF-8 on disk.

    The bytes on disk do not depend on the locale. So a group has the same file in a cron job.
    """
    return os.fsdecode(file_name.encode("utf-8", "surrogateescape"))


def off_disk(file_name: str) -> str:
    """Reverse `on_disk`. Different bytes stay different, even if they are not UTF-8."""
    return os.fsencode(file_name).decode("utf-8", "surrogateescape")


def decode(encoded: str) -> str:
    """Return a file name's group name; raise InvalidNameError for any other file's name."""
    if _PLAIN.fullmatch(encoded) and not _WINDOWS_DEVICES.match(encoded):
        return encoded
    encoded = normalised(encoded)  # some file systems decompose file names
    try:
        name = re.sub(
            r"(?:%[0-9A-F]{2})+",
            lambda m: bytes.fromhex(m.group().replace("%", "")).decode(),
            encoded,
        )
        if encode(name) == encoded:
            return name
    except (ValueError, InvalidNameError):
        pass
    raise InvalidNameError(f"{shown(encoded)} is not the file name of a group.")


def _is_plain(c: str, *, at_edge: bool) -> bool:
    if c in " .":
        return not at_edge  # dots at the start hide a file; Windows removes them at the end
    return c in "-_" or c.isalnum()


def _escape(c: str) -> str:
    return "".join(f"%{byte:02X}" for byte in c.encode())
