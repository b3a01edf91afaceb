"""Between Python values and the text that the file holds. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def as_json(values: Mapping[str, Any]) -> str:
    """Compact JSON; what JSON cannot say is said by its `str`, "" stands for nothing at all.

    Raises:
        ValueError: the values hold themselves, or are nested deeper than JSON can be read.
    """
    if not values:
        return ""
    try:
        return _encode(values)
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        return _encode(_plain(values))
    except RecursionError:
        raise ValueError(
            f"The values of {', '.join(map(str, values))[:200]} hold themselves, or are nested too"
            " deep. Nothing was stored."
        ) from None


def as_object(text: str | None) -> dict[str, Any]:
    """The object that a text holds; {} for nothing, or for what is not an object."""
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    as_python = getattr(value, "tolist", None)  # scalars and arrays of numpy and its like
    if callable(as_python):
        try:
            return _plain(as_python())
        except (TypeError, ValueError, RecursionError):
            pass
    return str(value)
