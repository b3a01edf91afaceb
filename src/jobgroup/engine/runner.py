"""Execute a run in parallel, in sequence, or as slots of the plan become free.

*Parallel* runs send jobs as fast as the cloud accepts them, and stop at the first rejected job.
*Sequential* runs wait for each job to end before they send the next. *Queued* runs keep the plan's
slots full until all jobs are sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from jobgroup.engine.job_sender import JobSender
from jobgroup.engine.parallel_sending import send_in_parallel
from jobgroup.engine.queued_sending import send_queued
from jobgroup.engine.run import Run, RunProgress
from jobgroup.engine.send_order import SendOrder
from jobgroup.engine.session import GroupSession
from jobgroup.engine.unconfirmed import reconcile_unconfirmed
from jobgroup.errors import JobGroupError, QuotaExceededError, UnconfirmedJobError
from jobgroup.logs import logger
from jobgroup.retry import Backoff
from jobgroup.status import ON_CLOUD, REMOTE_MISSING, SENDING, TERMINAL, UNCONFIRMED, UNSENT
from jobgroup.store import CommandResult, JobRecord
from jobgroup.words import format_count

_log = logger(__name__)

JOIN_CHECK_INTERVAL_S = 0.5

_LATEST_KEY = "latest_sequential_job"
"""Key of the job that a sequential run sent last. If the run is interrupted, the next one waits for
that job's end.
"""


async def execute_run(session: GroupSession, run: Run) -> RunProgress:
    """Execute a run after any equal run of this process has ended.

    Raises:
        GroupBusyError: another process runs the group.
        RunStoppedError, BudgetExceededError: a rule ended the run; the rest is unsent.
        CloudError, CredentialsError, UnconfirmedJobError: an error ended the run; the rest is
            unsent.
    """
    await _join_equal_runs(session, run)
    if session.loop.is_closing:  # Python is shutting down
        run.cancel()
    session.runs.append(run)  # now, so that the next run can join this one
    try:
        async with session.lease.held():
            session.notify()
            await _send_jobs(JobSender(session, run))
    except BaseException as error:
        run.error = error
        raise
    finally:
        session.runs.remove(run)
        run.is_finished = True
        sent, not_sent = len(run.progress.sent), len(run.progress.not_sent)
        sent_jobs = format_count(sent, "job")
        _log.info("The run of %s is over: %s sent, %d not.", session.name, sent_jobs, not_sent)
        session.notify()
    return run.progress


def report_of_rerun(session: GroupSession, run: Run) -> CommandResult:
    """Return the jobs that a rerun sent, and the reason for each of the others."""
    progress, left = run.progress, dict(run.progress.not_sent)
    wanted = run.request.entry_ids
    if wanted is not None and len(progress.sent) + len(left) < len(set(wanted)):
        # Reruns of successful jobs and appended reruns are sent as new entries.
        origins = {r.rerun_of for r in session.store.records(entry_ids=progress.sent)}
        rest = set(wanted) - set(progress.sent) - left.keys()
        for record in session.store.records(entry_ids=rest):
            if record.position not in origins:
                left[record.entry_id] = _why_left(record)
    text = f"{len(progress.sent):,} rerun"
    if left:
        text += f", {len(left):,} not"
    return CommandResult(text, list(progress.sent), dict(sorted(left.items())))


def _why_left(record: JobRecord) -> str:
    if record.state == UNSENT:
        return "It has not been sent. Run the group to send it."
    if record.state == UNCONFIRMED:
        return "It may be on the cloud. Confirm or resend it."
    if record.provider_status == REMOTE_MISSING:
        return "The cloud no longer has it. Resend it."
    if record.state in ON_CLOUD | {SENDING}:
        return f"It has not ended: it is {record.state}. Cancel it, or wait until it ends."
    return "The run ended before it was sent."


async def _join_equal_runs(session: GroupSession, run: Run) -> None:
    own = run.progress
    while other := next((r for r in session.runs if run.request.can_join(r.request)), None):
        run.progress = other.progress
        await _wait_for_other(session, other, run)
        if other.error is not None:
            raise other.error
        run.progress = own
        if not other.is_finished:
            break  # that run reports the incident, unless it was canceled


async def _wait_for_other(session: GroupSession, other: Run, run: Run) -> None:
    """Wait until another run of the same jobs has ended or is waiting out an incident.

    Unless `run` is in the background too, its caller gets an error for the incident.
    """
    is_patient = run.request.is_background or not other.request.is_background

    async def may_proceed() -> bool:
        if other.is_finished or run.is_canceled:
            return True
        return not is_patient and bool(await session.in_thread(session.store.incidents.list))

    await session.wait_until(may_proceed, check_interval_s=JOIN_CHECK_INTERVAL_S)


async def _send_jobs(sender: JobSender) -> None:
    session, run = sender.session, sender.run
    await session.poller.forget_refusals()
    if await session.in_thread(sender.entry_ids):
        await sender.wait_while_paused()
    await reconcile_unconfirmed(session, sender.may_send_now)
    if run.request.rerun and not run.request.is_background:
        await session.poller.refresh()  # more jobs may have failed
    entry_ids = await session.in_thread(sender.entry_ids)
    await session.in_thread(sender.overridden_bodies, entry_ids)  # raises for an invalid one
    run.progress.total = len(entry_ids)
    jobs = format_count(len(entry_ids), "job")
    _log.info("A %s run of %s begins: %s.", run.request.mode, session.name, jobs)
    # An interrupted run with retries has left these jobs. Some of them may have failed.
    watched = await sender.find_retryable(ON_CLOUD | {"error"})
    if run.request.watches_earlier_jobs:
        active = await session.in_thread(session.store.records, ON_CLOUD)
        known = {*watched}
        watched += [
            record.entry_id
            for record in active
            if record.entry_id not in known and record.provider_status != REMOTE_MISSING
        ]
    if run.request.mode == "queue":
        await send_queued(sender, entry_ids, watched)
    elif run.request.mode == "sequential":
        await _send_one_by_one(sender, SendOrder(entry_ids), watched)
    else:
        await send_in_parallel(sender, SendOrder(entry_ids))
        if run.request.retries:
            await send_queued(sender, [], [*watched, *run.progress.sent])
    if run.stopped_by is not None:
        raise sender.stopped_error()
    await _reconcile_refusals(sender)
    if run.refusals:
        raise run.refusals[min(run.refusals)]


async def _reconcile_refusals(sender: JobSender) -> None:
    """Settle the run's unconfirmed jobs, and send the rest of each one that was sent in part."""
    session, run = sender.session, sender.run
    unclear = [p for p, error in run.refusals.items() if isinstance(error, UnconfirmedJobError)]
    if not unclear:
        return
    await reconcile_unconfirmed(session, sender.may_send_now)
    if await session.in_thread(session.store.unconfirmed.intents):
        return
    for entry_id in unclear:
        # An appended rerun is a new entry, and the failed entry is unchanged.
        found = run.refusals.pop(entry_id).entry_id or entry_id
        run.progress.not_sent.pop(entry_id, None)
        record = await session.in_thread(session.store.record, found)
        if record.state not in run.request.states:
            run.progress.sent.append(found)
        elif found == entry_id:  # some of the entry's sub-jobs are unsent
            await sender.send(entry_id)


