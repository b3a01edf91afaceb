"""Imitate clouds, gateways and proxies that respond twice, late, or with another job's id."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any, Self

from nursery import Nursery

from jobgroup import JobGroup, JobGroupError, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud
from jobgroup.engine.queued_sending import MAX_CREATES_IN_FLIGHT

JOBS = 24
TRICKS = ("again", "again later", "before", "same id", "close", "slow")


class LateCloud:
    """Responds to each create request, sometimes twice, late, or with an earlier id.

    An id contains the name of the job that it was made for: `of-NAME-NUMBER`.
    """

    def __init__(self, chance: random.Random, likely: float) -> None:
        self._chance, self._likely = chance, likely
        self.made: list[tuple[str, str]] = []
        self._told: list[str] = []
        self.tricks: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError), connection, connection.makefile("rb") as file:
            while line := file.readline():
                size = 0
                while (header := file.readline()) not in (b"\r\n", b""):
                    if header.lower().startswith(b"content-length:"):
                        size = int(header.split(b":")[1])
                body = json.loads(file.read(size) or b"{}")
                if line.startswith(b"POST"):
                    self._create(connection, str(body.get("job_name")))
                elif b"availability" in line:
                    _say(connection, {"max_jobs_in_queue": 1000, "num_jobs_in_queue": 0})
                elif b"status" in line:
                    _say(connection, {"status": "completed"})
                elif b"result" in line:
                    _say(connection, {"results": json.dumps({"results": {"|1>": 1}})})
                else:
                    _say(connection, {}, "405 Method Not Allowed")

    def _create(self, connection: socket.socket, name: str) -> None:
        with self._lock:
            trick = self._chance.choice(TRICKS) if self._chance.random() < self._likely else ""
            wait_s = self._chance.uniform(0, 0.05)
            job_id = f"of-{name}-{len(self.made)}"
            # nothing can show yet that an id in flight belongs to another job
            known = self._told[:-MAX_CREATES_IN_FLIGHT]
            if trick in ("same id", "before") and not known:
                trick = ""
            earlier = self._chance.choice(known) if known else ""
            self.made.append((name, job_id))
            self.tricks[trick] += 1
            if trick not in ("same id", "before", "close"):
                self._told.append(job_id)
        if trick == "before":
            _say(connection, {"job_id": earlier})
        if trick == "slow":
            time.sleep(wait_s)
        if trick == "close":
            raise OSError
        _say(connection, {"job_id": earlier if trick == "same id" else job_id})
        if trick == "again":
            _say(connection, {"job_id": job_id})
        elif trick == "again later":
            threading.Timer(wait_s, _say_if_open, (connection, {"job_id": job_id})).start()


def _say(connection: socket.socket, document: dict[str, Any], status: str = "200 OK") -> None:
    body = json.dumps(document).encode()
    connection.sendall(
        b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)
    )


def _say_if_open(connection: socket.socket, document: dict[str, Any]) -> None:
    with suppress(OSError):
        _say(connection, document)


def late_answers(
    chance: random.Random, _nursery: Nursery, _cloud: EmbeddedCloud, totals: Counter[str]
) -> None:
    """Check that no job gets another one's id, is sent twice, or is forgotten."""
    for n in range(4):
        with LateCloud(chance, likely=chance.choice((0.1, 0.5, 1.0))) as late:
            set_token("late-token-0123456789", url=late.url)
            jg = JobGroup(f"late {n}")
            names = [f"j{n}x{i}" for i in range(JOBS)]
            body = {"command": "timer"}
            jg.add_many([RemoteJob(body, platform="p", url=late.url, name=one) for one in names])
            runs = (
                jg.run_parallel,
                lambda jg=jg: jg.run_parallel(queue=True),
                lambda jg=jg: jg.run_sequential(chance.uniform(0, 0.03)),
            )
            run = chance.choice(runs)
            for _ in range(JOBS + 1):
                with suppress(JobGroupError):
                    run()
            reported = dict(late.tricks)
            twice = [one for one, times in Counter(o for o, _ in late.made).items() if times > 1]
            assert not twice, f"{reported}: sent twice: {twice}"
            ids = [job.id for job in jg if job.id]
            assert len(ids) == len(set(ids)), f"{reported}: one id for several jobs"
            wrong = {
                job.name: job.id for job in jg if job.id and (job.name, job.id) not in late.made
            }
            assert not wrong, f"{reported}: {wrong}"
            assert "unsent" not in {job.state for job in jg}, reported
            assert len(jg.list_unconfirmed_jobs()) <= sum(late.tricks.values()) - late.tricks[""]
            totals["late answers"] += sum(late.tricks.values()) - late.tricks[""]
