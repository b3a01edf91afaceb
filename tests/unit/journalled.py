"""Steps of a job's life, for tests of the journal."""

from __future__ import annotations

import itertools

from jobgroup.providers.base import RemoteStatus
from jobgroup.store import Target
from jobgroup.system import ProcessIdentity

TARGET = Target("quandela", "https://cloud.example", "", "sim:altair")
BODY = {"payload": {"command": "probs"}, "platform_name": "sim:altair"}

_owners = itertools.count()


def lease(store, *, live=False):
    """Take the lease, each time as another holder."""
    return store.lease.acquire(
        f"owner {next(_owners)}",
        ProcessIdentity("here", "", "", 1, ""),
        judge=lambda *_: "alive" if live else "dead",
        on_acquired=store.journal.recover_abandoned,
    )


def states(store):
    """Return the states of all jobs, in order."""
    return [r.state for r in store.records()]


def pollable(store):
    """Return the attempts that may still change."""
    return [row for page in store.statuses.pages_of_pollable() for row in page]


def send(store, fencing_token, position, remote_id):
    """Send a job; return the id of its attempt."""
    (intent,) = store.journal.record_intent(
        store.entries.at([position]), fencing_token=fencing_token
    )
    store.journal.mark_sent(intent.attempt_id, {0: remote_id})
    return intent.attempt_id


def says(state, **fields):
    """Return a cloud's report about a job."""
    return RemoteStatus(provider_status=state, state=state, **fields)


def failed(store, fencing_token, position=0, remote_id="r0"):
    """Send a job that fails; return the id of its attempt."""
    attempt_id = send(store, fencing_token, position, remote_id)
    store.statuses.apply_updates([(attempt_id, says("error", message="no photons"))])
    return attempt_id
