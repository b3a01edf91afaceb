"""Ids on clouds, of entries that are several jobs there too: theirs stand side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_BETWEEN: Final = " + "  # no cloud's ids hold blanks, they stand in urls


def joined(ids: Iterable[str]) -> str:
    """The id of an entry that is those jobs on its cloud.

    >>> joined(["a1", "b2"]), joined(["a1"])
    ('a1 + b2', 'a1')
    """
    return _BETWEEN.join(ids)


def joined_parts(ids: Mapping[int, str]) -> str:
    """The id of an entry by the ids of its parts, which have numbers.

    >>> joined_parts({1: "b2", 0: "a1"})
    'a1 + b2'
    """
    return joined(ids[number] for number in sorted(ids))


def each_of(remote_id: str) -> list[str]:
    """The ids of the jobs that an entry is on its cloud, usually one.

    >>> each_of("a1 + b2"), each_of("a1")
    (['a1', 'b2'], ['a1'])
    """
    try:
        return remote_id.split(_BETWEEN)
    except (AttributeError, TypeError):  # a damaged row has bytes or a number there
        return [remote_id]
