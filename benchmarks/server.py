"""A loopback cloud in a separate process that is fast enough to measure clients.

It serves the contract's calls with a given latency and plan. A job runs for `duration_s` in one of
`slots` slots, in the order of arrival. Its status is computed from the clock on request. A job
whose id begins with "still-" always has the status `word`.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

STILL = "still-"
RESULT = json.dumps(
    {"results": {":PCVL:BasicState:|1,0>": 600}, "physical_perf": 1.0, "logical_perf": 1.0}
)


@dataclass
class Job:
    """When a job starts and ends, and when a client first learned of its end."""

    created: float
    start: float
    end: float
    noticed: float | None = None


@dataclass
class Cloud:
    """The jobs of one account.

    Attributes:
        latency_s: time from a request to its response, half of which passes before the effect.
        duration_s: the running time of a job.
        slots: the number of concurrent jobs.
        max_queue: the largest number of jobs that wait or run.
        word: the status of the jobs that never change.
        details: the details of the single platform.
    """

    latency_s: float = 0.0
    duration_s: float = 0.0
    slots: int = 1000
    max_queue: int = 1_000_000
    word: str = "running"
    details: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    _slots: list[float] = field(default_factory=list)
    _ends: list[float] = field(default_factory=list)

    def answer(  # noqa: PLR0911  # one for each kind of call
        self, method: str, path: str, body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Return the response to a request, and apply its effect."""
        parts = path.strip("/").split("/")
        if method == "PUT":
            vars(self).update(json.loads(body))
            return 200, {}
        if path == "/control":
            return 200, self._observed()
        what = self._kind(method, parts)
        self.asked[what] = self.asked.get(what, 0) + 1
        match what:
            case "create":
                return self._create()
            case "availability":
                return 200, {
                    "max_jobs_in_queue": self.max_queue,
                    "num_jobs_in_queue": self._queued(),
                    "max_concurrent_jobs": self.slots,
                    "num_concurrent_jobs": min(self.slots, self._queued()),
                }
            case "status":
                return self._status(parts[2] if parts[1] == "jobs" else parts[3])
            case "result":
                job_id = parts[2] if parts[1] == "jobs" else parts[3]
                return 200, {"results": RESULT, "job_id": job_id, "duration": 0}
            case "details":
                return 200, self.details
        return 405, {"error": "Method Not Allowed"}

    def _kind(self, method: str, parts: list[str]) -> str:
        if method == "POST":
            return "create"
        if parts[1].startswith("platform"):
            return "details"
        named = parts[2:3] if parts[1] == "job" else parts[-1:]
        return named[0] if named and named[0] in ("status", "result", "availability") else "probe"

    def _queued(self) -> int:
        now = time.time()
        while self._ends and self._ends[0] <= now:
            heapq.heappop(self._ends)
        return len(self._ends)

    def _create(self) -> tuple[int, dict[str, Any]]:
        if self._queued() >= self.max_queue:
            return 400, {"error": f"Cannot create more than {self.max_queue} jobs"}
        now = time.time()
        start = now
        if len(self._slots) >= self.slots:
            start = max(now, heapq.heappop(self._slots))
        end = start + self.duration_s
        heapq.heappush(self._slots, end)
        heapq.heappush(self._ends, end)
        job_id = str(uuid.uuid4())
        self.jobs[job_id] = Job(now, start, end)
        return 200, {"job_id": job_id}

    def _status(self, job_id: str) -> tuple[int, dict[str, Any]]:
        if job_id.startswith(STILL):
            return 200, _document(self.word, 1_700_000_000.0, 1_700_000_001.0, 0.0)
        job = self.jobs.get(job_id)
        if job is None:
            return 404, {"error": f"Not found job: {job_id}"}
        now = time.time()
        if now < job.start:
            return 200, _document("waiting", job.created, None, 0.0)
        if now < job.end:
            return 200, _document("running", job.created, job.start, now - job.start)
        job.noticed = job.noticed or now
        return 200, _document("completed", job.created, job.start, self.duration_s)

    def _observed(self) -> dict[str, Any]:
        jobs = list(self.jobs.values())
        noticed = [j.noticed - j.end for j in jobs if j.noticed is not None]
        span_s = max(j.end for j in jobs) - min(j.start for j in jobs) if jobs else 0.0
        return {
            "asked": self.asked,
            "cpu_s": time.process_time(),
            "noticed_after_s": max(noticed, default=None),
            "noticed_after_median_s": statistics.median(noticed) if noticed else None,
            "busy": sum(j.end - j.start for j in jobs) / (span_s * self.slots) if span_s else None,
        }


def _document(
    word: str, created: float, started: float | None, duration_s: float
) -> dict[str, Any]:
    return {
        "msg": "ok",
        "status": word,
        "status_message": None,
        "progress": 1.0 if word == "completed" else 0.5,
        "progress_message": None,
        "creation_datetime": created,
        "start_time": started,
        "duration": int(duration_s),
    }


class _Connection(asyncio.Protocol):
    """The necessary part of HTTP/1.1: sequential requests on a kept-alive connection."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._received = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._received = rest[length:]
        method, path, _ = lines[0].split(" ")
        is_last = headers.get("connection", "").lower() == "close"
        call = (method, path.partition("?")[0], rest[:length], is_last)
        half_s = 0.0 if path == "/control" else self._cloud.latency_s / 2
        if half_s:
            self._loop.call_later(half_s, self._serve, half_s, *call)
        else:
            self._serve(0.0, *call)

    def _serve(self, half_s: float, method: str, path: str, body: bytes, is_last: bool) -> None:
        status, document = self._cloud.answer(method, path, body)
        content = json.dumps(document).encode()
        answer = (
            f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        ).encode() + content
        if half_s:
            self._loop.call_later(half_s, self._reply, answer, is_last)
        else:
            self._reply(answer, is_last)

    def _reply(self, answer: bytes, is_last: bool) -> None:
        self._transport.write(answer)
        if is_last:
            self._transport.close()


class Running:
    """The clients' view of a server in a separate process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def set(self, **settings: Any) -> None:
        """Change the behavior of the cloud."""
        body = json.dumps(settings).encode()
        request = urllib.request.Request(f"{self.url}/control", data=body, method="PUT")
        urllib.request.urlopen(request).read()

    def observed(self) -> dict[str, Any]:
        """Return the requests, the delays of noticed ends, and the use of slots and processor."""
        observed: dict[str, Any] = json.load(urllib.request.urlopen(f"{self.url}/control"))
        return observed


@contextmanager
def running(**settings: Any) -> Iterator[Running]:
    """Run a server process during a block."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        server = Running(process.stdout.readline().strip())
        server.set(**settings)
        yield server
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def seen(observed: dict[str, Any]) -> dict[str, float]:
    """Return the observations of a server that are worth reporting."""
    reported = {
        "requests": sum(observed["asked"].values()),
        "noticed after s": observed["noticed_after_s"],
        "median": observed["noticed_after_median_s"],
    }
    return {what: value for what, value in reported.items() if value is not None}


async def _main() -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    cloud = Cloud()
    server = await loop.create_server(lambda: _Connection(cloud), "127.0.0.1", 0, backlog=1024)
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(_main())
