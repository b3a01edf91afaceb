"""`jobgroup doctor`: its findings and advice, and the secrets that it never shows."""

from __future__ import annotations

import http.server
import json
import os
import threading
from pathlib import Path

import pytest

from jobgroup import JobGroup
from jobgroup.cloud import EmbeddedCloud


@pytest.fixture(scope="module")
def clouds():
    """Run an embedded cloud that needs no worker."""
    with EmbeddedCloud(prewarm=False) as running:
        yield running


@pytest.fixture
def doctor(monkeypatch, tmp_path, call):
    """Run the command, and return its exit code, text and JSON."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter"))  # without this user's
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)

    def run(*words, **variables):
        with monkeypatch.context() as changed:
            for name, value in variables.items():
                changed.setenv(name, value)
            plain, in_json = (call("doctor", *words, *more) for more in ((), ("--json",)))
        assert plain.returncode == in_json.returncode
        document = json.loads(in_json.stdout) if in_json.stdout else {"findings": []}
        found = {each["check"]: each for each in document["findings"]}
        return plain.returncode, plain.stdout + plain.stderr, found

    return run


def test_doctor_finds_no_problem_on_a_working_machine(doctor, run, data_dir):
    """Every check is ok, no cloud is asked, and the exit code is 0."""
    JobGroup("a")
    code, text, found = doctor()
    assert code == 0
    assert run("doctor", env=dict(os.environ)).returncode == 0
    assert list(found) == [
        "versions",
        "data directory",
        "file system",
        "SQLite",
        "groups",
        "certificates",
        "proxy",
        "Jupyter, this side",
        "Jupyter server",
        "cloud",
    ]
    assert {each["verdict"] for name, each in found.items() if name != "file system"} == {"ok"}
    for name in ("CPython", "jobgroup 0", "httpx ", "perceval-quandela "):
        assert name in found["versions"]["text"]
    assert found["cloud"]["text"] == "not asked"
    assert "JOBGROUP_DATA_DIR" in text


def test_a_cloud_is_asked_once_and_no_job_is_made(doctor, clouds):
    """The cloud accepts the token, its clock agrees, and the output does not contain the token."""
    code, text, found = doctor(clouds.url, JOBGROUP_URL=clouds.url, JOBGROUP_TOKEN=clouds.token)
    assert code == 0, text
    assert clouds.url in found["cloud"]["text"]
    assert found["token"]["text"] == "accepted"
    assert found["clock"]["verdict"] == "ok"
    assert clouds.token not in text + json.dumps(found)


def test_a_rejected_token_is_a_problem(doctor, clouds):
    """The finding has advice, and the output does not contain the token."""
    wrong = "wrong-token-of-mine-1234567890"
    code, text, found = doctor(clouds.url, JOBGROUP_URL=clouds.url, JOBGROUP_TOKEN=wrong)
    assert code == 1
    assert found["token"]["verdict"] == "problem"
    assert "set_token" in found["token"]["advice"]
    assert wrong not in text + json.dumps(found)


def test_a_missing_token_is_a_problem_and_nothing_is_asked(doctor):
    """The message says how to provide one."""
    code, _, found = doctor("http://127.0.0.1:9")
    assert code == 1
    assert "set_token" in found["token"]["text"]
    assert "was not asked" in found["cloud"]["text"]


def test_a_cloud_that_does_not_answer_is_a_problem(doctor):
    """The message says why, and that nothing arrived."""
    url = "http://127.0.0.1:9"
    code, text, found = doctor(url, JOBGROUP_URL=url, JOBGROUP_TOKEN="a-token-of-mine-1234567")
    assert code == 1
    assert found["cloud"]["verdict"] == "problem"
    assert url in text


def test_an_invalid_url_is_a_usage_error(doctor):
    """The exit code is 2, and there is a message."""
    code, text, _ = doctor("nonsense")
    assert code == 2
    assert "https://host" in text


@pytest.fixture
def wrong_clock():
    """Run a cloud whose clock is 1 h behind."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def date_time_string(self, timestamp=None):
            import time

            return super().date_time_string(time.time() - 3600)

        def do_GET(self):  # http.server's name
            body = b'{"available_jobs": 1}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_clocks_that_differ_are_reported(doctor, wrong_clock):
    """The finding says by how much and in which direction."""
    _, _, found = doctor(wrong_clock, JOBGROUP_URL=wrong_clock, JOBGROUP_TOKEN="a-token-1234567890")
    assert found["clock"]["verdict"] == "warning"
    assert "s ahead of the cloud's" in found["clock"]["text"]


def test_wrong_settings_are_reported_with_their_variable(doctor, tmp_path):
    """Wrong certificates, proxies, file systems and directories cause advice without passwords."""
    code, text, found = doctor(SSL_CERT_FILE="/nowhere.pem")
    assert code == 1
    assert "SSL_CERT_FILE names /nowhere.pem" in found["certificates"]["text"]
    proxy = "http://me:secret-password@proxy.example:3128"
    code, text, found = doctor(HTTPS_PROXY=proxy)
    assert found["proxy"]["text"] == "http://proxy.example:3128 (HTTPS_PROXY)"
    assert "secret-password" not in text + json.dumps(found)
    code, text, found = doctor(ALL_PROXY="socks5h://me:secret-password@proxy.example:1080")
    assert code == 1
    assert "ALL_PROXY" in found["proxy"]["text"]
    assert "secret-password" not in text + json.dumps(found)
    _, _, found = doctor(JOBGROUP_NETWORK_FS="1")
    assert found["file system"]["verdict"] == "warning"
    assert "JOBGROUP_DATA_DIR" in found["file system"]["advice"]
    (tmp_path / "in the way").touch()
    code, _, found = doctor(JOBGROUP_DATA_DIR=str(tmp_path / "in the way"))
    assert code == 1
    assert found["data directory"]["verdict"] == "problem"


def test_nothing_private_is_shown(doctor, tmp_path, data_dir):
    """The output contains neither the home directory's path nor names of groups."""
    home = data_dir.parent / "private-home"
    place = home / "data"
    (place / "groups").mkdir(parents=True)
    (place / "groups/secret project.jobgroup").write_text("damaged")
    os.mkfifo(place / "groups/secret pipe.jobgroup")
    code, text, found = doctor(HOME=str(home), JOBGROUP_DATA_DIR=str(place))
    assert code == 0
    assert found["groups"]["verdict"] == "warning"
    assert "~/data" in text
    assert "private-home" not in text + json.dumps(found)
    assert "secret " not in text
    assert "its file is a named pipe" in text
    assert Path(place).exists()
