"""Convert labels, the user's named values, to the form in which a group stores them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jobgroup.adapters.job_reader import load_adapter
from jobgroup.values import plain
from jobgroup.words import shown

_KNOWN_BY_TEXT: Final = frozenset(
    {"BasicState", "FockState", "NoisyFockState", "AnnotatedFockState", "StateVector"}
    | {"SVDistribution", "NoiseModel", "PostSelect"}
)


def read_labels(labels: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return labels in their stored form; {} for None.

    Raises:
        TypeError: the labels are not a dict.
    """
    if labels is not None and not isinstance(labels, Mapping):
        raise TypeError(f"labels must be a dict such as {{'phi': 0.3}}, got {shown(labels)}.")
    return {name: label_of(value) for name, value in (labels or {}).items()}


def label_of(value: Any) -> Any:
    """Return a value in its stored form: a plain value, or Perceval's text for an object."""
    if is_known_by_text(value):
        return load_adapter("perceval", "texts").perceval_text(value)
    return plain(value)


def is_known_by_text(value: Any) -> bool:
    """Return whether Perceval gives this object the same text in each process."""
    return type(value).__name__ in _KNOWN_BY_TEXT and is_perceval(value)


def is_perceval(value: Any) -> bool:
    """Return whether this is an object of Perceval."""
    return type(value).__module__.partition(".")[0] in ("perceval", "exqalibur")
