"""Compute fingerprints of create bodies, which identify equal jobs, and compare bodies. Pure.

The same experiment has a different body in each Python process, because Perceval adds the process
id and writes maps in any order. So a body is first converted to plain values. Perceval's packed
texts, messages and archives are parsed for this; no object is built, and no formula is evaluated.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from jobgroup.decoding import Archive, Budget, RefusedError, messages
from jobgroup.rounding import EXACT
from jobgroup.words import shown

LIMITS: Final = frozenset({"max_samples", "max_shots"})
"""Parameters for the amount of data, not for the experiment."""

_IGNORED: Final = frozenset({"process_id", "pcvl_version", "job_name", "job_group_name"})
_PREFIX: Final = ":PCVL:"
_PACKED: Final = ":PCVL:zip:"
_ARCHIVE: Final = "pcvlar"
_UNORDERED: Final = frozenset({"BSCount", "BSDistribution", "StateVector", "SVDistribution"})
_TERMS: Final = re.compile(r"(?<=>)\+")
_NEGATIVE_ZERO: Final = struct.pack("<d", -0.0)
_LONG: Final = 40
_NAMES: Final = {
    "components": "circuit",
    "noise_model": "noise",
    "post_select": "postselect",
    "n_mode": "modes",
    "input_ports": "input ports",
    "output_ports": "output ports",
    "min_photons_filter": "min_detected_photons",
    "perceval": "error mitigations",
}


Path = tuple[str | int, ...]
"""Keys and indices that lead to a value in a body."""


class Fingerprint(NamedTuple):
    """Hashes that equal jobs share.

    Attributes:
        identity: hash of the settings and of the amount of data to take.
        settings: hash without `LIMITS`. The results of jobs with equal settings can be pooled.
    """

    identity: bytes
    settings: bytes


def with_composition(
    body: Mapping[str, Any], composition: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """Return a body for comparison, with the recipe for its results if jobgroup composes them."""
    return body if composition is None else {**body, "composition": composition}


def fingerprint(body: Mapping[str, Any]) -> Fingerprint:
    """Return the fingerprint of a create body.

    >>> one = {"payload": {"command": "probs", "max_samples": 500}, "process_id": "a"}
    >>> two = {"process_id": "b", "payload": {"max_samples": 500.0, "command": "probs"}}
    >>> fingerprint(one) == fingerprint(two)
    True
    >>> other = {"payload": {"command": "probs", "max_samples": 1000}}
    >>> fingerprint(one).identity == fingerprint(other).identity
    False
    >>> fingerprint(one).settings == fingerprint(other).settings
    True
    """
    values = _values(body)
    return Fingerprint(_digest(values), _digest(_without_limits(values)))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the differences between two bodies, as text.

    >>> old = {"payload": {"command": "probs", "max_samples": 500}}
    >>> differences(old, {"payload": {"command": "probs", "max_samples": 1000}})
    ['max_samples 500 -> 1000']
    """
    before, after = (
        {path: _setting(value) for path, value in _leaves(_values(body))} for body in (old, new)
    )
    found = {}
    for path in before | after:
        if (was := before.get(path)) != (now := after.get(path)):
            found[_name(path)] = difference(path, was, now)
    return list(found.values())


class Setting(NamedTuple):
    """One setting of a body.

    Attributes:
        value: JSON of the value, which equal settings share.
        text: value in a sentence; "" if no sentence can show it.
    """

    value: str
    text: str


def settings_of(body: Mapping[str, Any]) -> dict[Path, Setting]:
    """Return the settings of a create body by path, without `LIMITS`.

    >>> settings_of({"payload": {"command": "probs", "max_samples": 500}})
    {('payload', 'command'): Setting(value='"probs"', text='probs')}
    """
    return {path: _setting(value) for path, value in _leaves(_without_limits(_values(body)))}


def difference(path: Path, was: Setting | None, now: Setting | None) -> str:
    """Describe the difference of a setting, whose value is None in a body without it.

    >>> difference(("payload", "threshold"), None, Setting("2", "2"))
    'threshold none -> 2'
    """
    texts = ["none" if each is None else each.text for each in (was, now)]
    return f"{_name(path)} {' -> '.join(texts)}" if was != now and all(texts) else _name(path)


def _setting(value: Any) -> Setting:
    return Setting(_json(value), "" if isinstance(value, _Digest) else _word(value) or '""')


