"""A random response about one job affects no other job and causes no other request."""

from __future__ import annotations

import asyncio
import functools
import gzip
import json
import math
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire_cloud import CLOSE, RESET, answer, serving

from jobgroup.errors import JobGroupError, NoResponseError
from jobgroup.providers.base import Account, RemoteStatus, is_id
from jobgroup.providers.quandela import QuandelaCloud
from jobgroup.providers.values import MAX_COUNT, MAX_JOB_DURATION_S, MAX_MESSAGE, MAX_TIMESTAMP

NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([2**63, 2**64, -1, 10**400, 1e308, math.inf, math.nan, 1.7e12]),
)
VALUES = st.recursive(
    NUMBERS | st.none() | st.booleans() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    *("status", "progress", "shots", "duration", "creation_datetime", "start_time", "name"),
    *("status_message", "msg", "failure_code", "progress_message", "job_id", "results", "error"),
)
DOCUMENTS = st.dictionaries(st.sampled_from(FIELDS), VALUES).map(json.dumps)
TEXTS = (
    DOCUMENTS
    | st.text()
    | st.sampled_from(
        [
            "[" * 100_000,
            "[" * 300 + "]" * 300,
            '{"a":' * 5000,
            "[" + "[]," * 300_000 + "[]]",
            "9" * 5000,
        ]
    )
)
STATUSES = st.sampled_from(
    [200, 201, 204, 301, 302, 307, 400, 401, 404, 408, 425, 429, 500, 503, 511]
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Retry-After": st.sampled_from(["0", "-1", "1e400", "soon", "Mon, 99 Foo", "9" * 400])
        | st.dates().map(str),
        "Content-Encoding": st.sampled_from(["gzip", "gzip, gzip", "br", "deflate", "zstd", "x"]),
        "Location": st.sampled_from(["http://127.0.0.1:9/elsewhere", "//[", "javascript:1", ""]),
        "Content-Type": st.text('abc/;="', max_size=20),
        "Idempotency-Key-Support": st.sampled_from(["true", "TRUE ", "1"]),
        "Transfer-Encoding": st.sampled_from(["chunked", "gzip", "x"]),
        "Connection": st.sampled_from(["close", "keep-alive", "upgrade"]),
    },
)


@st.composite
def replies(draw):
    """Draw the bytes of a response, or what happens instead of one."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([CLOSE, RESET]) | st.binary(max_size=200))
    headers = draw(HEADERS)
    body = draw(TEXTS).encode("utf-8", "surrogatepass")
    if headers.get("Content-Encoding") == "gzip" and draw(st.booleans()):
        body = gzip.compress(body)
    length = len(body) + draw(st.sampled_from([0, 0, 0, 0, 0, 3, -1]))
    lines = [f"HTTP/1.1 {draw(STATUSES)} X", f"Content-Length: {max(0, length)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    # closed afterwards, so that a wrong length affects only this response
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _ask(url, read_timeout_s):
    account = Account(url, "", lambda: "canary-t0ken")
    provider = QuandelaCloud(account, read_timeout_s=read_timeout_s)
    found = {}
    try:
        found["status"] = await provider.status(["1", "2", "3"])
        for name, call in {
            "result": provider.result("2"),
            "made": provider.submit({"job_name": "a", "payload": {"command": "p"}}, key="k"),
            "submission": provider.submission("2"),
            "availability": provider.availability(),
        }.items():
            try:
                found[name] = await call
            except JobGroupError as error:
                found[name] = error
    finally:
        await provider.aclose()
    return found


@given(replies(), replies())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_response_about_one_job_affects_no_other(reply, other):
    """A random response raises only jobgroup's errors and causes no other request."""
    with serving() as cloud:
        cloud.routes |= {
            "GET /api/jobs/1/status": answer({"status": "running", "shots": 7}),
            "GET /api/jobs/2/status": reply,
            "GET /api/jobs/3/status": answer({"status": "completed"}),
            "GET /api/jobs/2/result": reply,
            "GET /api/jobs/2/data": other,
            "GET /api/jobs/availability": other,
            "POST /api/jobs": other,
        }
        found = asyncio.run(_ask(cloud.url, 0.3))
        if any(isinstance(found["status"][n], NoResponseError) for n in "13"):
            cloud.requests.clear()  # of a slow earlier example
            found = asyncio.run(_ask(cloud.url, 60))
        reported = found["status"]
        assert (reported["1"].state, reported["1"].shots) == ("running", 7) or _is_stopped(reported)
        assert reported["3"].state == "success" or _is_stopped(reported)
        if isinstance(reported["2"], RemoteStatus):
            _assert_bounded(reported["2"])
        else:
            assert isinstance(reported["2"], JobGroupError)
        assert isinstance(found["made"], JobGroupError) or is_id(found["made"])
        assert {r.path for r in cloud.requests} <= {
            *("/api/jobs", "/api/job", "/api/jobs/availability", "/api/jobs/2/result"),
            *(f"/api/jobs/{n}/status" for n in "123"),
            *("/api/jobs/2/data", "/api/job/result/2", "/api/job/status/2"),
        }
        assert cloud.asked("POST") in ([], ["/api/jobs"])


