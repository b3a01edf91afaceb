"""The conformance suite on the built-in providers and on faulty ones."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conformance_faults import MORE_FAULTS
from scaleway_imitation import PROJECT, imitating

from jobgroup.cloud import EmbeddedCloud
from jobgroup.providers import quandela, scaleway
from jobgroup.testing import ProviderSuite

EXAMPLE = Path(__file__).parents[2] / "docs" / "providers" / "labcloud"


@pytest.fixture
def cloud():
    """Run a cloud with a small plan that needs no workers."""
    with EmbeddedCloud(prewarm=False, max_queue=12, max_concurrent=6) as running:
        yield running


def _timer(**parameters):
    return {"platform_name": "test:timer", "payload": _payload(**parameters)}


def _payload(**parameters):
    return {"command": "timer", "parameters": parameters}


class TestQuandela(ProviderSuite):
    """The provider of Quandela Cloud, on the embedded cloud."""

    create = staticmethod(quandela.create)
    succeeding = _timer()
    failing = _timer(fail="no photons")
    lasting = _timer(duration_s=600)

    @pytest.fixture
    def service(self, cloud):
        """The embedded cloud."""
        return cloud


class TestScaleway(ProviderSuite):
    """The provider of Scaleway, on the imitation, with a running session."""

    create = staticmethod(scaleway.create)
    succeeding = {"payload": _payload(), "project_id": PROJECT}  # noqa: RUF012
    failing = {**succeeding, "payload": _payload(fail="no photons")}  # noqa: RUF012
    lasting = {**succeeding, "payload": _payload(duration_s=600)}  # noqa: RUF012

    @pytest.fixture
    def service(self, cloud):
        """The imitation of Scaleway."""
        with imitating(cloud) as imitation:
            session = {"project_id": PROJECT, "status": "running", "id": "session-1"}
            imitation.sessions["session-1"] = session
            yield imitation


FAULTS = {
    "RepeatsACreate": (
        """
        async def submit(self, body, *, key):
            try:
                return await super().submit(body, key=key)
            except errors.NoResponseError:
                return await super().submit(body, key=key)
        """,
        "test_a_lost_response_leaves_the_job_unconfirmed",
        "the create was sent 2 times in all",
    ),
    "CallsALostAnswerCertain": (
        """
        async def submit(self, body, *, key):
            try:
                return await super().submit(body, key=key)
            except errors.NoResponseError as error:
                raise errors.CloudUnreachableError(str(error)) from error
        """,
        "test_a_lost_response_leaves_the_job_unconfirmed",
        "would be sent and paid for again",
    ),
    "ClaimsKeys": (
        """
        async def submit(self, body, *, key):
            return await super().submit(body, key=key + uuid.uuid4().hex)
        """,
        "test_a_lost_response_leaves_the_job_unconfirmed",
        "the same key returned two jobs",
    ),
    "BlocksTheLoop": (
        """
        async def status(self, remote_ids):
            httpx.get(self._account.origin)
            return await super().status(remote_ids)
        """,
        "test_it_does_not_block_the_loop",
        "it blocks the loop",
    ),
    "LetsForeignErrorsOut": (
        """
        async def result(self, remote_id):
            return {}["results"]
        """,
        "test_a_job_succeeds_and_returns_its_result",
        "`result` raised KeyError",
    ),
    "KeepsTheFirstToken": (
        """
        def __init__(self, account):
            tokens = []
            def first():
                tokens.append(account.token())
                return tokens[0]
            super().__init__(Account(account.origin, "", first))
        """,
        "test_a_new_token_is_used_at_once",
        "InvalidTokenError",
    ),
    "PutsIdsIntoPaths": (
        """
        async def _status_of(self, remote_id):
            return RemoteStatus("x", str(await self._rest.get(f"/v1/runs/{remote_id}")))
        """,
        "test_an_id_is_quoted",
        "An id became part of a path",
    ),
    "SaysNothingOfSome": (
        """
        async def status(self, remote_ids):
            answers = await super().status(remote_ids)
            return {i: a for i, a in answers.items() if isinstance(a, RemoteStatus)}
        """,
        "test_status_answers_for_many_jobs",
        "each job must get an answer",
    ),
    "IsNotAsync": (
        """
        def cancel(self, remote_id):
            return "done"
        """,
        "test_a_job_is_canceled",
        "`cancel` is not async",
    ),
    **MORE_FAULTS,
}

FAULTY = """
import uuid
from contextlib import suppress
from dataclasses import replace
import httpx
import labcloud
import test_labcloud
from jobgroup import errors
from jobgroup.providers.base import Account, Availability, RemoteStatus

class Base(labcloud.LabCloud):
    def __init__(self, account):
        self._account = account
        super().__init__(account)
"""


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    """Return the suite's messages about providers with one fault each, by the fault's name."""
    folder = tmp_path_factory.mktemp("faults")
    source = FAULTY
    for name, (methods, _, _) in FAULTS.items():
        source += f"\nclass {name}(Base):{methods.replace(chr(10) + 8 * ' ', chr(10) + 4 * ' ')}\n"
        source += f"class Test{name}(test_labcloud.TestLabCloud):\n    create = {name}\n"
    (folder / "test_faults.py").write_text(source)
    tried = [f"test_faults.py::Test{name}::{test}" for name, (_, test, _) in FAULTS.items()]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tried],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(EXAMPLE), *filter(None, sys.path)])},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    parts = re.split(r"(?m)^_+ Test(\w+)\.test_[\w\[\]]+ _+$", done.stdout)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("fault", FAULTS)
def test_the_suite_finds(fault, findings):
    """A provider with one fault fails, with a message about that fault."""
    assert FAULTS[fault][-1] in findings[fault]


@pytest.mark.parametrize("name", ["pyproject.toml", "labcloud.py", "test_labcloud.py"])
def test_the_page_shows_the_example_that_is_tested(name):
    """The example in docs/providers.md passes the suite."""
    page = (EXAMPLE.parents[1] / "providers.md").read_text("utf-8")
    assert (EXAMPLE / name).read_text("utf-8").rstrip() in page
