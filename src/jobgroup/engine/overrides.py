"""Override parameters for a rerun, as far as the stored body allows. Pure.

Perceval encodes circuits, states and conversions of results, so they cannot be overridden. To
change them, build the experiment again and add it as a new job.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any, Final

from jobgroup.errors import InvalidOverrideError
from jobgroup.store import OverriddenBody
from jobgroup.words import shown

COUNTED: Final = ("max_shots", "max_samples")
_FIXED: Final = frozenset({"command", "job_context", "iterator", "experiment", "circuit"})


def apply_overrides(body: Mapping[str, Any] | None, overrides: Mapping[str, Any]) -> OverriddenBody:
    """Return the body with new values for some of its parameters.

    Args:
        body: stored body; None for a job that was adopted without one.
        overrides: new values by name, of the same type as the old ones: numbers, strings or
            booleans.

    Raises:
        InvalidOverrideError: a parameter cannot be changed; the message says why.

    >>> apply_overrides({"payload": {"command": "x", "max_shots": 9}}, {"max_shots": 5}).overrides
    {'max_shots': [9, 5]}
    """
    if body is not None and "parts" in body and "payload" not in body:
        raise InvalidOverrideError(
            "it consists of several jobs that only Perceval can write. Build its Execution again"
            " and add it."
        )
    if body is None or not isinstance(body.get("payload"), Mapping):
        raise InvalidOverrideError(
            "only the cloud has its payload. Rerun it without changes, or add it again."
        )
    new_body = copy.deepcopy(dict(body))
    old_and_new = {}
    for name, value in overrides.items():
        params = _params_with(new_body["payload"], name)
        _validate(name, params[name], value)
        old_and_new[name] = [params[name], value]
        params[name] = value
    return OverriddenBody(new_body, old_and_new)


def overridable_params(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a payload that can be overridden, with their values."""
    if "computation" in payload:  # its limits are only copies for display
        return {}
    inner = payload.get("parameters")
    found = {**(inner if isinstance(inner, Mapping) else {}), **payload}
    iterated = _iterated(payload)
    return {n: v for n, v in found.items() if n not in _FIXED | iterated and _is_overridable(n, v)}


def _params_with(payload: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the dictionary that has the parameter: the payload or its `parameters`."""
    able = overridable_params(payload)
    if name in able:
        params: dict[str, Any] = payload if name in payload else payload["parameters"]
        return params
    can = (
        f" You can change {', '.join(able)}." if able else " None of its parameters can be changed."
    )
    if name in _iterated(payload):
        raise InvalidOverrideError(f"each of its iterations has its own {name!r}.{can}")
    inner = payload.get("parameters")
    if name in payload or (isinstance(inner, Mapping) and name in inner):
        raise InvalidOverrideError(
            f"{name!r} is part of the experiment, which only Perceval can write. Build the"
            f" experiment again and add it.{can}"
        )
    raise InvalidOverrideError(
        f"it has no parameter {name!r}. To change a circuit, build it again with Perceval.{can}"
    )


def _iterated(payload: Mapping[str, Any]) -> set[str]:
    iterations = payload.get("iterator")
    if not isinstance(iterations, list):
        return set()
    return {name for each in iterations if isinstance(each, Mapping) for name in each}


def _is_overridable(name: str, value: Any) -> bool:
    if value is None:
        return name in COUNTED
    if isinstance(value, str):
        return not value.startswith((":PCVL:", "pcvlar"))
    return isinstance(value, bool | int | float)


def _validate(name: str, old: Any, new: Any) -> None:
    if name in COUNTED:
        if not isinstance(new, int) or isinstance(new, bool) or new < 1:
            raise InvalidOverrideError(
                f"{name!r} must be a whole number of at least 1, got {shown(new)}."
            )
        return
    kinds = (
        (int, float) if isinstance(old, int | float) and not isinstance(old, bool) else type(old)
    )
    is_of_its_kind = isinstance(new, kinds) and isinstance(new, bool) == isinstance(old, bool)
    if not is_of_its_kind or (isinstance(new, float) and not math.isfinite(new)):
        raise InvalidOverrideError(f"{name!r} is {shown(old)}, and {shown(new)} has another type.")
