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

from jobgroup.decoding import Archive, Budget, messages
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
_BEFORE_0_13: Final = re.compile(r"0\.(\d|1[0-2])(\D.*)?")
_SKIPPED: Final = frozenset(
    {"experiment", "circuit", "computation", "job_context", "iterator", "parameters"}
    | {"input_state", "postselect", "heralds", "noise", "mitigations"}
)
FILTER: Final = "min_detected_photons"
"""Parameter with the minimum number of photons of a state that a job returns."""

HERALDS_IN_FILTER: Final = "heralds_in_filter"
"""Metadata with the number of herald photons that the filter counts, though states lack them."""

_NO_FILTER: Final = 2**28 - 1
"""Perceval's number in an experiment without a filter."""

_log = logger(__name__)


def describe_body(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Value]]:
    """Return the params and the metadata of a create body."""
    payload = body.get("payload") or {}
    return params_of(payload, {}), metadata_of(payload, body.get("pcvl_version"))


def params_of(payload: Mapping[str, Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job's command, limits, parameters and iterated values."""
    params = {k: _small(v) for k, v in payload.items() if k not in _SKIPPED and v is not None}
    parameters = payload.get("parameters")
    if isinstance(parameters, dict):
        params |= {k: _small(v) for k, v in parameters.items()}
    params |= {k: _small(v) for k, v in kwargs.items() if k not in params}
    if FILTER in (found := _metadata_in(_experiment(payload))):
        params.setdefault(FILTER, found[FILTER])
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


def metadata_of(payload: Mapping[str, Any], release: object = None) -> dict[str, Value]:
    """Return a job's circuit, m, n, input_state, heralds, postselect and noise.

    `content` is a short hash of the experiment. Releases before 0.13 count herald photons in the
    filter, so their jobs also have `heralds_in_filter`.
    """
    found = _metadata_in(_experiment(payload))
    metadata = {name: value for name, value in found.items() if name != FILTER}
    for key in ("input_state", "postselect", "noise"):
        if payload.get(key):
            metadata[key] = _text(payload[key])
    heralds = payload.get("heralds")
    if isinstance(heralds, dict) and heralds:
        metadata["heralds"] = _heralds(heralds)
        photons = [value for value in heralds.values() if isinstance(value, int)]
        if _BEFORE_0_13.fullmatch(str(release)) and any(photons):
            metadata[HERALDS_IN_FILTER] = sum(photons)
    counts = _COUNTS.fullmatch(str(metadata.get("input_state", "")))
    if counts:
        metadata["n"] = sum(map(int, counts[1].split(",")))
    return metadata


def min_photons(params: Mapping[str, Any], metadata: Mapping[str, Any]) -> int:
    """Return the minimum number of photons of a state that a job returns; 0 without a filter.

    Herald photons are not counted, because returned states lack them.

    Args:
        params: params of the job, or of one of its iterations.
        metadata: metadata of the job.
    """
    least, heralds = params.get(FILTER), metadata.get(HERALDS_IN_FILTER, 0)
    is_known = isinstance(least, int) and isinstance(heralds, int)
    return max(0, least - heralds) if is_known else 0


def _experiment(payload: Mapping[str, Any]) -> str:
    """Return the text of the payload's experiment or circuit; "" if it has none."""
    found = payload.get("experiment") or payload.get("circuit")
    if isinstance(found, str):
        return found
    computation = payload.get("computation")
    return _experiment_in(computation) if isinstance(computation, str) else ""


@lru_cache(maxsize=512)
def _experiment_in(computation: str) -> str:
    try:
        nodes = Archive(computation, Budget(MAX_METADATA_BYTES)).nodes
    except ValueError:
        return ""
    found = [node.value for node in nodes if node.tag == "Experiment"]
    return f":PCVL:Experiment:{found[0]}" if len(found) == 1 else ""


@lru_cache(maxsize=512)
def _metadata_in(content: str) -> dict[str, Value]:
    if not content:
        return {}
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
    if message.min_photons_filter < _NO_FILTER:
        metadata[FILTER] = message.min_photons_filter
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
    rows = [
        {**i, **circuit_params}
        if isinstance(circuit_params := i.get("circuit_params"), dict)
        else i
        for i in iterations
    ]
    keys = dict.fromkeys(k for row in rows for k in row if k != "circuit_params")
    return {str(k): [shown(row.get(k)) for row in rows] for k in keys}


def _small(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else _text(value)


def _text(value: Any) -> str:
    plain = _TAG.sub("", str(value), count=1) if not str(value).startswith(_ZIP) else "…"
    return plain if len(plain) <= MAX_METADATA_TEXT else plain[: MAX_METADATA_TEXT - 1] + "…"
