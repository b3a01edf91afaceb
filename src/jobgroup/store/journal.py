"""The journal of sending: the intent is on disk before a request leaves, the remote id after it.

An attempt is *sending* between the two. If the process that sends it ends there, the next one that
runs the group finds the attempt and marks it *unconfirmed*: it is never sent again by itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jobgroup.errors import DuplicateJobError, UnconfirmedJobError
from jobgroup.remote_ids import joined_parts
from jobgroup.status import FAILED, REMOTE_MISSING, SENDING, UNCONFIRMED, UNSENT
from jobgroup.store.checking import date_of, integer_of, number_of
from jobgroup.store.database import Database, Transaction
from jobgroup.store.encoding import as_json, as_object
from jobgroup.store.inserts import payload_id
from jobgroup.store.lease import check_fencing_token, read_lease
from jobgroup.store.priorities import clear_priority
from jobgroup.store.records import AttemptRecord, Intent, OverriddenBody, Target
from jobgroup.store.steps import (
    add_event,
    attempt_of,
    requeue_attempt,
    requeued_rerun_id,
    revise,
    unconfirmed_attempt,
)
from jobgroup.store.subjobs import (
    holder_of_any,
    inherit_subjobs,
    insert_subjobs,
    parts_of,
    position_of,
    target_of,
)
from jobgroup.system import ProcessIdentity

_ATTEMPT = f"""
    SELECT id, position, {integer_of("number", "0")}, kind, idempotency_key, state, remote_id,
           provider_status, message, {date_of("intent_at", "0")}, {date_of("sent_at")},
           {date_of("created_at")}, {date_of("started_at")}, {number_of("duration_s")},
           {date_of("finished_at")}, {integer_of("shots")}, diagnostics, overrides
    FROM attempts
