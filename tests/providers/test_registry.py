"""Providers of other packages: found by entry point, held to the protocol, named when they fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from jobgroup import (
    BadAnswerError,
    BrokenProviderError,
    JobGroup,
    MissingExtraError,
    RemoteJob,
    UnconfirmedJobError,
    errors,
    providers,
    set_token,
)
from jobgroup.providers.base import Account, may_have_arrived

EXAMPLE = Path(__file__).parents[2] / "docs" / "providers" / "labcloud"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a package with one module and one entry point, for the length of a test."""
    made = []

    def make(name, source, *, entry=None, package=None):
        module = f"{name}_{len(made)}_module"
        package = package or f"{name}-for-jobgroup"
        site = tmp_path / f"site{len(made)}"
        info = site / f"{package.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        entry = entry or f"{module}:create"
        (info / "entry_points.txt").write_text(f"[jobgroup.providers]\n{name} = {entry}\n")
        (site / f"{module}.py").write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(str(site))
        made.append(module)
        return module

    yield make
    for module in made:
        sys.modules.pop(module, None)


@pytest.fixture
def labcloud(install, monkeypatch):
    """The documented example, installed, and a stand-in of its service."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    install("labcloud", "", entry="labcloud:create")
    from standin import StandIn

    with StandIn() as running:
        set_token(running.token, url=running.url)
        yield running
    for module in ("labcloud", "standin"):
        sys.modules.pop(module, None)


def _job(cloud, provider="labcloud", **program):
    body = {"payload": {"seconds": 0.05, **program}}
    return RemoteJob(body, platform="bench-1", url=cloud.url, provider=provider, name="mine")


def test_a_group_on_somebody_else_s_cloud(labcloud, data_dir):
    """The documented example from `add` to results: failures, reruns, cancel, plan, tables."""
    jg = JobGroup("lab")
    jg.add_many([_job(labcloud), _job(labcloud, fail="the laser is off"), _job(labcloud)])
    assert jg.remote_jobs[0].provider == "labcloud"
    assert jg.preview().free_slots == 10
    jg.run_parallel(queue=True)
    jg.wait(60)
    assert jg.progress()["Finished"] == [3, {"successful": 2, "unsuccessful": 1}]
    assert jg.get_results()[0] == {"results": {"00": 51, "11": 49}, "shots": 100}
    assert jg.get_results()[1:] == [jg.get_results()[1], jg.get_results()[0]]
    failed = jg.remote_jobs[1]
    assert (failed.state, failed.message) == ("error", "the laser is off")
    first_id = failed.id
    jg.rerun_failed_parallel()
    jg.wait(60)
    assert [a.remote_id for a in failed.attempts] == [first_id, failed.id]
    jg.add(_job(labcloud), seconds=60)
    jg.run_parallel()
    jg.cancel_all()
    jg.wait(60)
    assert jg.remote_jobs[-1].state == "canceled"
    assert set(jg.distributions()["state"]) == {"00", "11"}
    kept = b"".join(p.read_bytes() for p in data_dir.rglob("*") if p.is_file())
    assert labcloud.token.encode() not in kept


TELLING = """
    from jobgroup.providers.base import RemoteStatus, Submission

    def create(account):
        return Telling()

    class Telling:
        can_look_up = False
        async def submit(self, body, *, key): ...
        async def status(self, ids): return {i: RemoteStatus("done", "success") for i in ids}
        async def result(self, i): ...
        async def cancel(self, i): ...
        async def rerun(self, i, *, key, changes=None): ...
        async def availability(self): ...
        async def aclose(self): ...
