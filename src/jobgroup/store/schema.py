"""The tables of a group's file.

`VERSION` is the layout's. Layouts 1 to 4 were drafts that nobody was given; 5 is the first that
will be kept, and may change until it is released. From then on a change of these tables is a new
version, and takes:

1. a script in a mapping ``STEPS = {5: "...", ...}`` that leads from each released version to the
   next, run by `opening.check` in the one transaction that also sets ``user_version``. It makes
   each changed table anew under this module's text and copies the rows: ``ALTER TABLE`` would
   leave another text in the file, and a file whose text is not ours is refused;
2. the older versions' own text, for a file is compared with the text of *its* version before any
   step is run on it;
3. a file of each released version in the tests, which is opened, run on and compared with a new
   one.

A file that cannot be written to is not brought up to date, but refused with that reason.
"""

from __future__ import annotations

from typing import Final

from jobgroup.status import STATES

APPLICATION_ID: Final = 0x6A6F6267  # "jobg": tells our files from other SQLite databases
VERSION: Final = 5
FIRST_KEPT: Final = 5
"""Layouts below it were unreleased drafts."""

_STATE: Final = f"TEXT NOT NULL CHECK (state IN ({', '.join(map(repr, STATES))}))"

# payloads.body stands last, so that reading `facts` never touches a body's overflow pages
CREATE: Final = f"""
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;

CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    origin TEXT NOT NULL,
    account TEXT NOT NULL,
    platform TEXT NOT NULL,
    UNIQUE (provider, origin, account, platform)
);

CREATE TABLE payloads (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    facts TEXT NOT NULL,
    body BLOB NOT NULL
);

CREATE TABLE jobs (
    position INTEGER PRIMARY KEY CHECK (position >= 0),
    name TEXT NOT NULL,
    target_id INTEGER NOT NULL REFERENCES targets,
    payload_id INTEGER REFERENCES payloads,
    recipe_id INTEGER REFERENCES payloads,
    state {_STATE},
    attempt_id INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    rerun_of INTEGER,
    added_at REAL NOT NULL,
    version INTEGER NOT NULL,
    params TEXT NOT NULL,
    labels TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    problem TEXT NOT NULL DEFAULT ''
);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX jobs_by_version ON jobs (version);

CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('create', 'rerun', 'changed', 'adopted')),
    appends INTEGER NOT NULL DEFAULT 0,
    key TEXT NOT NULL,
    reruns TEXT,
    generation INTEGER NOT NULL DEFAULT 0,
    state {_STATE},
    remote_id TEXT,
    word TEXT,
    message TEXT,
    progress REAL,
    intent_at REAL NOT NULL,
    sent_at REAL,
    created_at REAL,
    started_at REAL,
    duration_s REAL,
    finished_at REAL,
    shots INTEGER,
    payload_id INTEGER REFERENCES payloads,
    evidence TEXT NOT NULL DEFAULT '',
    changes TEXT NOT NULL DEFAULT ''
);
CREATE INDEX attempts_by_position ON attempts (position);
CREATE INDEX attempts_by_remote_id ON attempts (remote_id) WHERE remote_id IS NOT NULL;
CREATE INDEX attempts_in_flight ON attempts (state) WHERE state = 'sending';

CREATE TABLE parts (
    attempt_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    PRIMARY KEY (attempt_id, number)
) WITHOUT ROWID;
CREATE INDEX parts_by_remote_id ON parts (remote_id);

CREATE TABLE results (
    attempt_id INTEGER PRIMARY KEY,
    read_at REAL NOT NULL,
    digest BLOB NOT NULL,
    document BLOB NOT NULL
);

CREATE TABLE next_up (
    position INTEGER PRIMARY KEY,
    wish INTEGER NOT NULL,
    place INTEGER NOT NULL
);
CREATE INDEX next_up_in_order ON next_up (wish DESC, place);

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    position INTEGER,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX events_by_position ON events (position);

CREATE TABLE commands (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    generation INTEGER NOT NULL,
    asker TEXT NOT NULL,
    name TEXT NOT NULL,
    args TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'taken', 'done', 'failed')),
    outcome TEXT NOT NULL DEFAULT '{{}}'
);
CREATE INDEX commands_open ON commands (state) WHERE state IN ('asked', 'taken');

CREATE TABLE lease (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    owner TEXT NOT NULL,
    host TEXT NOT NULL,
    boot TEXT NOT NULL,
    namespace TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,
    since REAL NOT NULL,
    beats INTEGER NOT NULL,
    challenges INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE troubles (
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,
    account TEXT NOT NULL,
    since REAL NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (kind, origin, account)
) WITHOUT ROWID;
"""
