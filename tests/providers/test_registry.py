"""Providers of other packages are found by entry point, and unusable ones are named."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from foreign import job_of

from jobgroup import (
    InvalidProviderError,
    InvalidResponseError,
    JobGroup,
    JobGroupWarning,
    MissingDependencyError,
    RemoteJob,
    providers,
    set_token,
)
from jobgroup.providers.base import Account


def test_group_on_another_packages_cloud(labcloud, data_dir):
    """The documented example works from `add` to results, with failures, reruns and a plan."""
    jg = JobGroup("lab")
    jg.add_many([job_of(labcloud), job_of(labcloud, fail="the laser is off"), job_of(labcloud)])
    assert jg.remote_jobs[0].provider == "labcloud"
    assert jg.estimate().free_slots == 10
    jg.run_parallel(queue=True)
    jg.wait(300)
    assert jg.progress()["Finished"] == [3, {"successful": 2, "unsuccessful": 1}]
    assert jg.get_results()[0] == {"results": {"00": 51, "11": 49}, "shots": 100}
    assert jg.get_results()[1:] == [jg.get_results()[1], jg.get_results()[0]]
    failed = jg.remote_jobs[1]
    assert (failed.state, failed.message) == ("error", "the laser is off")
    first_id = failed.id
    jg.rerun_failed_parallel()
    jg.wait(300)
    assert [a.remote_id for a in failed.attempts] == [first_id, failed.id]
    jg.add(job_of(labcloud), seconds=60)
    jg.run_parallel()
    jg.cancel_all()
    jg.wait(300)
    assert jg.remote_jobs[-1].state == "canceled"
    with pytest.warns(JobGroupWarning, match="Partial results of jobs 1, 3 of 'lab'"):
        assert set(jg.distributions()["state"]) == {"00", "11"}
    kept = b"".join(p.read_bytes() for p in data_dir.rglob("*") if p.is_file())
    assert labcloud.token.encode() not in kept


TELLING = """
    from jobgroup.providers.base import RemoteStatus, Submission

    def create(account):
        return GroupNotifier()

    class GroupNotifier:
        supports_idempotency_keys = False
        async def submit(self, body, *, key): ...
        async def status(self, ids): return {i: RemoteStatus("done", "success") for i in ids}
        async def result(self, i): ...
        async def cancel(self, i): ...
        async def rerun(self, i, *, key): ...
        async def availability(self): ...
        async def aclose(self): ...
"""


def test_jobs_on_another_packages_cloud_are_adopted(install):
    """Adopted jobs have the data that the provider returns."""
    reported = "return Submission('mine', 'b1', {'payload': {'x': 1}})"
    install("telling", f"{TELLING}        async def submission(self, i): {reported}\n")
    jg = JobGroup("adopted")
    (job,) = jg.adopt("7", url="https://lab.example", token="t", provider="telling")
    assert (job.name, job.platform, job.params, job.provider) == ("mine", "b1", {"x": 1}, "telling")


@pytest.mark.parametrize(
    ("reported", "sentence"),
    [
        ("", "does not report the platform"),
        ("        async def submission(self, i): return {'name': 'x'}\n", "a Submission"),
        ("        async def submission(self, i): return 1 / 0\n", "failed in submission"),
    ],
)
def test_provider_without_submissions_adopts_nothing(install, reported, sentence):
    """A provider that lacks or breaks the call causes one message."""
    install("telling", TELLING + reported)
    jg, url = JobGroup("adopted"), f"https://lab{len(reported)}.example"  # a provider of its own
    with pytest.raises((ValueError, InvalidResponseError), match=sentence):
        jg.adopt("7", url=url, token="t", provider="telling")
    assert len(jg) == 0


def test_cached_results_belong_to_their_own_cloud(install, labcloud):
    """Two clouds that number their jobs from 1 do not get each other's results."""
    source = """
        from jobgroup.providers.base import Availability, RemoteStatus

        def create(account):
            return Counting(account)

        class Counting:
            supports_idempotency_keys = False
            def __init__(self, account):
                self.origin, self.made = account.origin, 0
            async def submit(self, body, *, key):
                self.made += 1
                return str(self.made)
            async def status(self, remote_ids):
                return {i: RemoteStatus("done", "success") for i in remote_ids}
            async def result(self, remote_id):
                return {"results": [self.origin, remote_id]}
            async def cancel(self, remote_id): ...
            async def rerun(self, remote_id, *, key): ...
            async def availability(self):
                return Availability()
            async def aclose(self): ...
    """
    install("counting", source)
    jg = JobGroup("two clouds", cache_results=True)
    urls = ["https://one.example", "https://two.example"]
    for url in urls:
        set_token("any", url=url)
        jg.add(RemoteJob({"payload": {"a": 1}}, platform="p", url=url, provider="counting"))
    jg.run_parallel()
    assert jg.get_results() == [[urls[0], "1"], [urls[1], "1"]]
    assert jg.get_results() == [[urls[0], "1"], [urls[1], "1"]]
    assert jg.cache.size_bytes > 0


