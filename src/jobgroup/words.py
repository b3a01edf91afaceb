"""Format texts for people, harmless on a terminal, and search in them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jobgroup.status import STATES


def plain(text: object) -> str:
    r"""Return a text without control characters, but with its line breaks.

    >>> plain("done\x1b[2J\nnext")
    'done [2J\nnext'
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def on_one_line(text: object) -> str:
    r"""Return a text without control characters, with spaces in place of line breaks.

    >>> on_one_line("one\ntwo\x07")
    'one two '
    """
    return plain(text).replace("\n", " ")


def format_count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> format_count(1, "job"), format_count(1200, "job"), format_count(2, "entry", "entries")
    ('1 job', '1,200 jobs', '2 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def format_states(counts: Mapping[str, int]) -> str:
    """Return the number of jobs in each state, in the order of the states.

    >>> format_states({"success": 2, "cancel_requested": 1, "error": 0})
    '1 cancel requested, 2 success'
    """
    states = (f"{counts[state]} {state}" for state in STATES if counts.get(state))
    return ", ".join(states).replace("_", " ")


def format_counts(counts: Mapping[str, int]) -> str:
    """Return the number of jobs, in total and in each state.

    >>> format_counts({"success": 2, "unsent": 1})
    '3 jobs (1 unsent, 2 success)'
    """
    states = format_states(counts)
    return f"{format_count(sum(counts.values()), 'job')}{f' ({states})' * bool(states)}"


def shown(value: object, at_most: int = 80) -> str:
    r"""Return a value as a message quotes it: escaped, and at most a line or two long.

    >>> shown("a\x1b"), shown("x" * 100, 10)
    ("'a\\x1b'", "'xxxxxxxx…")
    """
    try:
        # of a long text only the beginning is escaped
        text = repr(value[: at_most + 1] if isinstance(value, str | bytes) else value)
    except Exception:  # noqa: BLE001  # it is nested too deeply, or its own repr fails
        return f"a {type(value).__name__}"
    return text if len(text) <= at_most + 2 else f"{text[: at_most - 1]}…"


def text_of(what: str, value: object) -> str:
    """Return the text that a user gave for a note or the like.

    Raises:
        TypeError: the value has no text, such as endless nesting.
    """
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  # code of the value's class
        raise TypeError(
            f"The {what} is a text, not {type(value).__name__} that has none"
            f" ({type(error).__name__}). Nothing was changed."
        ) from None


@dataclass(frozen=True, slots=True)
class Searched:
    """The parts of a job that a search looks through.

    Attributes:
        state: state, found by its beginning.
        place: position, found as ``#3``.
        texts: texts, found by any part.
        named: values by name.
    """

    state: str
    place: int
    texts: Iterable[str]
    named: Iterable[tuple[str, Any]]


def sought(words: str) -> Callable[[Searched], bool]:
    """Return a test of whether a job contains all of the words.

    ``name=value`` is a name with the whole of its value, or a whole word of a text, with or without
    blanks around the ``=``; numbers are compared as numbers, and ``name=`` is an empty value. Any
    other word may be a part of a text. The dashboard does the same
    (``js/src/data/order.ts``).

    Raises:
        TypeError: the words are not a text.

    >>> finds = sought("n = 1.0 laser")
    >>> [finds(Searched("unsent", 0, ["Laser 3"], [("n", n)])) for n in (1, 1.0, 10)]
    [True, True, False]
    """
    if not isinstance(words, str):
        raise TypeError(f"Jobs are found by words, a text, not by {type(words).__name__}.")
    wanted = _tight(words.lower()).split()

    def finds(job: Searched) -> bool:
        state, text = job.state, _lines(job)
        return all(
            state.startswith(word) or stands(at, word, text) for at, word in enumerate(wanted)
        )

    def stands(at: int, word: str, text: str) -> bool:
        if not _IS_WHOLE.search(word):
            return word in text
        # the words after it may belong to its value
        tails = (" ".join(wanted[at:end]) for end in range(at + 1, len(wanted) + 1))
        return any(f"\n{tail}\n" in text or f"\n{_counted(tail)}\n" in text for tail in tails)

    return finds


def _tight(text: str) -> str:
    """Return a text without the blanks around each ``=``."""
    return _LOOSE.sub("=", text)


def _counted(tail: str) -> str:
    """``name=value`` with a number in the one spelling that it has in `_lines`."""
    return _NUMBER.sub(lambda found: f"={_spelt(found[1])}", tail)


def _spelt(number: str) -> str:
    try:
        return _as_text(int(number) if number.isdecimal() else float(number))
    except ValueError:  # no number after all, or one of thousands of digits
        return number


def _lines(job: Searched) -> str:
    """A line for each word of its texts and for each name with its value."""
    texts = (_BETWEEN.sub("\n", _tight(text)) for text in job.texts)
    named = (_tight(f"{name}={_as_text(value)}") for name, value in job.named if value is not None)
    return "\n".join([f"\n#{job.place}", *texts, *named, ""]).lower()


def _as_text(value: object) -> str:
    """Return a value as text, whole numbers without a decimal point."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


_IS_WHOLE: Final = re.compile("^#|=")
_LOOSE: Final = re.compile(r"\s*=\s*")
_NUMBER: Final = re.compile(r"=([-+.\de]+)$", re.ASCII)
_BETWEEN: Final = re.compile(r"[,;]?\s+")
