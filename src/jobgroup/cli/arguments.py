"""Declare the arguments of commands, including arguments that several commands share."""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from jobgroup.cli.exit_codes import NotFoundError, UsageError
from jobgroup.group import JobGroup
from jobgroup.store.names import normalised
from jobgroup.words import format_count

Argument = Callable[[Any], object]
"""Function that adds an argument or option to a parser or a group of exclusive options."""


def argument(
    *names: str, completions: Callable[[], Iterable[str]] | None = None, **settings: Any
) -> Argument:
    """Declare an argument as `argparse` does. Tab completes it with `completions`."""

    def add(parser: Any) -> None:
        action = parser.add_argument(*names, **settings)
        if completions is not None:
            action.completer = lambda **_: list(completions())

    return add


def flag(name: str, help: str) -> Argument:
    return argument(name, action="store_true", help=help)


def one_of(*options: Argument) -> Argument:
    """Declare options that exclude each other."""

    def add(parser: argparse.ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group()
        for option in options:
            option(group)

    return add


def jobs(help: str = "") -> Argument:
    text = f"job: position from 0 (7), range (3-7) or id{help and f'; {help}'}"
    return argument("jobs", nargs="*", default=[], metavar="JOB", help=text)


def assignments(name: str, dest: str, help: str) -> Argument:
    """Declare an option that takes ``NAME=VALUE`` and may be repeated."""
    return argument(
        name,
        dest=dest,
        metavar="NAME=VALUE",
        type=assignment,
        action="append",
        default=[],
        help=f"{help}; repeatable",
    )


@contextmanager
def _expecting(wanted: str, text: str) -> Iterator[None]:
    """Turn a ValueError into argparse's error, which would otherwise name the function."""
    try:
        yield
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be {wanted}, got {text!r}") from None


def seconds(text: str) -> float:
    """Parse a number of seconds, which is at least 0."""
    with _expecting("a number of seconds, at least 0", text):
        value = float(text)
        if not 0 <= value < math.inf:
            raise ValueError(text)
    return value


def count(text: str) -> int:
    """Parse a number, which is at least 1."""
    with _expecting("a whole number, at least 1", text):
        value = int(text)
        if value < 1:
            raise ValueError(text)
    return value


def port(text: str) -> int:
    """Parse the number of a TCP port."""
    with _expecting("a port from 0 to 65535", text):
        value = int(text)
        if not 0 <= value < 65_536:
            raise ValueError(text)
    return value


def assignment(text: str) -> tuple[str, Any]:
    """Parse ``NAME=VALUE``; the value becomes a number if it looks like one.

    >>> assignment("max_shots=1000"), assignment("mode=fast")
    (('max_shots', 1000), ('mode', 'fast'))

    Raises:
        argparse.ArgumentTypeError: the name or the "=" is missing.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, got {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


NAME: Final = argument(
    "name",
    metavar="NAME",
    type=normalised,
    completions=JobGroup.list_existing,
    help="group name",
)
JSON: Final = flag("--json", "print JSON and nothing else")
OVERWRITE: Final = flag("--overwrite", "replace an existing file")


def resolve_jobs(group: JobGroup, words: Iterable[str]) -> list[int]:
    """Return the positions of jobs that are given by position, range or id.

    Raises:
        NotFoundError: the group has no such job.
        UsageError: a range ends before it begins, or several accounts have a job with a given id.
    """
    total = len(group)
    by_id: dict[str | None, list[int]] = {}
    for record in group.snapshot():
        by_id.setdefault(record.remote_id, []).append(record.position)
    positions: dict[int, None] = {}
    for word in words:
        if word in by_id:
            first, *others = by_id[word]
            if others:
                raise UsageError(
                    f"Several accounts of {group.name!r} have a job with the id {word!r}: at"
                    f" {', '.join(map(str, by_id[word]))}. Give its position instead, for example"
                    f" {first}-{first}."
                )
            positions[first] = None
            continue
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", word)
        if found is None:
            raise NotFoundError(f"{group.name!r} has no job with the id {word!r}.")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise UsageError(f"The range {word!r} ends before it begins.")
        if last >= total:
            raise NotFoundError(
                f"{group.name!r} has {format_count(total, 'job')}, counted from 0, and none at"
                f" {last}."
            )
        positions.update(dict.fromkeys(range(first, last + 1)))
    return list(positions)