def test_unknown_provider_is_refused_at_once():
    """The error lists the installed providers, and nothing is created."""
    with pytest.raises(MissingDependencyError, match=r"'labclod'.*quandela, scaleway"):
        RemoteJob({"payload": {"a": 1}}, platform="p", url="https://x.example", provider="labclod")


def test_job_without_a_url_is_refused(labcloud):
    """No job for LabCloud is sent to Quandela's address by mistake."""
    with pytest.raises(ValueError, match="needs a URL"):
        RemoteJob({"payload": {"a": 1}}, platform="p", provider="labcloud")


BROKEN = {
    "cannot be imported": ("import a_module_that_is_nowhere\n", "cannot be imported.*nowhere"),
    "raises when imported": ("raise SystemExit(3)\n", "cannot be imported.*SystemExit"),
    "has no such name": ("", "cannot be imported.*create"),
    "cannot be created": ("def create(account): return 1 / 0\n", "cannot be created.*division"),
    "takes no account": ("def create(): ...\n", "cannot be created.*argument"),
    "is async": ("async def create(account): ...\n", "must not be async"),
    "is none": (
        "def create(account): return object()\n",
        "lacks submit, status.*supports_idempotency_keys",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_unusable_provider_is_named(fault, install, labcloud):
    """One message names the package, nothing is sent to it, and jobs of other clouds run."""
    source, sentence = BROKEN[fault]
    install("broken", source)
    jg = JobGroup("broken")
    jg.add(job_of(labcloud, provider="broken"))
    with pytest.raises(
        InvalidProviderError, match=f"'broken' of broken-for-jobgroup 1.0.*{sentence}"
    ):
        jg.run_parallel()
    assert jg.remote_jobs[0].state == "unsent"
    assert jg.remote_jobs[0].attempts == []
    assert labcloud.runs == {}
    other = JobGroup("sound")
    other.add(job_of(labcloud))
    other.run_parallel()
    other.wait(120)


def test_slow_import_of_a_provider_delays_no_other_cloud(install, labcloud, tmp_path):
    """While one package is being imported, jobs of other clouds run to their end."""
    gate = tmp_path / "gate"
    source = f"""
        import pathlib, time
        while not pathlib.Path({str(gate)!r}).exists():
            time.sleep(0.01)
        from labcloud import create
    """
    install("slow", source)
    slow, quick = JobGroup("slow"), JobGroup("quick")
    slow.add(job_of(labcloud, provider="slow"))
    quick.add(job_of(labcloud))
    slow.start()
    quick.run_parallel()
    quick.wait(120)
    assert slow.remote_jobs[0].state == "unsent"
    gate.touch()
    slow.run_parallel()
    slow.wait(120)
    assert len(labcloud.runs) == 2


def test_built_in_names_cannot_be_taken(install):
    """A package that names its provider quandela does not get Quandela's jobs and tokens."""
    install("quandela", "raise SystemExit(3)")
    account = Account("https://x.example", "", lambda: "canary")
    assert type(providers.provider_for(account)).__name__ == "QuandelaCloud"
    assert providers.installed().count("quandela") == 1


def test_two_packages_with_one_name_are_both_named(install, labcloud):
    """The user must decide which one to keep."""
    install("twice", "def create(account): ...", package="first-lab")
    install("twice", "def create(account): ...", package="second-lab")
    with pytest.raises(InvalidProviderError, match=r"first-lab 1\.0 and second-lab 1\.0"):
        RemoteJob({"payload": {"a": 1}}, platform="p", url=labcloud.url, provider="twice")
    assert providers.installed().count("twice") == 1


def test_missing_provider_leaves_its_jobs_unchanged(labcloud):
    """If a provider is not installed, its jobs keep their states and the group names it."""
    jg = JobGroup("gone")
    jg.add_many([job_of(labcloud, seconds=60), job_of(labcloud)])
    jg.remote_jobs[0].execute_async()
    source = """if True:
        import sys
        from jobgroup import JobGroup, MissingDependencyError, set_token
        set_token(sys.argv[2], url=sys.argv[1])
        jg = JobGroup("gone")
        print(jg.progress()["Unfinished"])
        print(repr(jg))
        try:
            jg.run_parallel()
        except MissingDependencyError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", source, labcloud.url, labcloud.token],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if "site0" not in p)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stderr.count("Traceback") == 0
    assert done.stdout.startswith("[2, {'sent': 1, 'not sent': 1}]")
    assert done.stdout.count("No provider named 'labcloud' is installed") == 2
    assert len(labcloud.runs) == 1
    assert [job.state for job in jg] == ["waiting", "unsent"]
    jg.cancel_all()
