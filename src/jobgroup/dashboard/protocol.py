"""The messages between the kernel and the browser.

Those that come are parsed at the door, those that go are made here. The other side is
`js/src/wire.ts`; recorded messages hold the two equal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from reprlib import repr as short
from typing import Any, Final

Json = dict[str, Any]

COMMANDS: Final = (
    "run",
    "rerun",
    "run_next",
    "cancel",
    "pause",
    "resume",
    "resend",
    "confirm",
    "refresh",
    "delete",
    "restore",
    "open",
    "describe",
    "annotate",
)
QUESTIONS: Final = ("job", "results", "groups", "size", "preview")
SETTINGS: Final = ("filter", "sort", "search", "selected", "columns")


class BadMessageError(ValueError):
    """A message that is not of the protocol."""


@dataclass(frozen=True, slots=True)
class Have:
    """What the browser has: rows of which life of which group, up to which version."""

    epoch: str
    version: int


@dataclass(frozen=True, slots=True)
class Hello:
    """Somebody looks, and has so much."""

    have: Have | None


@dataclass(frozen=True, slots=True)
class Pull:
    """Somebody still looks. `ack` is the last push that came, `waiting` the unanswered requests."""

    have: Have | None
    ack: int
    waiting: tuple[str, ...]
    reply: bool


@dataclass(frozen=True, slots=True)
class Bye:
    """Nobody looks any more."""


@dataclass(frozen=True, slots=True)
class Do:
    """Something to be done once, however often it is asked with this id."""

    id: str
    name: str
    args: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """Something to be told."""

    id: str
    name: str
    args: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Set:
    """A setting that the browser wants."""

    id: str
    name: str
    value: Any


Message = Hello | Pull | Bye | Do | Ask | Set


def parse(content: object) -> Message:
    """The message that a content is.

    Raises:
        BadMessageError: it is none of the protocol.
    """
    if not isinstance(content, Mapping):
        raise BadMessageError(f"not a message: {short(content)}")
    match content.get("t"):
        case "hello":
            return Hello(_have(content.get("have")))
        case "pull":
            return Pull(
                _have(content.get("have")),
                _of(content, "ack", int),
                _texts(content, "waiting"),
                _of(content, "reply", bool),
            )
        case "bye":
            return Bye()
        case "do":
            return Do(_of(content, "id", str), _name(content, COMMANDS), _of(content, "args", dict))
        case "ask":
            return Ask(
                _of(content, "id", str), _name(content, QUESTIONS), _of(content, "args", dict)
            )
        case "set":
            return Set(_of(content, "id", str), _name(content, SETTINGS), content.get("value"))
        case tag:
            raise BadMessageError(f"no message has the tag {short(tag)}")


def snap(
    *, epoch: str, version: int, n: int, now: float, total: int, part: int, parts: int, rows: Json
) -> Json:
    return {
        "t": "snap",
        "epoch": epoch,
        "version": version,
        "part": part,
        "parts": parts,
        "n": n,
        "now": now,
        "total": total,
        "rows": rows,
    }


def patch(*, epoch: str, since: int, to: int, n: int, now: float, total: int, rows: Json) -> Json:
    return {
        "t": "patch",
        "epoch": epoch,
        "from": since,
        "to": to,
        "n": n,
        "now": now,
        "total": total,
        "rows": rows,
    }


def done(request: str, value: Any) -> Json:
    return {"t": "done", "id": request, "value": finite(value)}


def fail(request: str, code: str, message: str) -> Json:
    return {"t": "fail", "id": request, "code": code, "message": message}


def heard(request: str, line: str = "") -> Json:
    """Says that a request arrived, so that a long one is not taken for a busy kernel.

    `line` does the same in Python.
    """
    return {"t": "note", "level": "heard", "text": line, "id": request}


def finite(value: Any) -> Any:
    """The value with None for what JSON in a browser refuses: not-a-number and infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [finite(each) for each in value]
    return value


def _have(value: object) -> Have | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BadMessageError(f"not what a browser has: {short(value)}")
    return Have(_of(value, "epoch", str), _of(value, "version", int))


def _name(content: Mapping[str, Any], known: Sequence[str]) -> str:
    name: str = _of(content, "name", str)
    if name not in known:
        raise BadMessageError(f"there is no {short(name)}, there are {', '.join(known)}")
    return name


def _texts(content: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = _of(content, key, list)
    if not all(isinstance(each, str) for each in values):
        raise BadMessageError(f"{key} is a list of texts, not {short(values)}")
    return tuple(values)


def _of(content: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    value = content.get(key)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadMessageError(f"{key} is a {kind.__name__}, not {short(value)}")
    return value
