"""Read the files of Perceval 1.3's `ExecutionGroup` (``.egrp``).

The files are read without Perceval. An unsent job gets the body that Perceval 1.3 would send.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jobgroup.adapters.base import ForeignGroup, JobSpec, UnreadableGroupError
from jobgroup.adapters.perceval.jgrp import date_in_bounds, status_named, text_in
from jobgroup.adapters.perceval.metadata import metadata_of, params_of
from jobgroup.decoding import Archive
from jobgroup.origin import normalise_origin
from jobgroup.status import JobStatus

_RELEASE: Final = "1.3"  # the first release with such files, which do not name theirs


def read_egrp(path: Path) -> ForeignGroup:
    """Return the group in a file of an `ExecutionGroup`, or raise UnreadableGroupError."""
    text = text_in(path)
    try:
        archive = Archive(text)
        created, modified, executions = archive.roots
        found = [_read(archive, index) for index in archive.items(executions)]
        dates = [
            date_in_bounds(archive.plain(index), key)
            for index, key in ((created, "created_date"), (modified, "modified_date"))
        ]
    except (ValueError, ArithmeticError, TypeError, LookupError, AttributeError) as error:
        raise UnreadableGroupError(f"it is damaged or not such a file ({error})") from None
    except RecursionError:
        raise UnreadableGroupError("it is damaged: a part of it contains itself") from None
    return ForeignGroup(
        name=path.stem,
        created_at=dates[0],
        modified_at=dates[1],
        jobs=[each for each in found if isinstance(each, JobSpec)],
        skipped=[each for each in found if isinstance(each, str)],
    )


def _read(archive: Archive, index: int) -> JobSpec | str:
    """Return an execution as a job, or the reason why it cannot be a job."""
    execution = archive.members(index, "Execution")
    if archive.nodes[execution["_computer"]].tag != "RemoteComputer":
        return "it is not for a cloud"
    computer = archive.members(execution["_computer"], "RemoteComputer")
    layer = archive.nodes[computer["_communication_layer"]]
    if layer.tag != "QuandelaCommunicationLayer":
        return "it is not for Quandela Cloud"
    handler = archive.members(layer.children[0], "QuandelaRPCHandler")
    getters = [
        getter
        for several in (archive.items(execution["_getters"]) if "_getters" in execution else ())
        for getter in archive.items(several)
    ]
    if len(getters) > 1:
        return "it is several jobs"
    if archive.nodes[computer["_error_mitigations"]].children:
        return "it has error mitigations, whose place only the platform knows"
    platform = str(archive.plain(handler["name"]))
    payload = _payload(archive, execution["_computation"], computer)
    sent = archive.members(getters[0], "RemoteGetter") if getters else None
    return JobSpec(
        name=str(archive.plain(execution["_name"]) or payload["command"]),
        platform=platform,
        origin=normalise_origin(archive.plain(handler["url"])),
        provider="quandela",
        body={"platform_name": platform, "pcvl_version": _RELEASE, "payload": payload},
        params=params_of({k: v for k, v in payload.items() if k != "parameters"}, {}),
        metadata=metadata_of(payload),
        remote_ids=[str(archive.plain(sent["_remote_id"]))] if sent else [],
        status=_status(archive, sent["_status"]) if sent else None,
    )


def _payload(archive: Archive, index: int, computer: dict[str, int]) -> dict[str, Any]:
    computation = _computation(archive, index)
    command = archive.members(computation["command"], "Command")
    parameters = archive.plain(computation["parameters"])
    payload = {
        "computation": archive.text_of(index),
        "command": archive.plain(command["name"]),
        "max_shots": parameters.get("max_shots"),
        "max_samples": parameters.get("max_samples", 0),
    }
    others = {
        "mitigations": "_error_mitigations",
        "parameters": "_parameters",
        "noise": "_custom_noise",
    }
    for key, member in others.items():
        node = archive.nodes[computer[member]]
        if node.tag != "None" and (node.children or key == "mitigations"):
            payload[key] = archive.text_of(computer[member])
    return payload


def _computation(archive: Archive, index: int) -> dict[str, int]:
    if archive.nodes[index].tag == "ComputationIterator":
        index = archive.members(index, "ComputationIterator")["base_computation"]
    return archive.members(index, "Computation")


def _status(archive: Archive, index: int) -> JobStatus:
    members = archive.members(index, "ExecutionStatus")
    values = {name: archive.plain(child) for name, child in members.items()}
    return JobStatus(
        status=status_named(values["_status"]),
        message=values.get("_message") or None,
        progress=values.get("_running_progress") or 0.0,
        creation_timestamp=values.get("_init_time_start") or None,
        start_timestamp=values.get("_running_time_start") or None,
        duration=values.get("_duration") or None,
    )
