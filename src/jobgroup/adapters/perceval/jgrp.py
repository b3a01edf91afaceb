"""Read the files of Perceval's `JobGroup`, from any release (``.jgrp``).

The files are read as plain JSON, without Perceval. Each job in such a file has a bearer token,
which this module does not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jobgroup.adapters.base import SET_WHEN_SENT, ForeignGroup, JobSpec, UnreadableGroupError
from jobgroup.adapters.perceval.metadata import describe_body
from jobgroup.decoding import parse_json
from jobgroup.origin import normalise_origin
from jobgroup.status import JobStatus, RunningStatus
from jobgroup.store.limits import bound_date

MAX_JGRP_BYTES: Final = 256 * 2**20
"""Maximum size of a group's file. This is enough for tens of thousands of jobs."""

_DATE: Final = "%Y%m%d_%H%M%S"


def read_jgrp(path: Path) -> ForeignGroup:
    """Return the group in a file of Perceval's `JobGroup`, or raise UnreadableGroupError."""
    document = _document(path)
    entries = document.get("job_group_data")
    if not isinstance(entries, list):
        raise UnreadableGroupError("it is not one of Perceval's groups")
    specs = []
    for number, entry in enumerate(entries):
        try:
            specs.append(_spec_of(entry))
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            problem = f"it has no {error}" if isinstance(error, KeyError) else error
            raise UnreadableGroupError(f"it is damaged at job {number} ({problem})") from None
    return ForeignGroup(
        name=path.stem,
        created_at=_date(document, "created_date"),
        modified_at=_date(document, "modified_date"),
        jobs=specs,
    )


def body_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the create body that Perceval would send for an entry; {} if there is none.

    Releases up to 1.0 wrote the body, later releases its parts.
    """
    body: dict[str, Any] = dict(entry.get("request_data") or entry.get("body") or {})
    payload = dict(body.get("payload") or {})
    if payload and "delta_parameters" in entry:
        delta, context = entry["delta_parameters"] or {}, entry.get("job_context")
        if delta.get("mapping"):
            context = {**(context or {}), "mapping_delta_parameters": delta["mapping"]}
        # After sending, these also have the context (None if the file does not have it).
        command = {k: v for k, v in (delta.get("command") or {}).items() if k != "job_context"}
        payload.update(command)
        if context is not None or "job_context" not in payload:
            payload["job_context"] = context
        samples, shots = payload.get("max_samples"), payload.get("max_shots")
        if isinstance(samples, int) and isinstance(shots, int):
            payload["max_samples"] = min(samples, shots)
    return {**body, "payload": payload} if payload else {}


def _spec_of(entry: Mapping[str, Any]) -> JobSpec:
    metadata, remote_id, body = entry["metadata"], entry["id"], body_of(entry)
    if any(header.lower() == "x-auth-token" for header in metadata.get("headers") or ()):
        raise ValueError("it is not for Quandela Cloud")
    if remote_id is None and not body:
        raise ValueError("it was never sent, and its body is missing")
    if remote_id is not None and (not isinstance(remote_id, str) or len(remote_id.split()) != 1):
        raise ValueError("its id is invalid")
    names = (entry.get("name"), body.get("job_name"), "unnamed")
    body = {key: value for key, value in body.items() if key not in SET_WHEN_SENT}
    platform = metadata["platform"]
    if not isinstance(platform, str):
        raise TypeError("it has no platform")
    params, described = describe_body(body)
    return JobSpec(
        name=next(name for name in names if isinstance(name, str) and name),
        platform=platform,
        origin=normalise_origin(metadata["url"]),
        provider="quandela",
        body={"platform_name": platform, **body} if body else {},
        params=params,
        metadata=described,
        remote_ids=[] if remote_id is None else [remote_id],
        status=None if remote_id is None else JobStatus(status=status_named(entry.get("status"))),
    )


def status_named(name: object) -> RunningStatus:
    """Return the status of a sent job from Perceval's name of it."""
    if name is None:  # Perceval ended just after sending the job
        return RunningStatus.WAITING
    found = RunningStatus.__members__.get(str(name), RunningStatus.NONE)
    return RunningStatus.UNKNOWN if found is RunningStatus.NONE else found


def text_in(path: Path) -> str:
    """Return the text of a group's file, or raise UnreadableGroupError."""
    try:
        if not path.is_file():  # reading a pipe could block
            raise UnreadableGroupError("it is not a regular file")
        with path.open("rb") as file:
            data = file.read(MAX_JGRP_BYTES + 1)
        if len(data) > MAX_JGRP_BYTES:
            raise UnreadableGroupError(f"it is larger than {MAX_JGRP_BYTES >> 20} MB")
        text = data.decode()
    except OSError as error:
        raise UnreadableGroupError(f"it cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UnreadableGroupError(
            "it is not text, so it is not one of Perceval's groups"
        ) from None
    if not text.strip():
        raise UnreadableGroupError("it is empty")
    return text


def _document(path: Path) -> dict[str, Any]:
    text = text_in(path)
    try:
        document = parse_json(
            text,
            most_text=MAX_JGRP_BYTES,
            most_values=MAX_JGRP_BYTES // 50,
            parse_constant=_refuse,
        )
    except ValueError as error:
        raise UnreadableGroupError(f"it is damaged or not such a file ({error})") from None
    return document if isinstance(document, dict) else {}


def _refuse(name: str) -> None:
    raise ValueError(f"{name} cannot be sent as JSON")


def _date(document: Mapping[str, Any], key: str) -> float:
    try:
        found = datetime.strptime(document[key], _DATE).timestamp()  # noqa: DTZ007  # local time
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        found = None
    return date_in_bounds(found, key)


def date_in_bounds(seconds: object, key: str) -> float:
    """Return a date in seconds since the epoch, or raise UnreadableGroupError."""
    found = bound_date(seconds)
    if found is None:
        raise UnreadableGroupError(f"it is damaged: its {key} is not a date")
    return found
