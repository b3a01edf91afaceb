"""Read the points of a sweep, and find the jobs of each point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import product
from typing import Any, Final, Literal

from jobgroup.group.labels import is_known_by_text, is_perceval, label_of
from jobgroup.results.definitions import RESULT_NAMES
from jobgroup.rounding import KnownValues, ValueKey, is_number, key_of
from jobgroup.store.sweeps import Entry
from jobgroup.values import is_missing, plain
from jobgroup.words import shown

Scalar = bool | int | float | str
Kind = Literal["number", "text", "boolean", "datetime"]


@dataclass(frozen=True, slots=True)
class Value:
    """One swept value.

    Attributes:
        label: value that the group stores.
        given: value that `build` gets.
        kind: kind of the label.
    """

    label: Scalar
    given: Any
    kind: Kind


Point = dict[str, Value]
Key = tuple[ValueKey, ...]


class Index:
    """The group's jobs, by the point in their labels."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._axes: dict[str, KnownValues] = {}
        self._entries: list[Entry] = []
        self._read = 0
        self._at: dict[Key, list[Entry]] = {}

    def set_values(self, entries: Iterable[Entry], points: Iterable[Point]) -> None:
        """Set the values. The group's values take precedence."""
        for name in self._names:
            known = [entry.labels[name] for entry in entries if name in entry.labels]
            given = [point[name].label for point in points]
            axis = self._axes[name] = KnownValues([*known, *given])
            for label in known:
                axis.of(label)

    def known(self, point: Point) -> Point:
        """Return the point with the group's values or, if it has none, the first equal values."""
        found = {}
        for name, value in point.items():
            label = self._axes[name].of(value.label)
            given = label if is_number(label) else value.given
            found[name] = Value(label, given, value.kind)
        return found

    def key(self, point: Point) -> Key:
        """Return a key that identifies a point."""
        return self._key({name: value.label for name, value in point.items()})

    def _key(self, labels: Mapping[str, Any]) -> Key:
        return tuple(key_of(self._axes[name].of(labels[name])) for name in self._names)

    def forget(self) -> None:
        """Let the next update read all jobs again."""
        self._entries = []

    def update(self, entries: list[Entry]) -> None:
        """Add the group's new jobs; after other changes, read all jobs again."""
        if entries is not self._entries or len(entries) < self._read:
            self._entries, self._read, self._at = entries, 0, {}
        names = {*self._names}
        for entry in entries[self._read :]:
            if names <= entry.labels.keys() and _are_labels(entry.labels[n] for n in names):
                self._at.setdefault(self._key(entry.labels), []).append(entry)
        self._read = len(entries)

    def at(self, key: Key) -> list[Entry]:
        """Return the jobs at a point."""
        return self._at.get(key, [])


def _are_labels(labels: Iterable[Any]) -> bool:
    return all(isinstance(label, bool | int | float | str) for label in labels)


def read_over(over: Any) -> list[Point]:
    """Return the points of a sweep, in the given order.

    Raises:
        TypeError: `over` or a value in it has a type that cannot be swept.
        ValueError: a name cannot be swept, a value is missing, or there are no points.
    """
    if isinstance(over, Mapping):
        axes = {_checked_name(name): _axis(name, values) for name, values in over.items()}
        if not axes:
            raise ValueError(f"over names no swept value{_EXAMPLE} Nothing was added.")
        return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    return _read_points(over)


_EXAMPLE: Final = ": write, for example, {'phi': [0.1, 0.2]}."


def _axis(name: str, values: Any) -> list[Value]:
    if _is_single(values):
        return [_read(name, values, name)]
    if isinstance(values, set | frozenset):
        raise TypeError(f"{name} is a set, which has no order. Pass a list. Nothing was added.")
    if isinstance(values, Mapping):
        read = [_named(name, key, given) for key, given in values.items()]
    elif isinstance(values, Iterable):
        read = [_read(name, each, f"{name}[{at}]") for at, each in enumerate(values)]
    else:
        raise _unnamed(name, values)
    if not read:
        raise ValueError(f"{name} has no values. Nothing was added.")
    return read


def _read_points(over: Any) -> list[Point]:
    rows = _rows(over)
    names = {_checked_name(name): None for row in rows for name in row}
    points = []
    for at, row in enumerate(rows):
        lacking = [name for name in names if name not in row]
        if lacking:
            raise ValueError(
                f"Point {at} has no {', '.join(lacking)}. Each point needs every swept name, so"
                " sweep points without it in a separate call. Nothing was added."
            )
        points.append({name: _single(name, row[name], f"{name} of point {at}") for name in names})
    if not points or not names:
        raise ValueError("over has no points. Nothing was added.")
    return points


def _rows(over: Any) -> list[Mapping[str, Any]]:
    if hasattr(over, "to_dicts"):  # polars
        over = over.to_dicts()
    elif hasattr(over, "to_dict") and hasattr(over, "columns"):  # pandas
        over = over.to_dict("records")
    if isinstance(over, str) or not isinstance(over, Iterable):
        raise TypeError(
            "over must be a mapping of names to values, or points (mappings or a DataFrame), got"
            f" {shown(over)}. Nothing was added."
        )
    rows = list(over)
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise TypeError(
                f"Point {at} must be a mapping such as {{'phi': 0.3}}, got {shown(row)}."
                " Nothing was added."
            )
    return rows


def _single(name: str, value: Any, where: str) -> Value:
    if isinstance(value, Mapping) and len(value) == 1:
        return _named(name, *next(iter(value.items())))
    return _read(name, value, where)


def _named(name: str, key: Any, given: Any) -> Value:
    if not isinstance(key, str) or not key:
        raise TypeError(f"The name of a value of {name} must be a string, got {shown(key)}.")
    return Value(key, given, "text")


def _read(name: str, value: Any, where: str) -> Value:
    if is_missing(value):
        raise ValueError(f"{where} is missing ({shown(value)}). Nothing was added.")
    label = label_of(value)
    if is_known_by_text(value):
        return Value(label, value, "text")
    if isinstance(label, bool):
        return Value(label, label, "boolean")
    if isinstance(label, int | float):
        return Value(label, label, "number")
    if not isinstance(label, str):
        raise _unnamed(name, value)
    if isinstance(value, str) and not isinstance(value, Enum):
        return Value(label, label, "text")
    is_date = isinstance(value, date) or getattr(getattr(value, "dtype", None), "kind", "") == "M"
    return Value(label, value, "datetime" if is_date else "text")


def _is_single(value: Any) -> bool:
    """Return whether this is a single value."""
    if isinstance(value, str | bytes) or is_missing(value):
        return True
    if is_known_by_text(value):
        return True
    if is_perceval(value):
        return not isinstance(value, Mapping) and not hasattr(value, "dtype")
    return isinstance(plain(value), bool | int | float | str)


def _unnamed(name: str, value: Any) -> TypeError:
    kind = type(value).__name__
    return TypeError(
        f"A value of {name} of type {kind} needs a fixed name:"
        f" over={{{name!r}: {{'first': ..., 'second': ...}}}}. Nothing was added."
    )


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise TypeError(f"A swept name must be a string, got {shown(name)}. Nothing was added.")
    if name in RESULT_NAMES:
        raise ValueError(
            f"{name!r} cannot be swept: results have a column of that name. Rename it, for example"
            f" {name + '_value'!r}. Nothing was added."
        )
    return name
