"""Jobs survive restarts and SIGKILL, and a worker's death affects only its job."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import jobgroup.cloud
from jobgroup.cli import main
from jobgroup.cloud import EmbeddedCloud


def test_jobs_survive_a_restart(tmp_path, start, create, wait, timer_body):
    """Ended jobs keep their results, the others run again, and keys stay known."""
    first, client = start(directory=tmp_path, max_concurrent=1)
    done = create(client, timer_body(results={"|1>": 5}))
    wait(client, done)
    running = create(client, timer_body(duration_s=600), **{"Idempotency-Key": "k"})
    waiting = create(client, timer_body())
    results = client.get(f"/api/jobs/{done}/result").json()
    first.stop()

    second, client = start(directory=tmp_path, max_concurrent=1)
    assert client.get(f"/api/jobs/{done}/result").json() == results
    assert create(client, timer_body(), **{"Idempotency-Key": "k"}) == running
    assert [job.status for job in second.jobs()] == ["completed", "running", "waiting"]
    client.post(f"/api/jobs/{running}/cancel")
    assert wait(client, waiting)["status"] == "completed"


def test_restarted_cloud_keeps_its_url_token_and_jobs(start, create, timer_body):
    """After stop and start, an object has the same URL, token and jobs."""
    cloud, client = start()
    url = cloud.url
    job = create(client, timer_body())
    cloud.stop()
    with pytest.raises(httpx.ConnectError):
        client.get(f"/api/jobs/{job}/status")
    cloud.start()
    assert cloud.url == url
    assert client.get(f"/api/jobs/{job}/status").status_code == 200


@pytest.fixture
def served(tmp_path):
    """Start `jobgroup cloud` in a separate process; return the process and a client."""
    started = []

    def begin():
        process = subprocess.Popen(
            [sys.executable, "-m", "jobgroup", "cloud", "--directory", str(tmp_path / "cloud"),
             "--token", "secret"],
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        url = process.stdout.readline().split()[1]
        headers = {"Authorization": "Bearer secret"}
        started.append((process, httpx.Client(base_url=url, headers=headers, timeout=120)))
        return started[-1]

    yield begin
    for process, client in started:
        client.close()
        process.kill()
        process.wait()
        process.stdout.close()


def test_jobs_survive_a_kill_of_the_server(served, create, wait, short_body, timer_body):
    """After kill -9, every acknowledged job is there, and running ones run again.

    Ctrl-C ends a server that has executed a job: the first job imports Perceval, whose compiled
    part replaces the handler of SIGINT.
    """
    process, client = served()
    jobs = [create(client, timer_body(duration_s=0.5)) for _ in range(20)]
    jobs.append(create(client, short_body))
    process.kill()
    process.wait()

    process, client = served()
    for job in jobs:
        assert wait(client, job)["status"] == "completed"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_when_asked(served, number):
    """Ctrl-C and SIGTERM end it, with exit code 0."""
    process, _ = served()
    process.send_signal(number)
    assert process.wait(120) == 0


def alive(pid):
    """Return whether a process is running."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_do_not_outlive_a_killed_server(until):
    """Even a worker that is still starting ends with the server."""
    script = (
        "import os, signal\nfrom jobgroup.cloud import EmbeddedCloud\n"
        "print(*EmbeddedCloud().start().worker_pids, flush=True)\nos.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    pid = int(done.stdout)
    until(lambda: not alive(pid))


def test_death_of_a_worker_affects_only_its_job(cloud, http, create, waits, long_body, short_body):
    """The worker's job fails with a message, and the next worker executes the waiting jobs."""
    wait, until = waits
    doomed = create(http, long_body)
    behind = create(http, short_body)
    until(lambda: http.get(f"/api/jobs/{doomed}/status").json()["progress"] > 0)
    (pid,) = cloud.worker_pids
    os.kill(pid, signal.SIGKILL)
    status = wait(http, doomed)
    assert status["status"] == "error"
    assert status["status_message"].startswith("The process that ran this job ended")
    assert wait(http, behind)["status"] == "completed"


def test_another_executor_can_execute(start, create, waits, short_body, long_body):
    """Any `concurrent.futures.Executor` works; progress and cancellation reach its workers."""
    wait, until = waits
    with ThreadPoolExecutor(2) as executor:
        _, client = start(executor=executor, workers=2)
        long = create(client, long_body)
        assert wait(client, create(client, short_body))["status"] == "completed"
        until(lambda: client.get(f"/api/jobs/{long}/status").json()["progress"] > 0)
        client.post(f"/api/jobs/{long}/cancel")
        assert wait(client, long)["status"] == "canceled"


def test_stopping_resets_the_connection_of_a_client_that_stopped_reading(start, create, timer_body):
    """The rest of the response is never sent, and no connection is left open."""
    cloud, client = start()
    job = create(client, timer_body(padding="x" * 20_000_000))
    request = client.build_request("GET", f"/api/jobs/{job}/data")
    lines = [f"GET {request.url.path} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items())]
    with socket.create_connection((request.url.host, request.url.port), timeout=120) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        cloud.stop()
        with pytest.raises(ConnectionResetError):
            while connection.recv(2**20):
                pass
    gc.collect()  # an open connection would raise a ResourceWarning


def test_two_clouds_do_not_share_a_directory(tmp_path, start):
    """The second one is refused with a message; the first one continues."""
    _, client = start(directory=tmp_path)
    with pytest.raises(RuntimeError, match="another embedded cloud"):
        EmbeddedCloud(directory=tmp_path, prewarm=False).start()
    assert client.get("/api/jobs/availability").status_code == 200


def test_a_directory_that_cannot_be_created_is_named(tmp_path):
    """The error is a sentence with the path, and nothing was started."""
    (tmp_path / "file").touch()
    cloud = EmbeddedCloud(directory=tmp_path / "file", prewarm=False)
    with pytest.raises(OSError, match=r"directory .*/file cannot be created .*Nothing was started"):
        cloud.start()
    assert not cloud.running


def test_a_directory_remembers_the_address(tmp_path):
    """A new object has the previous port and token, so groups find their jobs again."""
    with EmbeddedCloud(directory=tmp_path, prewarm=False) as first:
        address = first.url, first.token
    again = EmbeddedCloud(directory=tmp_path, prewarm=False)
    with again:
        assert (again.url, again.token) == address
    assert (tmp_path / "address.json").stat().st_mode & 0o777 == 0o600
    with EmbeddedCloud(directory=tmp_path, token="mine", prewarm=False) as other:
        assert other.token == "mine"
    (tmp_path / "address.json").write_text('{"port": "x"}')
    with EmbeddedCloud(directory=tmp_path, prewarm=False) as damaged:
        assert damaged.token not in ("", "mine", address[1])


def test_a_remembered_port_that_is_taken_is_left_alone(tmp_path):
    """If another program uses the port, the cloud takes a free one."""
    with EmbeddedCloud(directory=tmp_path, prewarm=False) as first:
        port = int(first.url.rpartition(":")[2])
    with (
        socket.create_server(("127.0.0.1", port)),
        EmbeddedCloud(directory=tmp_path, prewarm=False) as again,
    ):
        assert again.url != first.url


def test_a_port_in_use_is_reported(start):
    """The error is the system's, and a second try works."""
    cloud, _ = start()
    port = int(cloud.url.rpartition(":")[2])
    second = EmbeddedCloud(port=port, prewarm=False)
    with pytest.raises(OSError, match="in use"):
        second.start()
    cloud.stop()
    with second:
        assert second.url == cloud.url


def test_cloud_starts_inside_a_running_loop():
    """A cloud can start in a notebook, where cells run inside an asyncio loop."""

    async def cell():
        with EmbeddedCloud(prewarm=False) as cloud:
            headers = {"Authorization": f"Bearer {cloud.token}"}
            async with httpx.AsyncClient(
                base_url=cloud.url, headers=headers, timeout=120
            ) as client:
                return (await client.get("/api/jobs/availability")).status_code

    assert asyncio.run(cell()) == 200


def test_a_request_for_a_platform_gets_bytes_while_a_worker_starts(start, suspend):
    """Spaces are sent until the description is ready.

    Perceval's client gives up after 10 s of silence, and a busy machine takes longer to start a
    worker.
    """
    cloud, client = start(prewarm=True)
    (worker,) = cloud.worker_pids
    suspend(worker)
    with client.stream("GET", "/api/platforms/sim:slos/processor") as answer:
        parts = answer.iter_raw()
        assert next(parts).isspace()
        os.kill(worker, signal.SIGCONT)
        document = json.loads(b"".join(parts))
    assert document["specs"]["available_commands"]
    assert client.get("/api/platforms/sim:slos/processor").json() == document


def test_a_script_needs_no_main_guard(tmp_path):
    """Workers do not import the user's script: it runs once, from top to bottom."""
    script = tmp_path / "script.py"
    script.write_text(
        "print('once')\nfrom jobgroup.cloud import EmbeddedCloud\nimport httpx\n"
        "with EmbeddedCloud() as cloud:\n"
        "    answer = httpx.get(cloud.url + '/api/platforms/sim%3Aslos/processor', timeout=60,\n"
        "                       headers={'Authorization': f'Bearer {cloud.token}'})\n"
        "    print('commands' in answer.json()['specs'])\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.split() == ["once", "True"], done.stderr


def test_import_of_the_cloud_is_cheap():
    """Neither the server nor Perceval is imported before a cloud starts."""
    script = (
        "import sys, jobgroup.cloud\n"
        "print(*(m for m in ('starlette', 'uvicorn', 'perceval', 'exqalibur', 'numpy')"
        " if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_cloud_imports_only_decoding_of_jobgroup():
    """The cloud can run without the rest of jobgroup."""
    imported = re.compile(r"^\s*(?:from|import) (jobgroup\S*)", re.MULTILINE)
    for path in Path(jobgroup.cloud.__file__).parent.glob("*.py"):
        for module in imported.findall(path.read_text()):
            allowed = ("jobgroup.cloud", "jobgroup.decoding")
            assert module.startswith(allowed), f"{path.name}: {module}"


def test_only_the_owner_can_read_its_jobs(start, tmp_path):
    """Only the owner can read the file, even if others could read it before."""
    tmp_path.chmod(0o755)
    (tmp_path / "jobs.sqlite").touch(mode=0o644)
    start(directory=tmp_path)
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert "jobs.sqlite" in {p.name for p in files}
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o600}
    assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir() if p.is_dir()} == {0o700}


@pytest.mark.parametrize("port", ["99999999", "-1", "9" * 5000, "http"])
def test_an_invalid_port_is_a_usage_error(port, capsys):
    """The exit code is 2, and there is a message."""
    with pytest.raises(SystemExit) as caught:
        main(["cloud", "--port", port])
    assert caught.value.code == 2
    assert "argument --port: " in capsys.readouterr().err
