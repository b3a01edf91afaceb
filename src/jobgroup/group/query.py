"""Find the jobs of a group by state, labels, a function, or a search query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jobgroup.group.labels import read_labels
from jobgroup.results.cells import with_noise
from jobgroup.rounding import is_same_value
from jobgroup.search import Searched, search
from jobgroup.status import FAILED, STATES
from jobgroup.store import GroupStore, JobRecord
from jobgroup.words import shown


def matching(
    store: GroupStore,
    where: Callable[[JobRecord], object] | None,
    state: str | Iterable[str] | None,
    labels: Mapping[str, Any] | None,
) -> list[int]:
    """Return the entries that match; see `JobGroup.jobs`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: a state does not exist.
    """
    if where is not None and not callable(where):
        raise TypeError(f"where must be a function of a job's record, got {shown(where)}.")
    wanted = read_labels(labels)
    if where is None and not wanted and state is not None:
        return store.entries.ids(_states(state))
    return [
        record.entry_id
        for record in store.records(None if state is None else _states(state))
        if _has(record.labels, wanted) and (where is None or where(record))
    ]


def found_by(store: GroupStore, query: str) -> list[int]:
    """Return the entries that match a query; see `JobGroup.find`.

    Raises:
        TypeError, ValueError: as for `search`.
    """
    records = store.records()
    positions = search(query, [_searched(record) for record in records])
    return [records[position].entry_id for position in positions]


def _states(state: str | Iterable[str]) -> set[str]:
    if not isinstance(state, Iterable):
        raise TypeError(f"state must be the name of a state or several names, got {shown(state)}.")
    wanted = {state} if isinstance(state, str) else set(state)
    if "failed" in wanted:
        wanted = (wanted - {"failed"}) | FAILED
    for unknown in wanted.difference(STATES):
        raise ValueError(
            f"{shown(unknown)} is not a state. Use one of {', '.join(STATES)}, or failed for error"
            " and canceled."
        )
    return wanted


def _has(labels: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(
        name in labels and is_same_value(labels[name], value) for name, value in wanted.items()
    )


def _searched(record: JobRecord) -> Searched:
    texts = {
        "name": record.name,
        "platform": record.platform,
        "account": record.account,
        "id": record.remote_id,
        "note": record.note,
        "message": record.message,
    }
    numbers = {"attempts": record.attempts, "duration": record.duration_s}
    metadata = {
        name: value for name, value in record.metadata.items() if name != "content"
    }  # a hash
    described = (record.labels, metadata, record.params)
    named = [pair for each in described for pair in _flattened(with_noise(each))]
    return Searched(
        record.position,
        record.state,
        [*filter(None, texts.values())],
        [*named, *((n, t) for n, t in texts.items() if t), *numbers.items()],
    )


def _flattened(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield names and values. Nested values get names such as ``noise.g2``."""
    for name, value in values.items():
        yield f"{prefix}{name}", value
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{name}.")
