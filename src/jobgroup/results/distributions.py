"""Define `Distributions`, a table with a row for each job and state, and its bar charts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from jobgroup.errors import MissingDependencyError
from jobgroup.results.cells import Cell
from jobgroup.results.pool import Quantity
from jobgroup.results.results_table import ResultRow, level_of, not_sampled, table_of
from jobgroup.results.shares import wilson
from jobgroup.results.states import in_order
from jobgroup.results.table import Table
from jobgroup.words import format_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_SIDE_BY_SIDE: Final = 8
"""Maximum number of distributions in one plot."""


class Distributions(Table):
    """A table of states with their counts, shares and errors, in long form.

    The columns are `job`, `iteration` (if there are iterations), the labels and parameters that
    differ between the jobs, `state`, `count`, `p`, `p_err` and `samples`. Probabilities that the
    platform computed have only `p`.
    """

    def plot(
        self,
        jobs: int | Iterable[int] | None = None,
        *,
        most: int = 20,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the shares of one job, or of several jobs side by side, with 68 % Wilson intervals.

        Args:
            jobs: positions in the group; None for all.
            most: number of states to draw; those with the greatest total shares are chosen.
            ax: matplotlib axes to draw on; None for new ones.

        Returns:
            The axes.

        Raises:
            MissingDependencyError: matplotlib is not installed.
            ValueError: there is nothing to draw, or there are too many distributions.
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
                f"{len(drawn)} distributions are too many for one plot. Choose at most"
                f" {MOST_SIDE_BY_SIDE}, for example plot(jobs=[0, 5])."
            )
        return _bars({_label(key): values for key, values in drawn.items()}, most, ax)

    def _by_job(self) -> dict[tuple[Any, Any], dict[str, Quantity]]:
        """Return shares by state, for each job and iteration."""
        known, found = self._known, dict[tuple[Any, Any], dict[str, Quantity]]()
        iterations = known.get("iteration", [None] * len(self))
        columns = (known[name] for name in ("job", "state", "p", "p_err", "count", "samples"))
        for iteration, (job, state, p, error, count, samples) in zip(
            iterations, zip(*columns, strict=True), strict=True
        ):
            if not isinstance(p, float):
                continue
            share = Quantity(p, error if isinstance(error, float) else None)
            if isinstance(count, int) and isinstance(samples, int):
                low, high = wilson(count, samples) or (None, None)
                share = share._replace(low=low, high=high)
            found.setdefault((job, iteration), {})[str(state)] = share
        return found


def distributions_of(rows: Sequence[ResultRow], *, interval: bool | float = False) -> Distributions:
    """Return the distributions of the rows. A job without a result has no states."""
    about = table_of(rows)
    names = [n for n in ("job", "iteration", *about.distinguishing_columns) if n in about.columns]
    before = {name: about[name] for name in names}
    with_interval = interval is not False
    columns: dict[str, list[Cell]] = {
        name: []
        for name in (
            *names,
            *("state", "count", "p", "p_err"),
            *(("p_low", "p_high") if with_interval else ()),
            "samples",
        )
    }
    for index, row in enumerate(rows):
        pool = row.pool
        for state in row.measurement.values:
            share = pool.share(state, level=level_of(interval))
            values: dict[str, Cell] = {
                "state": state,
                "count": pool.count(state),
                "p": share.value,
                "p_err": share.error,
                "samples": pool.samples,
            }
            if with_interval:
                values |= {"p_low": share.low, "p_high": share.high}
            for name, cells in before.items():
                columns[name].append(cells[index])
            for name, value in values.items():
                columns[name].append(value)
    jobs = format_count(len(set(columns["job"])), "job")
    parts = [f"{jobs}, {format_count(len(columns['state']), 'state')}", not_sampled(rows)]
    return Distributions(columns, title="; ".join(filter(None, parts)))


def _label(key: tuple[Any, Any]) -> str:
    job, iteration = key
    return f"job {job}" if iteration is None else f"job {job}, iteration {iteration}"


def _bars(drawn: dict[str, dict[str, Quantity]], most: int, ax: Axes | None) -> Axes:
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise MissingDependencyError(
            "plot() needs matplotlib, which is not installed: pip install matplotlib."
        ) from error
    sums: dict[str, float] = {}
    for values in drawn.values():
        for state, share in values.items():
            sums[state] = sums.get(state, 0) + (share.value or 0)
    states = in_order(sorted(in_order(sums), key=lambda s: -sums[s])[:most])
    if ax is None:
        _, ax = plt.subplots(figsize=(max(4.0, 0.5 * len(states) * len(drawn) ** 0.5), 3.5))
    width = 0.8 / len(drawn)
    is_counted = False
    for nth, (label, by_state) in enumerate(drawn.items()):
        places = [i + (nth - (len(drawn) - 1) / 2) * width for i in range(len(states))]
        shares = [by_state.get(state, Quantity(0.0)) for state in states]
        heights = [share.value or 0.0 for share in shares]
        below = [h - (h if s.low is None else s.low) for h, s in zip(heights, shares, strict=True)]
        above = [(s.high or h) - h for h, s in zip(heights, shares, strict=True)]
        is_counted = is_counted or any(share.error for share in shares)
        ax.bar(
            places,
            heights,
            width,
            yerr=[below, above] if any(below + above) else None,
            error_kw={"elinewidth": 1},
            label=label,
        )
    is_wide = sum(map(len, states)) > 60
    ax.set_xticks(range(len(states)), states, rotation=60 if is_wide else 0)
    ax.set_xlabel("state" if len(states) == len(sums) else f"state ({len(states)} of {len(sums)})")
    ax.set_ylabel("share among selected" if is_counted else "probability")
    if all((share.value or 0) >= 0 for values in drawn.values() for share in values.values()):
        ax.set_ylim(bottom=0)
    if len(drawn) > 1:
        ax.legend()
    else:
        ax.set_title(next(iter(drawn)))
    return ax
