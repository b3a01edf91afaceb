"""Read the outcome of a job, or of each of its iterations, as the cloud sent it.

Perceval's `result_mapping` is not applied, because each call draws new counts from probabilities
and loses the number of samples. The document, not the job's name, determines whether values are
counts or probabilities. Perceval is imported only for results that it composes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final, Literal

from jobgroup.adapters import UndecodableResultError, decode, min_photons
from jobgroup.adapters.results import decode_text
from jobgroup.decoding import Budget, PlainMaker
from jobgroup.providers.values import MAX_COUNT
from jobgroup.results.cells import Cell, flattened, scalars_of
from jobgroup.results.states import in_order, label_of
from jobgroup.values import as_float

if TYPE_CHECKING:
    from jobgroup.store import JobRecord

Kind = Literal["count", "probability"]

COUNTING_COMMANDS: Final = frozenset({"sample_count", "samples"})
PERCEVAL_KINDS: Final[Mapping[str, Kind]] = {
    "BSCount": "count",
    "BSSamples": "count",
    "BSDistribution": "probability",
}


@dataclass(frozen=True, slots=True)
class Measurement:
    """The outcome of a job, or of one of its iterations.

    Attributes:
        position: position of the job in its group.
        iteration: number of the iteration; None for a job without iterations.
        params: values that the iteration varied, by name.
        kind: kind of `values`: counts or probabilities; None without outcomes.
        values: counts or probabilities by state, in the order of states.
        scalars: single numbers and strings, such as `physical_perf`.
        is_mitigated: whether error mitigation computed the probabilities; these may then be
            negative or above 1.
        min_photons: minimum number of photons of a state that passes the job's filter.
        shots: number of shots that the job used; None if the cloud did not report it or the
            platform is not a QPU.
        problem: reason why expected outcomes are missing.
    """

    position: int
    iteration: int | None = None
    params: Mapping[str, Cell] = field(default_factory=dict)
    kind: Kind | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    scalars: Mapping[str, Cell] = field(default_factory=dict)
    is_mitigated: bool = False
    min_photons: int = 0
    shots: int | None = None
    problem: Exception | None = None

    @property
    def samples(self) -> int | None:
        """Sum of all counts; None for probabilities or without outcomes."""
        return sum(map(int, self.values.values())) if self.kind == "count" else None


def measurements(record: JobRecord, document: Mapping[str, Any]) -> list[Measurement]:
    """Return the measurements of a result document: one, or one for each iteration.

    Raises:
        UndecodableResultError: the document cannot be read; the error's `raw` has its text.
    """
    is_composed = "composition" in document
    result = decode(document) if is_composed else _read(document)
    params = record.params
    is_mitigated = is_composed or bool(params.get("error_mitigations"))
    shots = record.shots if record.platform.startswith("qpu:") else None
    found = list(_parts(result))
    is_iterated = isinstance(result, Mapping) and isinstance(result.get("results_list"), list)
    return [
        _measurement(
            Measurement(
                record.position,
                number if is_iterated else None,
                varied,
                scalars=scalars,
                is_mitigated=is_mitigated,
                min_photons=min_photons({**params, **varied}, record.metadata),
                shots=None if is_iterated else shots,
            ),
            outcomes,
            str(varied.get("command", params.get("command", ""))),
        )
        for number, (varied, scalars, outcomes) in enumerate(found)
    ]


def _measurement(about: Measurement, outcomes: Any, command: str) -> Measurement:
    is_distribution = callable(getattr(outcomes, "items", None)) or (
        isinstance(outcomes, Iterable) and not isinstance(outcomes, str | bytes)
    )
    if not is_distribution:
        return about
    try:
        kind, numbers = _numbers(outcomes, command)
    except (TypeError, ValueError) as error:
        problem = UndecodableResultError(
            f"The result of job {about.position} has no usable numbers: {error}. get_results()"
            " returns it unchanged.",
            raw=str(outcomes)[:10_000],
        )
        return replace(about, problem=problem)
    if about.is_mitigated and kind == "count":
        total = sum(map(int, numbers.values()))
        kind, numbers = "probability", {s: int(n) / total for s, n in numbers.items() if total}
    values = {state: numbers[state] for state in in_order(numbers)}
    return replace(about, kind=kind, values=values)


class Outcomes(dict[str, Any]):
    """Counts or probabilities by state, as the type in the document shows."""

    kind: Kind = "count"


class _OutcomeReader(PlainMaker):
    """Reads distributions and their kind, without Perceval."""

    def spread(self, kind: str, text: str, budget: Budget) -> Outcomes:
        found = super().spread(kind, text, budget)
        outcomes = Outcomes(Counter(found) if isinstance(found, list) else found)
        outcomes.kind = PERCEVAL_KINDS[kind]
        return outcomes


def _read(document: Mapping[str, Any]) -> Any:
    if "results" not in document and "plain" in document:
        return document["plain"]
    text = document.get("results")
    if not isinstance(text, str):
        return decode(document)  # raises an error that explains
    return decode_text(text, _OutcomeReader(), lambda results: results)


def _parts(result: Any) -> Iterator[tuple[dict[str, Cell], dict[str, Cell], Any]]:
    """Yield the varied values, scalars and outcomes of each iteration, or of the whole result."""
    if not isinstance(result, Mapping) or isinstance(result, Outcomes):
        yield {}, {}, result
        return
    scalars = scalars_of(result)
    rows = result.get("results_list")
    if not isinstance(rows, list):
        yield {}, scalars, result.get("results")
        return
    for row in rows:
        if isinstance(row, Mapping) and not isinstance(row, Outcomes):
            varied = flattened(row.get("iteration"))
            yield varied, scalars | scalars_of(row), row.get("results")
        else:
            yield {}, scalars, row


def _numbers(outcomes: Any, command: str) -> tuple[Kind, dict[str, float]]:
    """Return outcomes by state, and their kind, which their type or the job's command shows.

    If both are unknown, a dictionary with decimal numbers has probabilities. Whole numbers of which
    one is above 1 are counts, even if the command is "probs".
    """
    items = getattr(outcomes, "items", None)  # Perceval's distributions are not `Mapping`s
    kind: Kind | None = getattr(outcomes, "kind", None) or PERCEVAL_KINDS.get(
        type(outcomes).__name__
    )
    if callable(items):
        pairs = [(label_of(state), value) for state, value in items()]
    else:
        pairs = list(Counter(map(label_of, outcomes)).items())
        kind = "count"
    if kind is None and command in COUNTING_COMMANDS:
        kind = "count"
    if kind is None:
        has_decimals = any(isinstance(value, float) for _, value in pairs)
        is_probability = command == "probs" or has_decimals
        kind = "probability" if is_probability and not _are_counts(pairs) else "count"
    found: dict[str, float] = {}
    for state, value in pairs:
        number = _count(state, value) if kind == "count" else _probability(state, value)
        found[state] = found.get(state, 0) + number
    return kind, found


def _are_counts(pairs: Iterable[tuple[str, Any]]) -> bool:
    """Return whether all values are whole numbers, and some are too large for a probability."""
    values = [value for _, value in pairs]
    if not all(isinstance(value, Real) and value == value // 1 for value in values):
        return False
    return min(values, default=0) >= 0 and max(values, default=0) > 1


def _count(state: str, value: Any) -> int:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= MAX_COUNT or value != int(value):
        raise ValueError(f"{state[:40]} has {str(value)[:40]} as its count")
    return int(value)


def _probability(state: str, value: Any) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{state[:40]} has {str(value)[:40]!r} as its probability")
    return as_float(int(value)) if isinstance(value, Integral) else float(value)
