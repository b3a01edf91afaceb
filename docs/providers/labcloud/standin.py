"""Imitate LabCloud on this machine. Programs define how runs end."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MAX_RUNS = 10


class StandIn:
    """A server for a ``with`` block. Programs have the form ``{"seconds": 0.1, "fail": "why"}``."""

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        self.runs: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.standin = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Return the status and body of LabCloud's response."""
        unended = [r for r in self.runs.values() if state_of(r) in ("queued", "active")]
        match method, path.strip("/").split("/"):
            case "POST", ["v1", "runs"]:
                known = next((r for r in self.runs.values() if r["ref"] == body["ref"]), None)
                if known is None and len(unended) >= MAX_RUNS:
                    return 409, {"error": {"code": "quota", "message": "10 runs at a time"}}
                run = known or {**body, "run": uuid.uuid4().hex, "at": time.time(), "stop": None}
                self.runs[run["run"]] = run
                return 201, {"run": run["run"]}
            case "GET", ["v1", "quota"]:
                return 200, {"used": len(unended), "limit": MAX_RUNS}
            case _, ["v1", "runs", name, *rest] if name in self.runs:
                return self.about(self.runs[name], method, rest)
        return 404, {"error": {"code": "unknown", "message": f"there is no {path}"}}

    def about(self, run: dict[str, Any], method: str, rest: list[str]) -> tuple[int, Any]:
        """Return the response to a request about one run."""
        if method == "DELETE":
            run["stop"] = run["stop"] or time.time()
            return 200, {}
        if rest == ["output"]:
            return 200, {"counts": {"00": 51, "11": 49}, "shots": 100}
        made = datetime.fromtimestamp(run["at"], UTC).isoformat()
        reason = run["program"].get("fail")
        return 200, {"state": state_of(run), "made": made, "title": run["title"], "reason": reason}


def state_of(run: dict[str, Any]) -> str:
    """Return queued, active, done, failed or stopped."""
    seconds = run["program"].get("seconds", 0.1)
    if run["stop"] and run["stop"] < run["at"] + seconds:
        return "stopped"
    if time.time() < run["at"] + seconds:
        return "active" if time.time() > run["at"] + seconds / 2 else "queued"
    return "failed" if run["program"].get("fail") else "done"


class Handler(BaseHTTPRequestHandler):
    """Requests and responses in JSON, with the key in a header."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a request of any method."""
        standin: StandIn = self.server.standin
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, document = 401, {"error": {"code": "key", "message": "that key opens nothing"}}
        if self.headers.get("Api-Key") == standin.token:
            with standin.lock:
                status, document = standin.answer(self.command, self.path, json.loads(raw or "{}"))
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_GET

    def log_message(self, *_: object) -> None:
        """Print nothing on the terminal."""
