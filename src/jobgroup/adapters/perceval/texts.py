"""Identify some of Perceval's objects by text: states, noise models and post-selections."""

from __future__ import annotations

from typing import Any

from perceval.serialization import serialize

from jobgroup.fingerprint import text_of


def perceval_text(value: Any) -> str:
    """Return Perceval's own text for an object. It is the same in each process."""
    return text_of(serialize(value))
