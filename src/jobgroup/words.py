"""Format text for people. The text cannot control a terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobgroup.status import STATES


def plain(text: object) -> str:
    r"""Return text without control characters except line breaks.

    >>> plain("done\x1b[2J\nnext")
    'done [2J\nnext'
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def on_one_line(text: object) -> str:
    r"""Return text without control characters, with spaces in place of line breaks.

    >>> on_one_line("one\ntwo\x07")
    'one two '
    """
    return plain(text).replace("\n", " ")


def as_sentence(text: object) -> str:
    """Return text with a period at its end, so that another sentence can follow.

    >>> as_sentence("No such circuit"), as_sentence("Why?"), as_sentence("He said 'no.'")
    ('No such circuit.', 'Why?', "He said 'no.'")
    """
    said = str(text).rstrip()
    is_ended = not said or said.rstrip("\"')”’").endswith((".", "!", "?", "…"))
    return said if is_ended else f"{said}."


def format_count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> format_count(1, "job"), format_count(1200, "job"), format_count(2, "entry", "entries")
    ('1 job', '1,200 jobs', '2 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def format_duration(seconds: float) -> str:
    """Return a duration as text. Whole seconds, which clouds report, get no decimals.

    >>> format_duration(0), format_duration(3), format_duration(0.02), format_duration(1.24)
    ('< 1 s', '3 s', '< 0.1 s', '1.2 s')
    >>> format_duration(48.2), format_duration(184), format_duration(7500)
    ('48 s', '3 min 04 s', '2 h 05 min')
    """
    if seconds < 10 and seconds % 1 == 0:
        return f"{seconds:.0f} s" if seconds > 0 else "< 1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds >= 0.05 else "< 0.1 s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def format_unended(number: int, group: str) -> str:
    """Return the beginning of a sentence about jobs that have not ended.

    >>> format_unended(1, "scan")
    "1 job of 'scan' has not ended"
    """
    return (
        f"{format_count(number, 'job')} of {group!r} {'has' if number == 1 else 'have'} not ended"
    )


def format_states(counts: Mapping[str, int]) -> str:
    """Return the number of jobs in each state, in the order of the states.

    >>> format_states({"success": 2_000, "cancel_requested": 1, "error": 0})
    '1 cancel requested, 2,000 success'
    """
    states = (f"{counts[state]:,} {state}" for state in STATES if counts.get(state))
    return ", ".join(states).replace("_", " ")


def format_counts(counts: Mapping[str, int]) -> str:
    """Return the number of jobs, in total and in each state.

    >>> format_counts({"success": 2, "unsent": 1})
    '3 jobs (1 unsent, 2 success)'
    """
    states = format_states(counts)
    return f"{format_count(sum(counts.values()), 'job')}{f' ({states})' * bool(states)}"


def format_jobs(positions: Sequence[int]) -> str:
    """Return the names of jobs at the start of a sentence.

    >>> format_jobs([3]), format_jobs([4, 0, 1]), format_jobs(range(2_000))
    ('Job 3', '3 jobs (0, 1, 4)', '2,000 jobs (0, 1, 2, 3, 4, 5, 6, 7, ..., 1999)')
    """
    names = [str(position) for position in sorted(positions)]
    if len(names) == 1:
        return f"Job {names[0]}"
    if len(names) > 10:
        names[8:-1] = ["..."]
    return f"{format_count(len(positions), 'job')} ({', '.join(names)})"


def shown(value: object, at_most: int = 80) -> str:
    r"""Return a value as messages quote it: escaped and shortened.

    >>> shown("a\x1b"), shown("x" * 100, 10)
    ("'a\\x1b'", "'xxxxxxxx…")
    """
    try:
        # Only the beginning of a long text is escaped.
        text = repr(value[: at_most + 1] if isinstance(value, str | bytes) else value)
    except Exception:  # noqa: BLE001 # the value is nested too deeply, or its repr fails
        return f"a {type(value).__name__}"
    return text if len(text) <= at_most + 2 else f"{text[: at_most - 1]}…"


def text_of(what: str, value: object) -> str:
    """Return a user's text, for example a note; "" for None.

    Raises:
        TypeError: the value cannot be written as text, for example because it contains itself.
    """
    try:
        return "" if value is None else str(value)
    except Exception as error:  # noqa: BLE001 # the value's class may raise anything
        raise TypeError(
            f"{what} must be a string, got a {type(value).__name__} that cannot be written as one"
            f" ({type(error).__name__}). Nothing was changed."
        ) from None
