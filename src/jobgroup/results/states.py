"""Read, label and sort output states. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

_STATE: Final = re.compile(r"\|(.*)>", re.DOTALL)
_PADDING: Final = re.compile(r" +|(?<=[|, ])0+(?=[0-9])")
_MODES: Final = re.compile(r",(?![^{]*\})")
_PHOTONS: Final = re.compile(r"(\d*)\{[^}]*\}|(\d+)")
"""Photons with an annotation (one photon without a number), or photons without an annotation."""


class Shape(NamedTuple):
    """The photons in each mode of a state."""

    occupation: tuple[int, ...]

    @property
    def modes(self) -> int:
        """Number of modes."""
        return len(self.occupation)

    @property
    def photons(self) -> int:
        """Number of photons."""
        return sum(self.occupation)


@lru_cache(maxsize=100_000)
def shape_of(state: str) -> Shape | None:
    """Return the photons in each mode; None if the text is not a Fock state.

    >>> shape_of("|2,{P:H}{P:V},3{0}1>").occupation
    (2, 2, 4)
    """
    found = _STATE.fullmatch(state)
    if found is None:
        return None
    modes = _MODES.split(found[1]) if found[1] else []
    try:
        return Shape(tuple(map(_photons, modes)))
    except ValueError:
        return None


def _photons(mode: str) -> int:
    if mode.isdecimal():
        return int(mode)
    parts = list(_PHOTONS.finditer(mode))
    if not parts or "".join(found[0] for found in parts) != mode:
        raise ValueError(mode)
    return sum(int(found[1] or found[2] or 1) for found in parts)


def label_of(text: object) -> str:
    """Return a state's label: Perceval's own text, without spaces.

    >>> label_of("|01, 0>")
    '|1,0>'
    """
    label = str(text)
    return _PADDING.sub("", label) if label.startswith("|") else label


def in_order(states: Iterable[str]) -> list[str]:
    """Sort states by number of photons, and then by descending occupation of the first modes.

    >>> in_order(["|0,2>", "|1,0>", "|1,1>", "|2,0>"])
    ['|1,0>', '|2,0>', '|1,1>', '|0,2>']
    """
    return sorted(states, key=order_key)


def order_key(state: str) -> tuple[bool, int, tuple[int, ...], str]:
    """Return the sorting key of a state; strings that are not Fock states come last."""
    shape = shape_of(state)
    if shape is None:
        return True, 0, (), state
    return False, shape.photons, tuple(-n for n in shape.occupation), state
