"""The embedded cloud admits only its user, and no request harms it."""

from __future__ import annotations

import base64
import gc
import json
import socket
import zlib

import httpx
import pytest
from exqalibur.serialization import circuit_pb2

from jobgroup.cloud import EmbeddedCloud
from jobgroup.cloud.middleware import MAX_REQUEST_BODY_BYTES
from jobgroup.cloud.payloads import MAX_PAYLOAD_BYTES

CALLS = [
    ("POST", "/api/jobs"),
    ("POST", "/api/job"),
    ("GET", "/api/jobs/availability"),
    ("GET", "/api/jobs/x/status"),
    ("GET", "/api/jobs/x/result"),
    ("GET", "/api/jobs/x/data"),
    ("POST", "/api/jobs/x/cancel"),
    ("POST", "/api/jobs/x/rerun"),
    ("GET", "/api/job/status/x"),
    ("GET", "/api/job/result/x"),
    ("POST", "/api/job/cancel/x"),
    ("POST", "/api/job/rerun/x"),
    ("GET", "/api/platform/sim%3Aaltair"),
    ("GET", "/api/platforms/sim%3Aaltair/processor"),
    ("GET", "/"),
    ("GET", "/nothing"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic {}", "Bearer {}x"])
def test_every_call_requires_the_token(cloud, method, path, header):
    """Without the correct token, every path responds 401 with the vendor's message."""
    headers = {} if header is None else {"Authorization": header.format(cloud.token)}
    answer = httpx.request(method, cloud.url + path, headers=headers, timeout=120)
    assert answer.status_code == 401
    assert answer.json() == {"error": "Invalid or expired job token", "detail": {}}


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:80", ""]
)
def test_a_foreign_host_header_is_refused(http, host):
    """A web page whose name resolves to loopback gets nothing, even with the token."""
    answer = http.get("/api/jobs/availability", headers={"Host": host})
    assert answer.status_code == 400
    assert "Host" in answer.json()["error"]


def test_loopback_names_are_served(http, cloud):
    """The host may be an address or a name, even with the port of a tunnel."""
    for host in (cloud.url.removeprefix("http://"), "localhost", "localhost:1", "[::1]:80"):
        assert http.get("/api/jobs/availability", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.org", ""])
def test_only_loopback_is_listened_on(host):
    """Any other host is rejected before a socket exists."""
    with pytest.raises(ValueError, match="must be a loopback address"):
        EmbeddedCloud(host=host)


@pytest.mark.parametrize("port", [70000, -1, 80.0, "80", True, None])
def test_an_invalid_port_is_refused(port):
    """An invalid port is rejected before a socket exists."""
    with pytest.raises(ValueError, match="whole number from 0 to 65535"):
        EmbeddedCloud(port=port)


def test_cloud_listens_on_loopback_alone(start):
    """The machine's other addresses do not reach the cloud."""
    cloud, _ = start()
    port = int(cloud.url.rpartition(":")[2])
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", port))  # fails if all addresses are listened on


def test_unknown_names_are_404_and_wrong_methods_405(http):
    """The responses have the vendor's form, with the name that was not found."""
    for path in ("/nothing", "/api/jobs/x/status", "/api/platform/sim%3Anone"):
        answer = http.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]
    assert http.delete("/api/jobs").status_code == 405


def connect(cloud):
    """Open a plain connection to a cloud."""
    return socket.create_connection(("127.0.0.1", int(cloud.url.rpartition(":")[2])), timeout=120)


def test_half_a_request_has_no_effect(start, create, wait, timer_body):
    """A client that disconnects in the middle of a body changes nothing."""
    cloud, client = start()
    job = create(client, timer_body())
    wait(client, job)
    with connect(cloud) as connection:
        lines = [f"POST /api/jobs/{job}/rerun HTTP/1.1", "Host: localhost", "Content-Length: 9"]
        head = "\r\n".join([*lines, f"Authorization: Bearer {cloud.token}", "", ""])
        connection.sendall(head.encode())
    client.get("/api/jobs/availability")
    cloud.stop()
    cloud.start()
    assert len(cloud.jobs()) == 1


def test_a_body_that_is_too_large_is_refused(http, cloud):
    """The limit applies to the declared length, or to the received one if none is declared."""
    declared = {"Content-Length": str(MAX_REQUEST_BODY_BYTES + 1)}
    with connect(cloud) as connection:
        head = "".join(
            f"{name}: {value}\r\n" for name, value in {**http.headers, **declared}.items()
        )
        connection.sendall(f"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")

    def chunks():
        for _ in range(MAX_REQUEST_BODY_BYTES // 2**20 + 1):
            yield b" " * 2**20

    assert http.post("/api/jobs", content=chunks()).status_code == 413


def packed(data: bytes, tag: str = ":PCVL:zip:") -> str:
    """Return bytes as a payload carries them."""
    return tag + base64.b64encode(zlib.compress(data, 9)).decode()


BOMB = packed(b"0" * (MAX_PAYLOAD_BYTES + 1))
TOO_BIG = base64.b64encode(circuit_pb2.Circuit(n_mode=21).SerializeToString()).decode()
PACKED_TWICE = base64.b64encode(b"\x0a\x20" + b":PCVL:zip:" + b"x" * 22).decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"command": "transmogrify"}, "Command 'transmogrify' is not available on platform"),
        ({"command": None}, "expected a command"),
        ({"experiment": None}, "expected a circuit, an experiment or a computation"),
        ({"experiment": BOMB}, "more than 16 MB unpacked"),
        ({"parameters": {"a": [BOMB]}}, "more than 16 MB unpacked"),
        ({"computation": BOMB.replace(":PCVL:", "pcvlar:", 1)}, "more than 16 MB unpacked"),
        ({"experiment": ":PCVL:zip:eJ"}, "'experiment' cannot be unpacked"),
        ({"experiment": ":PCVL:zip:====="}, "'experiment' cannot be unpacked"),
        ({"experiment": packed(b"hello")}, "'experiment' cannot be deserialized"),
        ({"experiment": packed(b":PCVL:Experiment:" + b"////")}, "'experiment' cannot be deseri"),
        ({"experiment": ":PCVL:Experiment:" + PACKED_TWICE}, "packed more than once"),
        ({"experiment": packed(b" 0 1 0 QuandelaRPCHandler 0 0 ", "pcvlar:zip:")}, "another comp"),
        ({"noise": {"header": "pcvlar", "data": []}}, "archives are expected as text"),
        ({"circuit": ":PCVL:ACircuit:" + TOO_BIG}, "Circuit too big (21 modes > 20)"),
        ({"input_state": ":PCVL:BasicState:|9,2>"}, "Too many photons in input state (11 > 10)"),
        ({"iterator": []}, "Invalid iterator: must be a non-empty list"),
        ({"max_shots": 0}, "Invalid max_shots, should be a positive number"),
        ({"max_samples": "many"}, "Invalid max_samples, should be a positive number"),
    ],
)  # fmt: skip
def test_bad_payloads_are_refused_with_a_message(http, cloud, short_body, changes, sentence):
    """The response is 400 with the reason, and there is no job."""
    before = len(cloud.jobs())
    payload = {**short_body["payload"], **changes}
    answer = http.post("/api/jobs", json=short_body | {"payload": payload})
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]
    assert len(cloud.jobs()) == before


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"payload": None}, 400, "Invalid payload, expected a json object"),
        ({"platform_name": None}, 400, "Require platform_id or platform_name"),
        ({"platform_id": "x"}, 400, "Invalid platform: x"),
        ({"platform_name": "sim:none"}, 404, "Platform not found: sim:none"),
        ({"max_duration": 0}, 400, "Max duration must not be zero"),
        ({"max_duration": 864_001}, 400, "Max duration too large, exceeding 864000"),
        ({"job_name": 3}, 422, "Validation error"),
        ({"payload": []}, 422, "Validation error"),
    ],
)
def test_bad_bodies_are_refused_as_the_vendor_does(http, short_body, changes, status, sentence):
    """The responses have the vendor's codes and messages."""
    answer = http.post("/api/jobs", json=short_body | changes)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(sentence)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"NaN", b'{"job_name": Infinity}', b"[" * 100_000, b"1" * 5000, b"[]"],
)
def test_bodies_that_are_no_json_object_are_refused(http, content):
    """Deep nesting and long numbers are rejected, too."""
    assert http.post("/api/jobs", content=content).status_code in (400, 422)


