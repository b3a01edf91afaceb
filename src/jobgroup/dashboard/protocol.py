"""Parse and build the messages between the kernel and the browser.

The browser's side is `js/src/kernel/protocol.ts`. Tests run both sides on the same recorded
messages.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from reprlib import repr as short
from typing import Any, Final

from jobgroup.dashboard.arguments import COMMANDS, QUERIES, InvalidMessageError, check_types
from jobgroup.secret import Secret
from jobgroup.store.columns import Column, Columns
from jobgroup.store.encoding import json_safe

Json = dict[str, Any]
Buffers = list[memoryview]

MAX_ID: Final = 200
"""Maximum number of characters of a request's id."""

MAX_TOKEN: Final = 10_000
"""Maximum number of characters of a token, its URL and its account."""

_KEYED: Final = {"labels": "label.", "metadata": "metadata.", "params": "param."}
"""Columns whose texts contain one JSON object each."""
SETTINGS: Final = ("filter", "sort", "search", "selected", "columns", "plot", "table")


@dataclass(frozen=True, slots=True)
class ClientState:
    """The rows that the browser has, identified by epoch and version."""

    epoch: str
    version: int


@dataclass(frozen=True, slots=True)
class Open:
    """A view was opened in a browser that has these rows."""

    client: ClientState | None


@dataclass(frozen=True, slots=True)
class Sync:
    """A view is still open.

    Attributes:
        ack: number of the last push that arrived.
        pending: ids of requests without an answer.
        reply: whether to send a push even if there is nothing new.
    """

    client: ClientState | None
    ack: int
    pending: tuple[str, ...]
    reply: bool


