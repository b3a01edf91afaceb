"""Formulas of circuit parameters, such as ``2*phi + pi/4``, checked by a grammar before use.

Perceval hands formulas to sympy, which evaluates them as Python. This module accepts
arithmetic and nothing else: numbers, names, ``+ - * / **``, parentheses, and a few functions.

    sum     = product {("+" | "-") product}
    product = factor {("*" | "/") factor}
    factor  = ("+" | "-") factor | power
    power   = atom ["**" factor]
    atom    = number | name | function "(" sum ")" | "(" sum ")"
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

MAX_LENGTH: Final = 1_000
"""Characters of a formula."""

MAX_DEPTH: Final = 30
"""Parentheses, functions and exponents within each other."""

MAX_EXPONENT: Final = 100
MAX_DEGREE: Final = 1_000
"""Of a formula as a polynomial of its names: exponents of exponents multiply."""

MAX_NUMBER: Final = 10**15
"""The largest number that a part without names may amount to."""

MAX_DENOMINATOR: Final = 10**60

FUNCTIONS: Final = frozenset(
    {"sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "log", "sqrt"}
    | {"Abs", "re", "im", "arg", "conjugate"}
)
CONSTANTS: Final = frozenset({"pi", "E", "I"})

_ZERO: Final = Fraction(0)
_FOUR: Final = Fraction(4)
_MOST_BITS: Final = 2_000
_GROWING: Final = frozenset({"exp", "sinh", "cosh", "tan"})
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:\d{1,40}\.\d{0,40}|\.\d{1,40}|0|[1-9]\d{0,39})(?:[eE][+-]?\d{1,2})?)(?![\w.])"
    r"|(?P<name>[^\W\d]\w{0,63})|(?P<sign>\*\*|[-+*/()]))"
)
_NOT_SYMBOLS: Final = re.compile(r"[\s:,]")


class FormulaError(ValueError):
    """A text is no formula that is used; the text says why, of "it"."""


def check_formula(text: str, names: frozenset[str] | None = None) -> None:
    """See that a formula is arithmetic within bounds.

    Args:
        text: the formula.
        names: the parameters that it may name; None for any.

    Raises:
        FormulaError: it is not.

    >>> check_formula("2*phi + sqrt(pi)/4", frozenset({"phi"}))
    >>> check_formula("phi.real")
    Traceback (most recent call last):
        ...
    jobgroup.decoding.formulas.FormulaError: '.real' is no part of a formula
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"it has more than {MAX_LENGTH} characters")
    _Parser(text, names).check()


def check_name(name: str) -> None:
    """See that a parameter's name is one symbol, and no range of them; FormulaError if not."""
    if len(name) > MAX_LENGTH or _NOT_SYMBOLS.search(name) or not name.isprintable():
        raise FormulaError(f"{name[:20]!r} is no name of one parameter")


@dataclass(frozen=True, slots=True)
class _Value:
    """Bounds of a part.

    Attributes:
        exact: its value, None where names, constants or functions are in it.
        most: the sum of its numbers' magnitudes where every name counts as one: no simplification
            makes more of it, so ``a - a + 5`` is 7 at most.
        degree: its own in its names.
    """

    exact: Fraction | None
    most: Fraction = Fraction(4)
    degree: Fraction = Fraction(1)


_SYMBOL: Final = _Value(None)


