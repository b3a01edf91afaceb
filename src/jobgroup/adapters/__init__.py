"""What `add` accepts and how results are decoded: one package per client library.

A library is recognised by the module of the job's class, and its adapter imported then: nobody pays
for a library that he does not use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from jobgroup import decoding
from jobgroup.adapters.base import (
    ForeignGroup,
    JobSpec,
    NoIdealError,
    UndecodableResultError,
    UnreadableGroupError,
)
from jobgroup.adapters.texts import decoded_text
from jobgroup.errors import MissingDependencyError
from jobgroup.perceval_settings import data_directory

__all__ = [
    "GROUP_SUFFIXES",
    "ForeignGroup",
    "JobSpec",
    "NoIdealError",
    "UndecodableResultError",
    "UnreadableGroupError",
    "decode",
    "described",
    "follow",
    "group_places",
    "ideal_of",
    "read_group",
    "read_job",
]

GROUP_SUFFIXES: Final = (".jgrp", ".egrp")
"""Of the files in which other libraries keep groups."""

_OLDEST: Final = {"perceval": ("perceval-quandela", [0, 12])}


def read_job(job: object, kwargs: Mapping[str, Any] | None = None) -> list[JobSpec]:
    """The jobs of ours that a client library's job stands for, usually one.

    `job` is left as it was, and nothing is sent or asked. `kwargs` are those of its execution.

    Raises:
        TypeError: `job` is no remote job, or was sent and got kwargs.
        ValueError: its cloud's url cannot be one, or its parameters cannot be sent as JSON.
        MissingDependencyError: the library's release is too old.
        Exception: what the library itself raises for wrong kwargs.
    """
    try:
        drafts: list[JobSpec] = _adapter_of(job).read_job(job, dict(kwargs or {}))
    except RecursionError:
        raise ValueError(
            "This job cannot be sent as JSON: its parameters are nested too deeply, or hold"
            " themselves. Nothing was added."
        ) from None
    return drafts


def follow(
    job: object, entry: Callable[[], Any], name: str, kwargs: Mapping[str, Any] | None = None
) -> None:
    """Have a client library's job, once it was added, show its entry: id, status and results.

    One that its user executes by hand is sent as that entry, once. The job holds `entry`, which
    gives a view of it; nothing holds the job.

    Args:
        job: what was added.
        entry: gives the job of the group; raises GroupNotFoundError where that is gone.
        name: that it was added with.
        kwargs: that it was added with.
    """
    _adapter(_library_of(job), "followers").follow(job, entry, name, kwargs or {})


def described(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is worth showing of a create body: how it is called, and what it runs."""
    from jobgroup.adapters.perceval.facts import facts_of, params_of

    payload = body.get("payload") or {}
    return params_of(payload, {}), facts_of(payload)


def group_places() -> list[Path]:
    """The folders in which other libraries keep groups, whether they exist or not."""
    return [data_directory() / "job_group", Path("execution_groups").absolute()]


def read_group(path: Path) -> ForeignGroup:
    """The group that another library keeps in a file, which is left as it is.

    Raises UnreadableGroupError where it is damaged, or something else.
    """
    if path.suffix == ".egrp":
        from jobgroup.adapters.perceval.egrp import read_egrp as read
    else:
        from jobgroup.adapters.perceval.jgrp import read_jgrp as read
    try:
        return read(path)
    except UnreadableGroupError as error:
        unreadable = error.with_traceback(None)
        unreadable.__cause__ = unreadable.__context__ = None
    raise unreadable  # without the frames that read it: a token stands in each job of such a file


def decode(document: Mapping[str, Any]) -> Any:
    """What a cloud's result document holds, as Perceval gives it.

    Nothing is evaluated, built or asked that `jobgroup.decoding` does not let pass. What else a
    result holds beside what came out stays text (`LeftAsText`), with a warning that says why.
    Without Perceval installed counts and distributions are dictionaries, samples lists, and states
    texts. What stands in `plain` is a result as it is, of a cloud that speaks no Perceval. Of a job
    that is several on its cloud it is their documents, as `parts`, with the `recipe` that composes
    them.

    Raises:
        UndecodableResultError: what came out cannot be had; it keeps the text.
    """
    if "recipe" in document:
        return _composed(document)
    if "results" not in document and "plain" in document:
        return document["plain"]
    text = document.get("results")
    if not isinstance(text, str):
        raise UndecodableResultError(
            "The cloud's answer holds no results; fetch them again later.",
            raw=json.dumps(dict(document), default=str),
        )
    if find_spec("perceval") is None:
        return decoded_text(text, decoding.Plain(), lambda results: results)
    return _needed("results", text).decode(text)


def _needed(module: str, raw: str) -> ModuleType:
    try:
        return _adapter("perceval", module)
    except MissingDependencyError as error:
        raise UndecodableResultError(
            f"{error} The results' text is kept in this error's `raw`.", raw=raw
        ) from None


def _composed(document: Mapping[str, Any]) -> Any:
    parts = document.get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise UndecodableResultError(
            "What was kept of the results is not as jobgroup writes it; fetch them again.",
            raw=json.dumps(dict(document), default=str),
        )
    texts = [part.get("results") for part in parts]
    raw = json.dumps(texts)
    if find_spec("perceval") is None:
        raise UndecodableResultError(
            "The results are composed of several by Perceval, which is not installed: pip install"
            " 'jobgroup[perceval]'. Their texts are kept in this error's `raw`.",
            raw=raw,
        )
    composition = _needed("composition", raw)
    return composition.compose(texts, document["recipe"], raw)


def ideal_of(body: Mapping[str, Any]) -> dict[str, float]:
    """What a create body's payload would give without noise and loss: each state's probability.

    Raises:
        NoIdealError: it cannot be computed here.
    """
    from jobgroup.adapters.perceval import ideal

    return ideal.ideal_of(body.get("payload") or {})


def _adapter_of(job: object) -> ModuleType:
    return _adapter(_library_of(job), "jobs")


def _library_of(job: object) -> str:
    for base in type(job).__mro__:
        library = base.__module__.partition(".")[0]
        if library in _OLDEST:
            return library
    raise TypeError(
        f"A {type(job).__name__} cannot be added to a job group; add a Perceval RemoteJob, "
        "such as Sampler(RemoteProcessor(...)).sample_count, or an Execution. Nothing was added."
    )


@cache
def _adapter(library: str, name: str) -> ModuleType:
    """A module of a client library's package, one that needs the library.

    Raises:
        MissingDependencyError: a release is installed that is too old.
    """
    distribution, oldest = _OLDEST[library]
    with suppress(PackageNotFoundError):  # vendored, say: then it is tried
        release = version(distribution)
        if [int(n) for n in re.findall(r"\d+", release)[:2]] < oldest:
            wanted = ".".join(map(str, oldest))
            raise MissingDependencyError(
                f"{library.capitalize()} {release} is installed, and jobgroup knows {wanted} and"
                f' newer. Nothing was changed: pip install --upgrade "jobgroup[{library}]", then'
                " try again."
            )
    return import_module(f"jobgroup.adapters.{library}.{name}")
