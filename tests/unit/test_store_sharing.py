"""One file, several connections and processes: versions, lease, commands, incidents, log."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from jobgroup.errors import GroupBusyError, StorageError, UnsupportedVersionError
from jobgroup.store import GroupStore, NewJob, Target, network_lock
from jobgroup.system import ProcessIdentity

TARGET = Target("quandela", "https://cloud.example", "", "sim:altair")


def _job(name="job", body=None):
    return NewJob(name, TARGET, body or {"payload": {"command": "probs"}})


@pytest.fixture
def path(tmp_path):
    """Return the path of the group's file."""
    return tmp_path / "g.jobgroup"


@pytest.fixture
def stores(path):
    """Open two connections to one group of three jobs."""
    first = GroupStore(path, create="g")
    first.add(_job(f"job {i}") for i in range(3))
    second = GroupStore(path)
    yield first, second
    first.close()
    second.close()


def _child(source, path):
    done = subprocess.run(
        [sys.executable, "-c", source, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


# -- versions --------------------------------------------------------------------------------------


def test_changes_reach_the_other_connection(stores):
    """The connection gets exactly the changed jobs and the version to continue from."""
    first, second = stores
    start = second.changes_since(0)
    assert [r.position for r in start.records] == [0, 1, 2]
    first.edit(2, note="looked at")
    first.add([_job("new")])
    changes = second.changes_since(start.version)
    assert [(r.position, r.note, r.name) for r in changes.records] == [
        (1, "looked at", "job 1"),
        (3, "", "new"),
    ]
    assert changes.version == first.version > start.version
    assert second.changes_since(changes.version).records == []


def test_every_transaction_increments_the_version(stores):
    """Versions grow by one per change and are never used twice."""
    first, second = stores
    seen = [first.version]
    for store, note in zip(itertools.cycle(stores), "abcd", strict=False):
        store.edit(1, note=note)
        seen.append(first.version)
    assert seen == list(range(seen[0], seen[0] + 5))
    first.add(_job() for _ in range(100))
    assert second.version == seen[-1] + 1


def test_data_version_changes_when_another_connection_writes(stores):
    """data_version changes only if another connection has written."""
    first, second = stores
    before = second.database.data_version()
    assert second.database.data_version() == before
    first.edit(1, note="x")
    assert second.database.data_version() != before


def test_changes_reach_another_process(stores, path):
    """This process reads another one's changes since its last version."""
    first, _ = stores
    version = first.version
    _child(
        "import sys; from pathlib import Path; from jobgroup.store import GroupStore\n"
        "GroupStore(Path(sys.argv[1])).edit(2, note='from a child')",
        path,
    )
    assert [(r.position, r.note) for r in first.changes_since(version).records] == [
        (1, "from a child")
    ]


def test_the_modification_date_advances_with_every_change(stores):
    """Every change advances the modification date and keeps the creation date."""
    first, second = stores
    before = first.meta()
    second.edit(1, note="x")
    after = first.meta()
    assert after["modified_at"] > before["modified_at"]
    for key in ("created_at", "uuid", "name"):
        assert after[key] == before[key]


def test_threads_take_turns(stores):
    """Eight threads on two connections lose no write and see no partial one."""
    errors = []

    def work(store, thread):
        try:
            for i in range(10):
                store.add([_job(f"{thread}.{i} a"), _job(f"{thread}.{i} b")])
                assert len(store.records()) % 2 == 1
        except BaseException as error:  # noqa: BLE001  # shown by the assertion
            errors.append(error)

    threads = [threading.Thread(target=work, args=(stores[n % 2], n)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(stores[0]) == 3 + 160
    assert [r.position for r in stores[1].records()] == list(range(163))


# -- the lease -------------------------------------------------------------------------------------

_owners = itertools.count()


HOLDER = ProcessIdentity("a-host", "a boot", "a namespace", 4242, "77")


def _take(store, owner=None, *, verdict="alive"):
    return store.lease.acquire(
        owner or f"owner {next(_owners)}",
        HOLDER,
        judge=lambda *_: verdict,
        on_acquired=lambda _tx, _fencing_token: None,
    )


def test_only_one_owner_holds_the_lease(stores):
    """The error for a second owner has the first one's host, pid and start time."""
    first, second = stores
    held = _take(first)
    with pytest.raises(GroupBusyError, match=r"process 4242 on a-host") as caught:
        _take(second)
    assert (caught.value.host, caught.value.pid) == ("a-host", 4242)
    assert caught.value.since.timestamp() == pytest.approx(held.acquired_at)
    assert second.lease.current() == held


def test_a_dead_holders_lease_lapses(stores):
    """The next owner gets the lease with a greater fencing token, and the old token is rejected."""
    first, second = stores
    old = _take(first)
    new = _take(second, verdict="dead")
    assert new.fencing_token > old.fencing_token
    assert not first.lease.renew(old.fencing_token)
    assert second.lease.renew(new.fencing_token)
    first.lease.release(old.fencing_token)
    assert second.lease.current().owner == new.owner


def test_a_released_lease_has_no_holder(stores):
    """After a release, the fencing token still grows."""
    first, second = stores
    old = _take(first)
    first.lease.release(old.fencing_token)
    assert second.lease.current() is None
    assert _take(second).fencing_token > old.fencing_token


def test_an_owner_takes_its_own_lease_again(stores):
    """An owner can take its own lease again, for example after a crash of its thread."""
    first, _ = stores
    old = _take(first, "me")
    assert _take(first, "me").fencing_token > old.fencing_token


def test_taking_a_lease_is_one_transaction(stores):
    """If the work under the new fencing token fails, the lease is not taken."""
    first, second = stores

    def fail(_tx, _fencing_token):
        raise RuntimeError("disk")

    with pytest.raises(RuntimeError):
        first.lease.acquire("x", HOLDER, judge=lambda *_: "alive", on_acquired=fail)
    assert second.lease.current() is None


def test_a_holder_of_unknown_state_keeps_the_lease(stores):
    """A process must watch the lease before it takes it, which proves that the file is writable."""
    first, second = stores
    held = _take(first)
    assert _take(second, verdict="unseen") is None
    assert second.lease.current() == held
    assert first.lease.renew(held.fencing_token)
    assert second.lease.current().beats == held.beats + 1


# -- commands --------------------------------------------------------------------------------------


def _commands(store, fencing_token, *, is_gone=False):
    return store.commands.claim(fencing_token, lambda _: is_gone)


def test_a_command_is_for_the_holder_that_received_it(stores):
    """The next holder ignores the command, and ignores commands of a process that has ended."""
    first, second = stores
    before = _take(first).fencing_token
    asked = second.commands.enqueue("rerun", {}, HOLDER)
    fencing_token = _take(second, verdict="dead").fencing_token
    assert _commands(first, before) == []
    assert _commands(second, fencing_token) == []
    assert second.commands.get(asked) is None
    asked = first.commands.enqueue("rerun", {}, HOLDER)
    assert _commands(second, fencing_token, is_gone=True) == []
    assert first.commands.get(asked) is None


def test_a_command_is_taken_once_and_returns_its_outcome(stores):
    """The holder takes commands once and in order, and arguments and outcomes are unchanged."""
    first, second = stores
    fencing_token = _take(second).fencing_token
    ids = [first.commands.enqueue("rerun", {"positions": [n]}, HOLDER) for n in range(3)]
    assert second.commands.has_pending()
    taken = _commands(second, fencing_token)
    assert [(c.id, c.name, c.args) for c in taken] == [
        (i, "rerun", {"positions": [n]}) for n, i in enumerate(ids)
    ]
    assert _commands(second, fencing_token) == _commands(first, fencing_token) == []
    assert not second.commands.has_pending()
    assert first.commands.get(ids[0]).state == "claimed"
    second.commands.complete(ids[0], "done", {"text": "1 rerun", "done": [0], "failed": {}})
    answer = first.commands.get(ids[0])
    assert (answer.state, answer.outcome["done"]) == ("done", [0])


def test_a_command_can_be_withdrawn_until_it_is_taken(stores):
    """A command that can be withdrawn is never carried out twice."""
    first, second = stores
    fencing_token = _take(second).fencing_token
    kept, gone = (first.commands.enqueue("run", {}, HOLDER) for _ in range(2))
    assert first.commands.cancel(gone)
    assert [c.id for c in _commands(second, fencing_token)] == [kept]
    assert not first.commands.cancel(kept)
    assert first.commands.get(gone) is None


# -- incidents -------------------------------------------------------------------------------------


def test_incidents_last_until_the_cloud_answers(stores):
    """An account has one incident of a kind, which ends when the cloud responds."""
    first, second = stores
    first.incidents.open("unreachable", "https://a", "", "nobody answers")
    (begun,) = second.incidents.list()
    first.incidents.open("unreachable", "https://a", "", "still nobody")
    first.incidents.open("token", "https://a", "work", "refused")
    assert second.incidents.list()[0].opened_at == begun.opened_at
    assert [t.message for t in second.incidents.list()] == ["still nobody", "refused"]
    second.incidents.resolve("https://a", "")
    assert [t.kind for t in first.incidents.list()] == ["token"]


def test_an_answer_without_an_incident_changes_nothing(stores):
    """A response without an incident causes no write."""
    first, _ = stores
    version = first.version
    first.incidents.resolve("https://a", "")
    assert first.version == version


# -- the file --------------------------------------------------------------------------------------


def test_acknowledged_jobs_survive_a_kill(path):
    """If a process is killed, every job that `add` returned stays in the file."""
    _child(
        "import os, sys; from pathlib import Path\n"
        "from jobgroup.store import GroupStore, NewJob, Target\n"
        "store = GroupStore(Path(sys.argv[1]), create='g')\n"
        "target = Target('quandela', 'https://x', '', 'p')\n"
        "for i in range(20):\n"
        "    store.add([NewJob(str(i), target, {'payload': {'n': i}})])\n"
        "print(20, flush=True); os._exit(0)",
        path,
    )
    with closing(GroupStore(path)) as store:
        assert [r.name for r in store.records()] == [str(i) for i in range(20)]
        assert store.body(20) == {"payload": {"n": 19}}


def test_a_commit_waits_for_the_disk(path):
    """Every commit is flushed before a call returns, to the write-ahead log on a local disk and to
    the file on a network disk.
    """
    with closing(GroupStore(path, create="g")) as store:
        for reopen in (lambda: None, store.close):
            reopen()
            with store.database.read_transaction() as connection:
                assert connection.execute("PRAGMA synchronous").fetchone() == (3,)


def test_the_log_does_not_grow_forever(path):
    """The store checkpoints the log, because SQLite's automatic checkpoints are off."""
    with closing(GroupStore(path, create="g")) as store:
        for i in range(30):
            store.add([_job(str(i), {"payload": {"noise": os.urandom(300_000).hex()}})])
        log = Path(f"{path}-wal")
        assert path.stat().st_size > 5_000_000
        assert log.stat().st_size < 9_000_000
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_network_file_system_uses_no_wal(path, monkeypatch):
    """A rollback journal replaces the write-ahead log, which loses committed rows there. Only the
    user can read the lock file.
    """
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    with closing(GroupStore(path, create="g")) as store:
        store.add([_job()])
        assert not Path(f"{path}-wal").exists()
        with store.database.write_transaction():
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.glob("g.*")}
        names = ("g.jobgroup", "g.jobgroup-journal", "g.jobgroup.lock")
        assert modes == dict.fromkeys(names, 0o600)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "0")
    with closing(GroupStore(path)) as store:
        assert len(store) == 1


@pytest.mark.parametrize("left", ["empty", "of another machine"])
def test_a_dead_writer_on_a_network_file_system_loses_its_turn(left, path, monkeypatch):
    """Files that a killed process or a crashed machine left next to a group do not block others."""
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    monkeypatch.setattr(network_lock, "LEASE_S", 2.0)
    monkeypatch.setattr(network_lock, "BUSY_TIMEOUT_S", 1.0)
    monkeypatch.setattr(network_lock, "UNCLAIMED_LOCK_TTL_S", 1.0)
    lock = f"{path}.lock"
    with closing(GroupStore(path, create="g")) as store:
        if left == "empty":
            Path(lock).touch()
        else:
            dies = (
                "import filelock, os, socket; socket.gethostname = lambda: 'elsewhere';"
                f"lease = filelock.SoftFileLease({lock!r}, lease_duration=2.0);"
                "lease.acquire(); os._exit(0)"
            )
            subprocess.run([sys.executable, "-c", dies], check=True)
        assert Path(lock).exists()
        store.add([_job()])
        assert not Path(lock).exists()
        assert len(store) == 1


@pytest.mark.parametrize(
    ("layout", "error", "reported"),
    [
        (1, StorageError, r"made by an unreleased draft of jobgroup \(layout 1\)"),
        (4, StorageError, r"made by an unreleased draft of jobgroup \(layout 4\)"),
        (6, UnsupportedVersionError, r"newer jobgroup \(layout 6"),
    ],
)
def test_a_file_of_another_layout_is_refused_unchanged(path, layout, error, reported):
    """The error names a draft or a later version of the layout, and the file is unchanged.

    SQLite's log is not merged into the file either.
    """
    with closing(GroupStore(path, create="g")) as store:
        store.add([_job()])
    shutil.copy(path, moved := path.with_name("kept"))
    with closing(sqlite3.connect(moved, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA user_version = {layout}")
        for suffix in ("", "-wal"):
            shutil.copy(f"{moved}{suffix}", f"{path}{suffix}")
    before = {suffix: Path(f"{path}{suffix}").read_bytes() for suffix in ("", "-wal")}
    for create in (None, "g"):
        with pytest.raises(error, match=reported):
            GroupStore(path, create=create)
    assert before == {suffix: Path(f"{path}{suffix}").read_bytes() for suffix in ("", "-wal")}


def test_opening_a_missing_file_names_its_path(path):
    """The error names the path of the missing file."""
    with pytest.raises(StorageError, match=r"g\.jobgroup"):
        GroupStore(path)
    assert not path.exists()


def test_a_full_disk_changes_nothing(path):
    """If the disk is full, `add` fails and changes nothing, and it works again once there is
    room.
    """
    with closing(GroupStore(path, create="g")) as store:
        store.add([_job("before")])
        with store.database.read_transaction() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StorageError, match="full"):
            store.add([_job("too large", {"payload": {"x": os.urandom(200_000).hex()}})])
        with store.database.read_transaction() as connection:
            connection.execute("PRAGMA max_page_count = 1073741823")
        assert [r.name for r in store.records()] == ["before"]
        store.add([_job("after")])
        assert len(store) == 2
