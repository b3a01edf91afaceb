"""Compute the figures of `JobGroup.plot` for the page, as columns of plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, Final, NamedTuple

from jobgroup.dashboard.measured import MAX_STATES, measurements_of
from jobgroup.dashboard.protocol import Json, digest_of
from jobgroup.errors import UnknownColumnError
from jobgroup.group import JobGroup, engine_session
from jobgroup.results import rows_of
from jobgroup.results.analysis import study_of_group
from jobgroup.results.axes import are_times, is_numeric, is_placed
from jobgroup.results.cells import Cell
from jobgroup.results.collect import HAS_RESULTS
from jobgroup.results.definitions import definitions_of
from jobgroup.results.expression import Expression
from jobgroup.results.figure import Figure, figure_of
from jobgroup.results.pool import scalar_names
from jobgroup.results.results_table import most_frequent
from jobgroup.results.shown_values import shown_value
from jobgroup.results.study import Study
from jobgroup.store import JobRecord
from jobgroup.words import format_count

LOAD_BATCH_SIZE: Final = 200
"""Number of results to load for one answer, so that the page can show progress."""

MAX_UNASKED: Final = 2_000
"""Maximum number of missing results that are loaded without a request from the page."""

MAX_FIGURE_VALUES: Final = 2_000
"""Maximum number of values of another name that the page offers as choices."""

_KINDS: Final = ("line", "map", "bars")


class Figures:
    """Answers the page's queries about figures, and keeps the points of an unchanged group."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._group: JobGroup | None = None
        self._asked: dict[int | None, str] = {}
        self._key: tuple[Any, ...] = ()
        self._study: tuple[Study, list[str], Json] | None = None

    def answer(self, group: JobGroup, args: Mapping[str, Any]) -> Json:
        """Return a figure with the available choices and the number of results in it.

        Args:
            group: group of the results.
            args: `y`, `x`, `curves` ("" for none), `at` (values of other swept names), `kind`,
                `errors`, `sweep`; `load` to load more than 2,000 results; `retry` to load failed
                results again; `only_load` to get only the progress; `have`, which is the digest of
                the last answer.
        """
        progress, points = self.points(group, args)
        if points is None:
            return progress
        study, notes, about = points
        sweep = about["sweep"] if about["sweeps"] else ""
        definitions = definitions_of(engine_session(group).store)
        figure = None
        if study.points:
            drawn = chosen_figure(study, definitions, about["choices"], args)
            python = _python(drawn.figure, is_auto=drawn.is_auto, sweep=sweep)
            figure = {**drawn.as_json(), "python": python}
        return with_digest({**progress, **about, "notes": notes, "figure": figure}, progress, args)

    def points(
        self, group: JobGroup, args: Mapping[str, Any]
    ) -> tuple[Json, tuple[Study, list[str], Json] | None]:
        """Load some missing results; return the progress and, if wanted, the points."""
        with self._lock:
            if group is not self._group:
                self._group, self._study = group, None
                self._asked.clear()
            if args.get("retry"):
                self._asked.clear()
            records = engine_session(group).store.records()
            progress = self._load(group, records, is_asked=bool(args.get("load")))
            if args.get("only_load"):
                return progress, None
            return progress, self._points(group, records, str(args.get("sweep") or ""))

    def _load(self, group: JobGroup, records: Sequence[JobRecord], *, is_asked: bool) -> Json:
        """Load some missing results; return the numbers of loaded results and of all results."""
        expected = [r for r in records if r.state in HAS_RESULTS and r.remote_id]
        known = measurements_of(group).known(expected)
        missing = [
            r for r in expected if r.position not in known and r.attempt_id not in self._asked
        ]
        if missing and (is_asked or len(missing) <= MAX_UNASKED):
            some, missing = missing[:LOAD_BATCH_SIZE], missing[LOAD_BATCH_SIZE:]
            found = measurements_of(group).of_records(group, some)
            for record in some:
                parts = found[record.position]
                is_expected = isinstance(parts, str) and record.state == "success"
                self._asked[record.attempt_id] = str(parts) if is_expected else ""
        failed = {
            r.position: self._asked[r.attempt_id] for r in expected if self._asked.get(r.attempt_id)
        }
        return {
            "loaded": len(expected) - len(missing),
            "of": len(expected),
            "missing": len(missing),
            "failed": {"count": len(failed), "first": next(iter(failed.items()), None)},
        }

    def _points(
        self, group: JobGroup, records: Sequence[JobRecord], sweep: str
    ) -> tuple[Study, list[str], Json]:
        """Return the points of a sweep, remarks about them, and the available quantities."""
        session = engine_session(group)
        sweeps = [each.name for each in session.store.sweeps.all()]
        chosen = sweep if sweep in sweeps else sweeps[-1] if sweeps else None
        known = measurements_of(group).known([r for r in records if r.state in HAS_RESULTS])
        version = max((r.version for r in records), default=0)
        key = (version, len(records), tuple(known), chosen, session.store.version)
        if self._study is None or key != self._key:
            notes: list[str] = []
            rows = list(rows_of(records, known, {}))
            study = study_of_group(session, rows, chosen, report=notes.append)
            notes += outside_note(study)
            self._key = key
            self._study = (
                study,
                notes,
                {
                    "sweeps": sweeps if len(sweeps) > 1 else [],
                    "sweep": chosen or "",
                    "choices": choices_of(study, definitions_of(session.store)),
                },
            )
        return self._study


def outside_note(study: Study) -> list[str]:
    """Return a note about the jobs that no figure of a study shows, if there are any."""
    if not study.outside:
        return []
    count = format_count(study.outside, "job")
    return [f"Not in the plot: {count} outside the sweep, or without a swept value."]


