"""Return results as Perceval does, from texts that `jobgroup.decoding` has checked.

Perceval's `get_results` would decode anything in a result, and would import and call the function
that the result names as its conversion. This module does not, but otherwise it does what each
release does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any, Final

import perceval
from perceval import utils

from jobgroup.adapters.results import decode_text
from jobgroup.decoding import Budget, RefusedError
from jobgroup.decoding.perceval_maker import PercevalMaker

MAX_SAMPLES: Final = 2_000_000
"""Maximum number of samples that a conversion may draw."""

_CONVERSION: Final = re.compile(r"(probs|samples|sample_count)_to_(probs|samples|sample_count)")
_COUNTS: Final = ("count", "max_samples", "max_shots")


def decode(text: str, budget: Budget | None = None) -> Any:
    """Return results as Perceval's `get_results` does; errors as for `adapters.decode`."""
    return decode_text(text, PercevalMaker(), converted, budget)


def converted(results: dict[str, Any]) -> dict[str, Any]:
    """Convert decoded results to the kind that their job requested.

    Raises:
        RefusedError: the conversion is not one of Perceval's, or draws too many samples.
    """
    context = results.get("job_context")
    if not isinstance(context, Mapping) or "result_mapping" not in context:
        return results
    conversion = _conversion(context["result_mapping"])
    parameters = context.get("mapping_delta_parameters") or {}
    if not isinstance(parameters, Mapping):
        raise RefusedError("their conversion has unreadable parameters")
    rows = results.get("results_list")
    if isinstance(rows, list):
        for row in rows:
            iteration = row.get("iteration") or {}
            given = {name: iteration.get(name, value) for name, value in parameters.items()}
            row["results"] = conversion(row["results"], given)
    else:
        results["results"] = conversion(results["results"], dict(parameters))
    return results


def _conversion(mapping: Any) -> Callable[[Any, dict[str, Any]], Any]:
    """Return one of the six functions of `perceval.utils` that convert results."""
    found = (
        _CONVERSION.fullmatch(mapping[1])
        if isinstance(mapping, list)
        and len(mapping) == 2
        and mapping[0] == "perceval.utils"
        and type(mapping[1]) is str
        else None
    )
    function = getattr(utils, found.group(), None) if found else None
    if found is None or function is None:
        raise RefusedError("their conversion is not one of Perceval's")
    kind = {
        "probs": perceval.BSDistribution,
        "samples": perceval.BSSamples,
        "sample_count": perceval.BSCount,
    }[found[1]]

    def convert(results: Any, parameters: dict[str, Any]) -> Any:
        if not isinstance(results, kind):
            raise RefusedError(f"their conversion needs {found[1]}")
        if found[1] == "samples" or found[2] == "probs":
            return function(results)
        given = {name: parameters[name] for name in _COUNTS if parameters.get(name) is not None}
        _check_number(found.group(), results, given)
        return function(results, **given)

    return convert


def _check_number(conversion: str, results: Any, given: Mapping[str, Any]) -> None:
    """Raise RefusedError if a conversion would draw too many samples."""
    if not all(isinstance(n, Integral) and 0 <= int(n) < 2**63 for n in given.values()):
        raise RefusedError("their conversion has no valid number of samples")
    total = sum(results.values())
    if conversion == "sample_count_to_samples":
        most = total  # Perceval lists them before it draws
    elif total <= 0:
        raise RefusedError("their conversion needs probabilities above zero")
    elif conversion == "probs_to_sample_count":
        return
    else:
        most = given.get("count", min(given.values(), default=0))
    if most > MAX_SAMPLES:
        raise RefusedError(f"their conversion would draw more than {MAX_SAMPLES:,} samples")
