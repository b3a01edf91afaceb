"""Search jobs with queries, for `JobGroup.find` and the dashboard. Pure.

The dashboard has its own version, `js/src/data/search.ts`. Tests run both versions on
`tests/search_examples.json`.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from jobgroup.status import LABELS, parse_state
from jobgroup.words import shown


@dataclass(frozen=True, slots=True)
class Searched:
    """The parts of a job that a search examines.

    Attributes:
        position: position, found with ``#3``.
        state: state, found with ``is:`` or with the start of its name.
        texts: strings to search for words and phrases.
        columns: pairs of a column's name and a value. A name may occur several times.
    """

    position: int
    state: str
    texts: Sequence[str]
    columns: Sequence[tuple[str, Any]]


Test = Callable[[Searched], bool]

_TERM: Final = re.compile(
    r"""\s*(?:
        is:(?P<state>"[^"]*"?|\S*)
      | \#(?P<range>\S*)
      | (?P<name>"[^"]*"|\|[^>\s]*>|[^\s"=<>!|\#][^\s"=<>!]*)?
        \s*(?P<relation>>=|<=|!=|=|<|>)
        (?:(?P<empty>\s*$)|\s*(?P<value>"[^"]*"?|\S+))
      | (?P<phrase>"[^"]*"?)
      | (?P<word>\S+)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_RANGE: Final = re.compile(r"(\d{1,15})(?:-(\d{1,15}))?", re.ASCII)
_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.ASCII | re.IGNORECASE)
_WHOLE: Final = re.compile(r"[-+]?\d{1,300}", re.ASCII)
_BETWEEN: Final = re.compile(r"[,;]?\s+")
_ORDERS: Final[Mapping[str, Callable[[float, float], bool]]] = MappingProxyType(
    {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
)


def search(query: str, jobs: Sequence[Searched]) -> list[int]:
    """Return the positions of the jobs that match all terms of a query; see `JobGroup.find`.

    Raises:
        TypeError: the query is not a string.
        ValueError: a term has no such state or column, or a comparison lacks a number.

    >>> jobs = [Searched(0, "success", ["dip"], [("phi", 0.3)]), Searched(1, "error", [], [])]
    >>> search("phi>0.2 is:done", jobs), search("is:failed", jobs)
    ([0], [1])
    """
    if not isinstance(query, str):
        raise TypeError(f"A query must be a string such as 'phi>1 is:done', got {shown(query)}.")
    tests = [_test_of(term, jobs) for term in _TERM.finditer(query.strip())]
    return [job.position for job in jobs if all(test(job) for test in tests)]


def _test_of(term: re.Match[str], jobs: Sequence[Searched]) -> Test:
    if term["state"] is not None:
        return _is_in_state(_unquoted(term["state"]))
    if term["range"] is not None:
        return _is_in_range(term["range"])
    if term["relation"] is not None:
        return _compares(term, jobs)
    word = _unquoted(term["phrase"] or term["word"]).lower()
    return lambda job: _has_part(job, word, is_phrase=term["phrase"] is not None)


def _is_in_state(word: str) -> Test:
    wanted = parse_state(word)
    if wanted is None:
        raise ValueError(
            f'No state is called "{word}". The states are {", ".join(LABELS.values())}. Write - for'
            " a space."
        )
    return lambda job: job.state == wanted


def _is_in_range(text: str) -> Test:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise ValueError(f"A position must be like #3 and a range like #120-140, got #{text}.")
    first = int(found[1])
    last = first if found[2] is None else int(found[2])
    return lambda job: first <= job.position <= last


def _compares(term: re.Match[str], jobs: Sequence[Searched]) -> Test:
    relation, given = term["relation"], term["value"] or ""
    if term["name"] is None:
        raise ValueError(f"A column name is missing before {relation}.")
    name, value = _unquoted(term["name"]).lower(), _unquoted(given).lower()
    if not given and relation != "=":
        raise ValueError(f"A value is missing after {name}{relation}.")
    cells = [cell for job in jobs for cell in _cells(job, name)]
    if not cells:
        return _in_texts(term, relation, f"{name}={value}", jobs)
    if relation in _ORDERS:
        return _orders(name, relation, value, cells)
    if relation == "!=":
        return lambda job: _all(not _equals(cell, value) for cell in _cells(job, name))
    word = f"{name}={value}"
    return lambda job: any(_equals(c, value) for c in _cells(job, name)) or _has_word(job, word)


def _in_texts(term: re.Match[str], relation: str, word: str, jobs: Sequence[Searched]) -> Test:
    """Match ``name=value`` as a word in strings, because no job has a column of that name."""
    if jobs and not (relation == "=" and any(_has_word(job, word) for job in jobs)):
        known = dict.fromkeys(column for job in jobs for column, _ in job.columns)
        name = _unquoted(term["name"])
        raise ValueError(
            f'No column is called "{name}". The columns are {", ".join(known)}. To select jobs by'
            " their results, use results_table()."
        )
    return lambda job: _has_word(job, word)


def _orders(name: str, relation: str, value: str, cells: Sequence[Any]) -> Test:
    number, holds = _number(value), _ORDERS[relation]
    if number is None:
        raise ValueError(f'{relation} compares numbers, and "{value}" is not a number.')
    if not any(map(_is_number, cells)):
        raise ValueError(f"{name} has no numbers to compare.")
    return lambda job: any(_is_number(c) and holds(c, number) for c in _cells(job, name))


def _equals(cell: Any, value: str) -> bool:
    return bool(cell == _number(value)) if _is_number(cell) else _text(cell).lower() == value


def _cells(job: Searched, name: str) -> Iterator[Any]:
    return (cell for column, cell in job.columns if column.lower() == name and cell is not None)


def _has_part(job: Searched, word: str, *, is_phrase: bool) -> bool:
    label = LABELS.get(job.state, job.state)
    if not is_phrase and (job.state.startswith(word) or label.startswith(word)):
        return True
    named = (f"{name}={_text(value)}" for name, value in job.columns if value is not None)
    return any(word in text.lower() for text in (*job.texts, *named))


def _has_word(job: Searched, word: str) -> bool:
    return any(word in _BETWEEN.split(text.lower()) for text in job.texts)


def _all(answers: Iterator[bool]) -> bool:
    """Return whether there is at least one value and all values are true."""
    found = list(answers)
    return bool(found) and all(found)


def _unquoted(text: str) -> str:
    return text[1:].removesuffix('"') if text.startswith('"') else text


def _number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    return int(text) if _WHOLE.fullmatch(text) else float(text)  # a float rounds large seeds


def _is_number(value: Any) -> bool:
    if isinstance(value, int):  # `isfinite` raises an error for integers beyond all floats
        return not isinstance(value, bool)
    return isinstance(value, float) and math.isfinite(value)


def _text(value: object) -> str:
    """Return a value as text. Whole numbers have no decimal point."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
