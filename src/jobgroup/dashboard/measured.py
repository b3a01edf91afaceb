"""Compute measured values for the page with `jobgroup.results`, and keep them in memory."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

from jobgroup.dashboard.protocol import Json
from jobgroup.engine.downloads import fetch
from jobgroup.engine.session import GroupSession
from jobgroup.errors import CredentialsError, JobGroupError
from jobgroup.group import JobGroup, engine_session
from jobgroup.job import RemoteJob
from jobgroup.results import measure_all
from jobgroup.results.collect import HAS_RESULTS
from jobgroup.results.expression import Expression
from jobgroup.results.measurement import Measurement
from jobgroup.results.pool import Pool, Quantity, number_of, scalar_names
from jobgroup.results.results_table import MAX_STATE_COLUMNS, ranked
from jobgroup.results.states import in_order, shape_of
from jobgroup.store import JobRecord
from jobgroup.store.columns import MAX_CELL

MAX_STATES: Final = 24
"""Number of states whose shares are sent by default: the group's most frequent ones."""

MAX_DISTRIBUTION_ENTRIES: Final = 1000
"""Number of outcomes of a distribution to send; the others are summed."""

MAX_REMEMBERED: Final = 2_000_000
"""Maximum number of outcomes in memory. Until then, each result is fetched only once."""

Found = list[Measurement] | str
"""The measurements of a job, or the reason why they are unknown."""


class Measurements:
    """The results of one group's jobs, each fetched and reduced once.

    If several threads need the same result, one of them fetches it and the others wait.

    Attributes:
        token_needed: `url` and `account` for which the last fetch needed a token; None if it needed
            none.
    """

    def __init__(self) -> None:
        self.token_needed: Json | None = None
        self._lock = Lock()
        self._known: OrderedDict[int | None, list[Measurement]] = OrderedDict()
        self._underway: dict[int | None, Future[dict[int, str]]] = {}
        self._size = 0
        self._sums: dict[str, float] = {}
        self._summed: dict[int, int | None] = {}

    def of(self, group: JobGroup, jobs: Sequence[RemoteJob]) -> dict[int, Found]:
        """Return the measurement of each job by position, or the reason why there is none."""
        return self.of_records(group, [job._record for job in jobs])  # noqa: SLF001

    def known(self, records: Sequence[JobRecord]) -> dict[int, list[Measurement]]:
        """Return the measurements in memory by position, without fetching others."""
        with self._lock:
            known = self._known
            return {r.position: known[r.attempt_id] for r in records if r.attempt_id in known}

    def of_records(self, group: JobGroup, records: Sequence[JobRecord]) -> dict[int, Found]:
        """Return the measurement of each job, or the reason why there is none."""
        own: Future[dict[int, str]] = Future()
        with self._lock:
            ready = {r.attempt_id: self._known.get(r.attempt_id) for r in records}
            new = [r for r in records if r.state in HAS_RESULTS and r.attempt_id not in self._known]
            mine = [r for r in new if r.attempt_id not in self._underway]
            awaited = {self._underway.get(r.attempt_id, own) for r in new} - {own}
            self._underway |= {r.attempt_id: own for r in mine}
        try:
            failures = self._fetch(group, mine) if mine else {}
        except BaseException as error:
            own.set_exception(error)
            raise
        else:
            own.set_result(failures)
        finally:
            with self._lock:
                for record in mine:
                    self._underway.pop(record.attempt_id, None)
        for other in awaited:
            failures = failures | other.result()
        with self._lock:
            return self._found(records, ready, failures)

    def _found(
        self,
        records: Sequence[JobRecord],
        ready: Mapping[int | None, list[Measurement] | None],
        failures: Mapping[int, str],
    ) -> dict[int, Found]:
        found: dict[int, Found] = {
            r.position: self._known.get(r.attempt_id)
            or ready[r.attempt_id]  # it was in memory at the beginning of this call
            or failures.get(r.entry_id, "The result is not available yet.")
            for r in records
        }
        while self._size > MAX_REMEMBERED:
            _, forgotten = self._known.popitem(last=False)
            self._size -= _count(forgotten)
        return found

    @property
    def frequent_states(self) -> list[str]:
        """Return the states, in descending order of their summed shares in all results so far."""
        with self._lock:
            return ranked(self._sums)[:MAX_STATES]

    def _fetch(self, group: JobGroup, records: list[JobRecord]) -> dict[int, str]:
        """Fetch and keep the results of jobs; return the reason for each missing one, by entry."""
        session = engine_session(group)
        documents: Mapping[int, dict[str, Any] | Exception]
        try:
            documents = session.start(fetch, session, records).result()
        except JobGroupError as error:
            documents = dict.fromkeys((r.entry_id for r in records), error)
        refused = [r for r in records if isinstance(documents.get(r.entry_id), CredentialsError)]
        accounts = ({"url": r.origin, "account": r.account} for r in refused)
        self.token_needed = next(accounts, None)
        measured, failures = measure_all(records, documents)
        with self._lock:
            for record in records:
                if found := measured.get(record.position):
                    self._sum(record, found)
                    self._known[record.attempt_id] = found
                    self._size += _count(found)
        return {
            r.entry_id: str(failures.get(r.position) or documents.get(r.entry_id))
            for r in records
            if r.position not in measured
        }

    def _sum(self, record: JobRecord, found: list[Measurement]) -> None:
        """Add the shares of a result once, in place of those of an earlier attempt."""
        attempt = self._summed.get(record.entry_id, record.attempt_id)
        if record.entry_id in self._summed and attempt == record.attempt_id:
            return
        before = self._known.get(attempt, []) if record.entry_id in self._summed else []
        self._summed[record.entry_id] = record.attempt_id
        for sign, parts in ((-1, before), (1, found)):
            for state, share in (s for m in parts for s in Pool([m]).shares.items()):
                if math.isfinite(share):
                    self._sums[state] = self._sums.get(state, 0.0) + sign * share


