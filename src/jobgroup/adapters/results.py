"""Result documents of clouds, decoded as the client library decodes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from jobgroup.adapters.base import UndecodableResultError
from jobgroup.adapters.libraries import load_adapter
from jobgroup.adapters.result_text import decode_text
from jobgroup.decoding import PlainMaker
from jobgroup.errors import MissingDependencyError


def decode(document: Mapping[str, Any]) -> Any:
    """Return the contents of a cloud's result document, as Perceval returns them.

    Nothing is evaluated, built or asked that `jobgroup.decoding` does not let pass. Other parts of
    a result stay text (`LeftAsText`), with a warning that says why. Without Perceval, counts and
    distributions are dictionaries, samples lists, and states texts. `plain` is a result as it is,
    from a cloud that speaks no Perceval. For a job that is several jobs on its cloud, the document
    holds theirs as `parts`, and the `composition` that joins them.

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
