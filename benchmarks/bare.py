"""The floor for requests to a cloud: httpx on aiohttp's transport, without jobgroup."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing

import groups
import httpx
from httpx_aiohttp import AiohttpTransport
from report import Result
from server import RESULT, STILL, running

HEADERS = {"Authorization": "Bearer benchmark", "Accept": "application/json"}


def loop(what: str, count: int, latency_s: float, at_once: int) -> Result:
    """Request the status or result of `count` jobs, some concurrently, on warm connections."""
    with running(latency_s=latency_s) as server:
        paths = [f"{server.url}/api/jobs/{STILL}{i}/{what}" for i in range(count)]

        async def ask() -> float:
            async with _client(at_once) as client:
                await _ask_all(client, paths[:at_once], at_once)
                began = time.perf_counter()
                await _ask_all(client, paths, at_once)
                return time.perf_counter() - began

        cpu_s = server.observed()["cpu_s"]
        seconds = asyncio.run(ask())
        return Result(seconds, {"server busy": (server.observed()["cpu_s"] - cpu_s) / seconds})


def results(count: int, latency_s: float, at_once: int) -> Result:
    """Fetch results in the same way, and decode each as Perceval does."""
    from jobgroup.adapters import decode

    decode({"results": RESULT})  # Perceval's import
    asked = loop("result", count, latency_s, at_once)
    began = time.perf_counter()
    for _ in range(count):
        decode({"results": RESULT})
    decoding_s = time.perf_counter() - began
    return Result(asked.value + decoding_s, {"decoding s": decoding_s})


def creates_and_statuses(count: int, latency_s: float, in_turns: bool) -> Result:
    """Send a create and a status for each job: alternately, or all statuses at the end."""
    with running(latency_s=latency_s) as server:

        async def ask() -> float:
            async with _client(count) as client:
                await client.get(f"{server.url}/api/jobs", headers=HEADERS)
                began = time.perf_counter()
                paths = []
                for body in groups.bodies(count):
                    url = f"{server.url}/api/jobs"
                    answer = await client.post(url, headers=HEADERS, json=body)
                    paths.append(f"{url}/{answer.json()['job_id']}/status")
                    if in_turns:
                        await _ask_all(client, paths[-1:], 1)
                if not in_turns:
                    await _ask_all(client, paths, len(paths))
                return time.perf_counter() - began

        return Result(asyncio.run(ask()))


def creates(count: int, latency_s: float, at_once: int) -> Result:
    """Create jobs, some concurrently, with a row on disk before and after each request."""
    with running(latency_s=latency_s) as server, closing(_journal()) as journal:

        async def ask() -> float:
            async with _client(at_once) as client:
                await client.get(f"{server.url}/api/jobs", headers=HEADERS)
                bodies = iter(enumerate(groups.bodies(count)))

                async def work() -> None:
                    for number, body in bodies:
                        _commit(journal, "INSERT INTO sent (id) VALUES (?)", number)
                        url = f"{server.url}/api/jobs"
                        answer = await client.post(url, headers=HEADERS, json=body)
                        job_id = answer.json()["job_id"]
                        _commit(journal, "UPDATE sent SET job = ? WHERE id = ?", job_id, number)

                began = time.perf_counter()
                async with asyncio.TaskGroup() as group:
                    for _ in range(at_once):
                        group.create_task(work())
                return time.perf_counter() - began

        return Result(asyncio.run(ask()))


def _journal() -> sqlite3.Connection:
    """Return a database with the durability of a group's file."""
    journal = sqlite3.connect("journal", isolation_level=None)
    journal.execute("PRAGMA journal_mode = WAL")
    journal.execute("PRAGMA synchronous = FULL")
    journal.execute("CREATE TABLE sent (id INTEGER PRIMARY KEY, job TEXT)")
    return journal


def _commit(journal: sqlite3.Connection, statement: str, *values: object) -> None:
    journal.execute("BEGIN IMMEDIATE")
    journal.execute(statement, values)
    journal.execute("COMMIT")


def _client(at_once: int) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=at_once, keepalive_expiry=10)
    return httpx.AsyncClient(transport=AiohttpTransport(limits=limits), timeout=30)


async def _ask_all(client: httpx.AsyncClient, paths: Iterable[str], at_once: int) -> None:
    left: Iterator[str] = iter(paths)

    async def work() -> None:
        for path in left:
            answer = await client.get(path, headers=HEADERS)
            json.loads(answer.content)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
