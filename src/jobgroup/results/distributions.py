"""Define `Distributions`, a table with a row for each job and state, and its bar charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from jobgroup.errors import MissingDependencyError
from jobgroup.results.cells import Cell
from jobgroup.results.pool import Pool
from jobgroup.results.results_table import (
    ResultRow,
    left_out_text,
    level_of,
    missing_jobs,
    not_sampled,
    partial_jobs,
    table_of,
)
from jobgroup.results.side_names import side_names
from jobgroup.results.states import in_order
from jobgroup.results.table import Table
from jobgroup.words import format_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Key = tuple[int, int | None]
"""A job's position, and the iteration if the job has several."""

MAX_SIDE_BY_SIDE: Final = 8
"""Maximum number of distributions in one plot."""


class Distributions(Table):
    """A table of states with their counts, shares and errors, in long form.

    The columns are `job`, `iteration` (if there are iterations), the labels and parameters that
    differ between the jobs, `state`, `count`, `p`, `p_err` and `samples`. Probabilities that the
    platform computed have only `p`. Only jobs that ended in success have rows.
    """

    _rows: Mapping[Key, ResultRow]

    def plot(
        self,
        jobs: int | Iterable[int] | None = None,
        *,
        most: int = 20,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the shares of one job, or of several jobs side by side, with 68 % Wilson intervals.

        A state that a job did not return, but could have, has the share 0 and its interval.

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
            key: row
            for key, row in self._rows.items()
            if row.pool.shares and (wanted is None or key[0] in wanted)
        }
        if not drawn:
            raise ValueError(
                "There is no distribution to draw."
                + (
                    ""
                    if wanted is None
                    else f" None of the jobs {sorted(wanted)} has a complete result."
                )
            )
        if len(drawn) > MAX_SIDE_BY_SIDE:
            raise ValueError(
                f"{len(drawn)} distributions are too many for one plot. Choose at most"
                f" {MAX_SIDE_BY_SIDE}, for example plot(jobs=[0, 5])."
            )
        names = side_names([(row.record, row.measurement) for row in drawn.values()])
        labels = [_label(*key, name) for key, name in zip(drawn, names, strict=True)]
        pools = [row.pool for row in drawn.values()]
        return _bars(dict(zip(labels, pools, strict=True)), most, ax)


def distributions_of(rows: Sequence[ResultRow], *, interval: bool | float = False) -> Distributions:
    """Return the distributions of the jobs that ended in success.

    Partial results of other jobs are left out, because the rows are there to be pooled.
    """
    omitted = left_out_text(len(missing_jobs(rows)), len(partial_jobs(rows)))
    rows = [row for row in rows if not row.is_partial]
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
    parts.append(omitted)
    found = Distributions(columns, title="; ".join(filter(None, parts)))
    found._rows = {(row.record.position, row.measurement.iteration): row for row in rows}  # noqa: SLF001
    return found


def _label(job: int, iteration: int | None, name: str) -> str:
    text = f"job {job}" if iteration is None else f"job {job}, iteration {iteration}"
    return f"{name} ({text})" if name else text


def _bars(drawn: dict[str, Pool], most: int, ax: Axes | None) -> Axes:
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise MissingDependencyError(
            "plot() needs matplotlib, which is not installed: pip install matplotlib."
        ) from error
    from jobgroup.results.colours import use_palette
    from jobgroup.results.drawing import in_legend

    sums: dict[str, float] = {}
    for pool in drawn.values():
        for state, share in pool.shares.items():
            sums[state] = sums.get(state, 0) + share
    states = in_order(sorted(in_order(sums), key=lambda s: -sums[s])[:most])
    legend = {}
    if ax is None:
        width = max(4.0, 0.5 * len(states) * len(drawn) ** 0.5)
        if len(drawn) > 1:  # the legend is at the right, so that it covers no bar
            width += 0.7 + 0.09 * max(map(len, drawn))
            legend = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
        _, ax = plt.subplots(figsize=(width, 3.5), layout="constrained")
        use_palette(ax)
    width = 0.8 / len(drawn)
    is_counted = False
    for nth, (label, pool) in enumerate(drawn.items()):
        places = [i + (nth - (len(drawn) - 1) / 2) * width for i in range(len(states))]
        shares = [pool.share(state) for state in states]
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
            label=in_legend(label),
        )
    is_wide = sum(map(len, states)) > 60
    ax.set_xticks(range(len(states)), states, rotation=60 if is_wide else 0)
    ax.set_xlabel("state" if len(states) == len(sums) else f"state ({len(states)} of {len(sums)})")
    ax.set_ylabel("share among selected" if is_counted else "probability")
    if all(share >= 0 for pool in drawn.values() for share in pool.shares.values()):
        ax.set_ylim(bottom=0)
    if len(drawn) > 1:
        ax.legend(**legend)
    else:
        ax.set_title(in_legend(*drawn))
    return ax
