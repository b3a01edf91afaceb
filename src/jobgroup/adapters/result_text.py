"""One result's text, decoded within bounds: what came out is decoded, or it is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jobgroup.adapters.base import UndecodableResultError
from jobgroup.decoding import Budget, Decoder, LeftAsText, Maker, RefusedError, parse_json
from jobgroup.errors import warn


def decode_text(
    text: str, maker: Maker, convert: Callable[[Any], Any], budget: Budget | None = None
) -> Any:
    """One result's text, decoded and converted; UndecodableResultError keeps the text."""
    decoder = Decoder(maker, budget=budget)
    try:
        found = decoder.decode(parse_json(text))
        _check_outcomes(found)
        converted = convert(found)
    except Exception as error:
        raise UndecodableResultError(
            f"The results are not decoded: {error}. Their text is kept in this error's `raw`.",
            raw=text,
        ) from error
    if decoder.left:
        where, reason = decoder.left[0]
        warn(f"A part of the results, {where!r}, was left as text: {reason}.")
    return converted


def _check_outcomes(found: Any) -> None:
    """See that what came out was decoded, and not something beside it."""
    rows = [found, *_rows(found)] if isinstance(found, dict) else [{"results": found}]
    for row in rows:
        outcomes = row.get("results") if isinstance(row, dict) else None
        if isinstance(outcomes, LeftAsText):
            raise RefusedError(outcomes.reason)


def _rows(found: Mapping[str, Any]) -> list[Any]:
    rows = found.get("results_list")
    return rows if isinstance(rows, list) else [{"results": rows}]
