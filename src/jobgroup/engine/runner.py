"""Carrying a run out: in parallel, one after the other, or as the plan's slots become free.

*parallel* sends one job after the other as fast as the cloud takes them and stops at the first that
it does not; *sequential* waits for each to end before the next; *queue* keeps the plan's slots full
and does not mind how long that takes.
"""

from __future__ import annotations

import anyio

from jobgroup.engine.backoff import Backoff
from jobgroup.engine.dispatcher import send_queued
from jobgroup.engine.run_request import Plan, RunProgress, UnderWay
from jobgroup.engine.runs import Run
from jobgroup.engine.send_queue import SendQueue
from jobgroup.engine.session import GroupSession
from jobgroup.engine.submission import reconcile_unconfirmed
from jobgroup.errors import JobGroupError, QuotaExceededError, UnconfirmedJobError
from jobgroup.status import LOST, TERMINAL, UNCONFIRMED
from jobgroup.store import JobRecord


async def carry_out(session: GroupSession, plan: Plan) -> RunProgress:
    """Run a plan; `launch` with a run that nobody else looks at."""
    return await launch(Run(session, plan))


async def launch(run: Run) -> RunProgress:
    """Do what a run is for. Where one under way in this process does the same, join that first.

    Raises:
        GroupBusyError: another process runs the group.
        CloudError, CredentialsError, UnconfirmedJobError: what ended it; the rest is unsent.
    """
    session = run.session
    while other := next((o for o in session.runs if run.plan.joins(o.plan)), None):
        own, run.tally = run.tally, other.tally
        has_finished = await _finished(other, run)
        if other.error is not None:
            raise other.error
        run.tally = own
        if not has_finished:
            break  # its own request is told what the other waits for; stopped, it makes none
    if session.loop.is_closing:  # it waited for a run that was stopped, and would go on with that
        run.stop()
    session.runs.append(run)  # at once, so that who comes next joins it
    try:
        async with session.lease.held():
            session.notify()
            await _send_all(run)
    except BaseException as error:
        run.error = error
        raise
    finally:
        session.runs.remove(run)
        run.finished.set()
        session.notify()
    return run.tally


async def _finished(other: UnderWay, run: Run) -> bool:
    """Wait for a run that does the same as this one.

    False where it waits out, in the background, what whoever waits for this one wants to be told,
    and where this one is stopped.
    """
    session = run.session
    while not other.finished.is_set():
        if run.is_stopping:
            return False
        if other.plan.is_background and not run.plan.is_background:
            troubles = await session.in_thread(session.store.troubles.all)
            if any(trouble.kind != "limit" for trouble in troubles):
                return False
        with anyio.move_on_after(0.5):
            await other.finished.wait()
    return True


async def _send_all(run: Run) -> None:
    session = run.session
    await session.poller.forget_refusals()
    await reconcile_unconfirmed(session)
    if run.plan.rerun and not run.plan.is_background:
        await session.poller.refresh()  # what has failed by now
    positions = await session.in_thread(run.positions)
    await session.in_thread(run.revisions, positions)  # all can be made, or none is sent
    run.tally.total = len(positions)
    if run.plan.mode == "sequential":
        await _sequential(run, SendQueue(positions))
    elif run.plan.mode == "queue":
        await send_queued(run, positions)
    else:
        await _parallel(run, SendQueue(positions))
    await _ask_again(run)
    if run.refusals:
        raise run.refusals[min(run.refusals)]


async def _ask_again(run: Run) -> None:
    """A cloud that could not tell of a job when it was sent may tell now, hours later perhaps."""
    session = run.session
    unclear = [p for p, error in run.refusals.items() if isinstance(error, UnconfirmedJobError)]
    if not unclear:
        return
    await reconcile_unconfirmed(session)
    if await session.in_thread(session.store.journal.unconfirmed):
        return
    for position in unclear:
        del run.refusals[position]
        run.tally.not_sent.pop(position, None)
        record = await session.in_thread(session.store.record, position)
        if record.state in run.plan.states:  # it is several jobs, the rest of which is to be sent
            await run.send_one(position)
        else:
            run.tally.sent.append(position)


async def _parallel(run: Run, lineup: SendQueue) -> None:
    # one create after the other: each is on disk before the next one leaves
    while await run.has_next(lineup):
        await run.send_one(lineup.take())


async def _sequential(run: Run, lineup: SendQueue) -> None:
    async with run.session.poller.polling():
        delay_s = 0.0
        while await run.has_next(lineup):
            await run.sleep(delay_s)
            delay_s = run.plan.delay_s
            sent_at = await _send_when_free(run, lineup)
            if sent_at is not None:
                run.count(await _ended(run, sent_at))
                if run.should_stop_for_failures():
                    raise run.failures_error()


async def _send_when_free(run: Run, lineup: SendQueue) -> int | None:
    """Send the next job, waiting where other jobs of its account fill the plan at present."""
    backoff = Backoff(first_s=1.0, longest_s=30.0)
    has_told_free = False
    while await run.has_next(lineup):
        position = lineup.take()
        try:
            return await run.send_one(position)
        except QuotaExceededError:
            is_full = await _is_full_for_now(run, position)
            if run.is_stopping or is_full is None or (has_told_free and not is_full):
                raise
            has_told_free = not is_full  # one may have ended since it refused the job
            run.tally.not_sent.pop(position, None)
            lineup.put_back(position)
            await run.sleep(backoff.next_s())
    return None


async def _is_full_for_now(run: Run, position: int) -> bool | None:
    """Whether a job's account is full; None where it does not tell, or can have no jobs at all."""
    record = await run.session.in_thread(run.session.store.record, position)
    try:
        provider = await run.session.provider(record.target)
        availability = await provider.availability()
    except JobGroupError:
        return None
    return availability.queue_free == 0 if availability.queue_max else None


async def _ended(run: Run, position: int) -> JobRecord:
    """Wait until a job has ended."""
    session = run.session

    async def ended() -> JobRecord | None:
        record = await session.in_thread(session.store.record, position)
        if record.state == UNCONFIRMED:
            raise UnconfirmedJobError(
                f"Job {position} of {session.name!r} is unconfirmed, so what follows it was"
                " not sent. Confirm or resend it, then run the group again."
            )
        if record.state in TERMINAL or record.word == LOST or run.is_stopping:
            return record
        run.raise_for_token()
        return None

    record = await session.wait_until(ended)
    assert record is not None  # noqa: S101  # there is no time limit
    return record
