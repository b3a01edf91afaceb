"""Between Python values and the text that the file holds. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

MOST_LEVELS = 100
"""Lists and dictionaries in one another; whatever walks through them calls itself for each."""

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def as_json(values: Mapping[str, Any]) -> str:
    """Compact JSON; what JSON cannot say is said by its `str`, "" stands for nothing at all.

    Raises:
        ValueError: they are nested too deeply, or hold themselves.
    """
    if not values:
        return ""
    try:
        text = _encode(values)
    except (TypeError, ValueError, RecursionError):
        return _encode(_plain(values))
    if text.count("[") + text.count("{") > MOST_LEVELS:
        _plain(values)
    return text


def as_object(text: str | None) -> dict[str, Any]:
    """The object that a text holds; {} for nothing, for no object, or for one nested too deeply."""
    try:
        value = json.loads(text) if text else {}
        if text and text.count("[") + text.count("{") > MOST_LEVELS:
            _plain(value)
    except (ValueError, RecursionError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


def _plain(value: Any, level: int = 0) -> Any:
    if level > MOST_LEVELS:
        raise ValueError(
            f"Labels and parameters may be nested {MOST_LEVELS} levels deep; these are deeper, or"
            " hold themselves. Nothing was changed."
        )
    if isinstance(value, Mapping):
        return {str(k): _plain(v, level + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v, level + 1) for v in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    as_python = getattr(value, "tolist", None)  # scalars and arrays of numpy and its like
    if callable(as_python):
        try:
            return _plain(as_python(), level + 1)
        except (TypeError, ValueError, RecursionError):
            pass
    return str(value)
