"""Read results in the client library's form, or as tables, distributions and datasets."""

from jobgroup.results.cells import Result
from jobgroup.results.collect import (
    Errors,
    check_errors,
    collect,
    decode_all,
    measure_all,
    results_of_one,
    with_results,
)
from jobgroup.results.distributions import Distributions, distributions_of
from jobgroup.results.results_table import ResultsTable, rows_of, table_of
from jobgroup.results.table import Table

__all__ = [
    "Distributions",
    "Errors",
    "Result",
    "ResultsTable",
    "Table",
    "check_errors",
    "collect",
    "decode_all",
    "distributions_of",
    "measure_all",
    "results_of_one",
    "rows_of",
    "table_of",
    "with_results",
]
