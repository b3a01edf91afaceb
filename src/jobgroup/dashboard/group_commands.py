"""Execute the page's commands for groups."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from reprlib import repr as short
from typing import Final

from jobgroup import catalog
from jobgroup.dashboard.protocol import Json
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup, engine_session, jobs_at, request
from jobgroup.job import RemoteJob
from jobgroup.store.trash import TRASH_RETENTION_DAYS
from jobgroup.words import format_count

_UNSAFE: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
"""Characters that some file systems do not allow in names."""

_DELETED: Final = f"deleted; you can restore it for {TRASH_RETENTION_DAYS} days"


def delete_shown(group: JobGroup, args: Json) -> Json:
    """Move a group to the trash; with `cancel`, cancel its active jobs first."""
    if args.get("cancel"):
        request(group, "cancel", positions=None).result()
    engine_session(group).store.meta()  # raises an error if another group has the name now
    _delete(group.name)
    return {"text": f"{group.name} {_DELETED}"}


def delete(names: list[str]) -> Json:
    """Move groups to the trash, even if some of them cannot be moved."""
    return _each(names, _delete, _DELETED)


def restore(names: list[str]) -> Json:
    return _each(names, JobGroup.restore, "restored")


def export(names: list[str]) -> Json:
    """Export groups to files in the current directory, each named after its group."""
    written: list[Path] = []

    def write(name: str) -> None:
        path = Path.cwd() / f"{_UNSAFE.sub(' ', name).strip() or 'group'}.jobgroup"
        JobGroup.open(name).export(path)
        written.append(path)

    done = _each(names, write, "exported")
    place = str(written[0]) if len(written) == 1 else str(Path.cwd())
    return {**done, "text": f"{done['text']} to {place}"}


def stop(group: JobGroup, args: Json) -> Json:
    """Stop sending jobs in all processes; with `cancel`, also cancel the jobs on the cloud."""
    text = request(group, "stop", by="the dashboard").result().text
    if args.get("cancel"):
        text += f"; {request(group, 'cancel', positions=None).result().text}"
    return {"text": text}


def describe(group: JobGroup, args: Json) -> Json:
    """Set the description of a group; an empty text removes it."""
    text = group.description = args["text"]
    return {"text": "description saved" if text else "description removed"}


def define(group: JobGroup, args: Json) -> Json:
    """Define a derived quantity; an empty text removes it."""
    name, text = args["name"], args["text"]
    group.define(name, text or None)
    return {"text": f"{name} {'defined' if text else 'removed'}"}


def keep(group: JobGroup, args: Json) -> Json:
    """Turn the caching of results in the group's file on or off."""
    group.cache.enabled = bool(args.get("keep"))
    if group.cache.enabled:
        return {"text": "results are kept in the group's file once they are loaded"}
    return {"text": "results are no longer kept; those in the group's file stay there"}


def annotate(group: JobGroup, args: Json, *, removals: int | None = None) -> Json:
    """Set the notes of jobs; an empty text removes them."""
    positions = args.get("positions") or ([args["position"]] if "position" in args else [])
    if not positions:
        raise JobGroupError("No job is selected. No note was changed.")
    text = args["text"]
    jobs = jobs_at(group, list(dict.fromkeys(positions)), removals=removals)
    for job in jobs:
        job.note = text
    kept = "kept" if text else "removed"
    if len(jobs) == 1:
        return {"text": f"note of job {jobs[0].position} {kept}"}
    return {"text": f"note of {format_count(len(jobs), 'job')} {kept}"}


def repeat(group: JobGroup, args: Json, *, removals: int | None = None) -> Json:
    """Add copies of jobs."""
    jobs = _jobs_of(group, args, removals)
    numbers = {name: args[name] for name in ("to", "times") if name in args}
    before = len(group)
    group.repeat(jobs, **numbers)
    return {"text": f"{format_count(len(group) - before, 'job')} added, to send"}


def remove(group: JobGroup, args: Json, *, removals: int | None = None) -> Json:
    """Remove jobs that were never sent."""
    removed = group.remove(_jobs_of(group, args, removals))
    return {"text": f"{format_count(len(removed), 'job')} removed"}


def _jobs_of(group: JobGroup, args: Json, removals: int | None) -> list[RemoteJob]:
    if "state" in args:
        return group.jobs(state=args["state"])
    positions = args.get("positions")
    return list(group) if positions is None else jobs_at(group, positions, removals=removals)


ON_NAMED: Final[Mapping[str, Callable[[list[str]], Json]]] = {
    "delete": delete,
    "restore": restore,
    "export": export,
}
"""Commands for groups that are given by name."""

ON_SHOWN: Final[Mapping[str, Callable[[JobGroup, Json], Json]]] = {
    "delete": delete_shown,
    "restore": lambda group, _: restore([group.name]),
    "stop": stop,
    "describe": describe,
    "define": define,
    "keep": keep,
}
"""Commands for the shown group."""

ON_JOBS: Final[Mapping[str, Callable[..., Json]]] = {
    "annotate": annotate,
    "repeat": repeat,
    "remove": remove,
}
"""Commands for the shown group's jobs that do not need the engine."""


_ENGINE_ARGUMENTS: Final = frozenset(
    {
        *("positions", "position", "remote_id", "replace", "overrides"),
        *("mode", "delay", "concurrent_job_count"),
    }
)


def engine_args(group: JobGroup, args: Json) -> Json:
    """Return a command's arguments for the engine, with positions in place of a state.

    Raises:
        TypeError: no command of the engine has such an argument.
        ValueError: the state does not exist.
    """
    if "state" in args:
        found = [job.position for job in group.jobs(state=args["state"])]
        args = {**{k: v for k, v in args.items() if k != "state"}, "positions": found}
    if unknown := sorted(args.keys() - _ENGINE_ARGUMENTS):
        raise TypeError(f"no command has an argument {short(unknown[0])}")
    return {"delay_s" if name == "delay" else name: value for name, value in args.items()}


def _delete(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the confirmation dialog has shown the active jobs
        catalog.delete(name)


def _each(names: list[str], act: Callable[[str], None], what: str) -> Json:
    """Call `act` for each group, and raise only if it fails for all of them.

    Raises:
        JobGroupError: the command failed for every group.
    """
    done: list[str] = []
    failed: dict[str, str] = {}
    for name in names:
        try:
            act(name)
            done.append(name)
        except JobGroupError as error:
            failed[name] = str(error)
    if failed and not done:
        raise JobGroupError(" ".join(failed.values()))
    said = done[0] if len(done) == 1 else format_count(len(done), "group")
    text = "; ".join([f"{said} {what}", *failed.values()])
    return {"text": text, "done": done, "failed": failed}