def incomparable(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return the reason why two bodies from different releases cannot be compared; "" if they can.

    >>> incomparable({"pcvl_version": "1.1.0"}, {"pcvl_version": "1.2.4"})
    'written by Perceval 1.1.0, not comparable'
    """
    wrote, writes = (_release(body) for body in (old, new))
    return "" if wrote == writes else f"written by Perceval {wrote}, not comparable"


def text_of(packed: str) -> str:
    """Unpack one of Perceval's strings, and return it without its class name.

    >>> text_of(":PCVL:BasicState:|1,0>")
    '|1,0>'
    """
    found = _plain(packed)
    if isinstance(found, str):
        return found.partition(" ")[2] if found != packed else found
    return "" if found is None else _json(found)


def _release(body: Mapping[str, Any]) -> str:
    parts = body.get("parts")
    first = parts[0] if isinstance(parts, list) and parts else body
    release = first.get("pcvl_version") if isinstance(first, Mapping) else None
    return str(release or "of an unknown release")[:_LONG]


class _Digest(str):
    """A placeholder for a value that no sentence can show."""

    __slots__ = ()


def _json(values: Any) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def _digest(values: Any) -> bytes:
    return hashlib.blake2b(_json(values).encode(), digest_size=16).digest()


def _values(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _parts(value) if key == "parts" else _plain(value)
        for key, value in body.items()
        if key not in _IGNORED
    }


def _parts(value: Any) -> Any:
    """Return the bodies of a job's sub-jobs."""
    if not isinstance(value, list):
        return _plain(value)
    return [_values(part) if isinstance(part, Mapping) else _plain(part) for part in value]


def _without_limits(values: Any) -> Any:
    if isinstance(values, dict):
        return {key: _without_limits(v) for key, v in values.items() if key not in LIMITS}
    if isinstance(values, list):
        return [_without_limits(value) for value in values]
    return values


def _plain(value: Any) -> Any:
    """Return a value in a form that is the same for all equal values."""
    if isinstance(value, str):
        if not value.startswith((_PREFIX, _ARCHIVE)):
            return value
        return _read_once(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < EXACT else value
    if isinstance(value, Mapping):
        values = {str(key): _plain(each) for key, each in value.items()}
        return {k: v for k, v in values.items() if v is not None or k != "postselect"}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


@lru_cache(maxsize=512)
def _read_once(text: str) -> Any:
    try:
        return _read(text, Budget())
    except (ValueError, RecursionError):  # including RefusedError; compare the string itself
        return _Digest(_hex(text.encode("utf-8", "surrogatepass")))


def _read(text: str, budget: Budget) -> Any:
    if text.startswith(_ARCHIVE):
        archive = Archive(text, budget)
        return [_tree(archive, root, budget) for root in archive.roots]
    if text.startswith(_PACKED):
        text = budget.unpacked(text.removeprefix(_PACKED))
    if not text.startswith(_PREFIX):
        raise RefusedError("it is not one of Perceval's texts")
    kind, _, content = text.removeprefix(_PREFIX).partition(":")
    return _object(kind, content, budget)


def _object(kind: str, content: str, budget: Budget) -> Any:
    if kind in messages.MESSAGES:
        return _message(messages.read(kind, content), budget)
    if kind == "NoiseModel":
        return _plain(json.loads(content))
    if kind == "PostSelect" and not content.strip("() "):
        return None
    if kind in _UNORDERED:
        entries = content.strip("{}").split(";")
        content = ";".join(sorted("+".join(sorted(_TERMS.split(each))) for each in entries))
    return f"{kind} {content}"


def _message(message: Any, budget: Budget) -> Any:
    """Return the parts of an experiment, which can differ; return another message's digest."""
    if message.DESCRIPTOR.name != "Experiment":
        return _digest_of(message, budget)
    parts: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.name in ("input_state", "noise_model", "post_select"):
            part = _read(value, budget)
        elif isinstance(value, str | int):
            part = value
        else:
            alone = type(message)()
            getattr(alone, field.name).MergeFrom(value)
            part = _digest_of(alone, budget)
        if part is not None:
            parts[field.name] = part
    return parts


def _digest_of(message: Any, budget: Budget) -> _Digest:
    data = message.SerializeToString(deterministic=True)
    if _NEGATIVE_ZERO in data or _PREFIX.encode() in data:
        _unify(message, budget)
        data = message.SerializeToString(deterministic=True)
    return _Digest(_hex(data))


def _unify(message: Any, budget: Budget) -> None:
    """Rewrite a message's numbers and nested texts in a standard form."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            is_map = field.message_type.GetOptions().map_entry
            if is_map and not hasattr(next(iter(value.values())), "ListFields"):
                value.update({key: _unified(each, budget) for key, each in value.items()})
                continue
            several = value.values() if is_map else value
            for each in [value] if hasattr(value, "ListFields") else several:
                _unify(each, budget)
        elif isinstance(value, float | str):
            setattr(message, field.name, _unified(value, budget))
        elif not isinstance(value, int | bytes):
            value[:] = [_unified(each, budget) for each in value]


def _unified(value: Any, budget: Budget) -> Any:
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, str) and value.startswith(_PREFIX):
        part = _read(value, budget)
        return "" if part is None else json.dumps(part, sort_keys=True)
    return value


def _tree(archive: Archive, index: int, budget: Budget) -> Any:
    """Return an object of an archive, without its node numbers."""
    node = archive.nodes[index]
    children = [_tree(archive, child, budget) for child in node.children]
    if node.tag == "dict":
        keys = (k if isinstance(k, str) else _json(k) for k in children[::2])
        return dict(zip(keys, children[1::2], strict=True))
    if node.tag in ("list", "tuple", "set"):
        return sorted(children, key=_json) if node.tag == "set" else children
    if node.names:
        members = dict(zip(node.names, children, strict=True))
        return {k: v for k, v in members.items() if k not in _IGNORED}
    if node.tag in ("None", "bool", "int", "float", "str"):
        return _plain(archive.plain(index))
    return _object(node.tag, node.value, budget)


def _hex(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _leaves(values: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(values, dict) and values:
        for key, value in values.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(values, list) and any(isinstance(value, dict | list) for value in values):
        for index, value in enumerate(values):
            yield from _leaves(value, (*path, index))
    else:
        yield path, values


def _name(path: Path) -> str:
    """Return the last names of a path, such as ``noise.indistinguishability``."""
    names = [name for name in path if isinstance(name, str)] or ["body"]
    if names[-1] in _NAMES:
        return _NAMES[names[-1]]
    if len(names) > 1 and names[-2] in ("noise", "noise_model", "circuit_params"):
        return f"{_NAMES.get(names[-2], names[-2])}.{names[-1]}"
    return names[-1]


def _word(value: Any) -> str:
    if isinstance(value, str):
        kind, _, content = value.partition(" ")
        value = content if content.startswith(("|", "(", "[", "{")) and kind.isalpha() else value
        value = value.strip()
        return value if value.isprintable() and len(value) <= _LONG else shown(value, _LONG)
    return "null" if value is None else shown(value, _LONG)
