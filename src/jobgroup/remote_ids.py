"""Ids on clouds, of entries that are several jobs there too: theirs stand side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeGuard

from jobgroup.words import shown

_BETWEEN: Final = " + "

MAX_CHARACTERS: Final = 200
"""Characters of an id."""


def is_id(text: object) -> TypeGuard[str]:
    """Return whether a value can be a job's id on a cloud, whatever is in it.

    An id is one segment of a path. Everything in it can be percent-encoded but the dots of a
    segment that has nothing else, which each url parser resolves, encoded or not.

    >>> is_id("a/../b?#%2e"), is_id(".."), is_id("a1 + b2"), is_id(7)
    (True, False, False, False)
    """
    return (
        isinstance(text, str)
        and 0 < len(text) <= MAX_CHARACTERS
        and text.isprintable()
        and text == text.strip()
        and bool(text.strip("."))
        and _BETWEEN not in text
    )


def shown_id(value: object) -> str:
    """What a cloud gave for an id and is none, for a person who looks for the job by it.

    >>> shown_id("a + b"), shown_id({"id": 7})
    ("'a + b'", "{'id': 7}")
    """
    return shown(value, MAX_CHARACTERS + 50)


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
