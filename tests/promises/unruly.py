"""A cloud on loopback whose responses a test chooses for each job."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Answer = tuple[int, Any] | tuple[int, Any, Mapping[str, str]] | None

_CALL = re.compile(r"/api/jobs/(?P<id>[^/]+)/(?P<call>status|result|cancel|rerun)")


class UnrulyCloud:
    """Responds with `answer(call, id)` or, if that is None, as a cloud whose jobs all succeed.

    A response is a status, a body (bytes stay as they are, other values become JSON) and headers.
    """

    def __init__(self) -> None:
        self.token = "unruly-token-0123456789"
        self.answer: Callable[[str, str], Answer] = lambda call, job_id: None
        self.asked: list[tuple[str, str]] = []
        self.tokens: set[str | None] = set()
        self._lock = threading.Lock()
        self._created = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.cloud = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, call: str, job_id: str | None = None) -> int:
        """The number of requests of a kind, for one job or for all."""
        return sum(c == call and job_id in (None, i) for c, i in self.asked)

    def reply(self, method: str, path: str, token: str | None) -> Answer:
        """The response to one request."""
        found = _CALL.fullmatch(path)
        call = "create" if method == "POST" else "probe"
        if path.endswith("availability"):
            call = "availability"
        job_id = ""
        if found:
            call, job_id = found["call"], found["id"]
        with self._lock:
            self.asked.append((call, job_id))
            self.tokens.add(token)
            reported = self.answer(call, job_id)
            if reported is None and call in ("create", "rerun"):
                self._created += 1
        return reported or _USUAL.get(call) or (200, {"job_id": f"job-{self._created}"})


_USUAL: dict[str, Answer] = {
    "probe": (405, {}),
    "availability": (200, {"max_jobs_in_queue": 100, "num_jobs_in_queue": 0}),
    "status": (200, {"status": "completed"}),
    "result": (200, {"results": json.dumps({"results": {"|1>": 1}})}),
    "cancel": (200, {}),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._serve()

    def _serve(self) -> None:
        cloud: UnrulyCloud = self.server.cloud  # type: ignore[attr-defined]
        answer = cloud.reply(self.command, self.path, self.headers.get("Authorization"))
        assert answer is not None
        status, body, *rest = answer
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(rest[0] if rest else {})}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass
