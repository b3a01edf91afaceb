"""Record figures of random groups as a page gets them, and the numbers of the reduction:
`figures.json`.

`test_dashboard_figure_examples.py` compares the recording. `js/tests/node/figures.test.ts` draws
each figure and reads it back. Run this file to record again after a deliberate change.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from table_examples import DEFINITIONS, group

from jobgroup.dashboard.figures import choices_of, chosen_figure
from jobgroup.results import rows_of
from jobgroup.results.expression import Expression, parse
from jobgroup.results.figure import Figure
from jobgroup.results.pool import Quantity
from jobgroup.results.study import Point, Study, study_of
from jobgroup.store.encoding import json_safe

RECORDING = Path(__file__).parent / "figures.json"

QUANTITIES = ("|1,1>", "visibility", "physical_perf")


def study(seed: int) -> Study:
    """The points of one group. Its jobs have equal settings, except for repeats."""
    records, measured = group(seed)
    rows = list(rows_of(records, measured, {}))
    return study_of(rows, None, lambda positions: dict.fromkeys(positions, 0), lambda positions: {})


def examples(seed: int) -> list[dict[str, Any]]:
    """A group with figures of each of its quantities over the varied values."""
    points = study(seed)
    definitions = {name: parse(text) for name, text in DEFINITIONS.items()}
    choices = choices_of(points, definitions)
    return [
        {"figure": {**chosen.as_json(), "python": ""}, "expected": expected(points, chosen.figure)}
        for y in QUANTITIES
        if (chosen := chosen_figure(points, definitions, choices, {"y": y})).figure.y == y
    ]


def expected(points: Study, figure: Figure) -> list[dict[str, Any]]:
    """The numbers of each point, only from its pooled results."""
    expression = parse(DEFINITIONS.get(figure.y, figure.y))
    held = {each.name: each.value for each in figure.selectors}
    points = points.with_variants()
    rows = [row for point in points.points for row in point.rows]
    returned = {state for row in rows for state in row.measurement.values}
    is_known = returned.issuperset(expression.states)  # otherwise some job may still return it
    found = []
    for point in points.points:
        values = dict(zip(points.names, point.values, strict=True))
        if all(values[name] == value for name, value in held.items()):
            curve = values[figure.curves] if figure.curves else None
            jobs = {row.record.position for row in point.rows}
            numbers = _numbers(point, expression) if is_known else _gap(point)
            found.append({"x": values[figure.x], "curve": curve, "jobs": sorted(jobs), **numbers})
    return found


def _numbers(point: Point, expression: Expression) -> dict[str, Any]:
    is_scalar = not expression.states
    pool = point.pool
    quantity = pool.scalar(expression.names[0]) if is_scalar else pool.quantity(expression)
    return {**quantity._asdict(), "samples": pool.samples}


def _gap(point: Point) -> dict[str, Any]:
    return {**Quantity()._asdict(), "samples": point.pool.samples}


def recording() -> list[dict[str, Any]]:
    """Return all examples."""
    made = [each for seed in range(16) for each in examples(seed)]
    found: list[dict[str, Any]] = json.loads(json.dumps(json_safe(made)))
    return found


if __name__ == "__main__":
    RECORDING.write_text(json.dumps(recording(), ensure_ascii=False) + "\n")