def test_lone_surrogates_are_returned_unchanged(http, create, timer_body, wait):
    """The cloud stores and returns lone surrogates and zero bytes, but not those in messages."""
    body = timer_body(results={"\ud800\x00": 1}) | {"job_name": "\udfff<script>"}
    answer = http.post("/api/jobs", content=json.dumps(body))
    job = answer.json()["job_id"]
    assert wait(http, job)["name"] == "\udfff<script>"
    assert http.get(f"/api/jobs/{job}/data").json()["payload"] == body["payload"]
    failing = http.post("/api/jobs", content=json.dumps(timer_body(fail="\ud800 failed")))
    ended = wait(http, failing.json()["job_id"])
    assert (ended["status"], ended["status_message"]) == ("error", "? failed")


def test_repr_of_a_cloud_has_no_token(cloud):
    """Printing a cloud in a notebook does not reveal its token."""
    assert cloud.token not in repr(cloud)
    ours = (
        each for each in gc.get_objects() if str(type(each).__module__).startswith("jobgroup.cloud")
    )
    assert [each for each in ours if cloud.token in repr(each)] == []


@pytest.mark.parametrize("path", ["/api/jobs", "/faults"])
@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_deep_json_is_refused_with_a_message(http, path, depth):
    """At any depth, each call responds 400, never 500."""
    body = '{"job_name": "x", "payload": {"a": ' + "[" * depth + "]" * depth + "}}"
    answer = http.post(path, content=body)
    assert answer.status_code == 400
    assert "levels deep" in answer.json()["error"]
