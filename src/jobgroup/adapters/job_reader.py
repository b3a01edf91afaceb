"""Find a job's client library and the adapter that reads the job."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from jobgroup.adapters.base import JobSpec
from jobgroup.errors import MissingDependencyError

MIN_VERSIONS: Final = {"perceval": ("perceval-quandela", [0, 12])}
"""Each library's distribution and its oldest supported release."""


def read_job(job: object, kwargs: Mapping[str, Any] | None = None) -> list[JobSpec]:
    """Return the specs of a client library's job, usually one, without changing or sending it.

    Args:
        job: job of a client library.
        kwargs: parameters of its execution.

    Raises:
        TypeError: `job` is not a remote job, or it was already sent and `kwargs` are given.
        ValueError: the cloud's URL is invalid, or the parameters cannot be sent as JSON.
        MissingDependencyError: the library's release is too old.
        Exception: raised by the library itself for wrong kwargs.
    """
    try:
        specs: list[JobSpec] = load_adapter(_library_of(job), "jobs").read_job(
            job, dict(kwargs or {})
        )
    except RecursionError:
        raise ValueError(
            "This job cannot be sent as JSON: its parameters are nested too deeply, or contain"
            " themselves. Nothing was added."
        ) from None
    return specs


def follow(
    job: object, entry: Callable[[], Any], name: str, kwargs: Mapping[str, Any] | None = None
) -> None:
    """Let an added job of a client library show its entry's id, status and results.

    If the user executes the job, jobgroup sends the entry once. The job refers to `entry`. Nothing
    refers to the job.

    Args:
        job: job that was added.
        entry: function that returns the group's job, or raises GroupNotFoundError if the group no
            longer exists.
        name: name with which the job was added.
        kwargs: parameters with which the job was added.
    """
    load_adapter(_library_of(job), "followers").follow(job, entry, name, kwargs or {})


def job_from_id(job_id: str, handler: Any) -> Any:
    """Return Perceval's own job for an id on a handler's cloud."""
    return load_adapter("perceval", "jobs").RemoteJob.from_id(job_id, handler)


def let_perceval_display(kind: type) -> None:
    """Let Perceval's `pdisplay`, if imported, show groups of this class like its own groups."""
    if "perceval" in sys.modules and kind not in _displayed:
        with suppress(ImportError, AttributeError):
            show = import_module("perceval.rendering.pdisplay")._pdisplay  # noqa: SLF001  # no other way
            show.add((kind,), show.dispatch(import_module("perceval").JobGroup))
            _displayed.add(kind)


_displayed: Final[set[type]] = set()


@cache
def load_adapter(library: str, name: str) -> ModuleType:
    """Import a module for a client library; MissingDependencyError if the library is too old."""
    from importlib.metadata import PackageNotFoundError, version  # imports 30 modules

    distribution, oldest = MIN_VERSIONS[library]
    with suppress(PackageNotFoundError):  # the library may be a vendored copy
        release = version(distribution)
        if [int(n) for n in re.findall(r"\d+", release)[:2]] < oldest:
            wanted = ".".join(map(str, oldest))
            raise MissingDependencyError(
                f"{library.capitalize()} {release} is installed, but jobgroup needs {wanted} or"
                f' newer. Nothing was changed. Run pip install --upgrade "jobgroup[{library}]".'
            )
    return import_module(f"jobgroup.adapters.{library}.{name}")


def _library_of(job: object) -> str:
    for base in type(job).__mro__:
        library = base.__module__.partition(".")[0]
        if library in MIN_VERSIONS:
            return library
    raise TypeError(
        "Only jobs for a cloud can be added to a job group, got an object of type"
        f" {type(job).__name__!r}. Nothing was added. Add a Perceval RemoteJob, such as"
        " Sampler(RemoteProcessor(...)).sample_count, or an Execution."
    )
