"""The installed release of Perceval."""

from __future__ import annotations

from importlib.metadata import version

RELEASE = tuple(map(int, version("perceval-quandela").split(".")[:2]))