class _Parser:
    """Each method reads what it is called after, and returns what is known of it.

    sympy computes what has no names at once and exactly, so numbers are bounded before it does.
    """

    def __init__(self, text: str, names: frozenset[str] | None) -> None:
        self._names = names
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0
        self._is_exponent = False
        self._is_growing = False

    def check(self) -> None:
        self._sum()
        if self._at < len(self._tokens):
            raise FormulaError(f"{self._tokens[self._at][1][:20]!r} follows its end")

    def _take(self, *signs: str) -> str | None:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "sign" and text in signs:
                self._at += 1
                return text
        return None

    def _sum(self) -> _Value:
        left = self._product()
        while sign := self._take("+", "-"):
            right = self._product()
            exact = None
            if left.exact is not None and right.exact is not None:
                exact = left.exact + right.exact * (1 if sign == "+" else -1)
            left = _bounded(exact, left.most + right.most, max(left.degree, right.degree))
        return left

    def _product(self) -> _Value:
        left = self._factor()
        while sign := self._take("*", "/"):
            right = self._factor()
            if sign == "/":
                right = self._inverse(right)
            exact = None
            if left.exact is not None and right.exact is not None:
                exact = left.exact * right.exact
            left = _bounded(exact, left.most * right.most, left.degree + right.degree)
        return left

    def _inverse(self, value: _Value) -> _Value:
        if value.exact == 0:
            raise FormulaError("it divides by zero")
        if value.exact is not None:
            return _bounded(1 / value.exact, 1 / abs(value.exact), Fraction(0))
        if self._is_exponent:
            raise FormulaError("it has an exponent that divides by a name")
        return _Value(None, value.most, value.degree)

    def _factor(self) -> _Value:
        negations = 0
        while sign := self._take("+", "-"):
            negations += sign == "-"
        value = self._power()
        if negations % 2 and value.exact is not None:
            return _Value(-value.exact, value.most, value.degree)
        return value

    def _power(self) -> _Value:
        base = self._atom()
        if not self._take("**"):
            return base
        was_exponent, self._is_exponent = self._is_exponent, True
        self._enter()
        exponent = self._factor()
        self._depth -= 1
        self._is_exponent = was_exponent
        if exponent.most > MAX_EXPONENT:
            raise FormulaError(f"it has an exponent beyond {MAX_EXPONENT}")
        if exponent.exact is None or base.exact is None:
            if was_exponent:
                raise FormulaError("it has powers of names in an exponent")
            if exponent.exact is None and self._is_growing:
                raise FormulaError("it has exponents within exponents")
            return _bounded(None, base.most, max(base.degree, Fraction(1)) * (exponent.most + 1))
        if base.exact == 0 and exponent.exact < 0:
            raise FormulaError("it divides by zero")
        if exponent.exact.denominator != 1:  # a root, which sympy keeps as one
            if was_exponent:
                raise FormulaError("it has a root in an exponent")
            return _Value(None, _FOUR, _ZERO)
        bits = max(base.exact.numerator.bit_length(), base.exact.denominator.bit_length())
        if bits * abs(int(exponent.exact)) > _MOST_BITS:
            raise FormulaError(f"it has a number beyond {MAX_NUMBER:.0e}")
        exact = base.exact ** int(exponent.exact)
        return _bounded(exact, abs(exact), _ZERO)

    def _atom(self) -> _Value:
        if self._take("("):
            self._enter()
            return self._closed()
        if self._at >= len(self._tokens):
            raise FormulaError("its end is missing")
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            number = Fraction(text)
            return _bounded(number, number, _ZERO)
        if kind == "sign":
            raise FormulaError(f"{text!r} stands where a number or a name belongs")
        return self._named(text)

    def _named(self, name: str) -> _Value:
        if self._take("("):
            return self._called(name)
        if self._names is not None and name in self._names:
            return _SYMBOL
        if name in CONSTANTS:
            return _Value(None, _FOUR, _ZERO)
        if self._names is not None:
            raise FormulaError(f"{name!r} is none of its parameters")
        if keyword.iskeyword(name) or name in FUNCTIONS or name.startswith("__"):
            raise FormulaError(f"{name!r} is no name of a parameter")
        return _SYMBOL

    def _called(self, name: str) -> _Value:
        if name not in FUNCTIONS:
            raise FormulaError(f"{name!r} is no function that formulas may have")
        if self._is_exponent:
            raise FormulaError("it has functions in an exponent")
        was_growing = self._is_growing
        if name in _GROWING:
            if was_growing:
                raise FormulaError("it has exponents within exponents")
            self._is_growing = True
        self._enter()
        inner = self._closed()
        self._is_growing = was_growing
        return _Value(None, _FOUR, max(inner.degree, Fraction(1)))

    def _closed(self) -> _Value:
        value = self._sum()
        if not self._take(")"):
            raise FormulaError("a parenthesis is not closed")
        self._depth -= 1
        return value

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FormulaError(f"it has more than {MAX_DEPTH} parentheses within each other")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise FormulaError(f"{text[at : at + 20].strip()!r} is no part of a formula")
        kind = found.lastgroup or ""
        if kind == "name" and unicodedata.normalize("NFKC", found[kind]) != found[kind]:
            raise FormulaError(f"{found[kind]!r} can be read as another name")
        yield kind, found[kind]
        at = found.end()


def _bounded(exact: Fraction | None, most: Fraction, degree: Fraction) -> _Value:
    if most > MAX_NUMBER or (exact is not None and exact.denominator > MAX_DENOMINATOR):
        raise FormulaError(f"it has a number beyond {MAX_NUMBER:.0e}, or too many digits")
    if degree > MAX_DEGREE:
        raise FormulaError(f"its degree is beyond {MAX_DEGREE}")
    return _Value(exact, most, degree)
