"""Read the parts of a result: cells, single numbers, and values that iterations vary. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, Final, TypedDict

Cell = bool | int | float | str | None


class Result(TypedDict, total=False):
    """A job's result in the client library's form. The keys depend on the job.

    Attributes:
        results: a distribution, counts or samples.
        results_list: list of the iterations' results; a job with iterations has this instead of
            `results`.
        iteration: values that the iteration varied; only in results of `results_list`.
        physical_perf: share of the shots that pass the detection filters.
        logical_perf: share of these shots that pass the selection of logical states.
        global_perf: share of the shots that pass both.
    """

    results: Any
    results_list: list[Any]
    iteration: dict[str, Any]
    physical_perf: float
    logical_perf: float
    global_perf: float


def cell(value: Any) -> Cell:
    """Return a value as a cell of a table: a plain number, a boolean, or a string."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    as_number = getattr(value, "item", None)  # numpy's booleans
    if callable(as_number) and isinstance(plain := as_number(), bool):
        return plain
    return str(value)


def scalars_of(document: Mapping[str, Any]) -> dict[str, Cell]:
    """Return the single numbers and strings of a result, such as `physical_perf`."""
    return {
        str(name): cell(value)
        for name, value in document.items()
        if name not in ("results", "results_list", "iteration", "job_context")
        and isinstance(value, bool | Real | str)
    }


def flattened(varied: Any) -> dict[str, Cell]:
    """Return the values that an iteration varied, including those of its circuit.

    >>> flattened({"circuit_params": {"phi": 0.1}, "noise": {"g2": 0.05}})["noise.g2"]
    0.05
    """
    if not isinstance(varied, Mapping):
        return {}
    parts = dict(varied)
    inner = parts.pop("circuit_params", None)
    if isinstance(inner, Mapping):
        parts |= inner
    return {str(name): cell(v) for name, v in with_noise(parts).items() if v is not None}


NOISE_DEFAULTS: Final[Mapping[str, bool | float]] = {
    "brightness": 1.0,
    "indistinguishability": 1.0,
    "g2": 0.0,
    "g2_distinguishable": True,
    "transmittance": 1.0,
    "phase_imprecision": 0.0,
    "phase_error": 0.0,
}
"""Perceval's default parameters of a noise model."""


def noise_of(noise: Any) -> dict[str, Cell]:
    """Return a noise model's parameters, including defaults, as columns; {} for another value.

    >>> noise_of('{"g2": 0.05}')["noise.indistinguishability"]
    1.0
    """
    if isinstance(noise, str):
        try:
            noise = json.loads(noise.removeprefix(":PCVL:NoiseModel:"))
        except (ValueError, RecursionError):
            return {}
    if not isinstance(noise, Mapping) or not noise.keys() <= NOISE_DEFAULTS.keys():
        return {}
    given = {name: value for name, value in noise.items() if value is not None}
    return {f"noise.{name}": cell(v) for name, v in {**NOISE_DEFAULTS, **given}.items()}


def with_noise(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return named values, with a separate value for each parameter of a noise model."""
    noise = noise_of(values.get("noise"))
    return {**{k: v for k, v in values.items() if not (noise and k == "noise")}, **noise}
