"""Providers of other packages that break the protocol cause one message and no other damage."""

from __future__ import annotations

import re
import textwrap

import pytest
from foreign import job_of

from jobgroup import (
    InvalidResponseError,
    JobGroup,
    UnconfirmedJobError,
    errors,
    providers,
)
from jobgroup.providers.base import Account, may_have_arrived

SLOPPY = """
    from labcloud import LabCloud
    from jobgroup.providers.base import RemoteStatus

    def create(account):
        return Sloppy(account)

    class Sloppy(LabCloud):
        supports_idempotency_keys = False
        def __init__(self, account):
            super().__init__(account)
            self.account = account
        {method}
"""


def _sloppy(install, method):
    install("sloppy", SLOPPY.replace("{method}", textwrap.indent(method, " " * 8).strip()))


def test_failing_submit_leaves_its_job_unconfirmed(install, labcloud):
    """The provider may have sent the job, so it is unconfirmed. The message shows no token."""
    _sloppy(
        install, "async def submit(self, body, *, key):\n    raise KeyError(self.account.token())"
    )
    jg = JobGroup("sloppy")
    jg.add(job_of(labcloud, provider="sloppy"))
    with pytest.raises(
        UnconfirmedJobError, match=r"'sloppy' failed in submit.*\[token\]"
    ) as caught:
        jg.run_parallel()
    assert labcloud.token not in str(caught.value)
    assert jg.remote_jobs[0].state == "unconfirmed"


@pytest.mark.parametrize("made", ["None", "7", "''", "'x' * 999"])
def test_invalid_id_leaves_its_job_unconfirmed(made, install, labcloud):
    """The job may exist. The message shows what the provider returned instead of an id."""
    _sloppy(install, f"async def submit(self, body, *, key):\n    return {made}")
    jg = JobGroup("sloppy")
    jg.add(job_of(labcloud, provider="sloppy"))
    with pytest.raises(UnconfirmedJobError, match="expected the new job's id"):
        jg.run_parallel()


def test_provider_that_changes_a_body_does_not_change_the_groups(install, labcloud):
    """A later submission sends the body that was added."""
    method = """\
async def submit(self, body, *, key):
    body["payload"].clear()
    body["payload"]["fail"] = "emptied"
    return await super().submit(body, key=key)"""
    _sloppy(install, method)
    jg = JobGroup("sloppy")
    jg.add(job_of(labcloud, provider="sloppy"))
    jg.run_parallel()
    jg.wait(300)
    assert jg.remote_jobs[0].message == "emptied"
    jg.rerun_failed_parallel()
    assert [run["program"] for run in labcloud.runs.values()] == [{"fail": "emptied"}] * 2
    assert jg.remote_jobs[0].params == {"seconds": 0.05}


STATUSES = {
    "raises": ("raise RuntimeError('oh')", "failed in status.*oh"),
    "ends the interpreter": ("raise SystemExit('oh')", "failed in status.*SystemExit: oh"),
    "is canceled by itself": (
        "import asyncio\n    raise asyncio.CancelledError('oh')",
        "failed in status.*CancelledError: oh",
    ),
    "is no mapping": ("return [1]", r"returned \[1\] from status"),
}


@pytest.mark.parametrize("fault", STATUSES)
def test_failing_status_is_an_incident(fault, install, labcloud):
    """The jobs keep their states, and the group names the faulty provider."""
    source, sentence = STATUSES[fault]
    _sloppy(install, f"async def status(self, remote_ids):\n    {source}")
    jg = JobGroup("sloppy")
    jg.add(job_of(labcloud, provider="sloppy"))
    jg.run_parallel()
    assert jg.progress()["Unfinished"] == [1, {"sent": 1, "not sent": 0}]
    assert jg.remote_jobs[0].state == "waiting"
    assert re.search(sentence, repr(jg))


