"""Parse a command line, run its command, and return an exit code."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from jobgroup.cli.commands import COMMANDS
from jobgroup.cli.console import READER_GONE, echo_err, redirect_to_devnull
from jobgroup.cli.exit_codes import Exit, TerminatedError, exit_of
from jobgroup.errors import JobGroupError
from jobgroup.store.names import as_typed

EPILOG: Final = """exit codes:
  0 done, 1 failed, 2 usage error, 3 another process runs the group, 4 no such group or job,
  5 done but jobs failed, 130 Ctrl-C, 141 pipe closed, 143 SIGTERM

examples:
  jobgroup run sweep --queue --wait && jobgroup results sweep --csv > sweep.csv
  jobgroup show --json -- -scan             put a name with a leading dash after two dashes
  eval "$(jobgroup completion bash)"        complete commands, options and group names with Tab
"""
STOPPED: Final = "Jobs that were sent are recorded and continue on the cloud; the rest is unsent."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return an exit code of `jobgroup.cli.exit_codes.Exit`."""
    parser = make_parser()
    if "_ARGCOMPLETE" in os.environ:  # Tab was pressed
        import argcomplete

        argcomplete.autocomplete(parser)
    for name in ("stdout", "stderr"):  # pythonw has neither stream
        if getattr(sys, name) is None:
            devnull = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # to the end
            setattr(sys, name, devnull)
        with suppress(AttributeError):  # a character that the locale lacks must not end a command
            getattr(sys, name).reconfigure(errors="replace")
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")  # only people need progress bars
    arguments = parser.parse_args([*map(as_typed, sys.argv[1:] if argv is None else argv)])
    with _warnings_and_logs_as_sentences():
        return _run(arguments)


def make_parser() -> argparse.ArgumentParser:
    from jobgroup import __version__

    layout = partial(argparse.RawDescriptionHelpFormatter, max_help_position=28)
    parser = argparse.ArgumentParser(
        "jobgroup",
        description="Manage groups of jobs on quantum clouds.",
        epilog=EPILOG,
        formatter_class=layout,
    )
    parser.add_argument("--version", action="version", version=f"jobgroup {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=_Parser
    )
    for name, command in COMMANDS.items():
        description = f"{command.help[0].upper()}{command.help[1:]}."
        epilog = "\n  ".join(["examples:", *command.examples]) if command.examples else None
        one = commands.add_parser(
            name,
            help=command.help,
            description=description,
            epilog=epilog,
            formatter_class=layout,
        )
        for add in command.arguments:
            add(one)
        one.set_defaults(run=command.run)
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser that allows options between names: ``rerun sweep --set max_shots=50 3 7``."""

    _is_inside = False

    def parse_known_args(  # type: ignore[override] # argparse has three signatures
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse as `argparse` does, but in two passes: options first."""
        if self._is_inside:
            return super().parse_known_args(args, namespace)
        self._is_inside = True
        args = list(sys.argv[1:] if args is None else args)
        if "--" in args:
            end = args.index("--")
            args[end:] = map(_Name, args[end + 1 :])
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_inside = False

    def _parse_optional(self, arg_string: str) -> Any:
        # The parser forgets the dashes between its two passes.
        return None if isinstance(arg_string, _Name) else super()._parse_optional(arg_string)


class _Name(str):
    """A word after ``--``. The parser never takes it for an option."""

    __slots__ = ()


def _run(arguments: argparse.Namespace) -> int:
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except (JobGroupError, TimeoutError) as error:
        echo_err(str(error))
        return exit_of(error)
    except TerminatedError:
        echo_err(f"Terminated. {STOPPED}")
        return Exit.TERMINATED
    except KeyboardInterrupt:
        echo_err(f"\nInterrupted. {STOPPED}")
        return Exit.INTERRUPTED
    except OSError as error:
        if error.errno in READER_GONE:  # `jobgroup ls | head`
            redirect_to_devnull(sys.stdout)
            return Exit.PIPE_CLOSED
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # a group's own file raises StorageError
            redirect_to_devnull(sys.stdout)
            echo_err(f"Could not write the output: {error.strerror}. {STOPPED}")
            return Exit.FAILED
        raise
    return int(code)


@contextmanager
def _warnings_and_logs_as_sentences() -> Iterator[None]:
    """Print warnings and log records as plain sentences, without lines of code."""

    class Printer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            echo_err(self.format(record))

    printer = Printer(logging.WARNING)
    logging.getLogger("jobgroup").addHandler(printer)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = lambda message, *_, **__: echo_err(str(message))
            yield
    finally:
        logging.getLogger("jobgroup").removeHandler(printer)
