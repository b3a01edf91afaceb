"""Check formulas of circuit parameters, such as ``2*phi + pi/4``, before use.

Perceval passes formulas to sympy, which evaluates them as Python. So only arithmetic is accepted:
numbers, names, ``+ - * / **``, parentheses and a few functions. Python's own parser reads the
formulas, so sympy reads the same. Each node that is not listed here is rejected.
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from typing import Final

MAX_FORMULA_LENGTH: Final = 1_000
"""Maximum number of characters of a formula."""

MAX_FORMULA_DEPTH: Final = 30
"""Maximum depth of nested parentheses and functions, and of exponents."""

MAX_EXPONENT: Final = 100
MAX_DEGREE: Final = 1_000
"""Maximum degree of a formula as a polynomial of its names. Exponents of exponents multiply."""

MAX_NUMBER: Final = 10**15
"""Largest value of a part without names."""

MAX_DENOMINATOR: Final = 10**60

FUNCTIONS: Final = frozenset(
    {"sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "log", "sqrt"}
    | {"Abs", "re", "im", "arg", "conjugate"}
)
CONSTANTS: Final = frozenset({"pi", "E", "I"})

_ZERO: Final = Fraction(0)
_FOUR: Final = Fraction(4)
_MAX_BITS: Final = 2_000
_GROWING: Final = frozenset({"exp", "sinh", "cosh", "tan"})
_ALPHABET: Final = re.compile(r"[\w\s.+\-*/()]*")
_NUMBER: Final = re.compile(
    r"(?:\d{1,40}\.\d{0,40}|\.\d{1,40}|0|[1-9]\d{0,39})(?:[eE][+-]?\d{1,2})?"
)
_NOT_SYMBOLS: Final = re.compile(r"[\s:,]")


class FormulaError(ValueError):
    """A formula is not accepted. The message is a clause that begins with "it"."""


def check_formula(text: str, names: frozenset[str] | None = None) -> None:
    """Raise FormulaError unless a formula is arithmetic within bounds.

    Args:
        text: text of the formula.
        names: names of the parameters that the formula may use; None for any names.

    >>> check_formula("2*phi + sqrt(pi)/4", frozenset({"phi"}))
    >>> check_formula("phi.real")
    Traceback (most recent call last):
        ...
    jobgroup.decoding.formulas.FormulaError: 'phi.real' is not arithmetic
    """
    if len(text) > MAX_FORMULA_LENGTH:
        raise FormulaError(f"it has more than {MAX_FORMULA_LENGTH} characters")
    if not _ALPHABET.fullmatch(text):
        raise FormulaError("it has characters that are not arithmetic")
    if unicodedata.normalize("NFKC", text) != text:
        raise FormulaError("it has a name that can be read as another")
    levels = accumulate((c == "(") - (c == ")") for c in text)
    if max(levels, default=0) > MAX_FORMULA_DEPTH:
        raise FormulaError(f"it has more than {MAX_FORMULA_DEPTH} nested parentheses")
    text = text.strip()
    try:
        expression = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError("it cannot be parsed") from None
    _Checker(text, names).value_of(expression)


def check_name(name: str) -> None:
    """Raise FormulaError unless a parameter's name is a single symbol, not a range of symbols."""
    if len(name) > MAX_FORMULA_LENGTH or _NOT_SYMBOLS.search(name) or not name.isprintable():
        raise FormulaError(f"{name[:20]!r} is not the name of one parameter")


@dataclass(frozen=True, slots=True)
class _Value:
    """Bounds on the value of a part.

    Attributes:
        exact: value of the part; None with names, constants or functions.
        most: sum of the magnitudes of the part's numbers, if each name counts as one. No
            simplification exceeds it: ``a - a + 5`` is at most 7.
        degree: degree of the part in its names.
    """

    exact: Fraction | None
    most: Fraction = _FOUR
    degree: Fraction = Fraction(1)


_SYMBOL: Final = _Value(None)