"""  # noqa: S608


def no_answer(remote_id: str, position: int) -> str:
    """Why an id is not that of the job for which it came."""
    return (
        f"The cloud answered with {remote_id}, which is the id of job {position} of this group"
        " already: that is no answer to this request."
    )


class Journal:
    """The attempts of a group's jobs: what is sent, and what became of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- intents ---------------------------------------------------------------------------------

    def record_intent(
        self,
        positions: Sequence[int],
        *,
        fencing_token: int,
        rerun: bool = False,
        creates_entry: bool = False,
        revisions: Mapping[int, OverriddenBody] | None = None,
    ) -> list[Intent] | None:
        """Commit the intent to send jobs; what this returns may be sent, and nothing else.

        None where the group is paused.

        Jobs that are not in the state for it (any more) are left out: a send takes unsent jobs, a
        rerun takes failed ones.

        Args:
            positions: of the jobs.
            fencing_token: of the lease under which they are sent.
            rerun: send failed jobs again.
            creates_entry: a rerun adds a new entry instead of an attempt to the old one.
            revisions: by position, other bodies for reruns; they are sent as new creates.

        Raises:
            GroupBusyError: the lease is another's by now; nothing may be sent.
        """
        intents = []
        with self._database.write_transaction() as tx:
            check_fencing_token(tx, fencing_token)
            if tx.execute("SELECT 1 FROM meta WHERE key = 'paused'").fetchone():
                return None
            for position in positions:
                revision = (revisions or {}).get(position)
                intent = self._record_one(
                    tx,
                    position,
                    fencing_token,
                    rerun=rerun,
                    creates_entry=creates_entry,
                    revision=revision,
                )
                if intent is not None:
                    intents.append(intent)
        return intents

    def _record_one(
        self,
        tx: Transaction,
        position: int,
        fencing_token: int,
        *,
        rerun: bool,
        creates_entry: bool,
        revision: OverriddenBody | None,
    ) -> Intent | None:
        row = tx.execute(
            "SELECT j.state, CASE typeof(j.name) WHEN 'text' THEN j.name ELSE quote(j.name) END,"
            " j.attempts, t.provider, t.origin, t.account, t.platform,"
            " a.remote_id, p.metadata, j.composition_id"
            " FROM jobs j JOIN targets t ON t.id = j.target_id"
            " LEFT JOIN attempts a ON a.id = j.attempt_id"
            " LEFT JOIN payloads p ON p.id = j.payload_id WHERE j.position = ?",
            (position,),
        ).fetchone()
        if row is None:
            return None
        state, name, attempts, *target, remote_id, metadata, composition = row
        if state not in (FAILED if rerun else (UNSENT,)):
            return None
        has_parts = composition is not None
        rerun_of = remote_id if rerun else requeued_rerun_id(tx, position, has_parts=has_parts)
        if (
            creates_entry
            and tx.execute(
                "SELECT 1 FROM attempts WHERE position = ? AND state = 'sending'", (position,)
            ).fetchone()
        ):
            return None
        parts, continued = inherit_subjobs(tx, position)
        attempts -= continued
        payload = kind = None
        if revision is not None:
            payload = payload_id(tx, revision.body, as_object(metadata))
            rerun_of, kind = None, "changed"
        key = str(uuid.uuid4())
        attempt_id = tx.execute(
            "INSERT INTO attempts (position, number, kind, creates_entry, idempotency_key,"
            " rerun_of_remote_id, fencing_token, state, intent_at, payload_id, overrides)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'sending', ?, ?, ?)",
            (
                position,
                1 if creates_entry else attempts + 1,
                kind or ("create" if rerun_of is None else "rerun"),
                int(creates_entry),
                key,
                rerun_of,
                fencing_token,
                tx.now,
                payload,
                as_json(revision.overrides) if revision else "",
            ),
        ).lastrowid
        assert attempt_id is not None  # noqa: S101  # a row was inserted
        self._database.ids.intended(attempt_id, position, name, target[1])
        insert_subjobs(tx, attempt_id, parts.items())
        if continued:
            tx.execute("UPDATE jobs SET attempts = ? WHERE position = ?", (attempts, position))
        if not creates_entry:
            tx.execute(
                "UPDATE jobs SET state = 'sending', attempt_id = ?, attempts = attempts + 1,"
                " last_error = '', version = ? WHERE position = ?",
                (attempt_id, tx.version, position),
            )
        return Intent(
            attempt_id=attempt_id,
            position=position,
            idempotency_key=key,
            name=name,
            target=Target(*target),
            previous_remote_id=rerun_of,
            payload_id=payload,
            has_parts=has_parts,
        )

    def mark_sent(
        self, attempt_id: int, remote_id: str, parts: Mapping[int, str] | None = None
    ) -> int | None:
        """The cloud took the job: commit its id, and its parts'. Returns the job's position.

        An answer that comes late, after the attempt was given up as unconfirmed, is taken too.
        Where the user has settled the attempt otherwise meanwhile, the id is kept with the attempt
        and an event, and None is returned.

        Raises:
            UnconfirmedJobError: another job of the account has that id, so it is no answer to this
                request: the job is unconfirmed now.
        """
        self._database.ids.note(attempt_id, parts or {0: remote_id})
        with self._database.write_transaction() as tx:
            attempt = attempt_of(tx, attempt_id)
            holder = holder_of_any(tx, attempt_id, parts or {0: remote_id})
            if holder is None:
                return self._take_answer(tx, attempt, remote_id, parts or {})
            sentence = no_answer(*holder)
            self._refuse_answer(tx, attempt, sentence)
        raise UnconfirmedJobError(sentence)

    def add_subjob(self, attempt_id: int, number: int, remote_id: str) -> None:
        """The cloud took a part of an entry: commit its id.

        Raises:
            UnconfirmedJobError: as `mark_sent`.
        """
        self._database.ids.note(attempt_id, {number: remote_id})
        with self._database.write_transaction() as tx:
            attempt = attempt_of(tx, attempt_id)
            holder = holder_of_any(tx, attempt_id, {number: remote_id})
            if holder is None:
                insert_subjobs(tx, attempt_id, [(number, remote_id)])
                if attempt["state"] not in (SENDING, UNCONFIRMED):  # the user has settled it
                    told = f"The cloud has also taken part {number + 1} of this job as {remote_id}."
                    add_event(tx, attempt["position"], "late answer", told)
                return
            sentence = no_answer(*holder)
            self._refuse_answer(tx, attempt, sentence)
        raise UnconfirmedJobError(sentence)

    def _refuse_answer(self, tx: Transaction, attempt: Mapping[str, Any], sentence: str) -> None:
        diagnostics = {"reason": sentence, "gave_up_at": tx.now}
        if self._mark_unconfirmed(tx, attempt, diagnostics) is None:
            tx.execute(
                "UPDATE attempts SET diagnostics = ?, message = ? WHERE id = ? AND state = ?",
                (as_json(diagnostics), sentence, attempt["id"], UNCONFIRMED),
            )
            add_event(tx, attempt["position"], "late answer", sentence)

    def _take_answer(
        self,
        tx: Transaction,
        attempt: Mapping[str, Any],
        remote_id: str,
        parts: Mapping[int, str],
    ) -> int | None:
        attempt_id = attempt["id"]
        insert_subjobs(tx, attempt_id, parts.items())
        if attempt["state"] not in (SENDING, UNCONFIRMED):
            if attempt["remote_id"] != remote_id:
                tx.execute(
                    "UPDATE attempts SET remote_id = coalesce(remote_id, ?) WHERE id = ?",
                    (remote_id, attempt_id),
                )
                told = f"The cloud has also taken this job as {remote_id}."
                add_event(tx, attempt["position"], "late answer", told)
            return None
        tx.execute(
            "UPDATE attempts SET state = 'waiting', remote_id = ?, sent_at = ?, message = NULL"
            " WHERE id = ?",
            (remote_id, tx.now, attempt_id),
        )
        clear_priority(tx, attempt["position"])
        return self._publish_state(tx, attempt, "waiting")

    def mark_not_sent(self, attempt_id: int, sentence: str) -> None:
        """The request certainly did not arrive, or was refused: the job is as it was before.

        Subjobs of it that the cloud has are kept for its next sending.
        """
        with self._database.write_transaction() as tx:
            attempt = attempt_of(tx, attempt_id)
            position = attempt["position"]
            if attempt["state"] not in (SENDING, UNCONFIRMED):  # the user has settled it meanwhile
                add_event(tx, position, "late answer", f"A request was not sent: {sentence}")
                return
            is_begun = bool(parts_of(tx, attempt_id))
            if is_begun:
                tx.execute(
                    "UPDATE attempts SET state = 'unsent', message = ? WHERE id = ?",
                    (sentence, attempt_id),
                )
            else:
                tx.execute("DELETE FROM attempts WHERE id = ?", (attempt_id,))
            if not attempt["creates_entry"]:
                before = tx.execute(
                    "SELECT id, state FROM attempts WHERE position = ? AND creates_entry = 0"
                    " AND state IN ('error', 'canceled') ORDER BY number DESC LIMIT 1",
                    (position,),
                ).fetchone()
                tx.execute(
                    "UPDATE jobs SET state = ?, attempt_id = ?, attempts = attempts - ?,"
                    " last_error = ?, version = ? WHERE position = ? AND attempt_id = ?",
                    (
                        before[1] if before else UNSENT,
                        before[0] if before else None,
                        int(not is_begun),
                        sentence,
                        tx.version,
                        position,
                        attempt_id,
                    ),
                )
            add_event(tx, position, "not sent", sentence)

    def mark_unconfirmed(self, attempt_id: int, diagnostics: Mapping[str, Any]) -> int | None:
        """The request left and its fate is unknown: the job is unconfirmed."""
        with self._database.write_transaction() as tx:
            return self._mark_unconfirmed(tx, attempt_of(tx, attempt_id), diagnostics)

    def recover_from_the_dead(self, is_gone: Callable[[ProcessIdentity], bool]) -> None:
        """What was left *sending* is unconfirmed, if its sender has certainly ended.

        That takes the lease away from the dead, and gives it back in the same transaction.
        """
        with self._database.write_transaction() as tx:
            held = read_lease(tx)
            if held is None or (held.owner and not is_gone(held.process)):
                return
            tx.execute("UPDATE lease SET fencing_token = fencing_token + 1, owner = ''")
            self.recover_abandoned(tx, held.fencing_token + 1)

    def recover_abandoned(self, tx: Transaction, fencing_token: int) -> None:
        """What earlier launchers left *sending* is unconfirmed from now on."""
        self._database.ids.read(tx)
        rows = tx.execute(
            "SELECT id FROM attempts WHERE state = 'sending' AND fencing_token < ?",
            (fencing_token,),
        ).fetchall()
        for (attempt_id,) in rows:
            self._mark_unconfirmed(
                tx,
                attempt_of(tx, attempt_id),
                {"reason": "The process that sent it ended before it could record an answer."},
            )

    def _mark_unconfirmed(
        self, tx: Transaction, attempt: Mapping[str, Any], diagnostics: Mapping[str, Any]
    ) -> int | None:
        if attempt["state"] != SENDING:
            return None
        tx.execute(
            "UPDATE attempts SET state = 'unconfirmed', diagnostics = ?, message = ? WHERE id = ?",
            (as_json(diagnostics), diagnostics.get("reason"), attempt["id"]),
        )
        return self._publish_state(tx, attempt, UNCONFIRMED)

    def _publish_state(self, tx: Transaction, attempt: Mapping[str, Any], state: str) -> int:
        """Let the attempt's state be its job's; one that creates an entry gets it here."""
        position: int = attempt["position"]
        if attempt["creates_entry"]:
            old = position
            position = tx.execute("SELECT max(position) + 1 FROM jobs").fetchone()[0]
            tx.execute(
                "INSERT INTO jobs (position, name, target_id, payload_id, state, attempt_id,"
                " attempts, rerun_of, added_at, version, params, labels, note, composition_id)"
                " SELECT ?, name, target_id, payload_id, ?, ?, 1, ?, ?, ?, params, labels, note,"
                " composition_id"
                " FROM jobs WHERE position = ?",
                (position, state, attempt["id"], old, tx.now, tx.version, old),
            )
            tx.execute(
                "UPDATE attempts SET position = ?, creates_entry = 0 WHERE id = ?",
                (position, attempt["id"]),
            )
            revise(tx, position, attempt)
        else:
            revise(tx, position, attempt)
            tx.execute(
                "UPDATE jobs SET state = ?, version = ? WHERE position = ? AND attempt_id = ?",
                (state, tx.version, position, attempt["id"]),
            )
        return position

    def unconfirmed(self) -> list[Intent]:
        """The attempts whose fate is unknown, as they were intended."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT a.id, j.position, a.idempotency_key, j.name, t.provider, t.origin,"  # noqa: S608
                " t.account, t.platform, a.rerun_of_remote_id, j.composition_id IS NOT NULL,"
                f" {date_of('a.intent_at')}"
                " FROM jobs j JOIN attempts a ON a.id = j.attempt_id"
                " JOIN targets t ON t.id = j.target_id WHERE j.state = 'unconfirmed'"
                " ORDER BY j.position"
            )
            return [
                Intent(r[0], r[1], r[2], r[3], Target(*r[4:8]), r[8], None, bool(r[9]), r[10])
                for r in rows
            ]

    # -- what the user decides of an unconfirmed job -----------------------------------------------

    def confirm(self, position: int, remote_id: str, parts: int = 1) -> bool:
        """Adopt a remote id for an unconfirmed job; False if it is not unconfirmed.

        Of one that is several `parts` on its cloud it is the first that has none yet; where others
        have none either, the job is to be sent on.

        Raises:
            DuplicateJobError: another job of the account has that id; nothing was changed.
        """
        with self._database.write_transaction() as tx:
            attempt_id = unconfirmed_attempt(tx, position)
            if attempt_id is None:
                return False
            held = position_of(tx, remote_id, target_of(tx, attempt_id))
            if held is not None:
                raise DuplicateJobError(
                    f"{remote_id} is job {held} of this group already. Nothing was changed."
                )
            if parts > 1:
                sent = parts_of(tx, attempt_id)
                for number in [n for n in range(parts) if n not in sent][:1]:
                    insert_subjobs(tx, attempt_id, [(number, remote_id)])
                    sent[number] = remote_id
                if len(sent) < parts:
                    told = f"A part of it is {remote_id} on the cloud, says the user."
                    requeue_attempt(tx, position, attempt_id, "confirmed", told)
                    return True
                remote_id = joined_parts(sent)
            tx.execute(
                "UPDATE attempts SET state = 'waiting', remote_id = ?, sent_at = intent_at,"
                " message = NULL WHERE id = ?",
                (remote_id, attempt_id),
            )
            tx.execute(
                "UPDATE jobs SET state = 'waiting', version = ? WHERE position = ?",
                (tx.version, position),
            )
            clear_priority(tx, position)
            add_event(tx, position, "confirmed", f"It is {remote_id} on the cloud, says the user.")
            return True

    def requeue(self, position: int) -> bool:
        """Make a job ready to be sent again, as the user asks: an unconfirmed one, or a lost one.

        The attempt stays in the job's history, closed as ``unknown``. False where it is neither.
        """
        with self._database.write_transaction() as tx:
            row = tx.execute(
                "SELECT a.id FROM jobs j JOIN attempts a ON a.id = j.attempt_id"
                " WHERE j.position = ? AND (j.state = ? OR "
                " (j.state = 'unknown' AND a.provider_status = ?))",
                (position, UNCONFIRMED, REMOTE_MISSING),
            ).fetchone()
            if row is None:
                return False
            requeue_attempt(tx, position, row[0], "resend", "To be sent again, says the user.")
            return True

    # -- reading -----------------------------------------------------------------------------------

    def attempts(self, position: int) -> list[AttemptRecord]:
        """Every sending of a job, oldest first."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                _ATTEMPT + "WHERE position = ? AND creates_entry = 0 ORDER BY id", (position,)
            ).fetchall()
        return [AttemptRecord(*[*row[:-2], *map(as_object, row[-2:])]) for row in rows]

    def has_in_flight(self) -> bool:
        """Whether an attempt is *sending*, by whoever."""
        with self._database.read_transaction() as connection:
            row = connection.execute(
                "SELECT 1 FROM attempts WHERE state = 'sending' LIMIT 1"
            ).fetchone()
        return row is not None
