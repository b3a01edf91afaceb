"""The numbers of some jobs, for the dashboard and other views.

`numbers_of` fetches and reduces the results of the jobs that a view shows; `Pool` takes repeats
together. Both give the numbers that tables, datasets and figures have:

    found = numbers_of(session, [0, 1, 5], ["|1,1>", "|1,1> * global_perf"])
    for each in found[0]:                  # one, or one for each iteration
        each.measurement.params            # what the iteration varied
        each.measurement.kind              # "count", "probability" (not sampled: no error) or None
        each.samples                       # the sum of all counts; None for probabilities
        each.quantities["|1,1>"]           # Quantity(value, error, low, high): floats or None
    found[5]                               # an exception that says why a result is missing

    pool = Pool(m for p in (0, 1) for m in (n.measurement for n in found[p]))
    pool.samples, pool.shares, pool.share("|1,1>"), pool.scalar("global_perf")
    pool.quantity(parse("|1,1> * global_perf"), level=0.95, errors="scatter")
    pool.left_out, pool.disagreement()     # probabilities beside counts; p-value of chi-squared
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from jobgroup.engine.downloads import fetch
from jobgroup.results.collect import measure_all, with_results
from jobgroup.results.expression import Expression, parse
from jobgroup.results.measurement import Measurement
from jobgroup.results.pool import Pool, Quantity
from jobgroup.results.shares import ONE_SIGMA

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession


class Numbers(NamedTuple):
    """The numbers of one job, or of one iteration of it.

    Attributes:
        measurement: what the job returned.
        samples: the sum of all counts; None for probabilities, and without a result.
        quantities: the value, error and interval of each expression.
    """

    measurement: Measurement
    samples: int | None
    quantities: dict[str, Quantity]


def numbers_of(
    session: GroupSession,
    positions: Collection[int],
    expressions: Iterable[str] = (),
    *,
    level: float = ONE_SIGMA,
    ask: bool = True,
) -> dict[int, list[Numbers] | Exception]:
    """Return the numbers of some jobs by position; jobs that have no result yet are left out.

    Nothing is kept on disk but results of a group that caches them. Call it in a thread.

    Args:
        session: of the group.
        positions: of the jobs.
        expressions: states, or derived quantities such as ``"|1,1> * global_perf"``.
        level: of the intervals.
        ask: ask the cloud for results that the group does not have.

    Raises:
        ExpressionError: an expression cannot be read.
        CredentialsError: the token is missing or refused.
    """
    parsed = {text: parse(text) for text in expressions}
    chosen = set(positions)
    records = [r for r in with_results(session) if r.position in chosen]
    documents = session.start(fetch, session, records, ask=ask).result()
    measured, failures = measure_all(records, documents)
    found: dict[int, list[Numbers] | Exception] = {
        position: [_numbers(each, parsed, level) for each in measurements]
        for position, measurements in measured.items()
    }
    return {**found, **failures}


def _numbers(measurement: Measurement, expressions: dict[str, Expression], level: float) -> Numbers:
    pool = Pool([measurement])
    quantities = {text: pool.quantity(e, level=level) for text, e in expressions.items()}
    return Numbers(measurement, pool.samples, quantities)
