"""``jobgroup demo``, ``cloud``, ``doctor`` and ``completion``, which need no group."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from jobgroup.cli.arguments import JSON, argument, flag, port
from jobgroup.cli.command import Command, report
from jobgroup.cli.console import echo_err, echo_raw
from jobgroup.cli.exit_codes import Exit, UsageError

if TYPE_CHECKING:
    from jobgroup.doctor import Finding


def _demo(_arguments: argparse.Namespace) -> int:
    from jobgroup.demo import run_demo  # only this command needs it

    try:
        return run_demo()
    except ImportError as error:  # the extra "cloud" is not installed
        echo_err(str(error))
        return Exit.FAILED


def _cloud(arguments: argparse.Namespace) -> int:
    from jobgroup.cloud.command import run  # only this command needs it

    return run(arguments)


def _doctor(arguments: argparse.Namespace) -> int:
    from jobgroup.doctor import examine  # only this command needs it

    try:
        found = examine(arguments.url)
    except ValueError as error:
        raise UsageError(str(error)) from None
    is_well = all(each.verdict != "problem" for each in found)
    document = {"ok": is_well, "findings": [asdict(each) for each in found]}
    report(arguments, "\n".join(map(_line, found)), document)
    return Exit.DONE if is_well else Exit.FAILED


def _line(finding: Finding) -> str:
    line = f"{finding.verdict:8} {finding.check}: {finding.text}"
    return f"{line}\n{'':8} {finding.advice}" if finding.advice else line


def _completion(arguments: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode  # only this command needs it

    echo_raw(shellcode(["jobgroup"], shell=arguments.shell))
    return Exit.DONE


DEMO = Command("run three example scripts on an embedded cloud", _demo)
CLOUD = Command(
    "serve an embedded cloud on this machine",
    _cloud,
    (
        argument(
            "--port",
            type=port,
            default=0,
            metavar="N",
            help="port to listen on (default: free one)",
        ),
        argument("--token", help="token that clients must send (default: random, printed)"),
        argument("--directory", metavar="PATH", help="directory for jobs (default: temporary)"),
        argument(
            "--max-queue",
            type=int,
            default=1000,
            metavar="N",
            help="limit of waiting and running jobs (default: 1000)",
        ),
        argument(
            "--max-concurrent",
            type=int,
            metavar="N",
            help="limit of running jobs (default: 8, or twice the cluster's threads if more)",
        ),
        argument(
            "--workers", type=int, metavar="N", help="processes that execute jobs (default: 1)"
        ),
        argument(
            "--dask",
            metavar="ADDRESS",
            help="scheduler of a Dask cluster that executes the jobs",
        ),
        flag("--json", "print URL and token as one line of JSON"),
    ),
    ("jobgroup cloud --directory ~/cloud", "jobgroup cloud --dask tcp://host:8786"),
)
DOCTOR = Command(
    "check this machine, and a cloud if you give its URL",
    _doctor,
    (
        argument(
            "url", nargs="?", metavar="URL", help="URL of a cloud to ask once; no job is created"
        ),
        JSON,
    ),
    ("jobgroup doctor", "jobgroup doctor https://api.cloud.quandela.com"),
)
COMPLETION = Command(
    "print the code for Tab completion of a shell",
    _completion,
    (
        argument(
            "shell", choices=("bash", "zsh", "fish", "tcsh", "powershell"), help="name of the shell"
        ),
    ),
    ('eval "$(jobgroup completion bash)"', "jobgroup completion fish | source"),
)