def _is_stopped(reported):
    """Return whether the error concerns the account, so that the other jobs are polled later."""
    return isinstance(reported["2"], JobGroupError) and getattr(
        reported["2"], "status_code", 401
    ) in {
        401,
        429,
    }


def _assert_bounded(reported):
    assert len(reported.provider_status) <= 100
    assert len(reported.message or "") <= MAX_MESSAGE
    assert reported.shots is None or 0 <= reported.shots <= MAX_COUNT
    assert reported.duration_s is None or 0 <= reported.duration_s <= MAX_JOB_DURATION_S
    for moment in (reported.created_at, reported.started_at):
        assert moment is None or 0 <= moment <= MAX_TIMESTAMP
    assert reported.progress is None or 0 <= reported.progress <= 1
    (reported.provider_status + (reported.message or "") + (reported.name or "")).encode()


@given(
    st.text(min_size=1, max_size=250) | st.sampled_from(["..", ".", "%2e%2e", "a/../b", "?", "#"])
)
@settings(max_examples=60, deadline=None)
def test_random_id_reaches_no_other_path(remote_id):
    """A random id is either one segment of the path or invalid, which causes no request."""
    with serving() as cloud:
        provider_paths = asyncio.run(_paths_of(cloud, remote_id))
    for path in provider_paths:
        before, _, after = path.partition("/api/jobs/")
        segment = after.partition("/")[0]
        assert before == ""
        assert after == f"{segment}/status"
        assert segment.strip(".")
        assert not set(segment) & set("?#")


async def _paths_of(cloud, remote_id):
    provider = QuandelaCloud(Account(cloud.url, "", lambda: "t"))
    try:
        reported = (await provider.status([remote_id]))[remote_id]
        assert isinstance(reported, JobGroupError)
    finally:
        await provider.aclose()
    asked = [path for path in cloud.asked("GET") if path.startswith("/api/jobs/")]
    assert bool(asked) is is_id(remote_id)
    return asked


@functools.cache  # it takes seconds
def _squeezed(encoding):
    """Return a small body that unpacks to 300 MB, or a large one."""
    return {
        "gzip": lambda: gzip.compress(bytes(300 << 20), 1),
        "gzip, gzip": lambda: gzip.compress(_squeezed("gzip")),
        "deflate": lambda: zlib.compress(bytes(300 << 20), 1),
        "brackets": lambda: gzip.compress(b"[" + b"[]," * (20 << 20) + b"[]]", 1),
        "nothing": lambda: gzip.compress(b"") * 500_000,
    }.get(encoding, lambda: bytes(100 << 20))()


@pytest.mark.parametrize(
    ("what", "encoding"),
    [
        *[("result", each) for each in ("gzip", "gzip, gzip", "deflate", "br", "identity")],
        *[(each, "brackets") for each in ("status", "result", "create")],
        ("status", "nothing"),
    ],
)
def test_no_response_takes_more_than_200_mb(tmp_path, encoding, what):
    """A compressed response cannot exhaust memory, as a separate process measures, and one that
    unpacks to nothing is not read without end.
    """
    squeezed = _squeezed(encoding)
    name = "gzip" if encoding in ("brackets", "nothing") else encoding
    head = f"HTTP/1.1 200 X\r\nContent-Length: {len(squeezed)}\r\nContent-Encoding: {name}\r\n\r\n"
    with serving() as cloud:
        for route in ("GET /api/jobs/1/status", "GET /api/jobs/1/result", "POST /api/jobs"):
            cloud.routes[route] = head.encode() + squeezed
        source = """
            import asyncio, resource, sys
            from jobgroup.errors import InvalidResponseError
            from jobgroup.providers.base import Account
            from jobgroup.providers.quandela import QuandelaCloud

            async def main(url, what):
                provider = QuandelaCloud(Account(url, "", lambda: "t"))
                await provider.availability()
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                try:
                    if what == "status":
                        error = (await provider.status(["1"]))["1"]
                    elif what == "result":
                        await provider.result("1")
                    else:
                        await provider.submit({"job_name": "a", "payload": {}}, key="k")
                except InvalidResponseError as caught:
                    error = caught
                assert isinstance(error, InvalidResponseError), error
                await provider.aclose()
                print(error, file=sys.stderr)
                print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)

            asyncio.run(main(*sys.argv[1:]))
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(source), cloud.url, what],
            capture_output=True,
            text=True,
            timeout=300,
            env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
            cwd=Path(tmp_path),
        )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 200
    assert encoding != "nothing" or "more than 4 MiB" in done.stderr
