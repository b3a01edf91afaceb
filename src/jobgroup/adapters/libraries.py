"""Jobs of client libraries: which library one belongs to, and the adapter that reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any, Final

from jobgroup.adapters.base import JobSpec
from jobgroup.errors import MissingDependencyError

MIN_VERSIONS: Final = {"perceval": ("perceval-quandela", [0, 12])}
"""Each library's distribution and the first release of it that jobgroup knows."""


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
        specs: list[JobSpec] = load_adapter(_library_of(job), "jobs").read_job(
            job, dict(kwargs or {})
        )
    except RecursionError:
        raise ValueError(
            "This job cannot be sent as JSON: its parameters are nested too deeply, or hold"
            " themselves. Nothing was added."
        ) from None
    return specs


def follow(
    job: object, entry: Callable[[], Any], name: str, kwargs: Mapping[str, Any] | None = None
) -> None:
    """Have a client library's job, once it was added, show its entry: id, status and results.

    A job that its user executes directly is sent as that entry, once. The job holds `entry`, which
    returns a view of it; nothing holds the job.

    Args:
        job: the object that was added.
        entry: returns the job of the group; raises GroupNotFoundError if that is gone.
        name: the name that it was added with.
        kwargs: the parameters that it was added with.
    """
    load_adapter(_library_of(job), "followers").follow(job, entry, name, kwargs or {})


@cache
def load_adapter(library: str, name: str) -> ModuleType:
    """Import a module that needs a client library; MissingDependencyError if that is too old."""
    distribution, oldest = MIN_VERSIONS[library]
    with suppress(PackageNotFoundError):  # for example a vendored copy, which is tried
        release = version(distribution)
        if [int(n) for n in re.findall(r"\d+", release)[:2]] < oldest:
            wanted = ".".join(map(str, oldest))
            raise MissingDependencyError(
                f"{library.capitalize()} {release} is installed, and jobgroup knows {wanted} and"
                f' newer. Nothing was changed: pip install --upgrade "jobgroup[{library}]", then'
                " try again."
            )
    return import_module(f"jobgroup.adapters.{library}.{name}")


def _library_of(job: object) -> str:
    for base in type(job).__mro__:
        library = base.__module__.partition(".")[0]
        if library in MIN_VERSIONS:
            return library
    raise TypeError(
        f"A {type(job).__name__} cannot be added to a job group; add a Perceval RemoteJob, "
        "such as Sampler(RemoteProcessor(...)).sample_count, or an Execution. Nothing was added."
    )
