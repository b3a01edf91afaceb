"""Read params and metadata of Perceval's payloads, as short strings and numbers.

They are read from the payload's text in 0.1 ms; building a circuit of 20 modes would take 20 ms. An
unreadable payload has no metadata, but its job can be added.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from jobgroup.decoding import Budget, messages
from jobgroup.fingerprint import text_of
from jobgroup.logs import logger

MAX_METADATA_TEXT: Final = 200
"""Maximum number of characters of a value."""

MAX_ITERATIONS: Final = 20
"""Maximum number of iterations whose values are in a job's params. Their number always is."""

MAX_METADATA_BYTES: Final = 4 * 2**20
"""Maximum size of an experiment whose metadata is read."""

Value = str | int | float

_ZIP: Final = ":PCVL:zip:"
_TAG: Final = re.compile(r":PCVL:\w+:")
_COUNTS: Final = re.compile(r"\|(\d+(?:,\d+)*)>")
_SKIPPED: Final = frozenset(
    {"experiment", "circuit", "computation", "job_context", "iterator", "parameters"}
    | {"input_state", "postselect", "heralds", "noise", "mitigations"}
)
_log = logger(__name__)


def describe_body(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Value]]:
    """Return the params and the metadata of a create body."""
    payload = body.get("payload") or {}
    return params_of(payload, {}), metadata_of(payload)


def params_of(payload: Mapping[str, Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job's command, limits, parameters and iterated values."""
    params = {k: _small(v) for k, v in payload.items() if k not in _SKIPPED and v is not None}
    parameters = payload.get("parameters")
    if isinstance(parameters, dict):
        params |= {k: _small(v) for k, v in parameters.items()}
    params |= {k: _small(v) for k, v in kwargs.items() if k not in params}
    iterator = payload.get("iterator")
    if isinstance(iterator, list) and iterator:
        params["iterations"] = len(iterator)
        params["iterator"] = _columns(
            [i for i in iterator[:MAX_ITERATIONS] if isinstance(i, dict)], _small
        )
    return params


def iterations_of(body: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the values that all iterations of a create body vary, as columns; {} without any.

    >>> iterations_of({"payload": {"iterator": [{"max_samples": 5}, {"max_samples": 6}]}})
    {'max_samples': [5, 6]}
    """
    parts = body.get("parts")
    first = parts[0] if isinstance(parts, list) and parts else body
    payload = first.get("payload") if isinstance(first, dict) else None
    iterator = payload.get("iterator") if isinstance(payload, dict) else None
    if not isinstance(iterator, list) or not all(isinstance(each, dict) for each in iterator):
        return {}
    return _columns(iterator, lambda value: text_of(value) if isinstance(value, str) else value)


def metadata_of(payload: Mapping[str, Any]) -> dict[str, Value]:
    """Return a job's circuit, m, n, input_state, heralds, postselect and noise.

    `content` is a short hash of the experiment.
    """
    content = payload.get("experiment") or payload.get("circuit")
    metadata = dict(_metadata_in(content)) if isinstance(content, str) else {}
    for key in ("input_state", "postselect", "noise"):
        if payload.get(key):
            metadata[key] = _text(payload[key])
    heralds = payload.get("heralds")
    if isinstance(heralds, dict) and heralds:
        metadata["heralds"] = _heralds(heralds)
    counts = _COUNTS.fullmatch(str(metadata.get("input_state", "")))
    if counts:
        metadata["n"] = sum(map(int, counts[1].split(",")))
    return metadata


@lru_cache(maxsize=512)
def _metadata_in(content: str) -> dict[str, Value]:
    metadata: dict[str, Value] = {}
    text = content
    try:
        if len(content) <= MAX_METADATA_BYTES:
            if content.startswith(_ZIP):
                text = Budget(MAX_METADATA_BYTES).unpacked(content.removeprefix(_ZIP))
            metadata = _read(text)
    except Exception as error:  # noqa: BLE001 # for example another release's format
        _log.debug("Could not read metadata from a payload (%s).", type(error).__name__)
    metadata["content"] = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return metadata


def _message(text: str) -> tuple[str, Any]:
    kind, data = text.removeprefix(":PCVL:").split(":", 1)
    return kind, messages.read("ACircuit" if kind == "ACircuit" else "Experiment", data)


def _read(text: str) -> dict[str, Value]:
    tag, message = _message(text)
    metadata: dict[str, Value] = {"m": message.n_mode}
    if tag == "ACircuit":
        return metadata | ({"circuit": _text(message.name)} if message.name else {})
    names = [c.circuit.name for c in message.components if c.HasField("circuit")]
    if any(names):
        metadata["circuit"] = _text(" + ".join(filter(None, names)))
    for key, value in (
        ("input_state", message.input_state),
        ("postselect", message.post_select),
        ("noise", message.noise_model),
    ):
        if _text(value):
            metadata[key] = _text(value)
    heralds = {
        mode: port.herald.value
        for mode, port in message.input_ports.items()
        if port.HasField("herald")
    }
    return metadata | ({"heralds": _heralds(heralds)} if heralds else {})


def _heralds(heralds: Mapping[Any, Any]) -> str:
    return _text(", ".join(f"{k}: {heralds[k]}" for k in sorted(heralds, key=_mode)))


def _mode(key: Any) -> tuple[int, str]:
    text = str(key)
    return (len(text), text)  # sorts numbers by size


def _columns(iterations: list[dict[str, Any]], shown: Callable[[Any], Any]) -> dict[str, list[Any]]:
    rows = [{**i, **(i.get("circuit_params") or {})} for i in iterations]
    keys = dict.fromkeys(k for row in rows for k in row if k != "circuit_params")
    return {str(k): [shown(row.get(k)) for row in rows] for k in keys}


def _small(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else _text(value)


def _text(value: Any) -> str:
    plain = _TAG.sub("", str(value), count=1) if not str(value).startswith(_ZIP) else "…"
    return plain if len(plain) <= MAX_METADATA_TEXT else plain[: MAX_METADATA_TEXT - 1] + "…"