"""


def test_jobs_on_somebody_else_s_cloud_are_adopted(install):
    """With what the provider tells of them."""
    told = "return Submission('mine', 'b1', {'payload': {'x': 1}})"
    install("telling", f"{TELLING}        async def submission(self, i): {told}\n")
    jg = JobGroup("adopted")
    (job,) = jg.adopt("7", url="https://lab.example", token="t", provider="telling")
    assert (job.name, job.platform, job.params, job.provider) == ("mine", "b1", {"x": 1}, "telling")


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("", "does not tell which platform"),
        ("        async def submission(self, i): return {'name': 'x'}\n", "a Submission belongs"),
        ("        async def submission(self, i): return 1 / 0\n", "broke in submission"),
    ],
)
def test_a_provider_that_cannot_tell_of_jobs_adopts_none(install, told, sentence):
    """Unable or broken, it is one sentence."""
    install("telling", TELLING + told)
    jg, url = JobGroup("adopted"), f"https://lab{len(told)}.example"  # a provider of its own
    with pytest.raises((ValueError, BadAnswerError), match=sentence):
        jg.adopt("7", url=url, token="t", provider="telling")
    assert len(jg) == 0


def test_results_that_are_kept_are_each_cloud_s_own(install, labcloud):
    """Two clouds that count their jobs from 1 do not get each other's results."""
    source = """
        from jobgroup.providers.base import Availability, RemoteStatus

        def create(account):
            return Counting(account)

        class Counting:
            can_look_up = False
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
            async def rerun(self, remote_id, *, key, changes=None): ...
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
    assert jg.cached_bytes > 0


def test_a_name_that_nobody_brings_is_refused_at_once():
    """The sentence names the providers that there are; nothing is made."""
    with pytest.raises(MissingExtraError, match=r"'labclod'.*quandela, scaleway"):
        RemoteJob({"payload": {"a": 1}}, platform="p", url="https://x.example", provider="labclod")


def test_a_cloud_without_a_url_is_asked_for_one(labcloud):
    """No job for LabCloud is sent to Quandela's address by mistake."""
    with pytest.raises(ValueError, match="needs its url"):
        RemoteJob({"payload": {"a": 1}}, platform="p", provider="labcloud")


