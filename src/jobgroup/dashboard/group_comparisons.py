"""Compare groups: one figure of all, and their distances at common points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from jobgroup.dashboard.figures import (
    Figures,
    choices_of,
    chosen_figure,
    outside_note,
    with_digest,
)
from jobgroup.dashboard.protocol import Json
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup, engine_session
from jobgroup.results.definitions import definitions_of
from jobgroup.results.expression import Expression
from jobgroup.results.figure import Figure
from jobgroup.results.joined import GROUP, LEVEL, Apart, differences_of, joined
from jobgroup.results.shown_values import shown_value
from jobgroup.results.study import Study

MAX_COMPARED_GROUPS: Final = 6
"""Maximum number of groups in one comparison."""

MAX_SHOWN_PAIRS: Final = 20
"""Maximum number of points whose distances are listed."""


class GroupComparisons:
    """Answers the page's queries about several groups, and keeps their results in memory."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[JobGroup, Figures]] = {}

    def answer(self, args: Mapping[str, Any]) -> Json:
        """Return a figure of all groups, and their distances from the first group.

        Args:
            args: `names` of groups, which are compared with the first; otherwise the arguments of
                `Figures.answer`.
        """
        names = _names(args.get("names"))
        self._known = {name: self._current(name) or _open(name) for name in names}
        found = {
            name: figures.points(group, args) for name, (group, figures) in self._known.items()
        }
        progress = _summed([each for each, _ in found.values()])
        studies = {name: points[0] for name, (_, points) in found.items() if points}
        if len(studies) < len(names):
            return progress
        study = joined(studies)
        definitions = self._definitions()
        choices = choices_of(study, definitions)
        figure = None
        if study.points:
            wanted = {**args, "curves": args.get("curves") or GROUP}
            chosen = chosen_figure(study, definitions, choices, wanted)
            figure = {**chosen.as_json(), "python": ""}
            figure["caption"] += _absent(chosen.figure, names)
        about = {"sweeps": [], "sweep": "", "choices": choices, "notes": outside_note(study)}
        apart = _differences(study)
        return with_digest({**progress, **about, "figure": figure, **apart}, progress, args)

    def _current(self, name: str) -> tuple[JobGroup, Figures] | None:
        """Return a group and its figures; None if another group has its name now."""
        known = self._known.get(name)
        return known if known and engine_session(known[0]).is_current() else None

    def _definitions(self) -> dict[str, Expression]:
        """Return the derived quantities; for each name, the first group's definition counts."""
        found: dict[str, Expression] = {}
        for group, _ in self._known.values():
            found = {**definitions_of(engine_session(group).store), **found}
        return found


def _names(given: Any) -> list[str]:
    if not 2 <= len(set(given)) <= MAX_COMPARED_GROUPS:
        raise JobGroupError(f"Select 2 to {MAX_COMPARED_GROUPS} groups to compare.")
    return list(dict.fromkeys(given))


def _open(name: str) -> tuple[JobGroup, Figures]:
    return JobGroup.open(name), Figures()


def _absent(figure: Figure, groups: Sequence[str]) -> str:
    """Return the end of a caption, with the groups that have no points in the figure."""
    absent = [name for name in groups if name not in figure.groups]
    if figure.curves != GROUP or not absent:
        return ""
    return f"; no points{f' with {figure.title}' * bool(figure.title)} in {', '.join(absent)}"


def _summed(parts: list[Json]) -> Json:
    failed = [each["failed"] for each in parts]
    return {
        **{name: sum(each[name] for each in parts) for name in ("loaded", "of", "missing")},
        "failed": {
            "count": sum(each["count"] for each in failed),
            "first": next((each["first"] for each in failed if each["first"]), None),
        },
    }


def _differences(study: Study) -> Json:
    found = differences_of(study)
    return {
        "matched": found.matched,
        "unmatched": found.unmatched,
        "compared": len(found.compared),
        "low_p": found.low_p,
        "by_chance": LEVEL * sum(_has_p_value(each) for each in found.compared),
        "apart": [
            {
                "group": each.group,
                "point": ", ".join(f"{n} {shown_value(v)}" for n, v in each.values.items()),
                "comparison": each.comparison and asdict(each.comparison),
                "problem": each.problem,
            }
            for each in found.compared[:MAX_SHOWN_PAIRS]
        ],
    }


def _has_p_value(apart: Apart) -> bool:
    return apart.comparison is not None and apart.comparison.p_value is not None