_shared: Final[WeakKeyDictionary[GroupSession, Measurements]] = WeakKeyDictionary()
_sharing: Final = Lock()


def measurements_of(group: JobGroup) -> Measurements:
    """Return the measurements of a group. All dashboards of this process share them."""
    with _sharing:
        return _shared.setdefault(engine_session(group), Measurements())


def _count(found: list[Measurement]) -> int:
    return sum(len(measurement.values) for measurement in found)


def measured_rows(
    found: dict[int, Found],
    states: Sequence[str],
    frequent: Sequence[str],
    definitions: Mapping[str, Expression],
) -> Json:
    """Return a row for each job and iteration, with the same numbers as `jg.results_table()`.

    Args:
        found: measurements of jobs, or the reasons why they are missing.
        states: states whose shares are returned in addition to the most frequent ones; names of
            other quantities are ignored.
        frequent: states of the group, the most frequent first.
        definitions: derived quantities.
    """
    jobs = {position: parts for position, parts in found.items() if not isinstance(parts, str)}
    failed = {position: parts for position, parts in found.items() if isinstance(parts, str)}
    pools = [(m, len(parts), Pool([m])) for parts in jobs.values() for m in parts]
    returned = {state for m, *_ in pools for state in m.values}
    others = [each for each in states if each in returned or shape_of(each) is not None]
    columns = list(dict.fromkeys([*others, *frequent]))
    numbers = scalar_names(m for m, *_ in pools)
    reported = list(dict.fromkeys(name for m, *_ in pools for name in m.scalars))
    scalars = [*reported, *(name for name in numbers if name not in reported)]
    problems = {m.position: str(m.problem) for m, *_ in pools if m.problem is not None}
    return {
        "rows": [
            {
                "position": m.position,
                "iteration": m.iteration,
                "of": of,
                "params": dict(m.params),
                "samples": pool.samples,
                "values": {
                    **{state: _pair(pool.share(state)) for state in columns},
                    **{name: _scalar(m, pool, name) for name in scalars},
                    **{name: _pair(pool.quantity(each)) for name, each in definitions.items()},
                },
            }
            for m, of, pool in pools
        ],
        "scalars": scalars,
        "derived": [name for name in scalars if name not in reported],
        "defined": list(definitions),
        "states": list(frequent),
        "shown": in_order(frequent[:MAX_STATE_COLUMNS]),
        "columns": columns,
        "failed": failed | problems,
    }


def _scalar(measurement: Measurement, pool: Pool, name: str) -> list[Any]:
    """Return a number with its error, or another value unchanged."""
    if number_of(measurement, name) is None:
        return [measurement.scalars.get(name), None]
    return _pair(pool.scalar(name))


def distributions(found: Found) -> Json:
    """Return a job's distributions, one for each iteration, or the reason why there are none."""
    if isinstance(found, str):
        return {"distributions": [], "error": found}
    try:
        return {"distributions": [_distribution(m) for m in found], "error": ""}
    except (ValueError, JobGroupError) as error:
        return {"distributions": [], "error": f"This result cannot be shown: {error}"}


def _distribution(measurement: Measurement) -> Json:
    if measurement.problem is not None:
        raise ValueError(str(measurement.problem))
    pool = Pool([measurement])
    values = sorted(measurement.values.items(), key=lambda entry: (-entry[1], entry[0]))
    rest = values[MAX_DISTRIBUTION_ENTRIES:]
    scalars = {name: pool.scalar(name).value for name in scalar_names([measurement])}
    return {
        "title": ", ".join(f"{name} {value}" for name, value in measurement.params.items()),
        "unit": "counts" if measurement.kind == "count" else "probability",
        "entries": [
            _entry(state, value, pool) for state, value in values[:MAX_DISTRIBUTION_ENTRIES]
        ],
        "rest": {"n": len(rest), "value": sum((_drawable(*entry) for entry in rest), 0.0)},
        "scalars": {name: value for name, value in scalars.items() if value is not None},
    }


def _entry(state: str, value: float, pool: Pool) -> list[Any]:
    return [state, _drawable(state, value), *_pair(pool.share(state))]


def _drawable(state: str, value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"the number of {state[:MAX_CELL]} cannot be drawn; get_results() has it.")
    return float(value)


def _pair(quantity: Quantity) -> list[float | None]:
    return list(_finite(quantity.value, quantity.error))


def _finite(*numbers: float | None) -> Iterator[float | None]:
    for number in numbers:
        yield number if number is not None and math.isfinite(number) else None
