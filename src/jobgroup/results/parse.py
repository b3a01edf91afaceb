"""The parts of a result: its iterations, their numbers and their outcomes. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Final, Literal, TypedDict

Unit = Literal["count", "probability"]
Cell = bool | int | float | str | None


class Result(TypedDict, total=False):
    """A job's result, as the client library gives it; which keys it has depends on the job.

    Attributes:
        results: a distribution, counts or samples.
        results_list: for a job with iterations, a result of each instead.
        iteration: what was varied, in a result of `results_list`.
        physical_perf: share of the shots that pass the filters on detection.
        logical_perf: share of these that pass the selection on logical states.
        global_perf: share of the shots that pass both.
    """

    results: Any
    results_list: list[Any]
    iteration: dict[str, Any]
    physical_perf: float
    logical_perf: float
    global_perf: float


@dataclass(frozen=True, slots=True)
class Iteration:
    """One iteration of a result, or all of one that has none.

    Attributes:
        params: what was varied, by name.
        scalars: single numbers and words, such as `physical_perf`.
        outcomes: a distribution, counts, or samples, as the client library gives them.
    """

    params: Mapping[str, Cell] = field(default_factory=dict)
    scalars: Mapping[str, Cell] = field(default_factory=dict)
    outcomes: Any = None


def iterations(result: Any) -> list[Iteration]:
    """A result's iterations, or the result itself as the only one.

    >>> iterations({"results": {"|1,1>": 3}, "physical_perf": 0.5})[0].scalars
    {'physical_perf': 0.5}
    """
    if not isinstance(result, Mapping):
        return [Iteration(outcomes=result)]
    outer = scalars_of(result)
    found = result.get("results_list")
    if not isinstance(found, list):
        return [Iteration({}, outer, result.get("results"))]
    return [
        Iteration(flattened(each.get("iteration")), outer | scalars_of(each), each.get("results"))
        if isinstance(each, Mapping)
        else Iteration({}, outer, each)
        for each in found
    ]


def entries(outcomes: Any) -> tuple[Unit, list[tuple[str, float]]]:
    """Outcomes with their numbers, most frequent first: counts, or probabilities.

    Samples are counted.

    >>> entries(["|1,0>", "|0,1>", "|1,0>"])
    ('count', [('|1,0>', 2), ('|0,1>', 1)])
    """
    items = getattr(outcomes, "items", None)  # Perceval's distributions are no `Mapping`s
    if callable(items):
        found = [(str(k), cell(v)) for k, v in items()]
    elif isinstance(outcomes, Iterable) and not isinstance(outcomes, str | bytes):
        found = list(Counter(map(str, outcomes)).items())
    else:
        found = []
    numbers = [(s, v) for s, v in found if isinstance(v, int | float) and not isinstance(v, bool)]
    unit: Unit = "count" if all(isinstance(v, int) for _, v in numbers) else "probability"
    return unit, sorted(numbers, key=lambda entry: (-entry[1], entry[0]))


def cell(value: Any) -> Cell:
    """A value as a cell of a table: numbers are Python's own, what is neither is its text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    as_number = getattr(value, "item", None)  # numpy's truth values
    if callable(as_number) and isinstance(plain := as_number(), bool):
        return plain
    return str(value)


def scalars_of(document: Mapping[str, Any]) -> dict[str, Cell]:
    """Return the single numbers and texts of a result, such as `physical_perf`."""
    return {
        str(name): cell(value)
        for name, value in document.items()
        if name not in ("results", "results_list", "iteration", "job_context")
        and isinstance(value, bool | Real | str)
    }


def flattened(varied: Any) -> dict[str, Cell]:
    """Return the varied values of an iteration, those of its circuit among them.

    >>> flattened({"circuit_params": {"phi": 0.1}, "noise": {"g2": 0.05}})["noise.g2"]
    0.05
    """
    if not isinstance(varied, Mapping):
        return {}
    parts = dict(varied)
    inner = parts.pop("circuit_params", None)
    if isinstance(inner, Mapping):
        parts |= inner
    if "noise" in parts:
        parts |= noise_of(parts["noise"]) or {"noise": parts["noise"]}
        if isinstance(parts["noise"], Mapping):
            del parts["noise"]
    return {str(name): cell(value) for name, value in parts.items() if value is not None}


NOISE_DEFAULTS: Final[Mapping[str, bool | float]] = {
    "brightness": 1.0,
    "indistinguishability": 1.0,
    "g2": 0.0,
    "g2_distinguishable": True,
    "transmittance": 1.0,
    "phase_imprecision": 0.0,
    "phase_error": 0.0,
}
"""Perceval's values of a noise model's parameters that are not given."""


def noise_of(noise: Any) -> dict[str, Cell]:
    """Return a noise model's parameters as columns, defaults filled in; {} for anything else.

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
