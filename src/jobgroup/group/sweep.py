"""Add a job for each point of a sweep that the group does not have."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, get_args

from jobgroup.adapters import follow
from jobgroup.engine.session import GroupSession
from jobgroup.fingerprint import Fingerprint, differences, incomparable
from jobgroup.group.add import entry_of, mark_of, new_job
from jobgroup.group.labels import read_labels
from jobgroup.group.points import Index, Key, Point, read_over
from jobgroup.group.progress_bars import SlowBar
from jobgroup.group.sweep_report import OnChange, SweepReport, Tally
from jobgroup.group.validation import validate_counts
from jobgroup.job import RemoteJob, job_of
from jobgroup.references import GroupReference
from jobgroup.results.definitions import definitions_of
from jobgroup.status import FAILED
from jobgroup.store import NewJob
from jobgroup.store.sweeps import Axis, Comparison, Entry, Sweep
from jobgroup.words import format_count, shown

_BATCH_POINTS: Final = 100
_BATCH_INTERVAL_S: Final = 2.0
"""Number of built points, and seconds of building, after which a batch is written."""

_COMPARED: Final = 20
"""Maximum number of changed points whose differences are reported."""


class _Built(NamedTuple):
    """A point and the job that `build` returned for it."""

    key: Key
    point: Point
    job: NewJob
    mark: Fingerprint
    given: Any
    params: Mapping[str, Any]


def sweep(
    session: GroupSession,
    build: Callable[..., Any],
    over: Any,
    *,
    repeats: int,
    name: str | None,
    labels: Mapping[str, Any] | None,
    units: Mapping[str, str] | None,
    long_names: Mapping[str, str] | None,
    on_change: str,
    check: bool,
    params: Mapping[str, Any],
) -> SweepReport:
    """Add a job for each point that the group lacks; see `JobGroup.sweep`."""
    validate_counts(repeats=repeats)
    if not callable(build):
        raise TypeError(
            f"build must be a function that returns a job, got {shown(build)}. Nothing was added."
        )
    if on_change not in get_args(OnChange):
        raise ValueError(
            f"on_change must be one of {', '.join(map(repr, get_args(OnChange)))}, got"
            f" {shown(on_change)}. Nothing was added."
        )
    points = read_over(over)
    names = list(points[0])
    fixed = read_labels(labels)
    for what, given in (("labels", fixed), ("parameters", params)):
        if clash := [name for name in names if name in given]:
            raise TypeError(
                f"Swept names are also in {what}: {', '.join(clash)}. Nothing was added."
            )
    if defined := [name for name in names if name in definitions_of(session.store)]:
        raise ValueError(
            f"{defined[0]!r} cannot be swept: this group defines a quantity of that name. Rename"
            " one of them. Nothing was added."
        )
    units, long_names = _texts("units", units, names), _texts("long_names", long_names, names)
    sweeping = _Sweeping(
        session,
        build,
        _name_of(build) if name is None else _checked_name(name),
        names,
        partial(_axes_of, points, units, long_names),
        repeats=repeats,
        labels=fixed,
        on_change=on_change,
        check=check,
        params=params,
    )
    return sweeping.run(points)


class _Sweeping:
    """One call of `sweep`.

    Args:
        session: session of the group.
        build: function that returns the job of a point.
        name: name of the sweep.
        names: swept names.
        axes_after: function that returns the axes, given those that are stored.
        repeats: number of jobs per point.
        labels: labels for all jobs of the sweep.
        on_change: treatment of points whose jobs have a different body.
        check: whether to build known points too.
        params: parameters for all jobs of the sweep.
    """

    def __init__(
        self,
        session: GroupSession,
        build: Callable[..., Any],
        name: str,
        names: Sequence[str],
        axes_after: Callable[[Sequence[Axis]], tuple[Axis, ...]],
        *,
        repeats: int,
        labels: Mapping[str, Any],
        on_change: str,
        check: bool,
        params: Mapping[str, Any],
    ) -> None:
        self._session = session
        self._store = session.store
        self._build = build
        self._name = name
        self._axes_after = axes_after
        self._names = {*names}
        self._repeats = repeats
        self._labels = labels
        self._on_change = on_change
        self._check = check
        self._params = params
        self._index = Index(names)
        self._tally = Tally()
        self._own_id = -1
        self._siblings: dict[int | None, str] = {}
        self._joining: list[Entry] = []
        self._changed: _Built | None = None
        self._is_checked = False

    def run(self, points: list[Point]) -> SweepReport:
        """Build the points, add the missing jobs, and return the report."""
        self._own_id = self._own_sweep(self._store.sweeps.all())[0]
        entries = self._store.sweeps.entries()
        self._index.set_values(entries, points)
        self._index.update(entries)
        distinct = {self._index.key(point): self._index.known(point) for point in points}
        bar = SlowBar(len(distinct), "Sweep")
        try:
            self._build_all(distinct, bar)
        finally:
            bar.close()
        counts = self._tally.counts
        return SweepReport(
            new=counts["new"],
            known=counts["known"],
            changed=counts["changed"],
            skipped=counts["skipped"],
            total=len(distinct) * self._repeats,
            jobs=[job_of(self._session, at) for at in sorted(self._tally.entry_ids)],
            notes=tuple(self._tally.notes(len(points) - len(distinct), self._on_change)),
            repeats=self._repeats,
        )

    # -- building ----------------------------------------------------------------------------------

    def _build_all(self, distinct: Mapping[Key, Point], bar: SlowBar) -> None:
        built: list[_Built] = []
        began = time.monotonic()
        for bar.done, (key, point) in enumerate(distinct.items()):
            bar.tick()
            if not self._check and self._is_complete(key):
                continue
            try:
                made = self._built(key, point)
            except Exception as error:
                self._write(built)
                new = format_count(self._tally.counts["new"], "job")
                error.add_note(
                    f"Raised at the point {_as_text(point)}. {new} of this sweep were already added"
                    " and stay in the group."
                )
                raise
            if made is None:
                self._tally.counts["skipped"] += self._repeats
                continue
            built.append(made)
            if len(built) >= _BATCH_POINTS or time.monotonic() - began > _BATCH_INTERVAL_S:
                self._write(built)
                built, began = [], time.monotonic()
        self._write(built)
        bar.done = len(distinct)

    def _is_complete(self, key: Key) -> bool:
        """Return whether the group has enough jobs for a point, with any body; count them."""
        own = [e for e in self._index.at(key) if e.sweep_id in (None, self._own_id)]
        if len(own) < self._repeats:
            return False
        self._tally.counts["known"] += self._repeats
        self._tally.add_known(own, self._siblings)
        return True

    def _built(self, key: Key, point: Point) -> _Built | None:
        made = self._build(**{name: value.given for name, value in point.items()})
        if made is None:
            return None
        job, params = made if isinstance(made, tuple) and len(made) == 2 else (made, {})
        params = {**self._params, **params}
        labels = {**self._labels, **{name: value.label for name, value in point.items()}}
        new = new_job(job, params, labels)
        return _Built(key, point, new, mark_of(new), job, params)

    # -- comparing and adding ----------------------------------------------------------------------

    def _write(self, built: list[_Built]) -> None:
        """Compare points with the group and add the missing jobs, in one transaction."""
        if not built:
            return
        added: list[tuple[_Built, int]] = []
        self._joining = []
        with self._store.sweeps.compare() as group:
            self._find_sweep(group)
            self._index.update(group.entries)
            at_points = [entry for each in built for entry in self._index.at(each.key)]
            marks = group.fingerprints([entry.entry_id for entry in at_points])
            for each in built:
                added += [(each, at) for at in self._settle(group, each, marks)]
            if self._joining:
                group.join(self._joining, self._own_id)
                self._index.forget()
        reference = GroupReference(self._session)
        for each, entry_id in added:
            if not isinstance(each.given, RemoteJob):
                entry = partial(entry_of, reference, entry_id)
                follow(each.given, entry, each.job.name, each.params)
        if self._changed and not self._is_checked:
            self._is_checked = True
            again = self._built(*self._changed[:2])
            self._tally.is_random = again is None or again.mark != self._changed.mark

    def _own_sweep(self, sweeps: Iterable[Sweep]) -> tuple[int, tuple[Axis, ...]]:
        """Find this sweep and other sweeps with the same swept names."""
        alike = [each for each in sweeps if {*each.names} == self._names]
        own = next((each for each in alike if self._is_named(each.name)), None)
        self._siblings = {each.id: each.name for each in alike if each is not own}
        return (-1, ()) if own is None else (own.id, own.axes)

    def _is_named(self, name: str) -> bool:
        number = name.removeprefix(f"{self._name} ")
        return name == self._name or (number != name and number.isdecimal())

    def _find_sweep(self, group: Comparison) -> None:
        self._own_id, stored = self._own_sweep(group.sweeps())
        axes = self._axes_after(stored)
        if self._own_id < 0:
            taken = {each.name for each in group.sweeps()}
            numbered = (f"{self._name} {number}" for number in range(2, len(taken) + 3))
            free = next(name for name in (self._name, *numbered) if name not in taken)
            self._own_id = group.add_sweep(free, axes)
        elif axes != stored:
            group.set_axes(self._own_id, axes)

    def _settle(
        self, group: Comparison, new: _Built, marks: Mapping[int, Fingerprint]
    ) -> list[int]:
        """Add the missing jobs of one point, and return them."""
        entries = self._index.at(new.key)
        same = [entry for entry in entries if self._is_same(entry, new, marks)]
        others = [e for e in entries if e not in same and e.sweep_id in (None, self._own_id)]
        older = [entry for entry in others if self._is_incomparable(group, entry, new)]
        others = [entry for entry in others if entry not in older]
        self._joining += [entry for entry in same if entry.sweep_id is None]
        counted = [*not_superseded(same), *older]
        self._tally.add_known(counted, self._siblings)
        known = min(len(counted), self._repeats)
        changed = 0
        if others and not counted:
            self._note_change(group, new, others[0])
            self._tally.entry_ids.update(entry.entry_id for entry in others)
            changed = self._repeats if self._on_change == "report" else 0
        if others and self._on_change == "replace_unsent":
            replaced = self._replace(group, others, new)
            is_all_sent = not replaced and not counted
            changed = self._repeats if is_all_sent else min(replaced, self._repeats - known)
        missing = self._repeats - known - changed
        added = [group.insert(new.job, new.mark, self._own_id) for _ in range(missing)]
        self._tally.counts.update(known=known, changed=changed, new=missing)
        self._tally.entry_ids.update(added)
        return added

    def _replace(self, group: Comparison, others: list[Entry], new: _Built) -> int:
        replaced = [e.entry_id for e in others if group.replace(e, new.job, self._own_id)]
        self._tally.stayed += len(others) - len(replaced)
        self._tally.entry_ids.update(replaced)
        self._index.forget()
        return len(replaced)

    def _is_same(self, entry: Entry, new: _Built, marks: Mapping[int, Fingerprint]) -> bool:
        return (
            marks.get(entry.entry_id) == new.mark
            and entry.target.platform_key == new.job.target.platform_key
            and all(entry.labels.get(k) == new.job.labels[k] for k in self._labels)
            and (entry.sweep_id in (None, self._own_id) or entry.sweep_id in self._siblings)
        )

    def _is_incomparable(self, group: Comparison, entry: Entry, new: _Built) -> bool:
        reason = incomparable(group.body(entry.entry_id), new.job.compared_body)
        if reason:
            self._tally.incomparable[reason] += 1
        return bool(reason)

    def _note_change(self, group: Comparison, new: _Built, entry: Entry) -> None:
        self._changed = self._changed or new
        if self._tally.differences.total() >= _COMPARED:
            return
        found = differences(group.body(entry.entry_id), new.job.compared_body)
        was, now = entry.target, new.job.target
        found += [f"cloud {was.origin} -> {now.origin}"] * (was[:2] != now[:2])
        found += [
            f"label {name} {shown(entry.labels.get(name))} -> {shown(new.job.labels[name])}"
            for name in self._labels
            if entry.labels.get(name) != new.job.labels[name]
        ]
        self._tally.differences[", ".join(found)] += 1


def not_superseded(entries: Sequence[Entry]) -> list[Entry]:
    """Return the jobs, without failed jobs that appended reruns replace."""
    reruns = {entry.rerun_of for entry in entries}
    return [e for e in entries if not (e.state in FAILED and e.entry_id in reruns)]


def _axes_of(
    points: Sequence[Point],
    units: Mapping[str, str],
    long_names: Mapping[str, str],
    stored: Sequence[Axis],
) -> tuple[Axis, ...]:
    """Return the axes of a call; names without units or long names in it keep the stored ones."""
    kept = {axis.name: axis for axis in stored}
    axes = []
    for name in points[0]:
        kinds = {point[name].kind for point in points}
        kind = kinds.pop() if len(kinds) == 1 else "text"
        old = kept.get(name, Axis(name, kind))
        unit, long_name = units.get(name, old.units), long_names.get(name, old.long_name)
        axes.append(Axis(name, kind, unit, long_name))
    return tuple(axes)


def _texts(what: str, given: Mapping[str, str] | None, names: Sequence[str]) -> dict[str, str]:
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"{what} must be a dict such as {{'phi': 'rad'}}, got {shown(given)}.")
    for name, text in (given or {}).items():
        if name not in names:
            raise ValueError(
                f"{what} has {shown(name)}, which is not a swept name. Swept names are"
                f" {', '.join(names)}."
            )
        if not isinstance(text, str):
            raise TypeError(f"{what} of {name} must be a string, got {shown(text)}.")
    return dict(given or {})


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise TypeError(
            f"name must be a string such as 'map', got {shown(name)}. Nothing was added."
        )
    return name


def _name_of(build: Callable[..., Any]) -> str:
    function = getattr(build, "func", build)  # build is a functools.partial
    name = getattr(function, "__name__", type(function).__name__)
    return "sweep" if name == "<lambda>" else name


def _as_text(point: Point) -> str:
    return ", ".join(f"{name}={value.label!r}" for name, value in point.items())
