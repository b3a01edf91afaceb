"""The journal of sending: the intent is on disk before a request leaves, the remote id after it.

An attempt is *sending* between the two. If the process that sends it ends there, the next one that
runs the group finds the attempt and marks it *unconfirmed*: it is never sent again by itself.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jobgroup.status import FAILED, SENDING, UNCONFIRMED, UNSENT
from jobgroup.store.adding import payload_id
from jobgroup.store.coordination import check_generation, read_lease
from jobgroup.store.database import Database, Transaction
from jobgroup.store.records import AttemptRecord, Intent, LeaseRecord, Revision, Target
from jobgroup.store.values import as_json, as_object

_ATTEMPT = """
    SELECT id, position, number, kind, key, state, remote_id, word, message, intent_at, sent_at,
           created_at, started_at, duration_s, finished_at, shots, evidence, changes
    FROM attempts
"""


class Journal:
    """The attempts of a group's jobs: what is sent, and what became of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- intents ---------------------------------------------------------------------------------

    def intend(
        self,
        positions: Sequence[int],
        *,
        generation: int,
        rerun: bool = False,
        appends: bool = False,
        revisions: Mapping[int, Revision] | None = None,
    ) -> list[Intent] | None:
        """Commit the intent to send jobs; what this returns may be sent, and nothing else.

        None where the group is paused.

        Jobs that are not in the state for it (any more) are left out: a send takes unsent jobs, a
        rerun takes failed ones.

        Args:
            positions: of the jobs.
            generation: of the lease under which they are sent.
            rerun: send failed jobs again.
            appends: a rerun adds a new entry to the group instead of an attempt to the old one.
            revisions: by position, other bodies for reruns; they are sent as new creates.

        Raises:
            GroupBusyError: the lease is another's by now; nothing may be sent.
        """
        intents = []
        with self._database.writing() as tx:
            check_generation(tx, generation)
            if tx.execute("SELECT 1 FROM meta WHERE key = 'paused'").fetchone():
                return None
            for position in positions:
                revision = (revisions or {}).get(position)
                intent = self._intend_one(
                    tx, position, generation, rerun=rerun, appends=appends, revision=revision
                )
                if intent is not None:
                    intents.append(intent)
        return intents

    def _intend_one(
        self,
        tx: Transaction,
        position: int,
        generation: int,
        *,
        rerun: bool,
        appends: bool,
        revision: Revision | None,
    ) -> Intent | None:
        row = tx.execute(
            "SELECT j.state, iif(typeof(j.name) = 'text', j.name, quote(j.name)), j.attempts,"
            " t.provider, t.origin, t.account, t.platform,"
            " a.remote_id, p.facts FROM jobs j JOIN targets t ON t.id = j.target_id"
            " LEFT JOIN attempts a ON a.id = j.attempt_id"
            " LEFT JOIN payloads p ON p.id = j.payload_id WHERE j.position = ?",
            (position,),
        ).fetchone()
        if row is None:
            return None
        state, name, attempts, provider, origin, account, platform, remote_id, facts = row
        if state not in (FAILED if rerun else (UNSENT,)):
            return None
        reruns = remote_id if rerun else _given_back_rerun(tx, position)
        if (
            appends
            and tx.execute(
                "SELECT 1 FROM attempts WHERE position = ? AND state = 'sending'", (position,)
            ).fetchone()
        ):
            return None
        payload = kind = None
        if revision is not None:
            payload = payload_id(tx, revision.body, as_object(facts))
            reruns, kind = None, "changed"
        key = str(uuid.uuid4())
        attempt_id = tx.execute(
            "INSERT INTO attempts (position, number, kind, appends, key, reruns, generation, state,"
            " intent_at, payload_id, changes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'sending', ?, ?, ?) RETURNING id",
            (
                position,
                1 if appends else attempts + 1,
                kind or ("create" if reruns is None else "rerun"),
                int(appends),
                key,
                reruns,
                generation,
                tx.now,
                payload,
                as_json(revision.changes) if revision else "",
            ),
        ).fetchone()[0]
        if not appends:
            tx.execute(
                "UPDATE jobs SET state = 'sending', attempt_id = ?, attempts = attempts + 1,"
                " problem = '', version = ? WHERE position = ?",
                (attempt_id, tx.version, position),
            )
        return Intent(
            attempt_id=attempt_id,
            position=position,
            key=key,
            name=name,
            target=Target(provider, origin, account, platform),
            previous_remote_id=reruns,
            payload_id=payload,
        )

    def settle_sent(self, attempt_id: int, remote_id: str) -> int | None:
        """The cloud took the job: commit its id. Returns the job's position.

        An answer that comes late, after the attempt was given up as unconfirmed, is taken too.
        Where the user has settled the attempt otherwise meanwhile, the id is kept with the attempt
        and an event, and None is returned.
        """
        with self._database.writing() as tx:
            attempt = _attempt(tx, attempt_id)
            if attempt["state"] not in (SENDING, UNCONFIRMED):
                if attempt["remote_id"] == remote_id:
                    return None
                tx.execute(
                    "UPDATE attempts SET remote_id = coalesce(remote_id, ?) WHERE id = ?",
                    (remote_id, attempt_id),
                )
                add_event(
                    tx,
                    attempt["position"],
                    "late answer",
                    f"The cloud has also taken this job as {remote_id}.",
                )
                return None
            tx.execute(
                "UPDATE attempts SET state = 'waiting', remote_id = ?, sent_at = ?, message = NULL"
                " WHERE id = ?",
                (remote_id, tx.now, attempt_id),
            )
            return self._show(tx, attempt, "waiting")

    def settle_unsent(self, attempt_id: int, sentence: str) -> None:
        """The request certainly did not arrive, or was refused: the job is as it was before."""
        with self._database.writing() as tx:
            attempt = _attempt(tx, attempt_id)
            position = attempt["position"]
            if attempt["state"] not in (SENDING, UNCONFIRMED):  # the user has settled it meanwhile
                add_event(tx, position, "late answer", f"A request was not sent: {sentence}")
                return
            tx.execute("DELETE FROM attempts WHERE id = ?", (attempt_id,))
            if not attempt["appends"]:
                before = tx.execute(
                    "SELECT id, state FROM attempts WHERE position = ? AND appends = 0"
                    " AND state IN ('error', 'canceled') ORDER BY number DESC LIMIT 1",
                    (position,),
                ).fetchone()
                tx.execute(
                    "UPDATE jobs SET state = ?, attempt_id = ?, attempts = attempts - 1,"
                    " problem = ?, version = ? WHERE position = ? AND attempt_id = ?",
                    (
                        before[1] if before else UNSENT,
                        before[0] if before else None,
                        sentence,
                        tx.version,
                        position,
                        attempt_id,
                    ),
                )
            add_event(tx, position, "not sent", sentence)

    def settle_unclear(self, attempt_id: int, evidence: Mapping[str, Any]) -> int | None:
        """The request left and its fate is unknown: the job is unconfirmed."""
        with self._database.writing() as tx:
            return self._give_up(tx, _attempt(tx, attempt_id), evidence)

    def recover_if_abandoned(self, is_live: Callable[[LeaseRecord], bool]) -> None:
        """Where nobody runs the group, what was left *sending* is unconfirmed."""
        with self._database.writing() as tx:
            held = read_lease(tx)
            if held is None or not held.owner or not is_live(held):
                self.recover(tx, (held.generation if held else 0) + 1)

    def recover(self, tx: Transaction, generation: int) -> None:
        """What earlier launchers left *sending* is unconfirmed from now on."""
        rows = tx.execute(
            "SELECT id FROM attempts WHERE state = 'sending' AND generation < ?", (generation,)
        ).fetchall()
        for (attempt_id,) in rows:
            self._give_up(
                tx,
                _attempt(tx, attempt_id),
                {"reason": "The process that sent it ended before it could record an answer."},
            )

    def _give_up(
        self, tx: Transaction, attempt: Mapping[str, Any], evidence: Mapping[str, Any]
    ) -> int | None:
        if attempt["state"] != SENDING:
            return None
        tx.execute(
            "UPDATE attempts SET state = 'unconfirmed', evidence = ?, message = ? WHERE id = ?",
            (as_json(evidence), evidence.get("reason"), attempt["id"]),
        )
        return self._show(tx, attempt, UNCONFIRMED)

    def _show(self, tx: Transaction, attempt: Mapping[str, Any], state: str) -> int:
        """Let the attempt's state be its job's; a rerun that appends gets its new entry here."""
        position: int = attempt["position"]
        if attempt["appends"]:
            old = position
            position = tx.execute("SELECT max(position) + 1 FROM jobs").fetchone()[0]
            tx.execute(
                "INSERT INTO jobs (position, name, target_id, payload_id, state, attempt_id,"
                " attempts, rerun_of, added_at, version, params, labels, note)"
                " SELECT ?, name, target_id, payload_id, ?, ?, 1, ?, ?, ?, params, labels, note"
                " FROM jobs WHERE position = ?",
                (position, state, attempt["id"], old, tx.now, tx.version, old),
            )
            tx.execute(
                "UPDATE attempts SET position = ?, appends = 0 WHERE id = ?",
                (position, attempt["id"]),
            )
            _revise(tx, position, attempt)
        else:
            _revise(tx, position, attempt)
            tx.execute(
                "UPDATE jobs SET state = ?, version = ? WHERE position = ? AND attempt_id = ?",
                (state, tx.version, position, attempt["id"]),
            )
        return position

    def unconfirmed(self) -> list[Intent]:
        """The attempts whose fate is unknown, as they were intended."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT a.id, j.position, a.key, j.name, t.provider, t.origin, t.account,"
                " t.platform, a.reruns FROM jobs j JOIN attempts a ON a.id = j.attempt_id"
                " JOIN targets t ON t.id = j.target_id WHERE j.state = 'unconfirmed'"
                " ORDER BY j.position"
            )
            return [Intent(r[0], r[1], r[2], r[3], Target(*r[4:8]), r[8]) for r in rows]

    # -- what the user decides of an unconfirmed job -----------------------------------------------

    def confirm(self, position: int, remote_id: str) -> bool:
        """Adopt a remote id for an unconfirmed job; False if it is not unconfirmed."""
        with self._database.writing() as tx:
            attempt_id = _unconfirmed(tx, position)
            if attempt_id is None:
                return False
            tx.execute(
                "UPDATE attempts SET state = 'waiting', remote_id = ?, sent_at = intent_at,"
                " message = NULL WHERE id = ?",
                (remote_id, attempt_id),
            )
            tx.execute(
                "UPDATE jobs SET state = 'waiting', version = ? WHERE position = ?",
                (tx.version, position),
            )
            add_event(tx, position, "confirmed", f"It is {remote_id} on the cloud, says the user.")
            return True

    def give_back(self, position: int) -> bool:
        """Make an unconfirmed job ready to be sent again, as the user asks; False if it is not one.

        The attempt stays in the job's history, closed as ``unknown``.
        """
        with self._database.writing() as tx:
            attempt_id = _unconfirmed(tx, position)
            if attempt_id is None:
                return False
            tx.execute("UPDATE attempts SET state = 'unknown' WHERE id = ?", (attempt_id,))
            tx.execute(
                "UPDATE jobs SET state = 'unsent', attempt_id = NULL, version = ?"
                " WHERE position = ?",
                (tx.version, position),
            )
            add_event(tx, position, "resend", "To be sent again, says the user.")
            return True

    # -- reading -----------------------------------------------------------------------------------

    def attempts(self, position: int) -> list[AttemptRecord]:
        """Every sending of a job, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                _ATTEMPT + "WHERE position = ? AND appends = 0 ORDER BY id", (position,)
            ).fetchall()
        return [AttemptRecord(*[*row[:-2], *map(as_object, row[-2:])]) for row in rows]

    def has_in_flight(self) -> bool:
        """Whether an attempt is *sending*, by whoever."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT 1 FROM attempts WHERE state = 'sending' LIMIT 1"
            ).fetchone()
        return row is not None


def _attempt(tx: Transaction, attempt_id: int) -> dict[str, Any]:
    row = tx.execute(
        "SELECT json_object('id', id, 'position', position, 'state', state, 'appends', appends,"
        " 'remote_id', remote_id, 'payload_id', payload_id, 'changes', changes)"
        " FROM attempts WHERE id = ?",
        (attempt_id,),
    ).fetchone()
    if row is None:
        gone = {"id": attempt_id, "position": -1, "state": "gone", "appends": 0}
        return gone | {"remote_id": None, "payload_id": None, "changes": ""}
    attempt: dict[str, Any] = json.loads(row[0])
    return attempt


def _revise(tx: Transaction, position: int, attempt: Mapping[str, Any]) -> None:
    """Let the body and the parameters of a rerun with changes be its job's."""
    if attempt["payload_id"] is None:
        return
    (params,) = tx.execute("SELECT params FROM jobs WHERE position = ?", (position,)).fetchone()
    new = {name: change[-1] for name, change in as_object(attempt["changes"]).items()}
    tx.execute(
        "UPDATE jobs SET payload_id = ?, params = ?, version = ? WHERE position = ?",
        (attempt["payload_id"], as_json(as_object(params) | new), tx.version, position),
    )


def _given_back_rerun(tx: Transaction, position: int) -> str | None:
    """What a rerun was of whose fate was unclear and which the user wants sent again."""
    row = tx.execute(
        "SELECT reruns FROM attempts WHERE position = ? AND appends = 0 ORDER BY id DESC LIMIT 1",
        (position,),
    ).fetchone()
    return row[0] if row else None


def _unconfirmed(tx: Transaction, position: int) -> int | None:
    row = tx.execute(
        "SELECT attempt_id FROM jobs WHERE position = ? AND state = 'unconfirmed'", (position,)
    ).fetchone()
    return row[0] if row else None


def add_event(tx: Transaction, position: int | None, kind: str, text: str) -> None:
    """Note what happened to a job, or to the group."""
    tx.execute(
        "INSERT INTO events (at, position, kind, text) VALUES (?, ?, ?, ?)",
        (tx.now, position, kind, text),
    )
