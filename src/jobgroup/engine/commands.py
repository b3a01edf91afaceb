"""Execute a group's commands, which come from a button, a script or another process.

A command that sends jobs needs the lease. If another process holds the lease, this process writes
the command to the group's file, and the holder executes it. If this process has no valid token, the
holder also executes commands that need one.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import anyio

from jobgroup.engine.cancellation import cancel_from_here
from jobgroup.engine.lease import LEASE_TTL_S, Witness, is_gone
from jobgroup.engine.pause import set_paused
from jobgroup.engine.run import Run, RunRequest
from jobgroup.engine.runner import execute_run, report_of_rerun
from jobgroup.engine.session import GroupSession
from jobgroup.engine.subjobs import bodies_of
from jobgroup.errors import (
    CredentialsError,
    GroupBusyError,
    JobGroupError,
    RemoteNotFoundError,
)
from jobgroup.logs import logger
from jobgroup.providers.base import is_id
from jobgroup.status import NOT_SENT, UNCONFIRMED, UNSENT
from jobgroup.store import CommandRecord, CommandResult, Target
from jobgroup.system import this_process
from jobgroup.words import format_count

_log = logger(__name__)

COMMAND_CHECK_INTERVAL_S = 0.2

LOOKUP_TIMEOUT_S = 10.0
"""Seconds for which `confirm` waits until the cloud says whether it has a job."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    Attributes:
        handler: function that executes the command.
        needs_lease: whether only the process that runs the group may execute it.
        may_repeat: whether this process may execute the command again if the process that runs the
            group ends; no job is sent twice.
    """

    handler: Callable[..., Awaitable[CommandResult]]
    needs_lease: bool = False
    may_repeat: bool = False


async def execute(session: GroupSession, name: str, args: Mapping[str, Any]) -> CommandResult:
    """Execute a command here, or forward it to the process that runs the group.

    Raises:
        JobGroupError: the command could not be executed; nothing else changed.
        ValueError: the command does not exist.
    """
    command = COMMANDS.get(name)
    if command is None:
        raise ValueError(f"There is no command {name!r}. Commands are: {', '.join(COMMANDS)}.")
    if not command.needs_lease:
        return await command.handler(session, **args)
    if not await session.in_thread(session.lease.is_held_elsewhere):
        with suppress(GroupBusyError):  # another process has just taken the lease
            return await command.handler(session, **args)
    return await _forward(session, name, args)


class _SilentHolderError(JobGroupError):
    """The process that runs the group is alive, but does not respond."""


async def _forward(
    session: GroupSession, name: str, args: Mapping[str, Any], *, awake: Witness | None = None
) -> CommandResult:
    """Forward a command to the process that runs the group; execute it here if that process ends.

    Args:
        session: session of the group.
        name: name of the command.
        args: arguments of the command.
        awake: judges whether that process is alive; the call gives up if it is not. None waits for
            a response.

    Raises:
        JobGroupError: the command could not be executed.
    """
    queue = session.store.commands
    enqueue = partial(queue.enqueue, name, args, this_process())
    command_id = await session.in_thread(enqueue)

    async def result() -> CommandResult | None:
        nonlocal command_id
        # Checked before reading, so that everything the other process did before it ended is read.
        is_run_elsewhere = await session.in_thread(session.lease.is_held_elsewhere)
        command = await session.in_thread(queue.get, command_id)
        if command is None:  # a third process has taken the lease
            command_id = await session.in_thread(enqueue)
        elif command.state == "done":
            return CommandResult.from_json(command.outcome)
        elif command.state == "failed":
            raise JobGroupError(str(command.outcome.get("text", "It failed.")))
        elif not is_run_elsewhere:
            is_ours = await session.in_thread(queue.cancel, command_id)
            if is_ours or COMMANDS[name].may_repeat:
                return await COMMANDS[name].handler(session, **args)
            if command.state == "claimed":
                raise JobGroupError(
                    "The process that ran the group ended during this command. Jobs that it sent"
                    " are in the group. Repeat the call for the others."
                )
        elif awake is not None:
            await _require_response(session, awake)
        return None

    try:
        found = await session.wait_until(result, check_interval_s=COMMAND_CHECK_INTERVAL_S)
    except BaseException:  # the caller has stopped waiting
        with anyio.CancelScope(shield=True), suppress(OSError):
            await session.in_thread(queue.cancel, command_id)
        raise
    assert found is not None  # noqa: S101  # there is no time limit
    return found


async def _require_response(session: GroupSession, awake: Witness) -> None:
    """Raise `_SilentHolderError` if the process that runs the group has long been silent."""
    held = await session.in_thread(session.store.lease.current)
    if held is not None and awake.judge(held) == "dead":
        raise _SilentHolderError(f"{held.process} has not responded for {LEASE_TTL_S:.0f} s")


async def serve_requests(session: GroupSession) -> None:
    """Execute other processes' requests while this process holds the lease."""
    queue = session.store.commands
    while session.lease.is_held:
        fencing_token = session.lease.fencing_token
        requested: list[CommandRecord] = []
        with suppress(OSError):  # the disk may be writable again in a moment
            if await session.in_thread(queue.has_pending):
                requested = await session.in_thread(queue.claim, fencing_token, is_gone)
        for command in requested:
            _log.info("Another process requested %s of %s.", command.name, session.name)
            session.loop.spawn(_serve, session, command)
        await anyio.sleep(COMMAND_CHECK_INTERVAL_S)