@dataclass(frozen=True, slots=True)
class Close:
    """The last view was closed.

    Attributes:
        has_views: whether the page still has views, out of sight.
    """

    has_views: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """A command, which is executed once even if it arrives more often.

    Attributes:
        epoch: epoch of the rows that the positions refer to; "" for the last reported epoch.
    """

    id: str
    name: str
    args: Json = field(default_factory=dict)
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A query to answer; `epoch` is as for a command."""

    id: str
    name: str
    args: Json = field(default_factory=dict)
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class SetTrait:
    """A new value of a trait, from the browser."""

    id: str
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Token:
    """A token that the user typed for an account. No repr, log or error contains it."""

    id: str
    url: str
    account: str
    token: Secret


@dataclass(frozen=True, slots=True)
class Push:
    """Rows to send: those that changed after version `since`, or all rows if `since` is -1.

    Attributes:
        n: number of the push.
        epoch: id of the group's current snapshot sequence; a browser with rows of another sequence
            discards them.
        since, version: versions between which the rows changed.
        total: number of jobs.
    """

    n: int
    epoch: str
    since: int
    version: int
    total: int


Message = Open | Sync | Close | Command | Query | SetTrait | Token


def parse(content: object) -> Message:  # noqa: PLR0911 # one return for each kind
    """Return a message as an object; raise InvalidMessageError if it is invalid."""
    if not isinstance(content, Mapping):
        raise InvalidMessageError(f"not a message: {short(content)}")
    match content.get("t"):
        case "open":
            return Open(_client_state(content))
        case "sync":
            return Sync(
                _client_state(content),
                _field(content, "ack", int),
                _texts(content, "pending"),
                _field(content, "reply", bool),
            )
        case "close":
            return Close(_field({"has_views": True, **content}, "has_views", bool))
        case "command":
            return Command(*_request(content, COMMANDS), *_args(content))
        case "query":
            return Query(*_request(content, QUERIES), *_args(content))
        case "set_trait":
            return SetTrait(*_request(content, SETTINGS), content.get("value"))
        case "token":
            return _token(hide_token(content))
        case tag:
            raise InvalidMessageError(f"no message has the tag {short(tag)}")


def hide_token(content: Any) -> Any:
    """Return a message in which no repr shows the token, if it contains one."""
    if isinstance(content, Mapping) and isinstance(content.get("token"), str):
        return {**content, "token": Secret(content["token"])}
    return content


def snapshot(push: Push, rows: Json, now: float, part: int = 0, parts: int = 1) -> Json:
    about = {"t": "snapshot", "version": push.version, "part": part, "parts": parts}
    return about | _stamp(push, rows, now)


def patch(push: Push, rows: Json, now: float) -> Json:
    return {"t": "patch", "from": push.since, "to": push.version} | _stamp(push, rows, now)


def _stamp(push: Push, rows: Json, now: float) -> Json:
    return {"epoch": push.epoch, "n": push.n, "now": now, "total": push.total, "rows": rows}


def result(request: str, value: Any) -> Json:
    return {"t": "result", "id": request, "value": json_safe(value)}


def error(request: str, code: str, message: str) -> Json:
    return {"t": "error", "id": request, "code": code, "message": message}


def ack(request: str, python: str = "") -> Json:
    """Acknowledge a request; without this, the page would take the kernel for busy.

    `python` is the equivalent line of Python.
    """
    return {"t": "ack", "id": request, "python": python}


def digest_of(value: Any) -> str:
    """Return a short text with which a page reports that it already has an answer."""
    text = json.dumps(json_safe(value), separators=(",", ":"))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def encode_rows(rows: Columns) -> tuple[Json, Buffers]:
    """Return rows as columns, each with the number of the buffer that has its JSON."""
    columns = {
        name: {"at": at, "zero": column.zero}
        if column.since is None
        else {"at": at, "since": column.since}
        for at, (name, column) in enumerate(_named(rows))
    }
    buffers = [memoryview(column.json) for column in rows.columns.values()]
    return {"n": rows.count, "columns": columns}, buffers


def inline_rows(rows: Columns) -> Json:
    """Return rows as columns of plain values, for hosts that do not support buffers."""
    columns = {name: column.values() for name, column in _named(rows)}
    return {"n": rows.count, "columns": columns}


def _named(rows: Columns) -> Iterator[tuple[str, Column]]:
    """Yield columns with their names in the browser, which nests names at dots."""
    for name, column in rows.columns.items():
        yield _KEYED.get(name, name), column


def _token(content: Mapping[str, Any]) -> Token:
    """Return the token. Errors contain no values, because any value may be the token."""
    values, token = [content.get(key) for key in ("id", "url", "account")], content.get("token")
    if (
        not all(isinstance(value, str) and len(value) <= MAX_TOKEN for value in values)
        or not isinstance(token, Secret)
        or len(token.reveal()) > MAX_TOKEN
    ):
        raise InvalidMessageError(
            f"id, url, account and token must be strings of at most {MAX_TOKEN} characters"
        )
    request, url, account = map(str, values)
    return Token(request, url, account, token)


def _client_state(content: Mapping[str, Any]) -> ClientState | None:
    value = content.get("client")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidMessageError(f"client must be an object, got {short(value)}")
    return ClientState(_field(value, "epoch", str), _field(value, "version", int))


def _request(content: Mapping[str, Any], known: Collection[str]) -> tuple[str, str]:
    name = _field(content, "name", str)
    if name not in known:
        raise InvalidMessageError(f"name must be one of {', '.join(known)}, got {short(name)}")
    return _id(content), name


def _id(content: Mapping[str, Any]) -> str:
    """Return a request's id, within the bounds for ids that are kept."""
    found: str = _field(content, "id", str)
    if len(found) > MAX_ID:
        raise InvalidMessageError(f"id must have at most {MAX_ID} characters, got {short(found)}")
    return found


def _args(content: Mapping[str, Any]) -> tuple[Json, str]:
    args: Json = _field(content, "args", dict)
    check_types(args)
    return args, _field({"epoch": "", **content}, "epoch", str)


def _texts(content: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = _field(content, key, list)
    if not all(isinstance(each, str) for each in values):
        raise InvalidMessageError(f"{key} must be a list of strings, got {short(values)}")
    return tuple(values)


_KINDS: Final = {
    int: "an integer",
    bool: "a boolean",
    str: "a string",
    list: "a list",
    dict: "an object",
}


def _field(content: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    value = content.get(key)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InvalidMessageError(f"{key} must be {_KINDS[kind]}, got {short(value)}")
    return value
