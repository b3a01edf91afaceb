"""Parse and compute expressions of states, performances and numbers, and their errors. Pure.

    sum     = product {("+" | "-") product}
    product = factor {("*" | "/") factor}
    factor  = ("+" | "-") factor | state | name | number | "(" sum ")"

Errors follow from the delta method with the shares' multinomial covariance, ``(diag(p) - pp')/n``
(A. Agresti, *Categorical Data Analysis*, 16.1).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from jobgroup.results.states import label_of, shape_of

MAX_EXPRESSION_LENGTH: Final = 500
MAX_EXPRESSION_DEPTH: Final = 30

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<state>\|[^|<>]*>)|(?P<number>(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,3})?)"
    r"(?![\w.])|(?P<name>[^\W\d]\w{0,63})|(?P<sign>[-+*/()]))"
)
_VARIANCE_OF_ROUNDING: Final = 1e-12


class ExpressionError(ValueError):
    """The text is not an expression; the message says why."""


class Dual(NamedTuple):
    """A number with its derivatives with respect to the variables in it."""

    value: float
    slopes: Mapping[str, float]

    def __add__(self, other: Dual) -> Dual:  # type: ignore[override]
        return self._with(self.value + other.value, 1, other, 1)

    def __sub__(self, other: Dual) -> Dual:
        return self._with(self.value - other.value, 1, other, -1)

    def __mul__(self, other: Dual) -> Dual:  # type: ignore[override]
        return self._with(self.value * other.value, other.value, other, self.value)

    def __truediv__(self, other: Dual) -> Dual:
        ratio = self.value / other.value
        return self._with(ratio, 1 / other.value, other, -ratio / other.value)

    def _with(self, value: float, own: float, other: Dual, others: float) -> Dual:
        names = {**self.slopes, **other.slopes}
        mine, theirs = self.slopes, other.slopes
        return Dual(value, {n: own * mine.get(n, 0.0) + others * theirs.get(n, 0.0) for n in names})


Term = Callable[[Mapping[str, float]], Dual]

OPERATIONS: Final[Mapping[str, Callable[[Dual, Dual], Dual]]] = {
    "+": Dual.__add__,
    "-": Dual.__sub__,
    "*": Dual.__mul__,
    "/": Dual.__truediv__,
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression.

    Attributes:
        text: expression as given.
        states: labels of the states in it.
        names: names of the performances and other scalars in it.
    """

    text: str
    states: tuple[str, ...]
    names: tuple[str, ...]
    _term: Term

    @property
    def is_share(self) -> bool:
        """Whether the expression is a single state."""
        return len(self.states) == 1 and label_of(self.text.strip("() \t\n")) == self.states[0]

    def at(self, values: Mapping[str, float]) -> Dual | None:
        """Return the value with its derivatives; None after an overflow or a division by 0.

        Args:
            values: share of each state, and value of each scalar.
        """
        try:
            found = self._term(values)
        except (ZeroDivisionError, OverflowError):
            return None
        return found if math.isfinite(found.value) else None

    def __reduce__(self) -> tuple[Callable[[str], Expression], tuple[str]]:
        return parse, (self.text,)


def error_of(
    expression: Expression,
    counts: Mapping[str, int],
    samples: int,
    scalars: Mapping[str, float],
    scalar_errors: Mapping[str, float],
) -> float | None:
    """Return the standard error of an expression of counts; None if it has none.

    If the variance is 0 because counts are 0, 1/2 is added to the count of each state in the
    expression and to the total count of all other states. Given the number of samples, shares and
    scalars are independent.

    Args:
        expression: expression whose error to compute.
        counts: count of each state in the expression.
        samples: sum of all counts.
        scalars: value of each scalar in the expression.
        scalar_errors: errors of the scalars that have one.
    """
    named = [counts[state] for state in expression.states]
    if named and not samples:
        return None
    shares = [k / samples for k in named]
    found = expression.at({**dict(zip(expression.states, shares, strict=True)), **scalars})
    if found is None:
        return None
    variance, most = _variance(expression, found, shares, samples)
    rest = samples - sum(named)
    if named and variance <= most * _VARIANCE_OF_ROUNDING and (rest == 0 or 0 in named):
        raised = samples + (len(named) + 1) / 2
        shares = [(k + 0.5) / raised for k in named]
        nearby = expression.at({**dict(zip(expression.states, shares, strict=True)), **scalars})
        if nearby is None:
            return None
        variance = _variance(expression, nearby, shares, raised)[0]
    for name, error in scalar_errors.items():
        variance += (found.slopes.get(name, 0.0) * error) ** 2
    has_error = bool(named) or any(name in scalar_errors for name in expression.names)
    return math.sqrt(max(0.0, variance)) if has_error else None