async def _serve(session: GroupSession, command: CommandRecord) -> None:
    async def complete(state: str, result: CommandResult) -> None:
        await session.settling.write(
            f"The command {command.name} ended ({result.text})",
            partial(session.store.commands.complete, command.id, state, asdict(result)),
            patience_s=math.inf,  # the other process is waiting
        )

    try:
        async with session.lease.held():  # otherwise the other process considers this one dead
            try:
                result = await COMMANDS[command.name].handler(session, **command.args)
                if not session.loop.is_closing:  # otherwise the other process executes it
                    await complete("done", result)
            except Exception as error:  # noqa: BLE001  (raised in the other process)
                await complete("failed", CommandResult(str(error)))
    except JobGroupError as error:  # the lease was lost, or the disk is full
        await complete("failed", CommandResult(str(error)))


# -- the commands ----------------------------------------------------------------------------------


async def run(session: GroupSession, **options: Any) -> CommandResult:
    return await _carry_out(session, _run_request(options), "sent")


async def rerun(session: GroupSession, **options: Any) -> CommandResult:
    run = Run(_run_request(options, rerun=True))
    await execute_run(session, run)
    return await session.in_thread(report_of_rerun, session, run)


async def stop(session: GroupSession, by: str = "a command") -> CommandResult:
    """End the runs of this process, and wait until requests in flight are recorded.

    Args:
        session: session of the group.
        by: name of the requester, for the errors of stopped runs.
    """
    runs = list(session.runs)
    for run in runs:
        run.stop(by)

    async def are_over() -> bool:
        return all(run.is_finished for run in runs)

    await session.wait_until(are_over, check_interval_s=COMMAND_CHECK_INTERVAL_S)
    counts = await session.in_thread(session.store.counts)
    unsent = sum(counts.get(state, 0) for state in NOT_SENT)
    text = "stopped" if runs else "no run is active"
    return CommandResult(f"{text}, {format_count(unsent, 'job')} not sent")


async def resend(session: GroupSession, entry_ids: Sequence[int]) -> CommandResult:
    """Resend unconfirmed jobs, as the user decided."""
    requeue = session.store.unconfirmed.requeue
    async with session.lease.held():  # first, so that another holder executes the whole command
        requeued = [each for each in entry_ids if await session.in_thread(requeue, each)]
        session.notify()
        request = RunRequest(entry_ids=tuple(requeued))
        result = await _carry_out(session, request, "sent again")
    left = {*entry_ids}.difference(requeued)
    reasons = dict.fromkeys(sorted(left), "It is neither unconfirmed nor lost by its cloud.")
    return replace(result, failed=reasons | result.failed)


async def cancel(session: GroupSession, entry_ids: Sequence[int] | None = None) -> CommandResult:
    """Cancel jobs on their clouds, with help from the process that runs the group.

    That process cancels the jobs for which this process has no token. If no process runs the group,
    an incident is opened, and pages request a token.
    """
    canceled = await cancel_from_here(session, entry_ids)
    if not canceled.not_from_here:
        return canceled.result()
    if await session.in_thread(session.lease.is_held_elsewhere):
        args = {"entry_ids": sorted(canceled.not_from_here)}
        try:
            canceled.take(await _forward(session, "cancel", args, awake=Witness(wants_beats=True)))
        except _SilentHolderError as silence:
            for entry_id in canceled.not_from_here:
                canceled.failed[entry_id] += f" The group is being run, but {silence}."
        return canceled.result()
    for target, error in canceled.accounts.items():
        if isinstance(error, CredentialsError):
            begin = session.store.incidents.open
            await session.in_thread(begin, "token", target.origin, target.account, str(error))
    session.notify()
    return canceled.result()