BROKEN = {
    "cannot be imported": ("import a_module_that_is_nowhere\n", "cannot be imported.*nowhere"),
    "raises when imported": ("raise SystemExit(3)\n", "cannot be imported.*SystemExit"),
    "has no such name": ("", "cannot be imported.*create"),
    "cannot be made": ("def create(account): return 1 / 0\n", "cannot be made.*division"),
    "takes no account": ("def create(): ...\n", "cannot be made.*argument"),
    "is async": ("async def create(account): ...\n", "must not be async"),
    "is none": ("def create(account): return object()\n", "lacks submit, status.*can_look_up"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_provider_that_cannot_be_used_is_named(fault, install, labcloud):
    """One sentence with its package; nothing is sent, and other clouds' jobs are run."""
    source, sentence = BROKEN[fault]
    install("broken", source)
    jg = JobGroup("broken")
    jg.add(_job(labcloud, provider="broken"))
    with pytest.raises(
        BrokenProviderError, match=f"'broken' of broken-for-jobgroup 1.0.*{sentence}"
    ):
        jg.run_parallel()
    assert jg.remote_jobs[0].state == "unsent"
    assert jg.remote_jobs[0].attempts == []
    assert labcloud.runs == {}
    other = JobGroup("sound")
    other.add(_job(labcloud))
    other.run_parallel()
    other.wait(60)


def test_a_provider_that_is_slow_to_import_holds_up_nobody_else(install, labcloud, tmp_path):
    """While one package is imported, jobs of other clouds are sent and watched to their end."""
    gate = tmp_path / "gate"
    source = f"""
        import pathlib, time
        while not pathlib.Path({str(gate)!r}).exists():
            time.sleep(0.01)
        from labcloud import create
    """
    install("slow", source)
    slow, quick = JobGroup("slow"), JobGroup("quick")
    slow.add(_job(labcloud, provider="slow"))
    quick.add(_job(labcloud))
    slow.start()
    quick.run_parallel()
    quick.wait(60)
    assert slow.remote_jobs[0].state == "unsent"
    gate.touch()
    slow.run_parallel()
    slow.wait(60)
    assert len(labcloud.runs) == 2


def test_our_own_names_cannot_be_taken(install):
    """A package that calls its provider quandela does not get Quandela's jobs and tokens."""
    install("quandela", "raise SystemExit(3)")
    account = Account("https://x.example", "", lambda: "canary")
    assert type(providers.provider_for(account)).__name__ == "QuandelaCloud"
    assert providers.installed().count("quandela") == 1


def test_two_packages_with_one_name_are_both_named(install, labcloud):
    """Which of them was meant is the user's to say."""
    install("twice", "def create(account): ...", package="first-lab")
    install("twice", "def create(account): ...", package="second-lab")
    with pytest.raises(BrokenProviderError, match=r"first-lab 1\.0 and second-lab 1\.0"):
        RemoteJob({"payload": {"a": 1}}, platform="p", url=labcloud.url, provider="twice")
    assert providers.installed().count("twice") == 1


def test_a_provider_that_is_gone_leaves_its_jobs_as_they_are(labcloud):
    """Not installed in another process: jobs keep their state, the group says what is missing."""
    jg = JobGroup("gone")
    jg.add_many([_job(labcloud, seconds=60), _job(labcloud)])
    jg.remote_jobs[0].execute_async()
    source = """if True:
        import sys
        from jobgroup import JobGroup, MissingExtraError, set_token
        set_token(sys.argv[2], url=sys.argv[1])
        jg = JobGroup("gone")
        print(jg.progress()["Unfinished"])
        print(repr(jg))
        try:
            jg.run_parallel()
        except MissingExtraError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", source, labcloud.url, labcloud.token],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if "site0" not in p)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr.count("Traceback") == 0
    assert done.stdout.startswith("[2, {'sent': 1, 'not sent': 1}]")
    assert done.stdout.count("No provider named 'labcloud' is installed") == 2
    assert len(labcloud.runs) == 1
    assert [job.state for job in jg] == ["waiting", "unsent"]
    jg.cancel_all()


SLOPPY = """
    from labcloud import LabCloud
    from jobgroup.providers.base import RemoteStatus

    def create(account):
        return Sloppy(account)

    class Sloppy(LabCloud):
        can_look_up = False
        def __init__(self, account):
            super().__init__(account)
            self.account = account
        {method}
"""


def _sloppy(install, method):
    install("sloppy", SLOPPY.replace("{method}", textwrap.indent(method, " " * 8).strip()))


def test_a_submit_that_breaks_leaves_its_job_in_doubt(install, labcloud):
    """Nobody knows what it sent before: unconfirmed, in a sentence without the token."""
    _sloppy(
        install, "async def submit(self, body, *, key):\n    raise KeyError(self.account.token())"
    )
    jg = JobGroup("sloppy")
    jg.add(_job(labcloud, provider="sloppy"))
    with pytest.raises(UnconfirmedJobError, match=r"'sloppy' broke in submit.*\[token\]") as caught:
        jg.run_parallel()
    assert labcloud.token not in str(caught.value)
    assert jg.remote_jobs[0].state == "unconfirmed"


@pytest.mark.parametrize("made", ["None", "7", "''", "'x' * 999"])
def test_an_answer_that_is_no_id_leaves_its_job_in_doubt(made, install, labcloud):
    """The job may exist; the sentence shows what came instead of its id."""
    _sloppy(install, f"async def submit(self, body, *, key):\n    return {made}")
    jg = JobGroup("sloppy")
    jg.add(_job(labcloud, provider="sloppy"))
    with pytest.raises(UnconfirmedJobError, match="where the new job's id belongs"):
        jg.run_parallel()


def test_a_body_that_a_provider_plays_with_stays_the_group_s(install, labcloud):
    """What is sent again is what was added."""
    method = """\
async def submit(self, body, *, key):
    body["payload"].clear()
    body["payload"]["fail"] = "emptied"
    return await super().submit(body, key=key)"""
    _sloppy(install, method)
    jg = JobGroup("sloppy")
    jg.add(_job(labcloud, provider="sloppy"))
    jg.run_parallel()
    jg.wait(60)
    assert jg.remote_jobs[0].message == "emptied"
    jg.rerun_failed_parallel()
    assert [run["program"] for run in labcloud.runs.values()] == [{"fail": "emptied"}] * 2
    assert jg.remote_jobs[0].params == {"seconds": 0.05}


STATUSES = {
    "raises": ("raise RuntimeError('oh')", "broke in status.*oh"),
    "ends the interpreter": ("raise SystemExit('oh')", "broke in status.*SystemExit: oh"),
    "is canceled by itself": (
        "import asyncio\n    raise asyncio.CancelledError('oh')",
        "broke in status.*CancelledError: oh",
    ),
    "is no mapping": ("return [1]", r"gave \[1\] in status"),
}


@pytest.mark.parametrize("fault", STATUSES)
def test_a_status_that_breaks_is_a_standing_problem(fault, install, labcloud):
    """The jobs keep their state, and the group says which provider is at fault."""
    source, sentence = STATUSES[fault]
    _sloppy(install, f"async def status(self, remote_ids):\n    {source}")
    jg = JobGroup("sloppy")
    jg.add(_job(labcloud, provider="sloppy"))
    jg.run_parallel()
    assert jg.progress()["Unfinished"] == [1, {"sent": 1, "not sent": 0}]
    assert jg.remote_jobs[0].state == "waiting"
    assert re.search(sentence, repr(jg))


@pytest.mark.parametrize("fault", ["SystemExit", "__import__('asyncio').CancelledError"])
def test_a_provider_that_would_end_the_engine_ends_nothing(fault, install, labcloud):
    """What is no Exception does not stop the watching: later the job's end is seen."""
    method = f"""\
async def status(self, remote_ids):
    self.asked = getattr(self, "asked", 0) + 1
    if self.asked < 3:
        raise {fault}
    return await super().status(remote_ids)"""
    _sloppy(install, method)
    jg = JobGroup("sloppy")
    jg.add(_job(labcloud, provider="sloppy"))
    jg.run_parallel()
    jg.wait(60)
    assert jg.remote_jobs[0].state == "success"


def test_a_provider_cannot_empty_the_list_of_what_is_asked(install, labcloud):
    """It gets a list of its own: each job is told of all the same."""
    method = """\
async def status(self, remote_ids):
    answers = await super().status(list(remote_ids))
    remote_ids.clear()
    return answers"""
    _sloppy(install, method)
    jg = JobGroup("sloppy")
    jg.add(_job(labcloud, provider="sloppy"))
    jg.run_parallel()
    jg.wait(60)
    assert jg.remote_jobs[0].state == "success"


def test_a_result_that_is_nested_too_deep_concerns_its_job_alone(install, labcloud):
    """No JSON text could hold it; the other's result is there."""
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
    jg.add_many([_job(labcloud, provider="sloppy"), _job(labcloud, provider="sloppy")])
    jg.run_parallel()
    jg.wait(60)
    with pytest.warns(UserWarning, match=r"job 0: The provider 'sloppy' gave no JSON"):
        assert jg.get_results(errors="collect") == [None, [1]]


def test_statuses_are_cleaned(install, labcloud):
    """Wrong types in a status are not known, a word for a state is read, silence is an error."""
    method = """\
async def status(self, remote_ids):
    told = RemoteStatus(7, "completed", message=3, progress=float("nan"), created_at="now",
                        started_at=-1, duration_s=True, shots="many", name=b"x")
    return {remote_ids[0]: told}"""
    _sloppy(install, method)
    jg = JobGroup("sloppy")
    jg.add_many([_job(labcloud, provider="sloppy"), _job(labcloud, provider="sloppy")])
    jg.run_parallel()
    jg.refresh()
    first, second = jg.remote_jobs
    assert (first.state, first.message) == ("success", "3")
    assert second.state == "waiting"
    assert "a RemoteStatus or an error for each job" in str(second.message)


@pytest.mark.anyio
async def test_what_a_provider_may_raise_passes_and_shows_no_token(install, monkeypatch):
    """Errors of jobgroup keep their kind, and lose the token."""
    source = """
        from jobgroup import errors

        def create(account):
            return Telling(account)

        class Telling:
            can_look_up = False
            def __init__(self, account):
                self.token = account.token
            async def submit(self, body, *, key):
                raise errors.RequestRefusedError(f"no, {self.token()}", status_code=422)
            async def result(self, remote_id):
                return {"results": {1, 2}}
            async def availability(self):
                return {"queue_free": 3}
            async def rerun(self, remote_id, *, key, changes=None): ...
            async def status(self, remote_ids):
                return {i: errors.RemoteNotFoundError(self.token()) for i in remote_ids}
            async def cancel(self, remote_id): ...
            async def aclose(self):
                raise OSError
    """
    install("telling", source)
    account = Account("https://x.example", "", lambda: "canary-5")
    provider = providers.provider_for(account, "telling")
    with pytest.raises(errors.RequestRefusedError, match=r"no, \[token\]") as caught:
        await provider.submit({}, key="k")
    assert not may_have_arrived(caught.value)
    assert str((await provider.status(["1"]))["1"]) == "[token]"
    with pytest.raises(BadAnswerError, match="not JSON"):
        await provider.result("1")
    with pytest.raises(BadAnswerError, match="an Availability"):
        await provider.availability()
    assert await provider.rerun("1", key="k") is None
    await provider.aclose()
