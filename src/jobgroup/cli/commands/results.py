"""``jobgroup results``: print the results as a table, CSV or JSON."""

from __future__ import annotations

import argparse
import re
from typing import Final

from jobgroup.cli.arguments import add_name
from jobgroup.cli.command import Command
from jobgroup.cli.console import echo_err, echo_raw, echo_table
from jobgroup.cli.exit_codes import Exit
from jobgroup.group import JobGroup
from jobgroup.results.export import as_csv, as_json
from jobgroup.results.table import Table
from jobgroup.store.output import user_path

_COLUMNS: Final = re.compile(r",(?![^(]*\))")
"""Commas between columns; those in a state, as in p(|1,1>), are not."""


def _results(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    names = _COLUMNS.split(arguments.columns) if arguments.columns else None
    table = _table(group, names, arguments)
    columns = {name: table[name] for name in table.columns}
    if arguments.output is not None:
        is_json = arguments.json or (not arguments.csv and arguments.output.suffix == ".json")
        write = table.to_json if is_json else table.to_csv
        write(arguments.output, overwrite=arguments.overwrite)
        echo_err(f"{len(table)} rows are in {arguments.output}.")
    elif arguments.csv or arguments.json:
        echo_raw(as_json(columns) if arguments.json else as_csv(columns))
    else:
        echo_table(columns, title=table.title, full=arguments.all)
    return Exit.DONE


def _table(group: JobGroup, names: list[str] | None, arguments: argparse.Namespace) -> Table:
    is_fresh = not arguments.offline
    if not arguments.distributions:
        return group.results_table(names, refresh=is_fresh)
    table = group.distributions(refresh=is_fresh)
    return table.select(*names) if names else table


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--columns",
        metavar="A,B,...",
        help="the columns to print; by default what differs between the jobs, and their results",
    )
    parser.add_argument(
        "--distributions",
        action="store_true",
        help="one row for each job and output state",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="comma-separated values")
    form.add_argument("--json", action="store_true", help="a JSON list with an object for each row")
    parser.add_argument(
        "--output",
        metavar="PATH",
        type=user_path,
        help="write a file: .json is JSON, else CSV",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    parser.add_argument("--offline", action="store_true", help="use only the stored results")
    parser.add_argument("--all", action="store_true", help="print every row, on a terminal too")


RESULTS = Command(
    "print the results as a table, CSV or JSON",
    _results,
    (add_name, _add_results),
    example="jobgroup results sweep --columns phi,status --output sweep.csv",
)