async def confirm(session: GroupSession, entry_id: int, remote_id: str) -> CommandResult:
    """Adopt a remote id for an unconfirmed job, unless the cloud has no such job."""
    remote_id = str(remote_id).strip()
    if not is_id(remote_id):
        raise JobGroupError("remote_id must be the job's id on the cloud. Nothing was changed.")
    record = await session.in_thread(session.store.record, entry_id)
    position = record.position
    holder = await session.in_thread(session.store.holder_of, remote_id, record.target)
    if record.state == UNCONFIRMED and holder is None:
        await _require_on_cloud(session, record.target, remote_id)
    body = await session.in_thread(session.store.body, entry_id)
    is_confirmed = await session.settling.write(
        f"Job {position} of {session.name!r} is confirmed as {remote_id}",
        partial(session.store.unconfirmed.confirm, entry_id, remote_id, len(bodies_of(body or {}))),
    )
    if not is_confirmed:
        raise JobGroupError(f"Job {position} is not unconfirmed. Nothing was changed.")
    _log.info("Job %d of %s was confirmed as %s.", position, session.name, remote_id)
    session.notify()
    text = f"Job {position} is confirmed as {remote_id}."
    if (await session.in_thread(session.store.record, entry_id)).state == UNSENT:
        text = f"A part of job {position} is confirmed as {remote_id}. The next run sends the rest."
    return CommandResult(text, [entry_id])


async def _require_on_cloud(session: GroupSession, target: Target, remote_id: str) -> None:
    """Raise `JobGroupError` if the cloud says that the account has no such job.

    If the cloud cannot be asked, for example without a token, the user is trusted.
    """
    status: object = None
    with anyio.move_on_after(LOOKUP_TIMEOUT_S), suppress(JobGroupError):
        provider = await session.provider(target)
        status = (await provider.status([remote_id])).get(remote_id)
    if isinstance(status, RemoteNotFoundError):
        raise JobGroupError(
            f"The cloud has no job with the id {remote_id} ({status}). Nothing was changed. Look up"
            " the id in the cloud's list of jobs."
        )


async def pause(session: GroupSession) -> CommandResult:
    """Stop sending in every process until `resume`."""
    await set_paused(session, True)
    return CommandResult("paused: nothing more is sent, jobs on the cloud continue")


async def resume(session: GroupSession) -> CommandResult:
    await set_paused(session, False)
    return CommandResult("resumed")


async def prioritize(session: GroupSession, entry_ids: Sequence[int]) -> CommandResult:
    """Send jobs before the others, in the current run or the next one."""
    chosen = await session.in_thread(session.store.priorities.put_first, entry_ids)
    session.notify()
    left = dict.fromkeys(sorted(set(entry_ids) - set(chosen)), "It was already sent.")
    text = "nothing was changed"
    if chosen:
        position = await session.in_thread(session.store.entries.position, chosen[0])
        text = f"job {position} goes first"
    if chosen[1:]:
        text += f", then {len(chosen) - 1:,} more"
    if left:
        text += f", {len(left):,} had already been sent"
    if chosen and not session.runs and not await session.in_thread(session.lease.is_held_elsewhere):
        text += ", when the group is run"
    return CommandResult(text, chosen, left)


async def refresh(session: GroupSession) -> CommandResult:
    try:
        await session.poller.refresh()
    except CredentialsError as error:
        if not await session.in_thread(session.lease.is_held_elsewhere):
            raise
        try:
            return await _forward(session, "refresh", {}, awake=Witness(wants_beats=True))
        except _SilentHolderError as silence:
            raise type(error)(f"{error} The group is being run, but {silence}.") from silence
    incidents = await session.in_thread(session.store.incidents.list)
    failures = [incident.message for incident in incidents if incident.kind == "unreachable"]
    return CommandResult(f"not up to date: {failures[0]}" if failures else "up to date")


COMMANDS: dict[str, Command] = {
    "run": Command(run, needs_lease=True, may_repeat=True),
    "rerun": Command(rerun, needs_lease=True),
    "resend": Command(resend, needs_lease=True),
    "confirm": Command(confirm),
    "cancel": Command(cancel, may_repeat=True),
    "stop": Command(stop, needs_lease=True, may_repeat=True),
    "pause": Command(pause),
    "resume": Command(resume),
    "prioritize": Command(prioritize),
    "refresh": Command(refresh, may_repeat=True),
}


def _run_request(options: Mapping[str, Any], *, rerun: bool = False) -> RunRequest:
    """Return the request for a run; the arguments may come from another process, as JSON."""
    given = options.get("entry_ids")
    entry_ids = None if given is None else tuple(given)
    return RunRequest(**{**options, "rerun": rerun, "entry_ids": entry_ids})


async def _carry_out(session: GroupSession, request: RunRequest, verb: str) -> CommandResult:
    progress = await execute_run(session, Run(request))
    text = f"{len(progress.sent):,} {verb}"
    if progress.not_sent:
        text += f", {len(progress.not_sent):,} not"
    return CommandResult(text, list(progress.sent), dict(progress.not_sent))
