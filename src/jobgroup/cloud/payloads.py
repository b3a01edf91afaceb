"""Check a request's types, limits and unpacked payload before a job is created.

This module imports the description of Perceval's binary format, in 0.1 s, but never Perceval.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jobgroup.cloud.api_errors import ApiError, invalid, invalid_fields
from jobgroup.cloud.platforms import PLATFORMS, PLATFORMS_BY_ID, Platform
from jobgroup.decoding import Budget, RefusedError, messages, parse_json

MAX_PAYLOAD_BYTES: Final = 16 * 2**20
MAX_PAYLOAD_DURATION_S: Final = 864_000

_ZIPPED: Final = (":PCVL:zip:", "pcvlar:zip:")
_FIELDS: Final[Mapping[str, type]] = {
    "job_name": str,
    "payload": dict,
    "platform_name": str,
    "platform_id": str,
    "max_duration": int,
    "pcvl_version": str,
    "process_id": str,
    "job_group_name": str,
}
_NAMES: Final = {str: "string", dict: "json object", int: "integer"}
_ARCHIVED_EXPERIMENT: Final = re.compile(r"(?<= Experiment )\d+ ([A-Za-z0-9+/]+={0,2})(?= |$)")
_REMOTE_TAGS: Final = re.compile(r" \w*(?:RPCHandler|CommunicationLayer|RemoteComputer)(?: |$)")
_FOCK_STATE: Final = re.compile(r":PCVL:BasicState:\|(\d+(?:,\d+)*)>")


def read_json(body: bytes) -> Any:
    """Return the JSON value of a body; raise ApiError (400) if it is invalid or too large."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not a JSON number")

    try:
        return parse_json(body.decode(), parse_constant=refuse)
    except ValueError as error:
        raise invalid(f"The body is not JSON, or is too deeply nested: {error}") from error


def check_create(body: Any) -> Platform:
    """Check a create body and return its platform; raise ApiError if it is invalid."""
    _check_types(body, required=("job_name", "payload"))
    if body["payload"] is None:
        raise invalid("Invalid payload, expected a json object")
    platform = _platform(body)
    _check_duration(body.get("max_duration"))
    check_payload(body["payload"], platform)
    return platform


def check_rerun(body: Any) -> None:
    """Check the body of a rerun. Each of its three fields may be missing or null."""
    _check_types(body, required=())
    if body.get("platform_id") is not None:
        _platform(body)


def check_payload(payload: Mapping[str, Any], platform: Platform) -> None:
    """Check a payload without executing it; raise ApiError (400) with the vendor's text."""
    if not platform.simulated:
        return
    command = payload.get("command")
    if not isinstance(command, str):
        raise invalid("Invalid payload, expected a command")
    if command not in (platform.commands or ()):
        raise invalid(f"Command '{command}' is not available on platform '{platform.name}'")
    for name in ("max_shots", "max_samples"):
        limit = payload.get(name)
        if limit is not None and (not isinstance(limit, int) or limit < (name == "max_shots")):
            raise invalid(f"Invalid {name}, should be a positive number")
    if "iterator" in payload and not (
        isinstance(payload["iterator"], list) and payload["iterator"]
    ):
        raise invalid("Invalid iterator: must be a non-empty list")
    if not any(payload.get(name) for name in ("circuit", "experiment", "computation")):
        raise invalid("Invalid payload, expected a circuit, an experiment or a computation")
    _check_content(payload, platform)


def _check_content(payload: Mapping[str, Any], platform: Platform) -> None:
    budget = Budget(MAX_PAYLOAD_BYTES)
    for where, value in _texts_and_objects(payload):
        if isinstance(value, str):
            _check_text(where, value, budget, platform)
        elif value.get("header") == "pcvlar":  # Perceval would read an archive unchecked
            raise invalid("Invalid payload: archives are expected as text")


def _check_types(body: Any, required: tuple[str, ...]) -> None:
    if not isinstance(body, dict):
        raise invalid_fields({"_schema": "Invalid input type."})
    problems = {name: "Missing data for required field." for name in required if name not in body}
    for name, kind in _FIELDS.items():
        value = body.get(name)
        if name == "job_name" and name in body and name in required and value is None:
            problems[name] = "Field may not be null."
        elif value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            problems[name] = f"Not a valid {_NAMES[kind]}."
    if problems:
        raise invalid_fields(problems)


