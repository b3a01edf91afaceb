"""From the words of a command line to what is done, and to an exit code."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobgroup.cli.commands import COMMANDS
from jobgroup.cli.console import READER_GONE, echo_err, redirect_to_devnull
from jobgroup.cli.exit_codes import Exit, TerminatedError, exit_of
from jobgroup.errors import JobGroupError
from jobgroup.store.names import as_typed

if TYPE_CHECKING:
    from collections.abc import Iterator

EPILOG = """exit codes: 0 done, 1 failed, 2 misused, 3 another process runs the group,
4 no such group or job, 5 done but jobs have failed, 130 Ctrl-C, 143 SIGTERM.
Names that begin with a dash come last, after two: jobgroup show --json -- -scan
Tab completes commands, options and names of groups after: eval "$(jobgroup completion bash)"
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, see `jobgroup.cli.exit_codes.Exit`."""
    parser = make_parser()
    if "_ARGCOMPLETE" in os.environ:  # Tab was pressed
        import argcomplete

        argcomplete.autocomplete(parser)
    for name in ("stdout", "stderr"):  # pythonw has neither
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # to the end
            setattr(sys, name, nowhere)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a character that the locale lacks spoils no command
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")  # bars of downloads are for people
    arguments = parser.parse_args([*map(as_typed, sys.argv[1:] if argv is None else argv)])
    with _warnings_as_sentences(), _log_as_sentences():
        return int(_run(arguments))


def make_parser() -> argparse.ArgumentParser:
    from jobgroup import __version__

    parser = argparse.ArgumentParser(
        prog="jobgroup",
        description="Groups of jobs on a quantum cloud, in a terminal.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"jobgroup {__version__}")
    commands = parser.add_subparsers(metavar="command", required=True, parser_class=_Parser)
    for name, command in COMMANDS.items():
        one = commands.add_parser(
            name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,  # no break within an example
            epilog=f"example: {command.example}" if command.example else None,
        )
        command.add_arguments(one)
        one.set_defaults(run=command.run)
    return parser


class _Parser(argparse.ArgumentParser):
    """Lets options stand between names: ``rerun sweep --set max_shots=50 3 7``."""

    _is_inside = False

    def parse_known_args(  # type: ignore[override]  # one signature stands for argparse's three
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse as `argparse` does, twice: the options first."""
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
        # the parser forgets about the dashes between its two passes
        return None if isinstance(arg_string, _Name) else super()._parse_optional(arg_string)


class _Name(str):
    """A word after ``--``: no option, whatever it looks like."""

    __slots__ = ()


def _run(arguments: argparse.Namespace) -> int:
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except (JobGroupError, TimeoutError) as error:
        echo_err(str(error))
        return exit_of(error) if isinstance(error, JobGroupError) else Exit.FAILED
    except TerminatedError:
        echo_err(f"Terminated. {STOPPED}")
        return Exit.TERMINATED
    except KeyboardInterrupt:
        echo_err(f"\nInterrupted. {STOPPED}")
        return Exit.INTERRUPTED
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # groups' own files say StorageError
            redirect_to_devnull(sys.stdout)
            echo_err(f"The output could not be written: {error.strerror}. {STOPPED}")
            return Exit.FAILED
        if error.errno not in READER_GONE:
            raise
        redirect_to_devnull(sys.stdout)  # nobody reads it: `jobgroup ls | head`
        return Exit.PIPE_CLOSED
    return code


STOPPED = "What was sent is recorded and goes on on the cloud; the rest is unsent."


@contextmanager
def _warnings_as_sentences() -> Iterator[None]:
    """A warning is a sentence for the user here, not a place in our code."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        echo_err(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


@contextmanager
def _log_as_sentences() -> Iterator[None]:
    """What the engine logs may hold a cloud's words, which drive no terminal either."""

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            echo_err(self.format(record))

    handler = Told(logging.WARNING)
    logging.getLogger("jobgroup").addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger("jobgroup").removeHandler(handler)
