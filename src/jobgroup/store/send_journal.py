"""Keep the send journal: write each intent before its request, and each remote id after it.

Between these two writes, an attempt is *sending*. If its process ends during that time, the next
process that runs the group marks the attempt as *unconfirmed*. It is never resent automatically.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from jobgroup.errors import UnconfirmedJobError
from jobgroup.status import (
    FAILED,
    NOT_SENT,
    REFUSED,
    REMOTE_MISSING,
    RERUNNABLE,
    SENDING,
    UNCONFIRMED,
    UNSENT,
)
from jobgroup.store.checking import date_of, integer_of, number_of, text_of
from jobgroup.store.database import Database
from jobgroup.store.encoding import as_json, as_object
from jobgroup.store.entries import length, next_id, position_in
from jobgroup.store.inserts import payload_id
from jobgroup.store.lease_row import check_fencing_token, read_lease
from jobgroup.store.records import AttemptRecord, Intent, OverriddenBody, Target
from jobgroup.store.shots import check_budget, shots_limit_of
from jobgroup.store.subjobs import (
    REMOTE_IDS,
    holder_of_any,
    inherit_subjobs,
    insert_subjobs,
    subjobs_of,
)
from jobgroup.store.transaction import Transaction
from jobgroup.store.transitions import (
    Attempt,
    accept,
    add_event,
    attempt_of,
    forget_refusal,
    refusal_kept,
    set_latest,
    transition,
)
from jobgroup.system import ProcessIdentity

_ATTEMPT = f"""
    SELECT id, entry_id, {integer_of("number", "0")}, kind, idempotency_key, state, {REMOTE_IDS},
           provider_status, message, {date_of("intent_at", "0")}, {date_of("sent_at")},
           {date_of("created_at")}, {date_of("started_at")}, {number_of("duration_s")},
           {date_of("finished_at")}, {integer_of("shots")}, diagnostics, overrides
    FROM attempts a
