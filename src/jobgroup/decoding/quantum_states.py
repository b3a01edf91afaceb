"""Read states, counts, distributions and samples with a grammar instead of Perceval.

A state is a string such as ``|1,0,2>``. A photon may have annotations, as in ``|{P:H}1,0>``. Their
values must be numbers or one of the letters HVDALR, because Perceval evaluates any other value as
Python code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from jobgroup.decoding.bounds import Budget, RefusedError

_LETTERS: Final = "HVDALR"
_VALUE: Final = rf"(?:[{_LETTERS}]|\d{{1,6}}(?:\.\d{{1,12}})?)"
_ANNOTATION: Final = (
    rf"\{{(?:\d{{1,6}}|[A-Za-z_]\w{{0,15}}:{_VALUE}(?:,[A-Za-z_]\w{{0,15}}:{_VALUE}){{0,3}})\}}"
)
_MODE: Final = (
    rf"(?:\d{{1,3}}(?:{_ANNOTATION}\d{{0,3}}){{0,64}}|(?:{_ANNOTATION}\d{{0,3}}){{1,64}})"
)
_STATE: Final = rf"\|(?:{_MODE}(?:, ?{_MODE})*+)?+>"
_INTEGER: Final = r"[0-9]{1,18}"
_NUMBER: Final = (
    r"[-+]?(?:(?:[0-9]{1,40}(?:\.[0-9]{0,80})?|\.[0-9]{1,80})(?:[eE][-+]?[0-9]{1,3})?|nan|inf)"
)
_TERM: Final = rf"\({_NUMBER},{_NUMBER}\)\*{_STATE}"

_COUNT: Final = rf"({_STATE})=({_INTEGER})(;|\Z)"
_PROBABILITY: Final = rf"({_STATE})=({_NUMBER})(;|\Z)"
_SAMPLE: Final = rf"({_STATE})(;|\Z)"
_INDEX: Final = r"([0-9]{1,7})(;|\Z)"
_TERMS: Final = rf"{_TERM}(\+|=|\Z)"
_SHARE: Final = rf"{_NUMBER}(;|\Z)"
_NUMBERS: Final = re.compile(r"[0-9]+")

_ITEMS_OF_A_TERM: Final = 15
"""Number of items for which each term of a superposition counts. Perceval adds terms slowly."""

_STATE_BYTES: Final = 64
_SAMPLE_BYTES: Final = 24

_CONDITION: Final = re.compile(
    r"(?:[\[\]()0-9, <>=!&|^]|(?:AND|OR|XOR|NOT|and|or|xor|not)\b){0,4000}+"
)
NOISE: Final = frozenset(
    {"brightness", "indistinguishability", "g2", "g2_distinguishable", "transmittance"}
    | {"phase_imprecision", "phase_error"}
)


@cache  # at the first use, because compiling all takes 5 % of the import of jobgroup
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def check_state(text: str, budget: Budget) -> str:
    """Return a state's text unchanged, or raise RefusedError if it is not valid."""
    if not _compiled(_STATE).fullmatch(text):
        raise RefusedError(f"{text[:40]!r} is not a valid state")
    budget.take_items()
    budget.take_cells(_STATE_BYTES + _weight(text))
    return text


def counts(text: str, budget: Budget) -> Iterator[tuple[str, int]]:
    """Yield each state and its count from a string such as ``{|1,0>=3;|0,1>=4}``."""
    for state, number in _entries(_COUNT, text, budget):
        yield state, int(number)


def probabilities(text: str, budget: Budget) -> Iterator[tuple[str, float]]:
    """Yield each state and its probability from a string such as ``{|1,0>=0.25;|0,1>=0.75}``."""
    for state, number in _entries(_PROBABILITY, text, budget):
        yield state, float(number)


def samples(text: str, budget: Budget) -> tuple[list[str], Iterator[int]]:
    """Return the distinct states in a string of samples, and the index of each sample's state.

    An example of such a string is ``|1,0>;|0,1>/0;1;1;0``.
    """
    middle = text.find("/")
    if middle < 0 or (middle == 0 and len(text) > 1):
        raise RefusedError("its samples cannot be read")
    if middle == 0:
        return [], iter(())
    states = []
    for found in _all(_SAMPLE, text, 0, middle, budget):
        budget.take_items()
        states.append(found[1])
    weights = [_SAMPLE_BYTES + _weight(state) for state in states]
    return states, _indices(text, middle + 1, weights, budget)


def check_vector(text: str, budget: Budget) -> str:
    """Return a superposition's text unchanged, such as ``(0.6,0)*|1,0>+(0,0.8)*|0,1>``.

    Raises:
        RefusedError: the text is not a valid superposition, or it exceeds the budget.
    """
    end = _terms(text, 0, budget)
    if end != len(text):
        raise RefusedError("its states cannot be read")
    return text


