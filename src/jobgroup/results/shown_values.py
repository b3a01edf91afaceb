"""Write values as figures and tables show them. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from jobgroup.results.cells import Cell


def shown_value(value: Cell | datetime) -> str:
    """Return a value as a figure shows it.

    A number with at most 12 digits is exact. Others are rounded to 5 decimals, or below 1 to 6
    digits.

    >>> shown_value(0.30000000000000004), shown_value(1550.1234), shown_value(4 / 3)
    ('0.3', '1550.1234', '1.33333')
    """
    if not isinstance(value, float):
        return "none" if value is None else str(value)
    text = f"{value:.12g}"
    if float(text) == value or not math.isfinite(value):
        return text
    if not 1 <= abs(value) < 1e12:
        return f"{value:.6g}"
    return f"{value:.5f}".rstrip("0").rstrip(".")


def shown_alike(values: Sequence[Cell]) -> list[str]:
    """Return values as strings. Decimal numbers get at least two digits, and enough to differ.

    >>> shown_alike([0.6, 0.65, 1.0]), shown_alike([1550.1234]), shown_alike([1, 2])
    (['0.60', '0.65', '1.00'], ['1550.1234'], ['1', '2'])
    """
    numbers = [v for v in values if isinstance(v, float) and math.isfinite(v)]
    if len(numbers) != len(values):
        return [shown_value(value) for value in values]
    for digits in range(2, 10):
        texts = [f"{number:.{digits}f}" for number in numbers]
        is_exact = all(
            float(text) == number or float(shown_value(number)) != number
            for text, number in zip(texts, numbers, strict=True)
        )
        if is_exact and len(set(texts)) == len(set(numbers)):
            return texts
    return [shown_value(value) for value in values]
