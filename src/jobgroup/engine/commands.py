"""What can be asked of a group, by a button, a script or another process, and how it is done.

A command that sends needs the lease. Where another process holds it, the command is written into
the group's file and done by that process.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from jobgroup.engine.cancellation import cancel
from jobgroup.engine.lease import is_gone
from jobgroup.engine.pause import set_paused
from jobgroup.engine.run import Run, RunProgress, RunRequest
from jobgroup.engine.runner import execute_run
from jobgroup.engine.subjobs import bodies_of
from jobgroup.errors import GroupBusyError, JobGroupError
from jobgroup.remote_ids import is_id
from jobgroup.status import UNSENT
from jobgroup.system import this_process

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession
    from jobgroup.store import CommandRecord

Outcome = dict[str, Any]
"""text: what happened, in a line; done: positions; failed: sentence by position."""

SENDING_COMMANDS = frozenset({"run", "rerun", "resend"})
LOOK_EVERY_S = 0.2


async def perform(session: GroupSession, name: str, args: Mapping[str, Any]) -> Outcome:
    """Do a command here, or have it done by the process that runs the group.

    Raises:
        JobGroupError: it could not be done; nothing else changed.
        ValueError: there is no such command.
    """
    if name not in _COMMANDS:
        raise ValueError(f"There is no command {name!r}; there are {', '.join(_COMMANDS)}.")
    if name in SENDING_COMMANDS and await session.in_thread(session.lease.is_held_elsewhere):
        return await _ask_holder(session, name, args)
    try:
        outcome: Outcome = await _COMMANDS[name](session, **args)
    except GroupBusyError:
        if name not in SENDING_COMMANDS:
            raise
        return await _ask_holder(session, name, args)  # somebody took the lease meanwhile
    return outcome


async def serve(session: GroupSession) -> None:
    """While this process holds the lease, do what others ask."""
    commands = session.store.commands
    while session.lease.is_held:
        fencing_token = session.lease.fencing_token
        taken: list[CommandRecord] = []
        with suppress(OSError):  # a disk that does not let it now may do so in a moment
            if await session.in_thread(commands.has_pending):
                taken = await session.in_thread(commands.claim, fencing_token, is_gone)
        for command in taken:
            session.loop.spawn(_serve_one, session, command.id, command.name, command.args)
        await anyio.sleep(LOOK_EVERY_S)


async def _serve_one(
    session: GroupSession, command_id: int, name: str, args: Mapping[str, Any]
) -> None:
    store = session.store.commands

    async def finish(state: str, outcome: Outcome) -> None:
        write = partial(store.complete, command_id, state, outcome)
        told = f"What {name} came to ({outcome['text']})"
        await session.settling.write(told, write, patience_s=math.inf)  # who asked waits for it

    try:
        async with session.lease.held():  # who asks must not take this process for a dead one
            try:
                outcome = await _COMMANDS[name](session, **args)
                if not session.loop.is_closing:  # else it was broken off: who asks goes on with it
                    await finish("done", outcome)
            except Exception as error:  # noqa: BLE001  (it is the asker's to see)
                await finish("failed", _failure(error))
    except JobGroupError as error:  # the lease went to somebody else meanwhile, or a full disk
        await finish("failed", _failure(error))


def _failure(error: Exception) -> Outcome:
    return {"text": str(error), "done": [], "failed": {}}


async def _ask_holder(session: GroupSession, name: str, args: Mapping[str, Any]) -> Outcome:
    commands = session.store.commands
    me = this_process()
    command_id = await session.in_thread(commands.enqueue, name, args, me)
    while True:
        is_run_elsewhere = await session.in_thread(
            session.lease.is_held_elsewhere
        )  # first: what it did before is seen
        command = await session.in_thread(commands.get, command_id)
        if command is None:  # another process holds the lease by now
            command_id = await session.in_thread(commands.enqueue, name, args, me)
        elif command.state == "done":
            return dict(command.outcome)
        elif command.state == "failed":
            raise JobGroupError(str(command.outcome.get("text", "It failed.")))
        elif not is_run_elsewhere:
            is_ours = await session.in_thread(commands.cancel, command_id)
            if is_ours or name == "run":  # what the other process has sent is unsent no more
                outcome: Outcome = await _COMMANDS[name](session, **args)
                return outcome
            if command.state == "claimed":
                raise JobGroupError(
                    "The process that runs the group ended while it did this. What it has sent is"
                    " in the list; ask again for the rest."
                )
        await anyio.sleep(LOOK_EVERY_S)


# -- the commands ----------------------------------------------------------------------------------


async def run(session: GroupSession, **options: Any) -> Outcome:
    """Send unsent jobs."""
    return await _carry_out(session, RunRequest(**_plan_options(options)), "sent")


async def rerun(session: GroupSession, **options: Any) -> Outcome:
    """Send failed jobs again."""
    request = RunRequest(rerun=True, **_plan_options(options))
    outcome = await _carry_out(session, request, "rerun")
    if request.positions is not None:
        skipped = len(request.positions) - len(outcome["done"]) - len(outcome["failed"])
        if skipped > 0:
            outcome["text"] += f", {skipped} had not failed"
    return outcome


async def resend(session: GroupSession, positions: Sequence[int]) -> Outcome:
    """Send unconfirmed jobs again, as the user decided."""
    give_back = session.store.journal.requeue
    async with session.lease.held():  # first: who has it instead is asked for all of it
        given_back = [p for p in positions if await session.in_thread(give_back, p)]
        session.notify()
        request = RunRequest(positions=tuple(given_back))
        return await _carry_out(session, request, "sent again")


async def confirm(session: GroupSession, position: int, remote_id: str) -> Outcome:
    """Adopt a remote id for an unconfirmed job."""
    remote_id = str(remote_id).strip()
    if not is_id(remote_id):
        raise JobGroupError("An unconfirmed job is confirmed with its id on the cloud. Give one.")
    parts = await session.in_thread(_number_of_parts, session, position)
    is_confirmed = await session.settling.write(
        f"Job {position} of {session.name!r} is {remote_id}",
        partial(session.store.journal.confirm, position, remote_id, parts),
    )
    if not is_confirmed:
        raise JobGroupError(f"Job {position} is not unconfirmed. Nothing was changed.")
    session.notify()
    text = f"job {position} is {remote_id}"
    if (await session.in_thread(session.store.record, position)).state == UNSENT:
        text = f"a part of job {position} is {remote_id}; the next run sends the rest"
    return {"text": text, "done": [position], "failed": {}}


def _number_of_parts(session: GroupSession, position: int) -> int:
    if not any(r.composition_id for r in session.store.records(positions=[position])):
        return 1
    return len(bodies_of(session.store.body(position) or {"parts": [{}]}))


async def pause(session: GroupSession) -> Outcome:
    """Send nothing more until `resume`, whichever process runs the group."""
    await set_paused(session, True)
    return {"text": "paused: nothing more is sent, what runs goes on", "done": [], "failed": {}}


async def resume(session: GroupSession) -> Outcome:
    """Go on sending."""
    await set_paused(session, False)
    return {"text": "resumed", "done": [], "failed": {}}


async def run_next(session: GroupSession, positions: Sequence[int]) -> Outcome:
    """Let jobs be sent before the others, by whichever run goes on or comes."""
    chosen = await session.in_thread(session.store.priorities.put_first, positions)
    session.notify()
    left = dict.fromkeys(sorted(set(positions) - set(chosen)), "It has been sent already.")
    text = f"job {chosen[0]} goes first" if chosen else "nothing was changed"
    if chosen[1:]:
        text += f", then {len(chosen) - 1} more"
    if left:
        text += f", {len(left)} had been sent"
    if chosen and not session.runs and not await session.in_thread(session.lease.is_held_elsewhere):
        text += ", when the group is run"
    return {"text": text, "done": chosen, "failed": left}


async def refresh(session: GroupSession) -> Outcome:
    """Ask the cloud now."""
    await session.poller.refresh()
    return {"text": "up to date", "done": [], "failed": {}}


_COMMANDS: dict[str, Any] = {
    "run": run,
    "rerun": rerun,
    "resend": resend,
    "confirm": confirm,
    "cancel": cancel,
    "pause": pause,
    "resume": resume,
    "run_next": run_next,
    "refresh": refresh,
}


def _plan_options(options: Mapping[str, Any]) -> dict[str, Any]:
    known = dict(options)
    if "delay" in known:
        known["delay_s"] = float(known.pop("delay"))
    if known.get("positions") is not None:
        known["positions"] = tuple(known["positions"])
    if "changes" in known:
        known["overrides"] = known.pop("changes")
    return known


async def _carry_out(session: GroupSession, request: RunRequest, verb: str) -> Outcome:
    tally: RunProgress = await execute_run(session, Run(request))
    text = f"{len(tally.sent)} {verb}"
    if tally.not_sent:
        text += f", {len(tally.not_sent)} not"
    return {"text": text, "done": list(tally.sent), "failed": dict(tally.not_sent)}
