"""A loopback imitation of Scaleway's QaaS that returns its documented responses."""

from __future__ import annotations

import json
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from jobgroup.cloud import EmbeddedCloud

PROJECT = "5f0c1b2e-0000-4000-8000-00000000cafe"
QAAS = "/qaas/v1alpha1/"
WORDS = {"canceled": "cancelled", "cancel_requested": "cancelling", "unknown": "unknown_status"}

Reply = tuple[int, dict[str, Any] | str]


@dataclass
class Imitation:
    """The sessions, the jobs, the received requests and the faults that a test sets."""

    cloud: EmbeddedCloud
    url: str = ""
    token: str = field(default_factory=lambda: f"scw-secret-{uuid.uuid4().hex}")
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    stores_results_elsewhere: bool = False
    most_jobs: int | None = None
    errors: list[Exception] = field(default_factory=list)
    _to_cloud: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        """Create one client for all requests, because each new client loads the certificates."""
        self._to_cloud = httpx.Client(
            base_url=self.cloud.url,
            headers={"Authorization": f"Bearer {self.cloud.token}"},
            timeout=300,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def count(self, method: str, what: str) -> int:
        """Count the requests with this method and path prefix."""
        return sum(m == method and p.startswith(QAAS + what) for m, p, _ in self.asked)

    def answer(self, method: str, url: str, token: str, body: dict[str, Any]) -> Reply:
        """Return the response to a request."""
        parts = urlsplit(url)
        self.asked.append((method, parts.path, token))
        if parts.path.startswith("/stored/"):
            job = self.jobs[parts.path.removeprefix("/stored/")]
            return 200, self._of_cloud("GET", f"/api/jobs/{job['cloud_id']}/result")["results"]
        if token != self.token:
            return 401, {"type": "denied_authentication", "message": "authentication is denied"}
        what, *rest = map(unquote, parts.path.removeprefix(QAAS).split("/"))
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        found = getattr(self, f"_{method.lower()}_{what}", None)
        if found is None or not parts.path.startswith(QAAS):
            return _not_found("path", parts.path)
        reply: Reply = found(*rest, **({"query": query} if method == "GET" else {"body": body}))
        return reply

    def close(self) -> None:
        """Stop the imitation and raise the errors that occurred in it."""
        self._to_cloud.close()
        if self.errors:
            raise ExceptionGroup("the imitation broke", self.errors)

    # -- platforms ---------------------------------------------------------------------------------

    def _get_platforms(self, *, query: dict[str, str]) -> Reply:
        details = self._of_cloud("GET", f"/api/platforms/{query['name']}/processor")
        platform = {
            "id": details["id"],
            "name": details["name"],
            "provider_name": query["providerName"],
            "type": "simulator",
            "technology": "photonic",
            "availability": "available",
            "metadata": json.dumps(details["specs"]),
        }
        return 200, {"total_count": 1, "platforms": [platform]}

    # -- sessions ----------------------------------------------------------------------------------

    def _post_sessions(self, session_id: str = "", what: str = "", *, body: Any) -> Reply:
        if what == "terminate":
            self.sessions[session_id]["status"] = "stopped"
            return 200, self.sessions[session_id]
        dedup = body.get("deduplication_id")
        for session in self.sessions.values():
            if dedup and session["deduplication_id"] == dedup and session["status"] == "running":
                return 200, session
        made = {
            **{k: body.get(k) for k in ("project_id", "platform_id", "deduplication_id", "name")},
            "id": str(uuid.uuid4()),
            "status": "running",
            "created_at": _now(),
        }
        self.sessions[made["id"]] = made
        return 200, made

    def _get_sessions(self, session_id: str = "", *, query: dict[str, str]) -> Reply:
        if session_id:
            session = self.sessions.get(session_id)
            return (200, session) if session else _not_found("session", session_id)
        wanted = {k: v for k, v in query.items() if k in ("project_id", "platform_id")}
        found = [
            session
            for session in reversed(self.sessions.values())
            if all(session[k] == v for k, v in wanted.items())
        ]
        return 200, {"total_count": len(found), "sessions": found}

    def _delete_sessions(self, session_id: str, *, body: Any) -> Reply:
        del self.sessions[session_id]
        self.jobs = {k: j for k, j in self.jobs.items() if j["session_id"] != session_id}
        return 200, {}

    # -- jobs --------------------------------------------------------------------------------------

    def _post_jobs(self, job_id: str = "", what: str = "", *, body: Any) -> Reply:
        if job_id:
            return self._cancel(job_id) if what == "cancel" else _not_found("path", what)
        session = self.sessions.get(body["session_id"])
        if session is None:
            return _not_found("session", body["session_id"])
        if session["status"] != "running":
            return 412, {
                "type": "precondition_failed",
                "precondition": "resource_not_usable",
                "message": "precondition is not respected",
                "help_message": "session is not running",
            }
        if self.most_jobs is not None and len(self.jobs) >= self.most_jobs:
            detail = {"resource": "QaasJobs", "quota": self.most_jobs, "current": len(self.jobs)}
            message = "quota(s) exceeded for this resource"
            return 403, {"type": "quotas_exceeded", "message": message, "details": [detail]}
        payload = json.loads(body["circuit"]["percevalCircuit"])
        is_timer = payload.get("command") == "timer"
        made = self._of_cloud(
            "POST",
            "/api/jobs",
            {
                "job_name": body["name"],
                "platform_name": "test:timer" if is_timer else "sim:altair",
                "payload": payload,
            },
        )
        job = {
            "id": str(uuid.uuid4()),
            "name": body["name"],
            "session_id": session["id"],
            "created_at": _now(),
            "cloud_id": made["job_id"],
            "body": body,
        }
        self.jobs[job["id"]] = job
        return 200, {k: job[k] for k in ("id", "name", "session_id", "created_at")}

    def _cancel(self, job_id: str) -> Reply:
        job = self.jobs.get(job_id)
        if job is None:
            return _not_found("job", job_id)
        try:
            self._of_cloud("POST", f"/api/jobs/{job['cloud_id']}/cancel")
        except httpx.HTTPStatusError:
            message = "precondition is not respected"
            return 412, {"type": "precondition_failed", "message": message}
        return 200, {"id": job_id, "status": "cancelling"}

    def _get_jobs(self, job_id: str = "", what: str = "", *, query: dict[str, str]) -> Reply:
        job = self.jobs.get(job_id)
        if job is None:
            return _not_found("job", job_id)
        status = self._of_cloud("GET", f"/api/jobs/{job['cloud_id']}/status")
        if what != "results":
            started = status["start_time"]
            word = status["status"]
            return 200, {
                **{k: job[k] for k in ("id", "name", "session_id", "created_at")},
                "status": WORDS.get(word, word),
                "started_at": started and datetime.fromtimestamp(started, UTC).isoformat(),
                "progress_message": status["status_message"] or status["progress_message"],
                "job_duration": f"{status['duration'] or 0}.250s",
            }
        if status["status"] != "completed":
            return 200, {"total_count": 0, "job_results": []}
        result = {"job_id": job_id, "created_at": _now(), "result": "", "url": None}
        if self.stores_results_elsewhere:
            result["url"] = f"{self.url}/stored/{job_id}"
        else:
            document = self._of_cloud("GET", f"/api/jobs/{job['cloud_id']}/result")
            result["result"] = document["results"]
        return 200, {"total_count": 1, "job_results": [result]}

    def _of_cloud(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = self._to_cloud.request(method, path, json=body)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document


def _not_found(resource: str, resource_id: str) -> Reply:
    message = {"type": "not_found", "message": "resource is not found"}
    return 404, {**message, "resource": resource, "resource_id": resource_id}


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, imitation: Imitation, *args: Any) -> None:
        self.imitation = imitation
        super().__init__(*args)

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        token = self.headers.get("x-auth-token") or ""
        status, document = self.imitation.answer(
            self.command, self.path, token, json.loads(raw) if raw else {}
        )
        body = (document if isinstance(document, str) else json.dumps(document)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815  # the names are the library's

    def log_message(self, *_: object) -> None:
        """Print nothing on the terminal."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, imitation: Imitation) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, imitation))
        self._errors = imitation.errors

    @property
    def url(self) -> str:
        """The URL of the imitation."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect, but keep errors of the server itself."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self._errors.append(error)


@contextmanager
def imitating(cloud: EmbeddedCloud) -> Iterator[Imitation]:
    """Run an imitation during a block."""
    imitation = Imitation(cloud)
    with _Server(imitation) as server:
        imitation.url = server.url
        serve = partial(server.serve_forever, poll_interval=0.01)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield imitation
        finally:
            server.shutdown()
            thread.join()
            imitation.close()
