"""``jobgroup results``: what came of the jobs, as a table, CSV or JSON."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import add_name
from jobgroup.cli.exit_codes import Exit
from jobgroup.cli.output import complain, say_raw, say_table
from jobgroup.group import JobGroup
from jobgroup.results.export import as_csv, as_json
from jobgroup.results.table import Table
from jobgroup.store.atomic import user_path

HELP = "print what came of the jobs, as a table, CSV or JSON"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which columns, in which form, into which file."""
    add_name(parser)
    parser.add_argument(
        "--columns",
        metavar="A,B,...",
        help="these columns; else what differs between the jobs, and what their results hold",
    )
    parser.add_argument(
        "--distributions", action="store_true", help="a row for each job and state, with its count"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="comma-separated values")
    form.add_argument("--json", action="store_true", help="a JSON list, an object for each row")
    parser.add_argument(
        "--output", metavar="PATH", type=user_path, help="a file; .json is JSON, else CSV"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace that file")
    parser.add_argument("--offline", action="store_true", help="only results that the group keeps")
    parser.add_argument("--all", action="store_true", help="every row, on a terminal too")


def run(arguments: argparse.Namespace) -> int:
    """Fetch and print them."""
    group = JobGroup.open(arguments.name)
    names = arguments.columns.split(",") if arguments.columns else None
    table = _table(group, names, arguments)
    columns = {name: table[name] for name in table.columns}
    if arguments.output is not None:
        is_json = arguments.json or (not arguments.csv and arguments.output.suffix == ".json")
        write = table.to_json if is_json else table.to_csv
        write(arguments.output, overwrite=arguments.overwrite)
        complain(f"{len(table)} rows are in {arguments.output}.")
    elif arguments.csv or arguments.json:
        say_raw(as_json(columns) if arguments.json else as_csv(columns))
    else:
        say_table(columns, title=table.title, full=arguments.all)
    return Exit.DONE


def _table(group: JobGroup, names: list[str] | None, arguments: argparse.Namespace) -> Table:
    is_fresh = not arguments.offline
    if not arguments.distributions:
        return group.results_table(names, refresh=is_fresh)
    table = group.distributions(refresh=is_fresh)
    return table.select(*names) if names else table
