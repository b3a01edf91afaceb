"""Certificates from environment variables and from the system, and errors about wrong ones."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import certifi
import pytest

from jobgroup import JobGroup, RemoteJob, errors, set_token
from jobgroup.providers.certificates import VARIABLES

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes certificates by it")


class _Cloud(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _out(self, status, body):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        """Answer the probe of the paths."""
        self._out(405, b"{}")

    def do_POST(self):
        """Create a job."""
        self.server.made.append(self.path)
        self._out(200, b'{"job_id": "one"}')

    def log_message(self, *_):
        """Print nothing on the terminal."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Ignore clients that do not trust the certificate."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Create a company's own certificate: the file, the key and a directory for OpenSSL."""
    place = tmp_path_factory.mktemp("company")
    ca, key = str(place / "ca.pem"), str(place / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key]
    command += ["-out", ca, "-days", "9", "-subj", "/CN=Company CA"]
    command += ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)
    command = ["openssl", "x509", "-hash", "-noout", "-in", ca]
    digest = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    hashed = place / "certs"
    hashed.mkdir()
    shutil.copy(ca, hashed / f"{digest}.0")
    return ca, key, str(hashed)


@contextmanager
def _known_by(ca, key, hashed=None):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")  # the certificate may have a weak key
    tls.load_cert_chain(ca, key)
    with _Server(("127.0.0.1", 0), _Cloud) as server:
        server.made = []
        server.ca, server.hashed = ca, hashed
        server.url = f"https://localhost:{server.server_address[1]}"
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def company(files):
    """Run a loopback cloud with that certificate."""
    with _known_by(*files) as server:
        yield server


@pytest.fixture
def sweep(company, monkeypatch):
    """Create a group with a job for that cloud, with no certificate or proxy variables set."""
    for name in (*VARIABLES, "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    set_token("t" * 20, url=company.url)
    jg = JobGroup("sweep")
    jg.add(RemoteJob({"command": "timer"}, platform="p", url=company.url))
    return jg


@pytest.mark.parametrize("variable", VARIABLES)
def test_each_variable_is_used(sweep, company, monkeypatch, variable):
    """The variables of Perceval, curl and OpenSSL name a file or a directory."""
    several = os.pathsep.join([str(Path(__file__).parent), company.hashed])
    monkeypatch.setenv(variable, several if variable == "SSL_CERT_DIR" else company.ca)
    sweep.run_parallel()
    assert sweep[0].id == "one"


def test_missing_directory_does_not_affect_the_others(sweep, company, monkeypatch):
    """As in OpenSSL, directories in a list need not exist."""
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join(["/moved/certs", company.hashed]))
    sweep.run_parallel()
    assert sweep[0].id == "one"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_may_be_a_directory(sweep, company, monkeypatch, variable):
    """A directory of certificates is accepted, as in requests."""
    monkeypatch.setenv(variable, company.hashed)
    sweep.run_parallel()
    assert sweep[0].id == "one"


@pytest.mark.parametrize("other", VARIABLES)
@pytest.mark.parametrize("variable", VARIABLES)
def test_certificates_of_all_variables_are_trusted(
    sweep, company, files, monkeypatch, variable, other
):
    """The certificates of all variables count, even if one variable names a missing file."""
    if other != variable:
        monkeypatch.setenv(other, "/moved/env/ssl/cacert.pem")
    monkeypatch.setenv(variable, company.ca)
    sweep.run_parallel()
    assert sweep[0].id == "one"


def test_faulty_variable_is_named_if_another_one_is_correct(sweep, company, monkeypatch, tmp_path):
    """If the cloud's certificate is unknown, the error names the faulty variable."""
    other = tmp_path / "other.pem"
    other.write_text(Path(certifi.where()).read_text())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    monkeypatch.setenv("SSL_CERT_FILE", "/moved/env/ssl/cacert.pem")
    with pytest.raises(errors.CloudUnreachableError, match="SSL_CERT_FILE names") as caught:
        sweep.run_parallel()
    assert f"REQUESTS_CA_BUNDLE ({other})" in str(caught.value)
    assert sweep[0].state == "unsent"


def test_unknown_certificate_leaves_the_job_unsent(sweep, company):
    """The error says what to do, and the same process can submit afterwards."""
    with pytest.raises(errors.CloudUnreachableError, match="REQUESTS_CA_BUNDLE") as caught:
        sweep.run_parallel()
    assert type(caught.value) is errors.CloudUnreachableError
    assert "the system's" in str(caught.value)
    assert sweep[0].state == "unsent"
    assert company.made == []


def test_expired_certificate_points_to_the_clock(sweep, monkeypatch, tmp_path):
    """A machine with a wrong clock sees good certificates as expired or not yet valid."""
    ca, key, request = (str(tmp_path / name) for name in ("ca.pem", "key.pem", "request.pem"))
    extensions = tmp_path / "extensions"
    extensions.write_text("subjectAltName=DNS:localhost")
    command = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key]
    command += ["-out", request, "-subj", "/CN=localhost"]
    subprocess.run(command, check=True, capture_output=True)
    command = ["openssl", "x509", "-req", "-in", request, "-signkey", key, "-out", ca]
    command += ["-days", "-1", "-extfile", str(extensions)]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", ca)
    with _known_by(ca, key) as cloud:
        jg = _group_on(cloud)
        with pytest.raises(errors.CloudUnreachableError, match="machine's clock") as caught:
            jg.run_parallel()
        assert "SSL_CERT_FILE" not in str(caught.value)
        assert (jg[0].state, cloud.made) == ("unsent", [])


