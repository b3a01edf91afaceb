"""List the page's commands and queries, and check their arguments when they arrive. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from reprlib import repr as short
from typing import Any, Final, NamedTuple, get_args

from jobgroup.engine.run import Mode

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "run": (),
    "rerun": (),
    "repeat": (),
    "remove": (),
    "prioritize": ("positions",),
    "cancel": (),
    "stop": (),
    "pause": (),
    "resume": (),
    "resend": ("positions",),
    "confirm": ("position", "remote_id"),
    "refresh": (),
    "delete": (),
    "restore": (),
    "export": (),
    "open": (),
    "describe": ("text",),
    "annotate": ("text",),
    "define": ("name", "text"),
    "keep": (),
}
"""The commands, each with the arguments that it needs."""

QUERIES: Final[Mapping[str, tuple[str, ...]]] = {
    "job": ("position",),
    "payload": ("position",),
    "drawing": ("position",),
    "results": (),
    "measured": (),
    "figure": (),
    "compare": (),
    "compare_groups": ("names",),
    "groups": (),
    "size": (),
    "saved": (),
    "estimate": (),
    "slots": (),
}
"""The queries, each with the arguments that it needs."""

MAX_INTEGER: Final = 2**31 - 1
"""Maximum number in an argument. It fits in a column of the file."""


class InvalidMessageError(ValueError):
    """A message that does not follow the protocol."""


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
_PLAIN: Final = _Kind("a number, a string or a boolean", _is_plain)
_NAMES: Final = _Kind(
    "a list of names", lambda value: isinstance(value, list) and all(map(_is_text, value))
)

_KINDS: Final[Mapping[str, _Kind]] = {
    **dict.fromkeys(("position", "to", "times"), _INTEGER),
    **dict.fromkeys(("state", "remote_id", "text", "name", "stamp"), _TEXT),
    **dict.fromkeys(("y", "x", "curves", "kind", "sweep", "have"), _TEXT),
    **dict.fromkeys(("replace", "rerun", "cancel", "keep", "ideal"), _FLAG),
    **dict.fromkeys(("load", "retry", "only_load"), _FLAG),
    **dict.fromkeys(("names", "columns"), _NAMES),
    "positions": _Kind(
        "a list of positions of jobs",
        lambda value: value is None or (isinstance(value, list) and all(map(_is_integer, value))),
    ),
    "mode": _Kind(
        f"one of {', '.join(get_args(Mode))}",
        lambda value: isinstance(value, str) and value in get_args(Mode),
    ),
    "delay": _Kind("a number that is not negative", _is_number),
    "concurrent_job_count": _Kind(
        "an integer of at least 1", lambda value: _is_integer(value) and value > 0
    ),
    "overrides": _Kind(
        "an object in which each value is a number, a string or a boolean",
        lambda value: isinstance(value, Mapping) and all(map(_is_plain, value.values())),
    ),
    "at": _Kind(
        "an object of values",
        lambda value: (
            isinstance(value, Mapping)
            and all(each is None or _is_plain(each) for each in value.values())
        ),
    ),
    "errors": _PLAIN,
}


def check_types(args: Mapping[str, Any]) -> None:
    """Raise InvalidMessageError if an argument has a wrong type or is out of range.

    >>> check_types({"replace": 1})
    Traceback (most recent call last):
    jobgroup.dashboard.arguments.InvalidMessageError: replace must be a boolean, got 1
    """
    for name, kind in _KINDS.items():
        if name in args and not kind.holds(args[name]):
            raise InvalidMessageError(f"{name} must be {kind.name}, got {short(args[name])}")


def require_arguments(request: str, args: Mapping[str, Any]) -> None:
    """Raise InvalidMessageError if a command or query lacks an argument."""
    needed = COMMANDS.get(request, QUERIES.get(request, ()))
    if missing := [name for name in needed if args.get(name) is None]:
        raise InvalidMessageError(f"{request} needs the argument {missing[0]}")
