"""Store an embedded cloud's port and token with its jobs, because groups store its URL."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

_NAME: Final = "address.json"
_MAX_PORT: Final = 65_535


def read_address(directory: Path) -> tuple[int, str]:
    """Return the port and token that a directory stores; 0 and "" if there are none."""
    try:
        found = json.loads((directory / _NAME).read_text("utf-8"))
        port, token = found["port"], found["token"]
    except (OSError, ValueError, LookupError, TypeError):
        return 0, ""
    is_sound = type(port) is int and 0 < port <= _MAX_PORT and isinstance(token, str)
    return (port, token) if is_sound and token.isascii() and token.isprintable() else (0, "")


def write_address(directory: Path, port: int, token: str) -> None:
    """Store the port and token in a directory, readable only by the owner."""
    unfinished = directory / f"{_NAME}.part"
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"port": port, "token": token}, file)
    unfinished.replace(directory / _NAME)