def _variance(
    expression: Expression, found: Dual, shares: list[float], samples: float
) -> tuple[float, float]:
    """Return the variance by the delta method, and the first of its two terms."""
    slopes = [found.slopes.get(state, 0.0) for state in expression.states]
    squares = sum(g * g * p for g, p in zip(slopes, shares, strict=True))
    mean = sum(g * p for g, p in zip(slopes, shares, strict=True))
    return (squares - mean * mean) / samples, squares / samples


def parse(text: object) -> Expression:
    """Return the parsed expression.

    Raises:
        ExpressionError: the text is not an expression.

    >>> vis = parse("(|1,1> - |2,0>) / (|1,1> + |2,0>)")
    >>> vis.states, vis.at({"|1,1>": 0.3, "|2,0>": 0.1}).value
    (('|1,1>', '|2,0>'), 0.49999999999999994)
    """
    if not isinstance(text, str) or not text.strip():
        raise ExpressionError("An expression must be a string such as '|1,1> * global_perf'.")
    if len(text) > MAX_EXPRESSION_LENGTH:
        raise ExpressionError(
            f"An expression must have at most {MAX_EXPRESSION_LENGTH:,} characters."
        )
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = self._depth = 0
        self._states: dict[str, None] = {}
        self._names: dict[str, None] = {}

    def parse(self) -> Expression:
        term = self._sum()
        if self._peek():
            raise self._unexpected()
        return Expression(self._text, tuple(self._states), tuple(self._names), term)

    def _sum(self) -> Term:
        return self._chain(self._product, "+-")

    def _product(self) -> Term:
        return self._chain(self._factor, "*/")

    def _chain(self, operand: Callable[[], Term], signs: str) -> Term:
        term = operand()
        while (sign := self._peek()) and sign in signs:
            self._at += 1
            term = _combined(OPERATIONS[sign], term, operand())
        return term

    def _factor(self) -> Term:
        self._depth += 1
        if self._depth > MAX_EXPRESSION_DEPTH:
            raise ExpressionError(
                f"{self._text[:40]!r} is nested more than {MAX_EXPRESSION_DEPTH} levels deep."
            )
        term = self._atom()
        self._depth -= 1
        return term

    def _atom(self) -> Term:
        text = self._peek()
        if not text or text in "*/)":
            raise self._unexpected()
        self._at += 1
        if text in "+-":
            sign = Dual(1.0 if text == "+" else -1.0, {})
            return _combined(Dual.__mul__, lambda _: sign, self._factor())
        if text == "(":
            inside = self._sum()
            if self._peek() != ")":
                raise self._unexpected()
            self._at += 1
            return inside
        if text[0].isdigit() or text[0] == ".":
            number = Dual(float(text), {})
            return lambda _: number
        self._note(text)
        return lambda values: Dual(values[text], {text: 1.0})

    def _note(self, text: str) -> None:
        if not text.startswith("|"):
            self._names[text] = None
        elif shape_of(text) is None:
            raise ExpressionError(f"{text[:40]!r} in {self._text[:80]!r} is not a state.")
        else:
            self._states[text] = None

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _unexpected(self) -> ExpressionError:
        found = repr(self._peek()[:40]) if self._peek() else "end"
        return ExpressionError(
            f"{self._text[:80]!r} is not an expression: unexpected {found}. Use states,"
            " performances, numbers, + - * / and parentheses."
        )


def _combined(operation: Callable[[Dual, Dual], Dual], left: Term, right: Term) -> Term:
    return lambda values: operation(left(values), right(values))


def _tokens(text: str) -> Iterator[str]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise ExpressionError(
                f"{text[:80]!r} is not an expression: unexpected {text[at:].strip()[:20]!r}. Use"
                " states, performances, numbers, + - * / and parentheses."
            )
        yield label_of(found[0].strip())
        at = found.end()