async def _send_one_by_one(sender: JobSender, queue: SendOrder, watched: Sequence[int]) -> None:
    run = sender.run

    async def finish(entry_id: int) -> None:
        run.record_outcome(await _wait_for_end(sender, entry_id))
        for failed in await sender.failed_to_retry({entry_id}):
            queue.push_last(failed)
        if run.has_too_many_failures:
            raise sender.failures_error()

    async with sender.session.poller.polling():
        delay_s = 0.0
        left = await _left_by_interrupted_run(sender.session, run)
        if left is not None:
            await _wait_for_end(sender, left)
            delay_s = run.request.delay_s
        for entry_id in watched:
            await finish(entry_id)
            delay_s = run.request.delay_s
        while await sender.wait_for_next(queue):
            await sender.sleep(delay_s)
            delay_s = run.request.delay_s
            sent_at = await _send_when_free(sender, queue)
            if sent_at is not None:
                await finish(sent_at)


async def _left_by_interrupted_run(session: GroupSession, run: Run) -> int | None:
    """Return the job whose end an interrupted sequential run waited for; None if there is none."""
    if any(other.request.mode == "sequential" and other is not run for other in session.runs):
        return None  # that run still waits for its job

    def find() -> int | None:
        kept = session.store.meta().get(_LATEST_KEY)
        if not isinstance(kept, int):
            return None
        left = session.store.records(ON_CLOUD, [kept])
        return kept if any(each.provider_status != REMOTE_MISSING for each in left) else None

    return await session.in_thread(find)


async def _send_when_free(sender: JobSender, queue: SendOrder) -> int | None:
    """Send the next job; wait while other jobs of its account fill the plan."""
    run = sender.run
    backoff = Backoff(wait_initial=1.0, wait_max=30.0)
    has_reported_free = False
    keep = partial(sender.session.store.keep_default, _LATEST_KEY)

    while await sender.wait_for_next(queue):
        entry_id = queue.pop()
        try:
            await sender.note(partial(keep, entry_id))
            sent_at = await sender.send(entry_id)
            if sent_at not in (None, entry_id):  # an appended rerun
                await sender.note(partial(keep, sent_at))
            return sent_at
        except QuotaExceededError:
            is_full = await _is_full_for_now(sender, entry_id)
            if run.is_canceled or is_full is None or (has_reported_free and not is_full):
                raise
            has_reported_free = not is_full  # a job may have ended since the rejection
            run.progress.not_sent.pop(entry_id, None)
            queue.push_back(entry_id)
            await sender.sleep(backoff.next_s())
    return None


async def _is_full_for_now(sender: JobSender, entry_id: int) -> bool | None:
    """Return whether a job's account is full; None if that is unknown or no job is accepted."""
    session = sender.session
    record = await session.in_thread(session.store.record, entry_id)
    try:
        provider = await session.provider(record.target)
        availability = await provider.availability()
    except JobGroupError:
        return None
    return availability.queue_free == 0 if availability.queue_max else None


async def _wait_for_end(sender: JobSender, entry_id: int) -> JobRecord:
    """Wait until a job has ended or the run is canceled."""
    session, run = sender.session, sender.run

    async def ended() -> JobRecord | None:
        record = await session.in_thread(session.store.record, entry_id)
        if record.state == UNCONFIRMED:
            raise UnconfirmedJobError(
                f"Job {record.position} of {session.name!r} is unconfirmed, so the jobs after it"
                " were not sent. Confirm or resend it, then run the group again."
            )
        if record.state in TERMINAL or record.provider_status == REMOTE_MISSING or run.is_canceled:
            return record
        refusal = session.poller.refusals.get(record.target.account_key)
        if refusal is not None and not run.request.is_background:
            raise refusal
        return None

    record = await session.wait_until(ended)
    assert record is not None  # noqa: S101  # there is no timeout
    return record
