"""``jobgroup ui``, which opens the dashboard in a browser without a kernel."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec

from jobgroup.cli.arguments import argument, flag, port
from jobgroup.cli.command import Command
from jobgroup.cli.console import echo
from jobgroup.cli.exit_codes import Exit, UsageError
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup
from jobgroup.store.names import normalised


def _echo_now(text: str) -> None:
    """Print a line at once, so that a log or a pipe has it while the server runs."""
    echo(text)
    sys.stdout.flush()


def _ui(arguments: argparse.Namespace) -> int:
    if find_spec("jupyter_server") is None:
        raise JobGroupError(
            "The page needs Jupyter Server, which is not installed. Install it with `pip install"
            " 'jobgroup[ui]'`."
        )
    if arguments.name:
        JobGroup.open(arguments.name)
    from jobgroup_server.extension import LOOPBACK, serve

    if arguments.ip not in LOOPBACK and hasattr(os, "geteuid") and os.geteuid() == 0:
        raise UsageError(
            f"As root, jobgroup ui does not listen on {arguments.ip}, because other machines could"
            " reach it. Run it as another user, or leave out --ip and connect through ssh -L."
        )
    try:
        serve(
            _echo_now,
            name=arguments.name,
            address=arguments.ip,
            port=arguments.port,
            open_browser=not arguments.no_browser,
        )
    except OSError as error:
        where = arguments.ip if arguments.port is None else f"{arguments.ip}, port {arguments.port}"
        raise UsageError(f"Cannot listen on {where}: {error.strerror}.") from None
    return Exit.DONE


UI = Command(
    "open the dashboard in a browser, without a notebook",
    _ui,
    (
        argument(
            "name",
            metavar="NAME",
            nargs="?",
            default="",
            type=lambda text: text and normalised(text),
            completions=JobGroup.list_existing,
            help="group name (default: the list of all groups)",
        ),
        argument("--port", type=port, metavar="N", help="port to listen on (default: 8861)"),
        argument(
            "--ip",
            default="127.0.0.1",
            metavar="ADDRESS",
            help="address to listen on (default: %(default)s)",
        ),
        flag("--no-browser", "do not open a browser"),
    ),
    ("jobgroup ui", "jobgroup ui sweep --no-browser"),
)