class _Checker:
    """Checks the nodes of one formula.

    sympy computes parts without names immediately and exactly, so numbers are bounded first.
    """

    def __init__(self, text: str, names: frozenset[str] | None) -> None:
        self._text = text
        self._names = names
        self._exponents = 0
        self._is_growing = False

    def value_of(self, node: ast.expr) -> _Value:
        steps = []
        while isinstance(node, ast.BinOp) and not isinstance(
            node.op, ast.Pow
        ):  # a formula may be long without being deep
            steps.append((node.op, node.right))
            node = node.left
        left = self._factor(node)
        for op, right in reversed(steps):
            left = self._combined(left, op, self._factor(right))
        return left

    def _combined(self, left: _Value, op: ast.operator, right: _Value) -> _Value:
        exact: Fraction | None = None
        match op:
            case ast.Add() | ast.Sub():
                if left.exact is not None and right.exact is not None:
                    exact = left.exact + right.exact * (1 if isinstance(op, ast.Add) else -1)
                return _bounded(exact, left.most + right.most, max(left.degree, right.degree))
            case ast.Mult() | ast.Div():
                if isinstance(op, ast.Div):
                    right = self._inverse(right)
                if left.exact is not None and right.exact is not None:
                    exact = left.exact * right.exact
                return _bounded(exact, left.most * right.most, left.degree + right.degree)
        raise FormulaError("it has an operator that is not arithmetic")

    def _inverse(self, value: _Value) -> _Value:
        if value.exact == 0:
            raise FormulaError("it divides by zero")
        if value.exact is not None:
            return _bounded(1 / value.exact, 1 / abs(value.exact), _ZERO)
        if self._exponents:
            raise FormulaError("it has an exponent that divides by a name")
        return value

    def _factor(self, node: ast.expr) -> _Value:
        is_negative = False
        while isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
            is_negative ^= isinstance(node.op, ast.USub)
            node = node.operand
        value = self._atom(node)
        if is_negative and value.exact is not None:
            return replace(value, exact=-value.exact)
        return value

    def _atom(self, node: ast.expr) -> _Value:
        match node:
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self._power(left, right)
            case ast.BinOp():
                return self.value_of(node)
            case ast.Name(id=name):
                return self._named(name)
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
                return self._called(name, argument)
            case ast.Constant():
                source = ast.get_source_segment(self._text, node) or ""
                if _NUMBER.fullmatch(source):
                    return _bounded(Fraction(source), Fraction(source), _ZERO)
        source = ast.get_source_segment(self._text, node) or ""
        raise FormulaError(f"{source[:20]!r} is not arithmetic")

    def _power(self, left: ast.expr, right: ast.expr) -> _Value:
        base = self._factor(left)
        was_exponent = bool(self._exponents)
        self._exponents += 1
        if self._exponents > MAX_FORMULA_DEPTH:
            raise FormulaError(f"it has more than {MAX_FORMULA_DEPTH} nested exponents")
        exponent = self._factor(right)
        self._exponents -= 1
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
        if exponent.exact.denominator != 1:  # a root; sympy keeps it
            if was_exponent:
                raise FormulaError("it has a root in an exponent")
            return _Value(None, _FOUR, _ZERO)
        bits = max(base.exact.numerator.bit_length(), base.exact.denominator.bit_length())
        if bits * abs(int(exponent.exact)) > _MAX_BITS:
            raise FormulaError(f"it has a number beyond {MAX_NUMBER:.0e}")
        exact = base.exact ** int(exponent.exact)
        return _bounded(exact, abs(exact), _ZERO)

    def _named(self, name: str) -> _Value:
        if self._names is not None and name in self._names:
            return _SYMBOL
        if name in CONSTANTS:
            return _Value(None, _FOUR, _ZERO)
        if self._names is not None:
            raise FormulaError(f"{name!r} is not one of its parameters")
        if keyword.iskeyword(name) or name in FUNCTIONS or name.startswith("__"):
            raise FormulaError(f"{name!r} is not the name of a parameter")
        return _SYMBOL

    def _called(self, name: str, argument: ast.expr) -> _Value:
        if name not in FUNCTIONS:
            raise FormulaError(f"{name!r} is not a function of formulas")
        if self._exponents:
            raise FormulaError("it has functions in an exponent")
        was_growing = self._is_growing
        if name in _GROWING:
            if was_growing:
                raise FormulaError("it has exponents within exponents")
            self._is_growing = True
        inner = self.value_of(argument)
        self._is_growing = was_growing
        return _Value(None, _FOUR, max(inner.degree, Fraction(1)))


def _bounded(exact: Fraction | None, most: Fraction, degree: Fraction) -> _Value:
    if most > MAX_NUMBER or (exact is not None and exact.denominator > MAX_DENOMINATOR):
        raise FormulaError(f"it has a number beyond {MAX_NUMBER:.0e}, or too many digits")
    if degree > MAX_DEGREE:
        raise FormulaError(f"its degree is beyond {MAX_DEGREE}")
    return _Value(exact, most, degree)
