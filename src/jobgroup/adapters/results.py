"""Result documents of clouds, decoded as the client library decodes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Final

from jobgroup.adapters.base import UndecodableResultError
from jobgroup.adapters.libraries import load_adapter
from jobgroup.adapters.result_text import decode_text
from jobgroup.decoding import Budget, Decoder, PlainMaker, RefusedError, parse_json
from jobgroup.errors import MissingDependencyError

_PLAIN_STATE: Final = re.compile(r"\|(?:(?:0|[1-9][0-9]*)(?:,(?:0|[1-9][0-9]*))*)?>")


def decode(document: Mapping[str, Any]) -> Any:
    """What a cloud's result document holds, as Perceval gives it.

    Nothing is evaluated, built or asked that `jobgroup.decoding` does not let pass. What else a
    result holds beside its outcomes stays text (`LeftAsText`), with a warning that says why.
    Without Perceval installed counts and distributions are dictionaries, samples lists, and states
    texts. `plain` is a result as it is, from a cloud that speaks no Perceval. For a job that is
    several jobs on its cloud, the document holds theirs as `parts`, and the `composition` that
    joins them.

    Raises:
        UndecodableResultError: the outcomes cannot be decoded; it keeps the text.
    """
    if "composition" in document:
        return _compose(document)
    if "results" not in document and "plain" in document:
        return document["plain"]
    text = document.get("results")
    if not isinstance(text, str):
        raise UndecodableResultError(
            "The cloud's answer holds no results; fetch them again later.",
            raw=json.dumps(dict(document), default=str),
        )
    if find_spec("perceval") is None:
        return decode_text(text, PlainMaker(), lambda results: results)
    return _load("results", text).decode(text)


def decode_plain(document: Mapping[str, Any]) -> Any:
    """As `decode`, but counts, distributions and samples may be dictionaries and lists.

    They are where that is all that there is, so Perceval is not imported for it. The numbers and
    the states' texts are the same.

    Raises:
        UndecodableResultError: as `decode`.
    """
    text = document.get("results")
    if "composition" not in document and isinstance(text, str):
        decoder = Decoder(_PlainNumbers())
        with suppress(ValueError, RecursionError):  # `decode` says what is wrong
            found = decoder.decode(parse_json(text))
            if isinstance(found, dict) and not decoder.left and not found.get("job_context"):
                return found
    return decode(document)


class _PlainNumbers(PlainMaker):
    """Refuses whatever Perceval would write in another way, or leave out."""

    def spread(self, kind: str, text: str, budget: Budget) -> Any:
        found = super().spread(kind, text, budget)
        is_complete = isinstance(found, list) or all(found.values())
        if not is_complete or not all(map(_PLAIN_STATE.fullmatch, set(found))):
            raise RefusedError("it is for Perceval")
        return found

    def other(self, kind: str, text: str, budget: Budget) -> Any:  # noqa: ARG002
        raise RefusedError("it is for Perceval")


def _load(module: str, raw: str) -> ModuleType:
    try:
        return load_adapter("perceval", module)
    except MissingDependencyError as error:
        raise UndecodableResultError(
            f"{error} The results' text is kept in this error's `raw`.", raw=raw
        ) from None


def _compose(document: Mapping[str, Any]) -> Any:
    parts = document.get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise UndecodableResultError(
            "The cached results are not as jobgroup writes them; fetch them again.",
            raw=json.dumps(dict(document), default=str),
        )
    texts = [part.get("results") for part in parts]
    raw = json.dumps(texts)
    if find_spec("perceval") is None:
        raise UndecodableResultError(
            "The results are composed of several by Perceval, which is not installed: pip install"
            " 'jobgroup[perceval]'. Their texts are kept in this error's `raw`.",
            raw=raw,
        )
    return _load("composition", raw).compose(texts, document["composition"], raw)