@pytest.mark.parametrize("fault", ["SystemExit", "__import__('asyncio').CancelledError"])
def test_base_exception_of_a_provider_does_not_stop_the_engine(fault, install, labcloud):
    """A BaseException does not stop the polling, and the job's end is noticed later."""
    method = f"""\
async def status(self, remote_ids):
    self.asked = getattr(self, "asked", 0) + 1
    if self.asked < 3:
        raise {fault}
    return await super().status(remote_ids)"""
    _sloppy(install, method)
    jg = JobGroup("sloppy")
    jg.add(job_of(labcloud, provider="sloppy"))
    jg.run_parallel()
    jg.wait(300)
    assert jg.remote_jobs[0].state == "success"


def test_provider_cannot_change_the_list_of_polled_jobs(install, labcloud):
    """The provider gets a copy of the list, so each job still gets a status."""
    method = """\
async def status(self, remote_ids):
    answers = await super().status(list(remote_ids))
    remote_ids.clear()
    return answers"""
    _sloppy(install, method)
    jg = JobGroup("sloppy")
    jg.add(job_of(labcloud, provider="sloppy"))
    jg.run_parallel()
    jg.wait(300)
    assert jg.remote_jobs[0].state == "success"


def test_deeply_nested_result_affects_only_its_job(install, labcloud):
    """JSON cannot represent the nested result, but the other job's result is returned."""
    method = """\
async def result(self, remote_id):
    if remote_id != self.first:
        return {"results": [1]}
    nest = []
    for _ in range(100_000):
        nest = [nest]
    return {"results": nest}

async def submit(self, body, *, key):
    made = await super().submit(body, key=key)
    self.first = getattr(self, "first", made)
    return made"""
    _sloppy(install, method)
    jg = JobGroup("sloppy")
    jg.add_many([job_of(labcloud, provider="sloppy"), job_of(labcloud, provider="sloppy")])
    jg.run_parallel()
    jg.wait(300)
    with pytest.warns(UserWarning, match=r"job 0: The provider 'sloppy' returned invalid JSON"):
        assert jg.get_results(errors="collect") == [None, [1]]


def test_statuses_are_cleaned(install, labcloud):
    """Wrong types count as unknown, words become states, and a missing status is an error."""
    method = """\
async def status(self, remote_ids):
    status = RemoteStatus(7, "completed", message=3, progress=float("nan"), created_at="now",
                        started_at=-1, duration_s=True, shots="many", name=b"x")
    return {remote_ids[0]: status}"""
    _sloppy(install, method)
    jg = JobGroup("sloppy")
    jg.add_many([job_of(labcloud, provider="sloppy"), job_of(labcloud, provider="sloppy")])
    jg.run_parallel()
    jg.refresh()
    first, second = jg.remote_jobs
    assert (first.state, first.message) == ("success", "3")
    assert second.state == "waiting"
    assert "a RemoteStatus or an error for each job" in str(second.message)


@pytest.mark.anyio
async def test_errors_of_a_provider_pass_without_the_token(install, monkeypatch):
    """Errors of jobgroup keep their kind, and their messages lose the token."""
    source = """
        from jobgroup import errors

        def create(account):
            return GroupNotifier(account)

        class GroupNotifier:
            supports_idempotency_keys = False
            def __init__(self, account):
                self.token = account.token
            async def submit(self, body, *, key):
                raise errors.RequestRejectedError(f"no, {self.token()}", status_code=422)
            async def result(self, remote_id):
                return {"results": {1, 2}}
            async def availability(self):
                return {"queue_free": 3}
            async def rerun(self, remote_id, *, key): ...
            async def status(self, remote_ids):
                return {i: errors.RemoteNotFoundError(self.token()) for i in remote_ids}
            async def cancel(self, remote_id): ...
            async def aclose(self):
                raise OSError
    """
    install("telling", source)
    account = Account("https://x.example", "", lambda: "canary-5")
    provider = providers.provider_for(account, "telling")
    with pytest.raises(errors.RequestRejectedError, match=r"no, \[token\]") as caught:
        await provider.submit({}, key="k")
    assert not may_have_arrived(caught.value)
    assert str((await provider.status(["1"]))["1"]) == "[token]"
    with pytest.raises(InvalidResponseError, match="not JSON"):
        await provider.result("1")
    with pytest.raises(InvalidResponseError, match="an Availability"):
        await provider.availability()
    assert await provider.rerun("1", key="k") is None
    await provider.aclose()
