"""Define the tables of a group's file.

`VERSION` is the version of the layout. Layouts 1 to 4 were unreleased drafts. Layout 5 is the first
supported one, and may change until its release. After that, each change of these tables is a new
version, which needs:

1. a script in a mapping ``STEPS = {5: "...", ...}`` that converts each released version to the
   next. `connection.check` runs it in the transaction that also sets ``user_version``. The script
   creates each changed table again from this module's text and copies the rows. It must not use
   ``ALTER TABLE``, which leaves a different text in the file: such a file is rejected;
2. the text of the older versions: a file is compared with the text of *its* version before a script
   runs on it;
3. a test file of each released version, which the tests open, run, and compare with a new file.

A file that needs an update and cannot be written to is rejected, with this reason.
"""

from __future__ import annotations

import re
from typing import Final

from jobgroup.status import STATES

APPLICATION_ID: Final = 0x6A6F6267  # "jobg": marks our SQLite files
VERSION: Final = 5
FIRST_KEPT: Final = 5
"""Oldest supported layout. Older ones were unreleased drafts."""

_STATE: Final = f"TEXT NOT NULL CHECK (state IN ({', '.join(map(repr, STATES))}))"

_COMMENTED: Final = f"""
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;

CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL, -- kind of cloud
    origin TEXT NOT NULL, -- its url
    account TEXT NOT NULL, -- label of the account there, never a token
    platform TEXT NOT NULL,
    UNIQUE (provider, origin, account, platform)
);

CREATE TABLE payloads (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE, -- of the uncompressed body
    metadata TEXT NOT NULL, -- JSON: what is worth showing of the body
    body BLOB NOT NULL -- compressed JSON; last, so that metadata is read without its pages
);

CREATE TABLE fingerprints ( -- of those bodies for which one was wanted
    payload_id INTEGER NOT NULL,
    composition_id INTEGER NOT NULL, -- 0 if there is none
    identity BLOB NOT NULL, -- of all that is measured
    settings BLOB NOT NULL, -- the same without how much is measured
    PRIMARY KEY (payload_id, composition_id)
);

CREATE TABLE sweeps (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    axes TEXT NOT NULL -- JSON: name, kind, units, long name of each swept value
);

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY CHECK (id > 0), -- lasting: never given to another entry
    position INTEGER NOT NULL CHECK (position >= 0), -- rank by id; removals change it
    name TEXT NOT NULL,
    target_id INTEGER NOT NULL REFERENCES targets,
    payload_id INTEGER REFERENCES payloads, -- what is sent; NULL for an adopted job without it
    composition_id INTEGER REFERENCES payloads, -- how results of several sub-jobs become one
    -- unsent: never sent, or to be sent again
    -- refused: the cloud rejected the request for it
    -- sending: the intent is on disk, the answer is not
    -- unconfirmed: the request was sent and its outcome is unknown
    -- waiting, running, cancel_requested, suspended, unknown: on the cloud, may still change
    -- success, error, canceled: ended
    state {_STATE}, -- that of the latest attempt
    attempt_id INTEGER, -- the latest attempt
    attempts INTEGER NOT NULL DEFAULT 0, -- number of attempts
    rerun_of INTEGER, -- id of the failed job that this entry was appended for
    sweep_id INTEGER, -- of the sweep that it is a point of
    added_at REAL NOT NULL,
    version INTEGER NOT NULL, -- of the group when the job last changed
    params TEXT NOT NULL, -- JSON
    labels TEXT NOT NULL, -- JSON
    note TEXT NOT NULL DEFAULT '',
    last_error TEXT NOT NULL DEFAULT '' -- why the job was not sent
);
CREATE INDEX jobs_by_position ON jobs (position);
CREATE INDEX jobs_by_state ON jobs (state, attempt_id);
CREATE INDEX jobs_by_version ON jobs (version);

CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    entry_id INTEGER NOT NULL, -- of the job
    number INTEGER NOT NULL, -- 1 for the first attempt of a job
    kind TEXT NOT NULL CHECK (kind IN ('create', 'rerun', 'retry', 'changed', 'adopted')),
    retries_left INTEGER NOT NULL DEFAULT 0, -- how often it may be retried automatically
    creates_entry INTEGER NOT NULL DEFAULT 0, -- 1: becomes an entry of its own once it is sent
    idempotency_key TEXT NOT NULL, -- uuid, sent along where the cloud supports it
    rerun_of_attempt_id INTEGER, -- whose sub-jobs the cloud is asked to rerun
    fencing_token INTEGER NOT NULL DEFAULT 0, -- of the lease under which it was sent
    state {_STATE}, -- as of jobs; unsent: sent in part, unknown: closed by the user
    provider_status TEXT, -- the cloud's own word
    message TEXT,
    progress REAL, -- 0 to 1
    intent_at REAL NOT NULL,
    sent_at REAL, -- when its last sub-job was sent
    created_at REAL, -- this and the next ones as the cloud reports them
    started_at REAL,
    duration_s REAL,
    finished_at REAL,
    shots INTEGER, -- that were used, as the cloud reports them
    max_shots INTEGER, -- that may be used by all its sub-jobs; NULL for no known limit
    payload_id INTEGER REFERENCES payloads, -- of a rerun with overrides; NULL for the job's own
    diagnostics TEXT NOT NULL DEFAULT '', -- JSON: what is known of a request without an answer
    overrides TEXT NOT NULL DEFAULT '' -- JSON: parameter -> [old, new]
);
CREATE INDEX attempts_by_entry ON attempts (entry_id);
CREATE INDEX attempts_in_flight ON attempts (state) WHERE state = 'sending';

CREATE TABLE subjobs (
    attempt_id INTEGER NOT NULL,
    number INTEGER NOT NULL, -- counted from 0
    remote_id TEXT NOT NULL,
    PRIMARY KEY (attempt_id, number)
) WITHOUT ROWID;
CREATE INDEX subjobs_by_remote_id ON subjobs (remote_id);

CREATE TABLE results (
    attempt_id INTEGER PRIMARY KEY,
    cached_at REAL NOT NULL,
    digest BLOB NOT NULL, -- of the compressed document
    document BLOB NOT NULL -- compressed JSON
);

CREATE TABLE priorities (
    entry_id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL, -- version of the group when it was asked for; the latest goes first
    rank INTEGER NOT NULL -- order within the batch
);
CREATE INDEX priorities_in_order ON priorities (batch DESC, rank);

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    entry_id INTEGER, -- NULL for the group as a whole
    kind TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX events_by_entry ON events (entry_id);

CREATE TABLE commands (
    id INTEGER PRIMARY KEY,
    requested_at REAL NOT NULL,
    fencing_token INTEGER NOT NULL, -- of the lease whose holder is asked
    requester TEXT NOT NULL, -- JSON: the process that asks
    name TEXT NOT NULL,
    args TEXT NOT NULL, -- JSON
    -- pending: not claimed yet; claimed: the holder carries it out
    state TEXT NOT NULL CHECK (state IN ('pending', 'claimed', 'done', 'failed')),
    outcome TEXT NOT NULL DEFAULT '{{}}' -- JSON
);
CREATE INDEX commands_open ON commands (state) WHERE state IN ('pending', 'claimed');

CREATE TABLE lease (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    fencing_token INTEGER NOT NULL, -- grows each time the lease is acquired
    owner TEXT NOT NULL, -- uuid of the holder; '' if it was released
    host TEXT NOT NULL,
    boot TEXT NOT NULL,
    namespace TEXT NOT NULL, -- of process ids
    pid INTEGER NOT NULL,
    process_started TEXT NOT NULL,
    acquired_at REAL NOT NULL, -- by the holder's clock
    from_page INTEGER NOT NULL, -- 1 for a process that a page started
    beats INTEGER NOT NULL, -- grows while the holder lives
    challenges INTEGER NOT NULL DEFAULT 0 -- grows when others ask whether it lives
);

CREATE TABLE incidents (
    kind TEXT NOT NULL CHECK (kind IN ('unreachable', 'token', 'credits')),
    origin TEXT NOT NULL,
    account TEXT NOT NULL,
    opened_at REAL NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (kind, origin, account)
) WITHOUT ROWID;

CREATE TABLE polling_leases ( -- which process asks the cloud about an account's jobs
    provider TEXT NOT NULL,
    origin TEXT NOT NULL,
    account TEXT NOT NULL,
    fencing_token INTEGER NOT NULL, -- grows each time the lease changes hands
    owner TEXT NOT NULL, -- a uuid; '' after its release
    process TEXT NOT NULL, -- a ProcessIdentity, as JSON
    beats INTEGER NOT NULL, -- grows while the owner lives
    answered_at REAL, -- when a cloud last answered, as of the last beat
    PRIMARY KEY (provider, origin, account)
) WITHOUT ROWID;
"""

CREATE: Final = re.sub(r"\n? *--.*", "", _COMMENTED)
"""Statements without comments. SQLite stores their text, which must not change with a comment."""