def check_vectors(text: str, budget: Budget) -> str:
    """Return the text of a distribution of superpositions unchanged.

    An example is ``{(1,0)*|1,0>=0.5;(1,0)*|0,1>=0.5}``.

    Raises:
        RefusedError: the text is not a valid distribution, or it exceeds the budget.
    """
    _braces(text)
    at, end = 1, len(text) - 1
    while at < end:
        at = _terms(text, at, budget)
        share = _compiled(_SHARE).match(text, at, end)
        if share is None or (share[1] and share.end() == end):
            raise RefusedError("its states cannot be read")
        at = share.end()
    return text


def check_noise(text: str, _budget: Budget) -> str:
    """Return the text of a noise model: a JSON object with known names and numbers or null.

    Raises:
        RefusedError: the text is not a noise model.
    """
    try:
        found = json.loads(text) if len(text) < 10_000 else None
    except (ValueError, RecursionError):
        found = None
    if not (
        isinstance(found, dict)
        and found.keys() <= NOISE
        and all(value is None or isinstance(value, int | float) for value in found.values())
    ):
        raise RefusedError("its noise has unknown names or values that are not numbers")
    return json.dumps(found)


def check_condition(text: str, _budget: Budget) -> str:
    """Return the text of a post-selection unchanged, such as ``[0,1]==1 & [2]>0``.

    Raises:
        RefusedError: the text is too long, or contains anything but modes, numbers, comparisons and
            logical operators.
    """
    if not _CONDITION.fullmatch(text) or text.count("(") > 100:
        raise RefusedError("its post-selection has more than modes, numbers and comparisons")
    return text


def _entries(pattern: str, text: str, budget: Budget) -> Iterator[tuple[str, str]]:
    _braces(text)
    for found in _all(pattern, text, 1, len(text) - 1, budget):
        budget.take_items()
        yield found[1], found[2]


def _all(pattern: str, text: str, at: int, end: int, budget: Budget) -> Iterator[re.Match[str]]:
    """Yield adjacent matches of a pattern, or raise RefusedError at a part that does not match."""
    compiled = _compiled(pattern)
    while at < end:
        found = compiled.match(text, at, end)
        if found is None or (found[found.lastindex or 0] and found.end() == end):
            raise RefusedError(f"{text[at : at + 40]!r} in it is not a valid state")
        budget.take_cells(_STATE_BYTES + _weight(found[1]))
        yield found
        at = found.end()


def _indices(text: str, at: int, weights: list[int], budget: Budget) -> Iterator[int]:
    end, index = len(text), _compiled(_INDEX)
    while at < end:
        found = index.match(text, at)
        number = -1 if found is None else int(found[1])
        if found is None or number >= len(weights) or (found[2] and found.end() == end):
            raise RefusedError("its samples cannot be read")
        budget.take_cells(weights[number])
        yield number
        at = found.end()


def _terms(text: str, at: int, budget: Budget) -> int:
    """Return the position after the terms that begin at `at`: after "=", or at the text's end."""
    sign = "+"
    while sign == "+":
        found = _compiled(_TERMS).match(text, at)
        if found is None:
            raise RefusedError("its states cannot be read")
        budget.take_items(_ITEMS_OF_A_TERM)
        budget.take_cells(_STATE_BYTES + _weight(found[0]))
        at, sign = found.end(), found[1]
    return at


def _braces(text: str) -> None:
    if not (len(text) >= 2 and text[0] == "{" and text[-1] == "}"):
        raise RefusedError("its braces are missing")


def _weight(state: str) -> int:
    """Return the approximate number of bytes that a state's modes and photons take in memory."""
    if len(state) == state.count(",") * 2 + 3:  # one digit per mode, as in nearly all states
        digits = state[1:-1:2].encode()
        return sum(digits) - 47 * len(digits)
    return len(state) + sum(min(int(n), 999) for n in _NUMBERS.findall(state))


TEXTS: Final = {
    "BasicState": check_state,
    "FockState": check_state,
    "NoisyFockState": check_state,
    "AnnotatedFockState": check_state,
    "StateVector": check_vector,
    "SVDistribution": check_vectors,
    "NoiseModel": check_noise,
    "PostSelect": check_condition,
}
"""Function that checks each kind of object, by kind."""

SPREAD: Final = frozenset({"BSCount", "BSDistribution", "BSSamples"})
"""Kinds with many states, which are built one at a time."""


def as_plain(kind: str, text: str, budget: Budget) -> dict[str, Any] | list[str]:
    """Return counts or a distribution as a dictionary, or samples as a list.

    Raises:
        RefusedError: the text is not valid, or it exceeds the budget.
    """
    if kind == "BSSamples":
        states, order = samples(text, budget)
        return [states[i] for i in order]
    return dict((counts if kind == "BSCount" else probabilities)(text, budget))


def check_spread(kind: str, text: str, budget: Budget) -> str:
    """Return the text of counts, a distribution or samples unchanged.

    Raises:
        RefusedError: the text is not valid, or it exceeds the budget.
    """
    as_plain(kind, text, budget)
    return text
