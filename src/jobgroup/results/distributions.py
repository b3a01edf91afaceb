"""`Distributions`: what came out, a row for each job and state; bars of them on matplotlib."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from jobgroup.errors import MissingDependencyError
from jobgroup.results.parse import Cell, entries
from jobgroup.results.results_table import ResultRow, table_of
from jobgroup.results.table import Table
from jobgroup.words import format_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_SIDE_BY_SIDE: Final = 8
"""Distributions in one plot that an eye can still tell apart."""


class Distributions(Table):
    """States with their counts or probabilities, in long form; samples are counted.

    The columns are `job`, `iteration` where there are any, what tells the jobs apart (labels and
    parameters), `state`, and `count` or `probability`, or both where jobs differ in that.
    """

    def plot(
        self,
        jobs: int | Iterable[int] | None = None,
        *,
        most: int = 20,
        ax: Axes | None = None,
    ) -> Axes:
        """Bars of one job, or of several side by side.

        Counts are drawn as counts if all that is drawn are counts, else as shares of their sum.

        Args:
            jobs: positions in the group; None for all that there are.
            most: states that are drawn: those with the most in all jobs together.
            ax: matplotlib axes to draw on; new ones if not given.

        Returns:
            The axes.

        Raises:
            MissingDependencyError: matplotlib is not installed.
            ValueError: nothing is there to draw, or more than can be told apart.
        """
        wanted = None if jobs is None else {jobs} if isinstance(jobs, int) else set(jobs)
        drawn = {
            key: values
            for key, values in self._by_job().items()
            if wanted is None or key[0] in wanted
        }
        if not drawn:
            raise ValueError(
                "There is no distribution to draw."
                + ("" if wanted is None else f" None of the jobs {sorted(wanted)} has a result.")
            )
        if len(drawn) > MOST_SIDE_BY_SIDE:
            raise ValueError(
                f"{len(drawn)} distributions cannot be told apart in one plot. Choose up to"
                f" {MOST_SIDE_BY_SIDE}: plot(jobs=[0, 5])."
            )
        return _bars({_label(key): values for key, values in drawn.items()}, most, ax)

    def _by_job(self) -> dict[tuple[Any, Any], dict[str, int | float]]:
        """Values by state, for each job and iteration."""
        known, found = self._known, dict[tuple[Any, Any], dict[str, int | float]]()
        gaps: list[Cell] = [None] * len(self)
        iterations = known.get("iteration", gaps)
        values = zip(known.get("count", gaps), known.get("probability", gaps), strict=True)
        for job, iteration, state, (count, probability) in zip(
            known["job"], iterations, known["state"], values, strict=True
        ):
            value = probability if count is None else count
            if isinstance(value, int | float):
                found.setdefault((job, iteration), {})[str(state)] = value
        return found


def distributions_of(rows: Sequence[ResultRow]) -> Distributions:
    """The distributions of some rows; a job without a result has no state."""
    about = table_of(rows)
    names = [n for n in ("job", "iteration", *about.distinguishing_columns) if n in about.columns]
    before = {name: about[name] for name in names}
    columns: dict[str, list[Cell]] = {
        name: [] for name in (*names, "state", "count", "probability")
    }
    for index, row in enumerate(rows):
        unit, outcomes = entries(row.iteration.outcomes)
        for state, value in outcomes:
            for name, cells in before.items():
                columns[name].append(cells[index])
            columns["state"].append(state)
            columns["count"].append(int(value) if unit == "count" else None)
            columns["probability"].append(float(value) if unit == "probability" else None)
    for unit in ("count", "probability"):
        if columns["state"] and not any(value is not None for value in columns[unit]):
            del columns[unit]
    jobs = format_count(len(set(columns["job"])), "job")
    return Distributions(columns, title=f"{jobs}, {len(columns['state'])} states")


def _label(key: tuple[Any, Any]) -> str:
    job, iteration = key
    return f"job {job}" if iteration is None else f"job {job}, iteration {iteration}"


def _bars(drawn: dict[str, dict[str, int | float]], most: int, ax: Axes | None) -> Axes:
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise MissingDependencyError(
            "plot() needs matplotlib, which is not installed: pip install matplotlib."
        ) from error
    is_counts = all(isinstance(v, int) for values in drawn.values() for v in values.values())
    if not is_counts:
        drawn = {label: _shares(values) for label, values in drawn.items()}
    sums: dict[str, float] = {}
    for values in drawn.values():
        for state, value in values.items():
            sums[state] = sums.get(state, 0) + value
    states = sorted(sorted(sums, key=lambda s: -sums[s])[:most])
    if ax is None:
        _, ax = plt.subplots(figsize=(max(4.0, 0.5 * len(states) * len(drawn) ** 0.5), 3.5))
    width = 0.8 / len(drawn)
    for nth, (label, values) in enumerate(drawn.items()):
        places = [i + (nth - (len(drawn) - 1) / 2) * width for i in range(len(states))]
        ax.bar(places, [values.get(state, 0) for state in states], width, label=label)
    is_wide = sum(map(len, states)) > 60
    ax.set_xticks(range(len(states)), states, rotation=60 if is_wide else 0)
    ax.set_xlabel("state" if len(states) == len(sums) else f"state ({len(states)} of {len(sums)})")
    ax.set_ylabel("count" if is_counts else "probability")
    if len(drawn) > 1:
        ax.legend()
    else:
        ax.set_title(next(iter(drawn)))
    return ax


def _shares(values: dict[str, int | float]) -> dict[str, int | float]:
    """Counts as shares of their sum; probabilities as they are."""
    if not all(isinstance(v, int) for v in values.values()):
        return values
    total = sum(values.values())
    return {state: value / total for state, value in values.items()}