def _platform(body: Mapping[str, Any]) -> Platform:
    if (platform_id := body.get("platform_id")) is not None:
        if platform_id not in PLATFORMS_BY_ID:
            raise invalid(f"Invalid platform: {platform_id}")
        return PLATFORMS_BY_ID[platform_id]
    name = body.get("platform_name")
    if name is None:
        raise invalid("Require platform_id or platform_name")
    if name not in PLATFORMS:
        offered = ", ".join(PLATFORMS)
        raise ApiError(404, f"Platform not found: {name} (this cloud has {offered})")
    return PLATFORMS[name]


def _check_duration(max_duration: int | None) -> None:
    if max_duration is None:
        return
    if max_duration <= 0:
        raise invalid("Max duration must not be zero")
    if max_duration > MAX_PAYLOAD_DURATION_S:
        raise invalid(f"Max duration too large, exceeding {MAX_PAYLOAD_DURATION_S}")


def _texts_and_objects(
    value: Any, where: str = "payload"
) -> Iterator[tuple[str, str | Mapping[str, Any]]]:
    """Yield every string and object in a JSON value, with the name of its field."""
    if isinstance(value, str | Mapping):
        yield where, value
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield where, name
            yield from _texts_and_objects(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_and_objects(item, where)


def _check_text(where: str, text: str, budget: Budget, platform: Platform) -> None:
    packed = next((prefix for prefix in _ZIPPED if text.startswith(prefix)), None)
    plain = text if packed is None else _unpack(where, text[len(packed) :], budget)
    if packed == ":PCVL:zip:" and not plain.startswith(":PCVL:"):
        raise invalid(f"Invalid payload: '{where}' cannot be deserialized")
    if plain.startswith(":PCVL:Experiment:"):
        _check_experiment(where, plain.removeprefix(":PCVL:Experiment:"), platform)
    elif plain.startswith(":PCVL:ACircuit:"):
        _check_circuit(where, plain.removeprefix(":PCVL:ACircuit:"), platform)
    elif plain.startswith(":PCVL:BasicState:"):
        _check_photons(plain, platform)
    elif packed == "pcvlar:zip:" or plain.startswith("pcvlar"):
        if _REMOTE_TAGS.search(plain):
            raise invalid(f"Invalid payload: '{where}' refers to another computer")
        for experiment in _ARCHIVED_EXPERIMENT.findall(plain):
            _check_experiment(where, experiment, platform)


def _unpack(where: str, text: str, budget: Budget) -> str:
    try:
        return budget.unpacked(text)
    except RefusedError as error:
        sentence = str(error).removeprefix("it ")
        raise invalid(f"Invalid payload: '{where}' {sentence}") from error


def _check_experiment(where: str, text: str, platform: Platform) -> None:
    experiment = _parse(where, text, "Experiment")
    for part in (experiment.input_state, experiment.noise_model, experiment.post_select):
        if part.startswith(_ZIPPED):  # Perceval packs only once; a zip bomb is packed twice
            raise invalid(f"Invalid payload: '{where}' is packed more than once")
    _check_modes(experiment.n_mode, platform)
    _check_photons(experiment.input_state, platform)


def _check_circuit(where: str, text: str, platform: Platform) -> None:
    _check_modes(_parse(where, text, "ACircuit").n_mode, platform)


def _parse(where: str, text: str, kind: str) -> Any:
    try:
        return messages.read(kind, text)
    except RefusedError as error:
        raise invalid(f"Invalid payload: '{where}' cannot be deserialized") from error


def _check_modes(modes: int, platform: Platform) -> None:
    limit = platform.constraints["max_mode_count"]
    if modes > limit:
        raise invalid(f"Circuit too big ({modes} modes > {limit})")


def _check_photons(state: str, platform: Platform) -> None:
    limit = platform.constraints["max_photon_count"]
    if match := _FOCK_STATE.fullmatch(state):
        photons = sum(map(int, match[1].split(",")))
        if photons > limit:
            raise invalid(f"Too many photons in input state ({photons} > {limit})")