_CHAIN = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = CA:TRUE
[issuing]
basicConstraints = CA:TRUE
[cloud]
basicConstraints = CA:FALSE
subjectAltName = DNS:{host}
[not a ca]
basicConstraints = critical, CA:FALSE
"""
"""Like many companies' certificates: no key usage, and basic constraints that are not critical."""


@dataclass(frozen=True)
class _Chain:
    root: str
    issuing: str
    presented: str
    key: str


def _chain(place, *, host="localhost", issuer="issuing", bits=2048):
    """Create a root, an intermediate certificate and the cloud's certificate."""
    config = place / "openssl.cnf"
    config.write_text(_CHAIN.format(host=host))
    signer = []
    for name, extensions in (("root", "root"), ("issuing", issuer), ("cloud", "cloud")):
        own, key = place / f"{name}.pem", place / f"{name}.key"
        command = ["openssl", "req", "-config", config, "-newkey", f"rsa:{bits}", "-nodes"]
        command += ["-keyout", key, "-subj", f"/CN=Company {name}", "-out", place / "request"]
        subprocess.run(command, check=True, capture_output=True)
        command = ["openssl", "x509", "-req", "-in", place / "request", "-out", own, "-days", "9"]
        command += ["-extfile", config, "-extensions", extensions]
        command += signer or ["-signkey", key]
        subprocess.run(command, check=True, capture_output=True)
        signer = ["-CA", own, "-CAkey", key, "-CAcreateserial"]
    presented = place / "presented.pem"
    presented.write_text((place / "cloud.pem").read_text() + (place / "issuing.pem").read_text())
    names = (place / "root.pem", place / "issuing.pem", presented, place / "cloud.key")
    return _Chain(*map(str, names))


def _strict(ca):
    """Verify as Python 3.13 and later do, also on older versions."""
    context = ssl.create_default_context(cafile=ca)
    if sys.version_info < (3, 13):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def _group_on(cloud):
    set_token("t" * 20, url=cloud.url)
    jg = JobGroup(f"on {cloud.server_address[1]}")
    jg.add(RemoteJob({"command": "timer"}, platform="p", url=cloud.url))
    return jg


def test_certificates_that_python_313_refuses_are_accepted(sweep, monkeypatch, tmp_path):
    """Strict checks require extensions that certificates of companies often lack."""
    chain = _chain(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", chain.root)
    with _known_by(chain.presented, chain.key) as cloud:
        refused = pytest.raises(ssl.SSLCertVerificationError)
        with socket.create_connection(cloud.server_address) as plain, refused:
            _strict(chain.root).wrap_socket(plain, server_hostname="localhost")
        jg = _group_on(cloud)
        jg.run_parallel()
        assert jg[0].id == "one"


def test_an_intermediate_certificate_may_be_named_alone(sweep, monkeypatch, tmp_path):
    """An intermediate certificate works without its root, as in curl."""
    chain = _chain(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", chain.issuing)
    with _known_by(chain.presented, chain.key) as cloud:
        jg = _group_on(cloud)
        jg.run_parallel()
        assert jg[0].id == "one"


@pytest.mark.parametrize(
    ("flaw", "advice"),
    [
        ({"host": "other.example"}, "check the URL"),
        ({"issuer": "not a ca"}, "ask the administrator"),
        ({"bits": 1024}, "ask the administrator"),
    ],
    ids=["another host's", "of no authority", "too weak"],
)
def test_flawed_certificate_does_not_point_to_variables(sweep, monkeypatch, tmp_path, flaw, advice):
    """The authority is already trusted, so the error gives other advice."""
    chain = _chain(tmp_path, **flaw)
    monkeypatch.setenv("SSL_CERT_FILE", chain.root)
    with _known_by(chain.presented, chain.key) as cloud:
        jg = _group_on(cloud)
        with pytest.raises(errors.CloudUnreachableError, match=advice) as caught:
            jg.run_parallel()
        assert "SSL_CERT_FILE" not in str(caught.value)
        assert (jg[0].state, cloud.made) == ("unsent", [])


def test_certificates_that_are_set_later_are_used_without_a_restart(sweep, company, monkeypatch):
    """After a failed connection, the certificates are looked up again."""
    with pytest.raises(errors.CloudUnreachableError):
        sweep.run_parallel()
    monkeypatch.setenv("SSL_CERT_FILE", company.ca)
    sweep.run_parallel()
    assert sweep[0].id == "one"


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("fault", ["missing", "garbage", "empty"])
def test_faulty_variable_is_named_and_nothing_is_sent(
    sweep, company, monkeypatch, tmp_path, variable, fault
):
    """If the file is wrong in any way, the job stays unsent and the error names the variable."""
    path = tmp_path / "ca.pem"
    if fault == "garbage":
        path.write_bytes(bytes(range(256)))
    elif fault == "empty":
        path.write_text("")
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(errors.CloudUnreachableError, match=variable) as caught:
        sweep.run_parallel()
    assert type(caught.value) is errors.CloudUnreachableError
    assert sweep[0].state == "unsent"
    assert company.made == []
    assert variable in sweep.state.last_error


def test_plain_http_on_this_machine_needs_no_certificates(cloud, monkeypatch):
    """The embedded cloud works even if a variable names a missing file."""
    from wire_cloud import answer

    monkeypatch.setenv("SSL_CERT_FILE", "/moved/env/ssl/cacert.pem")
    cloud.routes["POST /api/jobs"] = answer({"job_id": "one"})
    set_token("t" * 20, url=cloud.url)
    jg = JobGroup("local")
    jg.add(RemoteJob({"command": "timer"}, platform="p", url=cloud.url))
    jg.run_parallel()
    assert jg[0].id == "one"
