"""A cloud on loopback that records its requests. The test determines the behavior of its jobs."""

from __future__ import annotations

import json
import re
import socket
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

DROP = "the request is read and the connection closed without an answer"

Reply = tuple[int, Any] | tuple[int, Any, dict[str, str]] | str | None
"""Status, document (or body, as bytes) and headers; `DROP`; or None for the usual response."""

_ROUTES = (
    ("POST", r"/api/jobs", "create"),
    ("GET", r"/api/jobs", "probe"),
    ("GET", r"/api/jobs/availability", "availability"),
    ("GET", r"/api/jobs/([^/]+)/status", "status"),
    ("GET", r"/api/jobs/([^/]+)/result", "result"),
    ("GET", r"/api/jobs/([^/]+)/data", "data"),
    ("POST", r"/api/jobs/([^/]+)/cancel", "cancel"),
    ("POST", r"/api/jobs/([^/]+)/rerun", "rerun"),
    ("POST", r"/api/job", "create"),  # Perceval's own client
    ("GET", r"/api/job/status/([^/]+)", "status"),
    ("GET", r"/api/job/result/([^/]+)", "result"),
)


@dataclass(frozen=True)
class Asked:
    """A request, with its kind, job and body."""

    what: str
    id: str
    body: dict[str, Any]
    path: str
    token: str
    key: str


@dataclass
class Gate:
    """Holds requests of a kind until the test releases them."""

    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    opened: threading.Event = field(default_factory=threading.Event)

    def pass_through(self) -> None:
        """Hold a request until the gate opens."""
        self.arrived.release()
        assert self.opened.wait(120)

    def wait_for_one(self) -> None:
        """Wait until the gate holds another request."""
        assert self.arrived.acquire(timeout=120)

    def open(self) -> None:
        """Release every request, including later ones."""
        self.opened.set()


class ScriptedCloud:
    """Jobs keep the status that `tell` gave them. A new job has `first_word`. With `knows_keys`, a
    repeated key returns the job that it created.

    `faults` maps a kind of request (create, status, ...) to a function. It gets the number of
    earlier requests of that kind, and the request. If it returns a value, that is the response.
    """

    def __init__(self) -> None:
        self.token = f"scripted-{uuid.uuid4().hex[:8]}"
        self.tokens = {self.token}
        self.asked: list[Asked] = []
        self.documents: dict[str, dict[str, Any]] = {}
        self.results: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, Callable[[int, Asked], Reply]] = {}
        self.gates: dict[str, Gate] = {}
        self.first_word = "waiting"
        self.availability: dict[str, Any] | None = {"max_jobs_in_queue": 100}
        self.knows_keys = False
        self.connections: list[socket.socket] = []
        self._made_by_key: dict[str, str] = {}
        self._lock = threading.Lock()
        self._port = 0
        self._server: _Server | None = None
        self._placeholder: socket.socket | None = None

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away(keep_port=False)

    @property
    def url(self) -> str:
        """The address that the cloud listens on."""
        return f"http://127.0.0.1:{self._port}"

    def come_back(self) -> None:
        """Serve again on the same port after `go_away`."""
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        if self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None
        self._server.cloud = self
        self._port = self._server.server_address[1]
        serve = partial(self._server.serve_forever, poll_interval=0.01)
        threading.Thread(target=serve, daemon=True).start()

    def go_away(self, *, keep_port: bool = True) -> None:
        """Become unreachable."""
        if self._placeholder is not None and not keep_port:
            self._placeholder.close()
            self._placeholder = None
        if self._server is None:
            return
        for gate in self.gates.values():
            gate.open()
        self._server.shutdown()
        self._server.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server = None
        if keep_port:
            # bound and not listening: connections are refused, and no other process gets the port
            self._placeholder = socket.socket()
            self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._placeholder.bind(("127.0.0.1", self._port))

    # -- for tests ---------------------------------------------------------------------------------

    def tell(self, job_id: str | None, status: str, **fields: Any) -> None:
        """Set the status and other fields of a job's status document."""
        assert job_id in self.documents
        self.documents[job_id] |= {"status": status, **fields}

    def ids(self) -> list[str]:
        """The ids of all jobs, oldest first."""
        return list(self.documents)

    def count(self, *kinds: str) -> int:
        """Return the number of requests of these kinds, or of all kinds by default."""
        return sum(a.what in kinds or not kinds for a in self.asked)

    def bodies(self, what: str = "create") -> list[dict[str, Any]]:
        """Return the bodies of the requests of a kind."""
        return [a.body for a in self.asked if a.what == what]

    def gate(self, what: str) -> Gate:
        """Hold the requests of a kind from now on."""
        self.gates[what] = Gate()
        return self.gates[what]

    # -- what it answers ---------------------------------------------------------------------------

    def reply(self, asked: Asked) -> Reply:
        """Record a request, and respond to it."""
        with self._lock:
            before = self.count(asked.what)
            self.asked.append(asked)
        gate = self.gates.get(asked.what)
        if gate is not None:
            gate.pass_through()
        if asked.token not in self.tokens:
            return 401, {"error": "Invalid or expired job token"}
        fault = self.faults.get(asked.what)
        reported = fault(before, asked) if fault else None
        return self._answer(asked) if reported is None else reported

    def make(self, status: str = "") -> str:
        """Create a job and return its id."""
        job_id = str(uuid.uuid4())
        self.documents[job_id] = {"status": status or self.first_word}
        return job_id

    def make_once(self, key: str) -> str:
        if not self.knows_keys:
            return self.make()
        if key not in self._made_by_key:
            self._made_by_key[key] = self.make()
        return self._made_by_key[key]

    def _answer(self, asked: Asked) -> Reply:
        if asked.id and asked.id not in self.documents:
            return 404, {"error": f"Not found job: {asked.id}"}
        match asked.what:
            case "probe":
                return 405, {"error": "Method Not Allowed"}
            case "availability" if self.availability is None:
                return 404, {"error": "Not Found"}
            case "availability":
                document = {"num_jobs_in_queue": 0, **self.availability}
            case "data":  # as a cloud that does not report it
                return 404, {"error": "Not Found"}
            case "create" | "rerun":
                document = {"job_id": self.make_once(asked.key)}
            case "status":
                document = self.documents[asked.id]
            case "result":
                document = self.results.get(asked.id, {"results": '{"results": {}}'})
            case _:
                self.tell(asked.id, "canceled")
                document = {"message": "ok"}
        return 200, document


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.cloud.connections.append(self.connection)

    def _serve(self) -> None:
        cloud: ScriptedCloud = self.server.cloud
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        what, job_id = next(
            (
                (kind, (match.groups() or ("",))[0])
                for method, pattern, kind in _ROUTES
                if method == self.command and (match := re.fullmatch(pattern, self.path))
            ),
            ("other", ""),
        )
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        key = self.headers.get("idempotency-key") or ""
        asked = Asked(what, job_id, json.loads(raw) if raw else {}, self.path, token, key)
        reply = (404, {"error": "Not Found"}) if what == "other" else cloud.reply(asked)
        if not isinstance(reply, tuple):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, document, *headers = reply
        is_page = isinstance(document, bytes)
        body = document if is_page else json.dumps(document).encode()
        self.send_response(status)
        sent = {"Content-Length": str(len(body)), **(headers[0] if headers else {})}
        if cloud.knows_keys and not is_page:
            sent["Idempotency-Key-Support"] = "true"
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _serve  # noqa: N815  # the names are the library's

    def log_message(self, *_: object) -> None:
        """Print nothing on the terminal."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect."""
