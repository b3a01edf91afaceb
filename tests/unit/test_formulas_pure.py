"""Formulas of parameters: arithmetic passes, and nothing else that Python or SymPy would run."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobgroup.decoding.formulas import (
    CONSTANTS,
    FUNCTIONS,
    MAX_FORMULA_LENGTH,
    FormulaError,
    check_formula,
    check_name,
)

NAMES = frozenset({"a", "b", "λ"})


@pytest.mark.parametrize(
    "formula",
    [
        "2*a",
        "(2*a)",
        "a**2 + pi/4",
        "sqrt(2)*sin(a) - cos(b)/3",
        "exp(-a**2)",
        "exp(I*a)",
        "0.3333333333333333*a",
        "1e-3*a + 10**-5",
        "a**(1/3)",
        "(-1)**a",
        "2**(a + b)",
        "--a",
        "λ/2",
        "2**2**2**2",
    ],
)
def test_arithmetic_passes(formula):
    """Formulas that users and Perceval write are accepted."""
    check_formula(formula, NAMES)


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os').system('true')",
        "().__class__",
        "a.real",
        "a[0]",
        "lambda: 0",
        "open(a)",
        "eval(a)",
        "ｅval(a)",
        "sin",
        "f'{a}'",
        "'a'",
        "a if a else a",
        "a := 2",
        "a; b",
        "a, b",
        "a b",
        "2(3)",
        "a!",
        "a and b",
        "c",
        "",
        "(",
        "a)",
        "a**",
        "1/0",
        "1_000",
        "0x10",
        "1e400",
    ],
)
def test_anything_else_is_refused(formula):
    """Calls, attributes, indices, texts, statements and unknown names are not formulas."""
    with pytest.raises(FormulaError):
        check_formula(formula, NAMES)


@pytest.mark.parametrize(
    "formula",
    [
        "9**9**9",
        "a**1000",
        "a**(10**9)",
        "(10**15)**2",
        "2**(a - a + 10**13)",
        "2**(a/a*100*100)",
        "2**(10**15 + 10**13 - 10**15)",
        "(((a**99)**99)**99)**99",
        "exp(exp(a))",
        "a**(b**a)",
        "2**sqrt(10**14)",
        "(" * 100 + "a" + ")" * 100,
        "a+" * MAX_FORMULA_LENGTH + "a",
        "1/3**99*1/7**99*1/9**99",
    ],
)
def test_formulas_that_would_grow_are_refused(formula):
    """Exponents, numbers, nesting and length are bounded, even if terms would cancel out."""
    with pytest.raises(FormulaError):
        check_formula(formula, NAMES)


def test_any_name_passes_if_none_are_declared():
    """Releases before 0.13 declare no parameters of formulas, so functions are not names there."""
    check_formula("2*theta_1 + phi")
    for formula in ("sin*2", "lambda", "__builtins__"):
        with pytest.raises(FormulaError):
            check_formula(formula)


@pytest.mark.parametrize("name", ["a:1000000", "a, b", "a b", "a\nb", "x" * 2000])
def test_a_name_is_one_symbol(name):
    """A parameter's name never becomes a range or a list of symbols."""
    with pytest.raises(FormulaError):
        check_name(name)
    check_name("phi_{1}")


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab0123456789.+-*/()eE_ sincoxp", max_size=40))
def test_accepted_formulas_have_a_value_in_python(text):
    """An accepted formula is an expression of names and numbers, which cannot call Python."""
    try:
        check_formula(text, frozenset({"a", "b"}))
    except FormulaError:
        return
    known = {**dict.fromkeys(FUNCTIONS, lambda _x: 1.0), **dict.fromkeys(CONSTANTS, 3.0)}
    with suppress(OverflowError, ZeroDivisionError, TypeError):  # for example complex numbers
        eval(text.strip(), {"__builtins__": {}, **known}, {"a": 1.5, "b": 2.5})
