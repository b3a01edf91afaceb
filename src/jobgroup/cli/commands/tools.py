"""``jobgroup demo``, ``cloud``, ``doctor`` and ``completion``: commands beside the groups."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from jobgroup.cli.arguments import add_json
from jobgroup.cli.command import Command, report
from jobgroup.cli.console import echo_raw
from jobgroup.cli.exit_codes import Exit, MisuseError
from jobgroup.cloud import command as cloud
from jobgroup.doctor import Finding, examine


def _demo(_arguments: argparse.Namespace) -> int:
    from jobgroup.demo import run_demo  # only this command needs it

    return run_demo()


def _doctor(arguments: argparse.Namespace) -> int:
    try:
        found = examine(arguments.url)
    except ValueError as error:
        raise MisuseError(str(error)) from None
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


def _add_url(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", nargs="?", metavar="URL", help="a cloud to ask once; no job is made")


def _add_shell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish", "tcsh", "powershell"))


DEMO = Command("run three example scripts on an embedded cloud", _demo)
CLOUD = Command("serve an embedded cloud on this machine", cloud.run, (cloud.add_arguments,))
DOCTOR = Command(
    "check this machine, and a cloud if you give its URL",
    _doctor,
    (_add_url, add_json),
    example="jobgroup doctor https://api.cloud.quandela.com",
)
COMPLETION = Command(
    "print the shell code that completes commands and names of groups",
    _completion,
    (_add_shell,),
    example='eval "$(jobgroup completion bash)"',
)
