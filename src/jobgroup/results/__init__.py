"""Results: as the client library gives them, as tables, as distributions, and one by one."""

from jobgroup.results.collect import (
    Errors,
    check_errors,
    collect,
    decode_all,
    results_of_one,
    with_results,
)
from jobgroup.results.distributions import Distributions
from jobgroup.results.jobs import ResultsTable, lines
from jobgroup.results.table import Table

__all__ = [
    "Distributions",
    "Errors",
    "ResultsTable",
    "Table",
    "check_errors",
    "collect",
    "decode_all",
    "lines",
    "results_of_one",
    "with_results",
]
