"""Check the arguments of a page's commands and queries when they arrive. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from reprlib import repr as short
from typing import Any, Final, NamedTuple

MAX_INTEGER: Final = 2**31 - 1
"""Maximum number in an argument. It fits in a column of the file."""


class _Kind(NamedTuple):
    name: str
    holds: Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INTEGER


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and 0 <= value <= MAX_INTEGER and math.isfinite(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | bool | int) or (
        isinstance(value, float) and math.isfinite(value)
    )


_TEXT: Final = _Kind("a string", _is_text)
_FLAG: Final = _Kind("a boolean", lambda value: isinstance(value, bool))
_INTEGER: Final = _Kind("an integer that is not negative", _is_integer)
_NUMBER: Final = _Kind("a number that is not negative", _is_number)
_PLAIN: Final = _Kind("a number, a string or a boolean", _is_plain)
_NAMES: Final = _Kind(
    "a list of names", lambda value: isinstance(value, list) and all(map(_is_text, value))
)
_POSITIONS: Final = _Kind(
    "a list of positions of jobs",
    lambda value: value is None or (isinstance(value, list) and all(map(_is_integer, value))),
)
_VALUES: Final = _Kind(
    "an object in which each value is a number, a string or a boolean",
    lambda value: isinstance(value, Mapping) and all(map(_is_plain, value.values())),
)
_PLACES: Final = _Kind(
    "an object of values",
    lambda value: (
        isinstance(value, Mapping)
        and all(each is None or _is_plain(each) for each in value.values())
    ),
)

_KINDS: Final[Mapping[str, _Kind]] = {
    **dict.fromkeys(("position", "concurrent_job_count", "to", "times"), _INTEGER),
    **dict.fromkeys(("state", "mode", "remote_id", "text", "name", "stamp"), _TEXT),
    **dict.fromkeys(("y", "x", "curves", "kind", "sweep", "have"), _TEXT),
    **dict.fromkeys(("replace", "rerun", "cancel", "keep", "ideal"), _FLAG),
    **dict.fromkeys(("load", "retry", "only_load"), _FLAG),
    **dict.fromkeys(("names", "columns"), _NAMES),
    "positions": _POSITIONS,
    "delay": _NUMBER,
    "overrides": _VALUES,
    "at": _PLACES,
    "errors": _PLAIN,
}

_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("job", "payload", "drawing"), ("position",)),
    **dict.fromkeys(("prioritize", "resend"), ("positions",)),
    **dict.fromkeys(("annotate", "describe"), ("text",)),
    "confirm": ("position", "remote_id"),
    "define": ("name", "text"),
    "compare_groups": ("names",),
}


def problem_of(args: Mapping[str, Any]) -> str:
    """Return the problem with the type or range of an argument; "" if there is none.

    >>> problem_of({"positions": [0, -1]})
    'positions must be a list of positions of jobs, got [0, -1]'
    """
    for name, kind in _KINDS.items():
        if name in args and not kind.holds(args[name]):
            return f"{name} must be {kind.name}, got {short(args[name])}"
    return ""


def missing_from(request: str, args: Mapping[str, Any]) -> str:
    """Return the message about an argument that a command or query lacks; "" if it lacks none.

    >>> missing_from("confirm", {"position": 3})
    'confirm needs the argument remote_id'
    """
    missing = [name for name in _REQUIRED.get(request, ()) if args.get(name) is None]
    return f"{request} needs the argument {missing[0]}" if missing else ""
