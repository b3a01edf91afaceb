"""Decode clouds' result documents as the client library does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from jobgroup.adapters.base import UndecodableResultError
from jobgroup.adapters.job_reader import load_adapter
from jobgroup.decoding import (
    Budget,
    Decoder,
    LeftAsText,
    Maker,
    PlainMaker,
    RefusedError,
    parse_json,
)
from jobgroup.errors import MissingDependencyError, warn


def decode(document: Mapping[str, Any]) -> Any:
    """Return the results in a cloud's document, as Perceval does.

    `jobgroup.decoding` checks the document first. Parts other than the outcomes may stay text
    (`LeftAsText`); a warning then gives the reason. Without Perceval, counts and distributions are
    dictionaries, samples are lists, and states are strings. `plain` is a result that needs no
    decoding. If an entry is several jobs on its cloud, `parts` has these jobs' documents, and
    `composition` combines them.

    Raises:
        UndecodableResultError: the outcomes cannot be decoded; the error has their text.
    """
    if "composition" in document:
        return _compose(document)
    if "results" not in document and "plain" in document:
        return document["plain"]
    text = document.get("results")
    if not isinstance(text, str):
        raise UndecodableResultError(
            "Results are not available: the cloud's response has none. Fetch them again later.",
            raw=json.dumps(dict(document), default=str),
        )
    if find_spec("perceval") is None:
        return decode_text(text, PlainMaker(), lambda results: results)
    return _load("results", text).decode(text)


def decode_text(
    text: str, maker: Maker, convert: Callable[[Any], Any], budget: Budget | None = None
) -> Any:
    """Decode and convert the text of one result.

    Raises:
        UndecodableResultError: the outcomes cannot be decoded; the error has the text.
    """
    decoder = Decoder(maker, budget=budget)
    try:
        found = decoder.decode(parse_json(text))
        _check_outcomes(found)
        converted = convert(found)
    except Exception as error:
        raise UndecodableResultError(
            f"The results cannot be decoded: {error}. This error's `raw` has their text.", raw=text
        ) from error
    if decoder.left:
        where, reason = decoder.left[0]
        warn(f"A part of the results, {where!r}, was left as text: {reason}.")
    return converted


def _check_outcomes(found: Any) -> None:
    """Raise RefusedError if there are no outcomes, or if they were left as text.

    For results of another form, Perceval returns None, which would hide what was paid for.
    """
    if not isinstance(found, dict):
        reason = found.reason if isinstance(found, LeftAsText) else "they are not a JSON object"
        raise RefusedError(reason)
    several = found.get("results_list")
    for row in (found, *(several if isinstance(several, list) else [{"results": several}])):
        outcomes = row.get("results") if isinstance(row, dict) else None
        if isinstance(outcomes, LeftAsText):
            raise RefusedError(outcomes.reason)


def _load(module: str, raw: str) -> ModuleType:
    try:
        return load_adapter("perceval", module)
    except MissingDependencyError as error:
        raise UndecodableResultError(
            f"{error} This error's `raw` has the results' text.", raw=raw
        ) from None


def _compose(document: Mapping[str, Any]) -> Any:
    parts = document.get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise UndecodableResultError(
            "The cached results are damaged. Fetch them again.",
            raw=json.dumps(dict(document), default=str),
        )
    texts = [part.get("results") for part in parts]
    raw = json.dumps(texts)
    if find_spec("perceval") is None:
        raise UndecodableResultError(
            "Perceval, which composes these results, is not installed: pip install"
            " 'jobgroup[perceval]'. This error's `raw` has their texts.",
            raw=raw,
        )
    return _load("composition", raw).compose(texts, document["composition"], raw)
