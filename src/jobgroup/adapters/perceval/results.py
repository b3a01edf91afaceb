"""Results as Perceval gives them, of texts that `jobgroup.decoding` has let pass.

Its `get_results` is not called: it decodes whatever a result holds, and imports and calls what the
result names as its conversion. Its other steps are done here, the same for each release.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any, Final

import perceval
from perceval import utils

from jobgroup.adapters.result_text import decode_text
from jobgroup.decoding import Budget, RefusedError
from jobgroup.decoding.perceval_maker import PercevalMaker

MAX_SAMPLES: Final = 2_000_000
"""Samples that a conversion makes."""

_CONVERSION: Final = re.compile(r"(probs|samples|sample_count)_to_(probs|samples|sample_count)")
_COUNTS: Final = ("count", "max_samples", "max_shots")


def decode(text: str, budget: Budget | None = None) -> Any:
    """Results as Perceval's `get_results` gives them; UndecodableResultError keeps the text."""
    return decode_text(text, PercevalMaker(), converted, budget)


def converted(results: Any) -> Any:
    """Decoded results, converted if their job asked for another kind than its cloud gives.

    Perceval's `get_results` gives None for what is no object.

    Raises:
        RefusedError: the conversion is none of Perceval's, or makes too much.
    """
    if not isinstance(results, dict):
        return None
    context = results.get("job_context")
    if not isinstance(context, Mapping) or "result_mapping" not in context:
        return results
    conversion = _conversion(context["result_mapping"])
    parameters = context.get("mapping_delta_parameters") or {}
    if not isinstance(parameters, Mapping):
        raise RefusedError("the conversion that they ask for has no parameters that can be read")
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
    """One of the six functions of `perceval.utils` that make one kind of result of another."""
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
        raise RefusedError("they ask for a conversion that is none of Perceval's")
    kind = {
        "probs": perceval.BSDistribution,
        "samples": perceval.BSSamples,
        "sample_count": perceval.BSCount,
    }[found[1]]

    def convert(results: Any, parameters: dict[str, Any]) -> Any:
        if not isinstance(results, kind):
            raise RefusedError(f"they ask for a conversion of {found[1]}, and are none")
        if found[1] == "samples" or found[2] == "probs":
            return function(results)
        given = {name: parameters[name] for name in _COUNTS if parameters.get(name) is not None}
        _check_number(found.group(), results, given)
        return function(results, **given)

    return convert


def _check_number(conversion: str, results: Any, given: Mapping[str, Any]) -> None:
    """See that a conversion which draws samples makes no more of them than fit."""
    if not all(isinstance(n, Integral) and 0 <= int(n) < 2**63 for n in given.values()):
        raise RefusedError("the conversion that they ask for has no number of samples")
    total = sum(results.values())
    if conversion == "sample_count_to_samples":
        most = total  # which Perceval lays out one by one before it draws
    elif total <= 0:
        raise RefusedError("they ask for a conversion, and their probabilities are none")
    elif conversion == "probs_to_sample_count":
        return
    else:
        most = given.get("count", min(given.values(), default=0))
    if most > MAX_SAMPLES:
        raise RefusedError(f"the conversion would make more than {MAX_SAMPLES:,} samples")
