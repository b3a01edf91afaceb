"""Tests that a group's requests use the proxies that Perceval was configured with."""

from __future__ import annotations

import threading
from base64 import b64encode
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import perceval as pcvl
import pytest
from perceval.algorithm import Sampler

from jobgroup import CloudUnreachableError, JobGroup, RemoteJob, set_token
from jobgroup.providers.certificates import VARIABLES

CLOUD = "https://cloud.invalid"
SECRET = "proxy-secret-5d1f"


class Handler:
    """A user's own handler for a cloud behind a proxy. It sends no requests."""

    name, url, token, headers = "sim:altair", CLOUD, "token", {}

    def __init__(self, proxies):
        self.proxies = proxies

    def fetch_platform_details(self):
        """A simulator."""
        specs = {"available_commands": ["probs"], "constraints": {}}
        return {"type": "simulator", "status": "available", "perfs": {}, "specs": specs}


class _Proxy(BaseHTTPRequestHandler):
    """A proxy that records the requested targets and credentials, and forwards nothing."""

    def __init__(self, asked, *args):
        self.asked = asked
        super().__init__(*args)

    def do_CONNECT(self):
        """Refuse the connection."""
        authorization = self.headers["proxy-authorization"]
        self.asked.append((self.path, authorization))
        self.send_error(502 if authorization else 407)

    def log_message(self, *_):
        """Print nothing on the terminal."""


@pytest.fixture
def proxy():
    """Start a proxy on loopback; return its address and the list of its requests."""
    asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Proxy, asked)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()
        thread.join()


def test_proxies_of_a_handler_are_used_and_never_stored(proxy, data_dir):
    """The password reaches only the proxy: it is in no file of the group, and in no error."""
    address, asked = proxy
    processor = pcvl.RemoteProcessor(
        rpc_handler=Handler({"https": f"http://me:{SECRET}@{address}"})
    )
    processor.set_circuit(pcvl.BS())
    processor.with_input(pcvl.BasicState([1, 1]))
    processor.min_detected_photons_filter(1)
    jg = JobGroup("behind a proxy")
    jg.add(Sampler(processor, max_shots_per_call=1000).probs)
    with pytest.raises(CloudUnreachableError, match=": 502 Bad Gateway") as caught:
        jg.run_parallel()
    assert jg[0].state == "unsent"
    authorization = "Basic " + b64encode(f"me:{SECRET}".encode()).decode()
    assert set(asked) == {("cloud.invalid:443", authorization)}
    assert SECRET not in f"{caught.value!r} {jg!r} {jg.state.last_error} {jg[0].message}"
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


@pytest.fixture
def beyond(monkeypatch):
    """Make a group with a job behind a proxy that the environment does not name."""
    for name in ("https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    url = f"https://{uuid4().hex}.invalid"  # the process keeps proxies from other tests
    set_token("t" * 20, url=url)
    jg = JobGroup("sweep")
    jg.add(RemoteJob({"command": "timer"}, platform="p", url=url))
    return jg


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "ftp://proxy:3128"),
        ("https_proxy", "http://:3128"),
        ("ALL_PROXY", "socks5h://proxy:1080"),
        ("REQUESTS_CA_BUNDLE", "/moved/ca.pem"),
    ],
)
@pytest.mark.parametrize("queue", [False, True])
def test_run_ends_if_a_proxy_setting_is_invalid(beyond, monkeypatch, variable, value, queue):
    """Unlike after an outage, the request is not retried, and the error names the variable."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    with pytest.raises(CloudUnreachableError, match=variable) as caught:
        beyond.run_parallel(queue=queue)
    assert caught.value.is_misconfigured
    assert str(caught.value).endswith("Then run the group again.")
    assert [event.kind for event in beyond[0].events] == ["not sent"]


def test_background_run_waits_for_a_corrected_proxy_setting(beyond, proxy, monkeypatch, until):
    """The run then continues automatically, as after a rejected token."""
    address, asked = proxy
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy:3128")
    future = beyond.start()
    until(lambda: "HTTPS_PROXY" in beyond.state.last_error)
    assert asked == []
    monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
    until(lambda: asked)
    assert not future.done()
    beyond.stop()


def test_proxy_set_after_a_failure_is_used_without_a_restart(beyond, proxy, monkeypatch):
    """The error says what the proxy requires. The user can then run the group again at once."""
    address, asked = proxy
    with pytest.raises(CloudUnreachableError):
        beyond.run_parallel()
    assert asked == []
    monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
    with pytest.raises(
        CloudUnreachableError, match=rf"{address}.*: 407 .* requires \(HTTPS_PROXY\)"
    ):
        beyond.run_parallel()
    assert asked
    assert beyond[0].state == "unsent"