def with_digest(answer: Json, progress: Json, args: Mapping[str, Any]) -> Json:
    """Return an answer with its digest, or only the progress if the page has that answer."""
    digest = digest_of(answer)
    if args.get("have") == digest:
        return {**progress, "same": digest}
    return {**answer, "digest": digest}


def choices_of(study: Study, definitions: Mapping[str, Any]) -> Json:
    """Return the quantities and names that a figure of a study can show."""
    measured = [m for point in study.points for m in point.pool.used]
    everything = [row.measurement for point in study.points for row in point.rows]
    samples = any(m.kind == "count" for m in measured)
    known = study.with_variants()
    states = most_frequent((point.pool for point in study.points), MAX_STATES)
    return {
        "states": states,
        "first": _most_telling(study, states),
        "scalars": [*scalar_names(everything), *(["samples"] if samples else [])],
        "definitions": {name: each.text for name, each in definitions.items()},
        "swept": [
            {"name": name, "label": known.label(name), "several": len(values) > 1}
            for name, values in known.coordinates.items()
        ],
    }


def _most_telling(study: Study, states: Sequence[str]) -> str:
    """Return the state whose share varies most, probably because the sweep is about that state."""
    shares = [point.pool.shares for point in study.points if point.pool.shares]

    def span(state: str) -> float:
        values = [each.get(state, 0.0) for each in shares]
        return max(values) - min(values)

    return max(states, key=span, default="")


class Chosen(NamedTuple):
    """A figure that follows the page's choices.

    Attributes:
        figure: figure to show.
        gone: choices that no longer exist and were replaced.
        is_auto: whether the figure has the kind that `jg.plot` chooses by default.
    """

    figure: Figure
    gone: list[str]
    is_auto: bool

    def as_json(self) -> Json:
        """Return the figure and the choices for the page."""
        return {**_as_json(self.figure), "gone": self.gone}


def chosen_figure(
    study: Study, definitions: Mapping[str, Expression], choices: Json, args: Mapping[str, Any]
) -> Chosen:
    """Return a figure with the page's choices; replace and report choices that no longer exist."""
    known = study.with_variants().coordinates
    wanted: dict[str, Any] = {name: args.get(name) for name in ("x", "curves")}
    at = args.get("at") or {}
    gone = [name for name in (*wanted.values(), *at) if name and name not in known]
    x = wanted["x"] if wanted["x"] in known else None
    curves = wanted["curves"]
    if curves == "" or (curves == x and x is not None):
        curves = False
    elif curves not in known:
        curves = None
    where = {name: value for name, value in at.items() if name not in (x, curves)}
    errors = args.get("errors", True)
    offered = [choices["first"] or None, *choices["scalars"], *definitions]
    first = next(filter(None, offered), "samples")
    y, figure = str(args.get("y") or ""), None
    while figure is None:
        named, y = y, y or first
        try:
            figure = figure_of(
                study,
                y,
                x,
                definitions=definitions,
                curves=curves,
                where=where,
                errors=errors,
                fill=True,
            )
        except UnknownColumnError:
            if not named:
                raise
            gone, y = [*gone, named], ""
    kind, automatic = args.get("kind"), figure.kind
    if kind in _KINDS and (kind != "map" or figure.curves):
        figure = replace(figure, kind=kind)
    return Chosen(figure, list(dict.fromkeys(gone)), figure.kind == automatic)


def _as_json(figure: Figure) -> Json:
    points = figure.points
    quantities = [point.quantity for point in points]
    return {
        "kind": figure.kind,
        "y": figure.y,
        "x": figure.x,
        "curves": figure.curves or "",
        "y_label": figure.y_label,
        "x_label": figure.x_label,
        "curves_label": figure.curves_label,
        "is_share": figure.is_share,
        "xs": _axis(figure.xs),
        "groups": _axis(figure.groups),
        "legend": figure.legend,
        "title": figure.title,
        "caption": figure.caption,
        "level": figure.level,
        "selectors": [
            {"name": each.name, "values": each.values[:MAX_FIGURE_VALUES], "value": each.value}
            for each in figure.selectors
        ],
        "points": {
            "x": [point.x for point in points],
            "curve": [point.curve for point in points],
            "value": [each.value for each in quantities],
            "error": [each.error for each in quantities],
            "low": [each.low for each in quantities],
            "high": [each.high for each in quantities],
            "samples": [point.samples for point in points],
            "jobs": [list(point.jobs) for point in points],
            "state": [point.state for point in points],
        },
    }


def _axis(values: Sequence[Cell]) -> Json:
    """Return the values along an axis, and their type."""
    kind = "time" if are_times(values) else "number" if is_numeric(values) else "text"
    return {
        "kind": kind,
        "values": [value if is_placed(value) else None for value in values],
        "texts": [shown_value(value) for value in values],
    }


def _python(figure: Figure, *, is_auto: bool, sweep: str) -> str:
    """Return the line of Python that draws the figure.

    >>> from types import SimpleNamespace as Of
    >>> shown = Of(y="|1,1>", x="phi", curves="indist", kind="line", errors=True, selectors=[])
    >>> _python(shown, is_auto=True, sweep="")
    'jg.plot(y="|1,1>", x="phi", curves="indist")'
    """
    where = ", ".join(f"{_code(each.name)}: {_code(each.value)}" for each in figure.selectors)
    given = {
        "y": _code(figure.y),
        "x": _code(figure.x),
        "curves": _code(figure.curves) if figure.curves else "",
        "where": f"{{{where}}}" if where else "",
        "kind": "" if is_auto else _code(figure.kind),
        "errors": "" if figure.errors is True else _code(figure.errors),
        "sweep": _code(sweep) if sweep else "",
    }
    return f"jg.plot({', '.join(f'{name}={text}' for name, text in given.items() if text)})"


def _code(value: Cell) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
