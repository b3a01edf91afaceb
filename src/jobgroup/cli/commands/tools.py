"""``jobgroup demo``, ``cloud``, ``doctor`` and ``completion``, which need no group."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from jobgroup.cli.arguments import JSON, argument
from jobgroup.cli.command import Command, report
from jobgroup.cli.console import echo_err, echo_raw
from jobgroup.cli.exit_codes import Exit, UsageError
from jobgroup.cloud import command as cloud
from jobgroup.doctor import Finding, examine


def _demo(_arguments: argparse.Namespace) -> int:
    from jobgroup.demo import run_demo  # only this command needs it

    try:
        return run_demo()
    except ImportError as error:  # the extra "cloud" is not installed
        echo_err(str(error))
        return Exit.FAILED


def _doctor(arguments: argparse.Namespace) -> int:
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
    cloud.run,
    (cloud.add_arguments,),
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
