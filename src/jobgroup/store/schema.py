"""The tables of a group's file, and the way from an older layout to this one."""

from __future__ import annotations

APPLICATION_ID = 0x6A6F6267  # "jobg": tells our files from other SQLite databases
VERSION = 4

# The tables of version 1; MIGRATIONS lead on from there.
# payloads.body stands last, so that reading `facts` never touches a body's overflow pages
CREATE = """
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
    position INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    target_id INTEGER NOT NULL REFERENCES targets,
    payload_id INTEGER REFERENCES payloads,
    state TEXT NOT NULL,
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
    kind TEXT NOT NULL,
    appends INTEGER NOT NULL DEFAULT 0,
    key TEXT NOT NULL,
    reruns TEXT,
    generation INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
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
    evidence TEXT NOT NULL DEFAULT ''
);
CREATE INDEX attempts_by_position ON attempts (position);
CREATE INDEX attempts_by_remote_id ON attempts (remote_id) WHERE remote_id IS NOT NULL;
CREATE INDEX attempts_in_flight ON attempts (state) WHERE state = 'sending';

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
    name TEXT NOT NULL,
    args TEXT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX commands_open ON commands (state) WHERE state IN ('asked', 'taken');

CREATE TABLE lease (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    owner TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,
    since REAL NOT NULL,
    heartbeat_at REAL NOT NULL
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

MIGRATIONS: dict[int, str] = {
    1: """
ALTER TABLE attempts ADD COLUMN shots INTEGER;
ALTER TABLE attempts ADD COLUMN payload_id INTEGER REFERENCES payloads;
ALTER TABLE attempts ADD COLUMN changes TEXT NOT NULL DEFAULT '';

CREATE TABLE results (
    remote_id TEXT PRIMARY KEY,
    read_at REAL NOT NULL,
    digest BLOB NOT NULL,
    document BLOB NOT NULL
);
""",
    2: """
ALTER TABLE jobs ADD COLUMN recipe_id INTEGER REFERENCES payloads;

CREATE TABLE parts (
    attempt_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    PRIMARY KEY (attempt_id, number)
) WITHOUT ROWID;
CREATE INDEX parts_by_remote_id ON parts (remote_id);
""",
    3: """
CREATE TABLE next_up (
    position INTEGER PRIMARY KEY,
    wish INTEGER NOT NULL,
    place INTEGER NOT NULL
);
CREATE INDEX next_up_in_order ON next_up (wish DESC, place);
""",
}
"""The script that leads from a version to the next; a new file goes the whole way."""
