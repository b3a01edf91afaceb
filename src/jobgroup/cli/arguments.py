"""Arguments that commands share: names of groups, jobs, numbers and assignments."""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Iterable
from typing import Any

from jobgroup.cli.exit_codes import MisuseError, NotFoundError
from jobgroup.group import JobGroup
from jobgroup.store import JobRecord
from jobgroup.store.names import normalised


def add_name(parser: argparse.ArgumentParser) -> None:
    """The name of a group, which Tab completes."""
    name = parser.add_argument("name", type=normalised, help="name of the group")
    complete_with(name, JobGroup.list_existing)


def add_jobs(
    parser: argparse.ArgumentParser, *, help: str = "position (from 0), range (3-7) or id"
) -> None:
    """Jobs by position or id; may be left out."""
    parser.add_argument("jobs", nargs="*", default=[], metavar="JOB", help=help)


def add_json(parser: argparse.ArgumentParser, help: str = "write JSON, and nothing else") -> None:
    parser.add_argument("--json", action="store_true", help=help)


def complete_with(argument: argparse.Action, choices: Any) -> None:
    """Let Tab complete an argument with what a function gives."""

    def completer(**_: object) -> Iterable[str]:
        return list(choices())

    argument.completer = completer  # type: ignore[attr-defined]  # argcomplete looks for it


def seconds(text: str) -> float:
    """A number of seconds, 0 or more. Raises ValueError if it is none."""
    value = float(text)
    if not 0 <= value < math.inf:
        raise ValueError(text)
    return value


def count(text: str) -> int:
    """A number, 1 or more. Raises ValueError if it is none."""
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def assignment(text: str) -> tuple[str, Any]:
    """``max_shots=1000``: a parameter and its new value, a number where it looks like one.

    >>> assignment("max_shots=1000"), assignment("mode=fast")
    (('max_shots', 1000), ('mode', 'fast'))

    Raises:
        ValueError: there is no name, or no "=".
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def records_of(group: JobGroup) -> list[JobRecord]:
    return group.snapshot()


def resolve_jobs(group: JobGroup, words: Iterable[str]) -> list[int]:
    """The positions of jobs that are given by id on the cloud, by position, or as ``3-7``.

    Raises:
        NotFoundError: the group has no such job.
        MisuseError: it is none of these, or jobs of several accounts have that id.
    """
    total = len(group)
    by_id: dict[str | None, list[int]] = {}
    for record in records_of(group):
        by_id.setdefault(record.remote_id, []).append(record.position)
    positions: dict[int, None] = {}
    for word in words:
        if word in by_id:
            if len(by_id[word]) > 1:
                raise MisuseError(
                    f"{group.name!r} has jobs with the id {word!r} on several accounts, at"
                    f" {', '.join(map(str, by_id[word]))}. Name the one you mean by its position,"
                    f" such as {by_id[word][0]}-{by_id[word][0]}."
                )
            positions[by_id[word][0]] = None
            continue
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", word)
        if found is None:
            raise NotFoundError(f"{group.name!r} has no job with the id {word!r}.")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise MisuseError(f"{word!r} ends before it begins.")
        if last >= total:
            raise NotFoundError(
                f"{group.name!r} has {total} jobs, counted from 0; none is at {last}."
            )
        positions.update(dict.fromkeys(range(first, last + 1)))
    return list(positions)
