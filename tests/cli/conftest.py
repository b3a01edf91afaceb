"""A cloud, groups, and the command as a function and as a process."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from jobgroup import GroupDeletedError, JobGroup, RemoteJob, set_token
from jobgroup.cli import main
from jobgroup.cloud import EmbeddedCloud
from jobgroup.group import request


@pytest.fixture(scope="module")
def small_cloud() -> Iterator[EmbeddedCloud]:
    """Run a cloud whose plan has two slots."""
    with EmbeddedCloud(prewarm=False, max_queue=2) as running:
        yield running


@pytest.fixture
def cloud(small_cloud: EmbeddedCloud) -> EmbeddedCloud:
    """Return that cloud, and set its token in this process."""
    set_token(small_cloud.token, url=small_cloud.url)
    return small_cloud


@pytest.fixture
def environment(cloud: EmbeddedCloud) -> dict[str, str]:
    """Return the environment of the command."""
    return {**os.environ, "JOBGROUP_URL": cloud.url, "JOBGROUP_TOKEN": cloud.token}


@pytest.fixture
def run(
    environment: dict[str, str], forked_command: Callable[..., tuple[int, str, str]]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command to its end, in a process that has imported it already.

    With options, it runs in a new interpreter, which takes a second longer.
    """

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        if not options:
            return subprocess.CompletedProcess(
                arguments, *forked_command(*arguments, env=environment)
            )
        return subprocess.run(
            [sys.executable, "-m", "jobgroup", *arguments],
            **{"env": environment, "timeout": 300, "text": True, "check": False}
            | {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "input": ""}
            | options,
        )

    return run


@dataclass
class Called:
    """The outcome of a command."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Called]:
    """Run the command's function in this process, which saves a second."""
    import tqdm.auto  # noqa: F401  # before the command has it draw nothing

    monkeypatch.setenv("TQDM_DISABLE", "1")

    def call(*arguments: str, input: str = "") -> Called:
        capsys.readouterr()  # what the test itself has written
        monkeypatch.setattr(sys, "stdin", io.StringIO(input))
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Called(code, *capsys.readouterr())

    return call


@pytest.fixture
def read(
    run: Callable[..., subprocess.CompletedProcess[str]], call: Callable[..., Called]
) -> Callable[..., Any]:
    """Run the command with ``--json`` and return its output, which must be JSON alone.

    Commands that send jobs run in their own process.
    """

    def read(*arguments: str, code: int = 0, **options: Any) -> Any:
        is_apart = options or arguments[0] in ("run", "rerun", "resend")
        done = (run if is_apart else call)(*arguments, "--json", **options)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    return read


@pytest.fixture
def begin(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command without waiting for it."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen(
            [sys.executable, "-m", "jobgroup", *arguments],
            **{"env": environment, "text": True} | pipes | options,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture
def prepared(cloud: EmbeddedCloud) -> Iterator[Callable[..., JobGroup]]:
    """Create a group of jobs with a duration, some of which fail.

    Its active jobs are canceled at the end, because the cloud's plan is small.
    """
    made: list[JobGroup] = []

    def make(
        name: str = "sweep", *, jobs: int = 3, failing: tuple[int, ...] = (), duration_s: float = 0
    ) -> JobGroup:
        jobs_to_add = []
        for number in range(jobs):
            parameters: dict[str, Any] = {"duration_s": duration_s}
            if number in failing:
                parameters["fail"] = "The laser lost its lock"
            payload = {"command": "timer", "parameters": parameters, "max_shots": 100}
            job = RemoteJob(payload, platform="test:timer", url=cloud.url, name=f"job {number}")
            jobs_to_add.append((job, {}, {"phi": number * 0.1}))
        group = JobGroup(name)
        group.add_many(jobs_to_add)
        made.append(group)
        return group

    yield make
    for group in made:
        with suppress(GroupDeletedError):
            request(group, "cancel", positions=None).result()
