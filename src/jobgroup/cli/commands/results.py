"""``jobgroup results``: print results as a table, CSV or JSON."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import NAME, OVERWRITE, argument, flag, one_of
from jobgroup.cli.command import Command
from jobgroup.cli.console import echo_err, echo_raw, echo_table
from jobgroup.cli.exit_codes import Exit
from jobgroup.group import JobGroup
from jobgroup.results.export import as_csv, as_json
from jobgroup.results.table import Table
from jobgroup.store.output import user_path


def _results(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    names = arguments.columns.split(",") if arguments.columns else None
    table: Table
    if arguments.distributions:
        table = group.distributions(refresh=not arguments.offline)
        table = table.select(*names) if names else table
    else:
        table = group.results_table(names, refresh=not arguments.offline)
    columns = {name: table[name] for name in table.columns}
    if arguments.output is not None:
        is_json = arguments.json or (not arguments.csv and arguments.output.suffix == ".json")
        write = table.to_json if is_json else table.to_csv
        write(arguments.output, overwrite=arguments.overwrite)
        echo_err(f"Wrote {len(table)} rows to {arguments.output}.")
    elif arguments.csv or arguments.json:
        echo_raw(as_json(columns) if arguments.json else as_csv(columns))
    else:
        echo_table(columns, title=table.title, full=arguments.all)
    return Exit.DONE


RESULTS = Command(
    "print results as a table, CSV or JSON",
    _results,
    (
        NAME,
        argument(
            "--columns",
            metavar="NAME,NAME,...",
            help="columns to print (default: what differs between the jobs, and their results)",
        ),
        flag("--distributions", "print one row for each job and output state"),
        one_of(
            flag("--csv", "print comma-separated values"),
            flag("--json", "print a JSON list with one object per row"),
        ),
        argument(
            "--output", metavar="PATH", type=user_path, help="file to write: JSON if .json, or CSV"
        ),
        OVERWRITE,
        flag("--offline", "use cached results only"),
        flag("--all", "print every row, also in a terminal"),
    ),
    (
        "jobgroup results sweep --columns phi,status",
        "jobgroup results sweep --distributions --output sweep.csv",
    ),
)
