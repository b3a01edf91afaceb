"""Define texts that make Perceval run code or contact a host, and monitors that notice this.

They depend on the installed release: there are no experiments before 0.13, and no archives before
1.3.
"""

from __future__ import annotations

import base64
import json
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import perceval as pcvl
from perceval.serialization import serialize


class Spy:
    """A host on loopback that records each client that connects."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.spy = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def listening(self) -> Iterator[Spy]:
        """Answers until the block ends."""
        serve = {"poll_interval": 0.02}
        threading.Thread(target=self._server.serve_forever, kwargs=serve, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.spy.asked.append((self.path, self.headers["Authorization"]))  # type: ignore[attr-defined]
        body = json.dumps({"specs": {}, "type": "simulator", "status": "available"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


def packed(text: str, mark: str = ":PCVL:zip:") -> str:
    """A text in Perceval's packed form."""
    return mark + base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode()


def touching(canary: Path) -> str:
    """Python code that leaves a mark."""
    return f"__import__('pathlib').Path({str(canary)!r}).touch()"


def with_formula(component: Any, python: str) -> str:
    """A component's text in which every parameter is a formula with that Python code."""
    schema = _schema()
    tag, data = serialize(component, compress=False).rsplit(":", 1)
    name = {":PCVL:ACircuit": "Circuit", ":PCVL:Experiment": "Experiment"}[tag]
    message = getattr(schema, name)()
    message.ParseFromString(base64.b64decode(data))
    _rewrite(message, python)
    return f"{tag}:{base64.b64encode(message.SerializeToString()).decode()}"


def _rewrite(message: Any, python: str) -> None:
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for each in [value] if hasattr(value, "ListFields") else value:
                if hasattr(each, "ListFields"):
                    _rewrite(each, python)
    if message.DESCRIPTOR.name == "Parameter":
        message.expression = python


def hostile_texts(python: str, url: str) -> list[str]:
    """Texts that Perceval evaluates, or that make it request the URL."""
    schema = _schema()
    circuit = pcvl.Circuit(1) // pcvl.PS(pcvl.P("a"))
    formula = with_formula(circuit, python)
    symbolic = schema.Matrix(rows=1, cols=1)
    symbolic.symbolic.data.add().expression = python
    polarized = f"|{{P:{python}}}1>"
    connection = _connection(url)
    texts = [
        formula,
        packed(formula),
        packed(packed(formula)),
        f":PCVL:Matrix:{base64.b64encode(symbolic.SerializeToString()).decode()}",
        f":PCVL:BasicState:{polarized}",
        f":PCVL:BSCount:{{{polarized}=1}}",
        f":PCVL:StateVector:(1,0)*{polarized}",
        f":PCVL:BSSamples:{polarized}/0",
        connection,
        packed(connection.removeprefix("pcvlar"), "pcvlar:zip:"),
        packed(connection),
        f"pcvlar 0 1 0 Circuit {len(formula) - 15} {formula[15:]}",
        ":PCVL:type:RemoteComputer",
        ":PCVL:RemoteComputer:{}",
    ]
    if hasattr(pcvl, "Experiment"):
        texts.append(with_formula(pcvl.Experiment(1).add(0, circuit), python))
        for fields in (
            {"input_state": f":PCVL:BasicState:{polarized}"},
            {"noise_model": formula},
            {"post_select": packed(packed(formula))},
        ):
            message = schema.Experiment(n_mode=1, **fields)
            data = base64.b64encode(message.SerializeToString()).decode()
            texts.append(f":PCVL:Experiment:{data}")
    return texts


def _schema() -> Any:
    try:
        return import_module("exqalibur.serialization.circuit_pb2")
    except ImportError:  # before 1.2
        return import_module("perceval.serialization._schema_circuit_pb2")


def _connection(url: str) -> str:
    """An archive with a connection to a URL, which Perceval 1.3 requests as soon as it reads the
    archive.
    """
    return (
        "pcvlar 0 1 0 list 1 1 RPCBasedCommunicationLayer 0 5 _rpc_handler 2 _specs 3 _perfs 4"
        " _status 5 _last_fetch_time 6 QuandelaRPCHandler 0 3 name 7 url 8 request_timeout 9 Specs"
        " 1 10 11 dict 0 str 9 available float 0.0 str 10 sim:altair"
        f" str {len(url)} {url} int 10 str 4 type str 9 simulator"
    )