"""  # noqa: S608


def _no_answer(remote_id: str, position: int) -> str:
    """Return the message for an id that cannot belong to the job that was sent."""
    return (
        f"The cloud returned {remote_id}, which is already the id of job {position} of this group,"
        " so this is not a response to this request."
    )


class _Job(NamedTuple):
    """The fields of a job that decide how it is sent."""

    entry_id: int
    state: str
    name: str
    position: int
    target: Target
    attempts: int
    attempt_id: int | None
    retries_left: int
    payload_id: int | None
    composition_id: int | None
    params: str
    metadata: str
    refusal: str
    """Reason why the cloud refused the job; "" if it did not."""


class _Way(NamedTuple):
    """The options of a send; see `SendJournal.record_intent`."""

    rerun: bool
    retry: bool
    creates_entry: bool
    retries: int
    budget_shots: int | None

    def makes_entry(self, job: _Job) -> bool:
        """Return whether the job keeps its result and a new entry is sent instead."""
        return job.state == "success" or (self.creates_entry and job.state != REFUSED)

    def kind(self, rerun_of: int | None, revision: OverriddenBody | None, job: _Job) -> str:
        if self.retry:
            return "retry"
        if revision is not None:
            return "changed"
        return "create" if rerun_of is None and job.state != "success" else "rerun"


class SendJournal:
    """The attempts of a group's jobs, from intent to outcome."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- intents ---------------------------------------------------------------------------------

    def record_intent(
        self,
        entry_ids: Sequence[int],
        *,
        fencing_token: int,
        rerun: bool = False,
        retry: bool = False,
        creates_entry: bool = False,
        revisions: Mapping[int, OverriddenBody] | None = None,
        retries: int = 0,
        budget_shots: int | None = None,
    ) -> list[Intent] | None:
        """Commit the intent to send jobs. The caller may send only the returned intents.

        A send takes unsent jobs, a rerun takes failed jobs, and a retry takes jobs whose last
        attempt allows a retry. Jobs in another state are left out.

        Args:
            entry_ids: ids of the jobs.
            fencing_token: fencing token of the lease under which they are sent.
            rerun: whether to rerun ended jobs.
            retry: whether the reruns are automatic; the failed attempt must allow this.
            creates_entry: whether a rerun adds a new entry instead of an attempt to the old one.
            revisions: changed bodies for reruns, by entry; each is sent as a new job.
            retries: number of retries that each of these attempts allows; a retry allows one less
                than the failed attempt.
            budget_shots: maximum number of shots for all attempts of the group together; None for
                no limit.

        Returns:
            The intents, or None if the group is paused.

        Raises:
            BudgetExceededError: a job may use more shots than the budget has left; nothing may be
                sent.
            GroupBusyError: another process has the lease; nothing may be sent.
        """
        way = _Way(rerun, retry, creates_entry, retries, budget_shots)
        intents = []
        with self._database.write_transaction() as tx:
            check_fencing_token(tx, fencing_token)
            if tx.execute("SELECT 1 FROM meta WHERE key = 'paused'").fetchone():
                return None
            for entry_id in entry_ids:
                job = _read_job(tx, entry_id)
                if job is not None and _may_send(tx, job, way):
                    revision = (revisions or {}).get(entry_id)
                    intents.append(self._record_one(tx, job, way, fencing_token, revision))
        return intents

    def _record_one(
        self,
        tx: Transaction,
        job: _Job,
        way: _Way,
        fencing_token: int,
        revision: OverriddenBody | None,
    ) -> Intent:
        entry_id, creates_entry = job.entry_id, way.makes_entry(job)
        rerun_of = _to_rerun(tx, job)
        inherited, continued = inherit_subjobs(tx, entry_id)
        payload, overrides = None, {}
        if revision is not None:
            payload = payload_id(tx, revision.body, as_object(job.metadata))
            rerun_of, overrides = None, dict(revision.overrides)
        new = as_json(as_object(job.params) | {name: c[-1] for name, c in overrides.items()})
        limit = shots_limit_of(tx, job.payload_id, job.composition_id, new)
        if way.budget_shots is not None:
            check_budget(tx, job.position, limit, way.budget_shots)
        key = str(uuid.uuid4())
        attempt_id = tx.insert(
            "INSERT INTO attempts (entry_id, number, kind, creates_entry, idempotency_key,"
            " rerun_of_attempt_id, fencing_token, state, intent_at, payload_id, overrides,"
            " retries_left, max_shots) VALUES (?, ?, ?, ?, ?, ?, ?, 'sending', ?, ?, ?, ?, ?)",
            (
                entry_id,
                1 if creates_entry else job.attempts - continued + 1,
                way.kind(rerun_of, revision, job),
                int(creates_entry),
                key,
                rerun_of,
                fencing_token,
                tx.now,
                payload,
                as_json(overrides) if overrides else "",
                job.retries_left - 1 if way.retry else way.retries,
                limit,
            ),
        )
        self._database.ids.intended(attempt_id, entry_id, job.position, job.name, job.target.origin)
        insert_subjobs(tx, attempt_id, inherited)
        if not creates_entry:
            # A refused job keeps its reason until the cloud accepts it.
            set_latest(tx, entry_id, attempt_id, added=1 - continued, last_error=job.refusal)
        elif continued:
            tx.execute(
                "UPDATE jobs SET attempts = attempts - ? WHERE id = ?", (continued, entry_id)
            )
        return Intent(
            attempt_id=attempt_id,
            entry_id=entry_id,
            position=job.position,
            idempotency_key=key,
            name=job.name,
            target=job.target,
            previous=subjobs_of(tx, rerun_of) if rerun_of is not None else {},
            sent=inherited,
            payload_id=payload,
        )

    def retryable(self, states: Iterable[str]) -> list[int]:
        """Return the jobs in certain states that may be retried if they fail."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT j.id FROM jobs j JOIN attempts a ON a.id = j.attempt_id"
                " WHERE j.state IN (SELECT value FROM json_each(?)) AND a.retries_left > 0"
                " ORDER BY j.id",
                (json.dumps(list(states)),),
            )
            return [entry_id for (entry_id,) in rows]

    def mark_sent(
        self, attempt_id: int, ids: Mapping[int, str], *, is_whole: bool = True
    ) -> int | None:
        """Commit the ids of sub-jobs that the cloud has accepted, by number.

        A late response counts even if the attempt is already unconfirmed. If the user has settled
        the attempt differently, the ids are stored with the attempt and in an event.

        Returns:
            The entry, if the ids make it sent (`is_whole`); None otherwise.

        Raises:
            UnconfirmedJobError: another job of the account has one of the ids, so the response
                belongs to another request; the job is now unconfirmed.
        """
        self._database.ids.note(attempt_id, ids)
        with self._database.write_transaction() as tx:
            attempt = attempt_of(tx, attempt_id)
            if attempt.is_gone:  # an earlier copy has replaced the file
                taken = ", ".join(ids.values())
                text = f"The cloud accepted a job as {taken}, for which this file has no attempt."
                add_event(tx, None, "late answer", text)
                return None
            holder = holder_of_any(tx, attempt_id, ids)
            if holder is None:
                return self._record_sent(tx, attempt, ids, is_whole=is_whole)
            remote_id, entry_id = holder
            sentence = _no_answer(remote_id, position_in(tx, entry_id))
            diagnostics = {"reason": sentence, "gave_up_at": tx.now}
            if self._mark_unconfirmed(tx, attempt, diagnostics) is None:
                tx.execute(
                    "UPDATE attempts SET diagnostics = ?, message = ? WHERE id = ? AND state = ?",
                    (as_json(diagnostics), sentence, attempt_id, UNCONFIRMED),
                )
                add_event(tx, attempt.entry_id, "late answer", sentence)
        raise UnconfirmedJobError(sentence)

    def _record_sent(
        self, tx: Transaction, attempt: Attempt, ids: Mapping[int, str], *, is_whole: bool
    ) -> int | None:
        new = ids.items() - subjobs_of(tx, attempt.id).items()
        insert_subjobs(tx, attempt.id, ids)
        if attempt.state not in (SENDING, UNCONFIRMED):
            for number, remote_id in sorted(new):
                what = "this job" if is_whole and not number else f"part {number + 1} of this job"
                text = f"The cloud also accepted {what} as {remote_id}."
                add_event(tx, attempt.entry_id, "late answer", text)
            if is_whole:  # no later attempt needs these sub-jobs
                tx.execute(
                    "UPDATE attempts SET sent_at = coalesce(sent_at, ?) WHERE id = ?",
                    (tx.now, attempt.id),
                )
            return None
        if not is_whole:
            forget_refusal(tx, attempt)
            return None
        accept(tx, attempt, sent_at=tx.now)
        return self._publish(tx, attempt)

    def mark_not_sent(self, attempt_id: int, sentence: str, *, is_refused: bool = False) -> None:
        """Record that a request certainly created no job on the cloud.

        A job that was never sent is unsent again, or refused if the cloud refused it before. The
        next attempt keeps the sub-jobs that the cloud has accepted.

        Args:
            attempt_id: id of the attempt.
            sentence: reason why the job was not sent.
            is_refused: whether the cloud rejected the request for a reason that concerns this job.
                A job that was never sent is then *refused*.
        """
        with self._database.write_transaction() as tx:
            attempt = attempt_of(tx, attempt_id)
            if attempt.state not in (SENDING, UNCONFIRMED):  # the user has settled it
                text = f"A request was not sent: {sentence}"
                entry_id = None if attempt.is_gone else attempt.entry_id
                add_event(tx, entry_id, "late answer", text)
                return
            is_begun = bool(subjobs_of(tx, attempt_id))
            if is_begun:
                transition(tx, attempt, UNSENT, message=sentence)
            else:
                tx.execute("DELETE FROM attempts WHERE id = ?", (attempt_id,))
            if not attempt.creates_entry:
                refusal = sentence if is_refused else refusal_kept(tx, attempt.entry_id)
                set_latest(
                    tx,
                    attempt.entry_id,
                    _failed_before(tx, attempt.entry_id),
                    otherwise=REFUSED if refusal else UNSENT,
                    added=0 if is_begun else -1,
                    last_error=refusal or sentence,
                )
            add_event(tx, attempt.entry_id, "not sent", sentence)

    def mark_unconfirmed(self, attempt_id: int, diagnostics: Mapping[str, Any]) -> int | None:
        """Mark the job as unconfirmed, because the outcome of its request is unknown."""
        with self._database.write_transaction() as tx:
            return self._mark_unconfirmed(tx, attempt_of(tx, attempt_id), diagnostics)

    def recover_from_the_dead(self, is_gone: Callable[[ProcessIdentity], bool]) -> None:
        """Mark *sending* attempts as unconfirmed if their sender has certainly ended.

        The same transaction releases the dead process's lease.
        """
        with self._database.write_transaction() as tx:
            held = read_lease(tx)
            if held is None or (held.owner and not is_gone(held.process)):
                return
            tx.execute("UPDATE lease SET fencing_token = fencing_token + 1, owner = ''")
            self.recover_abandoned(tx, held.fencing_token + 1)

    def recover_abandoned(self, tx: Transaction, fencing_token: int) -> None:
        """Mark the *sending* attempts of earlier senders as unconfirmed."""
        self._database.ids.read(tx)
        rows = tx.execute(
            "SELECT id FROM attempts WHERE state = 'sending' AND fencing_token < ?",
            (fencing_token,),
        ).fetchall()
        reason = "The process that sent it ended before it could record a response."
        for (attempt_id,) in rows:
            self._mark_unconfirmed(tx, attempt_of(tx, attempt_id), {"reason": reason})

    def _mark_unconfirmed(
        self, tx: Transaction, attempt: Attempt, diagnostics: Mapping[str, Any]
    ) -> int | None:
        columns = {"diagnostics": as_json(diagnostics), "message": diagnostics.get("reason")}
        if not transition(tx, attempt, UNCONFIRMED, **columns):
            return None
        return self._publish(tx, attempt)

    def _publish(self, tx: Transaction, attempt: Attempt) -> int:
        """Create the entry of an appended rerun, or give the job a changed rerun's body."""
        entry_id = attempt.entry_id
        if attempt.creates_entry:
            entry_id = next_id(tx)
            tx.execute(
                "INSERT INTO jobs (id, position, name, target_id, payload_id, state, attempt_id,"
                " attempts, rerun_of, added_at, version, params, labels, note, composition_id,"
                " sweep_id)"
                " SELECT ?, ?, name, target_id, payload_id,"
                " (SELECT state FROM attempts WHERE id = ?), ?, 1, id, ?, ?, params, labels,"
                " note, composition_id, sweep_id FROM jobs WHERE id = ?",
                (
                    *(entry_id, length(tx), attempt.id, attempt.id),
                    *(tx.now, tx.version, attempt.entry_id),
                ),
            )
            tx.execute(
                "UPDATE attempts SET entry_id = ?, creates_entry = 0 WHERE id = ?",
                (entry_id, attempt.id),
            )
        if attempt.payload_id is not None:
            new = {name: change[-1] for name, change in as_object(attempt.overrides).items()}
            (params,) = tx.execute("SELECT params FROM jobs WHERE id = ?", (entry_id,)).fetchone()
            tx.execute(
                "UPDATE jobs SET payload_id = ?, params = ?, version = ? WHERE id = ?",
                (attempt.payload_id, as_json(as_object(params) | new), tx.version, entry_id),
            )
        return entry_id

    # -- reading -----------------------------------------------------------------------------------

    def attempts(self, entry_id: int) -> list[AttemptRecord]:
        """Return all attempts of a job, oldest first."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                _ATTEMPT + "WHERE entry_id = ? AND creates_entry = 0 ORDER BY id", (entry_id,)
            ).fetchall()
        return [AttemptRecord(*[*row[:-2], *map(as_object, row[-2:])]) for row in rows]

    def has_in_flight(self) -> bool:
        """Return whether an attempt is *sending*, in any process."""
        with self._database.read_transaction() as connection:
            row = connection.execute(
                "SELECT 1 FROM attempts WHERE state = 'sending' LIMIT 1"
            ).fetchone()
        return row is not None


def _read_job(tx: Transaction, entry_id: int) -> _Job | None:
    row = tx.execute(
        f"SELECT j.state, {text_of('j.name')},"  # noqa: S608
        " j.position, t.provider, t.origin, t.account, t.platform, j.attempts, j.attempt_id,"
        " coalesce(a.retries_left, 0), j.payload_id, j.composition_id, j.params, p.metadata,"
        " CASE j.state WHEN ? THEN j.last_error ELSE '' END"
        " FROM jobs j JOIN targets t ON t.id = j.target_id"
        " LEFT JOIN payloads p ON p.id = j.payload_id"
        " LEFT JOIN attempts a ON a.id = j.attempt_id WHERE j.id = ?",
        (REFUSED, entry_id),
    ).fetchone()
    return _Job._make((entry_id, *row[:3], Target(*row[3:7]), *row[7:])) if row else None


def _may_send(tx: Transaction, job: _Job, way: _Way) -> bool:
    if way.retry:
        return job.state == "error" and job.retries_left > 0
    if job.state not in (RERUNNABLE if way.rerun else NOT_SENT):
        return False
    return (
        not way.makes_entry(job)
        or not tx.execute(
            "SELECT 1 FROM attempts WHERE entry_id = ? AND state = 'sending'", (job.entry_id,)
        ).fetchone()
    )


def _to_rerun(tx: Transaction, job: _Job) -> int | None:
    """Return the attempt to rerun on the cloud; None to send the body instead."""
    if job.state == "success" and job.payload_id is not None:
        return None  # clouds promise to rerun only failed jobs
    if job.state not in NOT_SENT:
        return job.attempt_id
    return _requeued_rerun(tx, job.entry_id)


def _failed_before(tx: Transaction, entry_id: int) -> int | None:
    """Return a job's latest ended attempt if it failed; None if the user has resent the job."""
    row = tx.execute(
        "SELECT id, state FROM attempts WHERE entry_id = ? AND creates_entry = 0"
        " AND state IN ('error', 'canceled', 'unknown') ORDER BY number DESC, id DESC LIMIT 1",
        (entry_id,),
    ).fetchone()
    return row[0] if row and row[1] in FAILED else None


def _requeued_rerun(tx: Transaction, entry_id: int) -> int | None:
    """Return the attempt that a resent job was a rerun of; None if it was not a rerun.

    If an attempt with several sub-jobs was sent in full, or the cloud has lost it, that attempt is
    rerun. The next attempt keeps the sub-jobs that the cloud has.
    """
    row = tx.execute(
        "SELECT CASE WHEN (sent_at IS NOT NULL OR provider_status = ?)"
        " AND (SELECT count(*) FROM subjobs WHERE attempt_id = attempts.id) > 1"
        " THEN id ELSE rerun_of_attempt_id END"
        " FROM attempts WHERE entry_id = ? AND creates_entry = 0 ORDER BY id DESC LIMIT 1",
        (REMOTE_MISSING, entry_id),
    ).fetchone()
    return row[0] if row else None
