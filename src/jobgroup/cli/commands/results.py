"""``jobgroup results`` and ``plot``, for results as a table, a file or a figure."""

from __future__ import annotations

import argparse
import re
from typing import Final

from jobgroup.cli.arguments import NAME, OVERWRITE, argument, assignments, flag, one_of
from jobgroup.cli.command import Command
from jobgroup.cli.console import echo_err, echo_raw, echo_table
from jobgroup.cli.exit_codes import Exit, UsageError
from jobgroup.errors import JobGroupError, MissingDependencyError
from jobgroup.group import JobGroup
from jobgroup.results.export import as_csv, as_json
from jobgroup.results.table import Table
from jobgroup.store.output import user_path, write_output
from jobgroup.words import format_count

_COMMA: Final = re.compile(r",(?![^(]*\))")
"""Matches commas between columns, but not commas in a state such as p(|1,1>)."""


def _results(arguments: argparse.Namespace) -> int:
    group, path = JobGroup.open(arguments.name), arguments.output
    suffix = "" if path is None or arguments.csv or arguments.json else path.suffix
    if arguments.netcdf or suffix == ".nc":
        return _write_netcdf(group, arguments)
    names = _COMMA.split(arguments.columns) if arguments.columns else None
    table: Table
    if arguments.distributions:
        table = group.distributions(refresh=not arguments.offline)
        table = table.select(*names) if names else table
    else:
        table = group.results_table(names, refresh=not arguments.offline)
    columns = {name: table[name] for name in table.columns}
    if path is not None:
        write = table.to_json if arguments.json or suffix == ".json" else table.to_csv
        write(path, overwrite=arguments.overwrite)
        echo_err(f"Wrote {format_count(len(table), 'row')} to {path}.")
    elif arguments.csv or arguments.json:
        echo_raw(as_json(columns) if arguments.json else as_csv(columns))
    else:
        echo_table(columns, title=table.title, full=arguments.all)
    return Exit.DONE


def _write_netcdf(group: JobGroup, arguments: argparse.Namespace) -> Exit:
    if arguments.output is None or arguments.columns or arguments.distributions:
        raise UsageError("--netcdf requires --output, without --columns or --distributions.")
    try:
        dataset = group.to_xarray(arguments.sweep, refresh=not arguments.offline)
    except ValueError as error:
        raise UsageError(str(error)) from error
    with write_output(arguments.output, overwrite=arguments.overwrite) as unfinished:
        try:
            dataset.to_netcdf(unfinished, engine="h5netcdf")
        except ValueError as error:
            raise JobGroupError(
                f"The labels cannot be stored as netCDF ({error}). Nothing was written. Choose"
                " --csv or --json."
            ) from error
    sizes = ", ".join(f"{name} {size}" for name, size in dataset.sizes.items())
    echo_err(f"Wrote a dataset ({sizes}) to {arguments.output}.")
    return Exit.DONE


def _plot(arguments: argparse.Namespace) -> int:
    group, path = JobGroup.open(arguments.name), arguments.output
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        sentence = "matplotlib is not installed. Run pip install 'jobgroup[plot]'."
        raise MissingDependencyError(sentence) from error
    from jobgroup.results.colours import use_palette  # only this command needs it

    figure = Figure(layout="constrained")
    axes = figure.subplots()
    use_palette(axes)
    try:
        group.plot(
            arguments.quantity,
            arguments.x,
            curves=arguments.curves,
            where=dict(arguments.where),
            kind=arguments.kind,
            errors=not arguments.no_errors,
            log=arguments.log,
            from_zero=arguments.from_zero,
            sweep=arguments.sweep,
            ax=axes,
            refresh=not arguments.offline,
        )
        with write_output(path, overwrite=arguments.overwrite) as unfinished:
            figure.savefig(unfinished, format=path.suffix[1:] or "png", dpi=200)
    except ValueError as error:
        if isinstance(error, JobGroupError):
            raise
        raise UsageError(str(error)) from error
    echo_err(f"Wrote the figure to {path}.")
    return Exit.DONE


_OFFLINE = flag("--offline", "use cached results only")
_SWEEP = argument("--sweep", metavar="NAME", help="name of the sweep, if the group has several")

RESULTS = Command(
    "print results as a table, CSV or JSON",
    _results,
    (
        NAME,
        argument(
            "--columns",
            metavar="NAME,NAME,...",
            help="columns to print (default: values that differ between the jobs, and results)",
        ),
        flag("--distributions", "print one row for each job and output state"),
        one_of(
            flag("--csv", "print comma-separated values"),
            flag("--json", "print a JSON list with one object per row"),
            flag("--netcdf", "write a dataset with swept values as dimensions to --output"),
        ),
        argument(
            "-o",
            "--output",
            metavar="PATH",
            type=user_path,
            help="file to write: JSON if .json, netCDF if .nc, otherwise CSV",
        ),
        OVERWRITE,
        _SWEEP,
        _OFFLINE,
        flag("--all", "print every row, even in a terminal"),
    ),
    (
        "jobgroup results sweep --columns phi,status",
        "jobgroup results sweep --distributions --output sweep.csv",
        "jobgroup results sweep --netcdf --output sweep.nc",
    ),
)
PLOT = Command(
    "plot a measured quantity against the swept values",
    _plot,
    (
        NAME,
        argument(
            "quantity",
            metavar="QUANTITY",
            nargs="?",
            help="state, performance, defined name or expression (default: most frequent state)",
        ),
        argument(
            "-o",
            "--output",
            metavar="PATH",
            type=user_path,
            required=True,
            help="file to write, such as .svg, .pdf or .png",
        ),
        OVERWRITE,
        argument("--x", metavar="NAME", help="swept name of the horizontal axis"),
        argument("--curves", metavar="NAME", help="swept name with a curve for each value"),
        assignments("--where", "where", "value of another swept name, such as eta=0.3"),
        argument(
            "--kind",
            choices=("auto", "line", "map", "bars"),
            default="auto",
            help="kind of figure (default: auto)",
        ),
        flag("--no-errors", "draw no error bars"),
        argument("--log", choices=("x", "y", "xy"), help="logarithmic axes (default: none)"),
        argument(
            "--from-zero",
            action=argparse.BooleanOptionalAction,
            help="whether a linear y axis of curves begins at 0 (default: for shares only)",
        ),
        _SWEEP,
        _OFFLINE,
    ),
    ("jobgroup plot sweep '|1,1>' --x phi --curves indist -o figure.svg",),
)
