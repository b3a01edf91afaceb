"""The engine's view of each field that another package's provider returns."""

from __future__ import annotations

import pytest

from jobgroup import CredentialsError, InvalidProviderError, InvalidResponseError, providers
from jobgroup.providers.base import Account, Availability, RemoteStatus, Submission

pytestmark = pytest.mark.anyio

SOURCE = """
    from jobgroup import errors
    from jobgroup.providers.base import Availability, RemoteStatus, Submission

    def create(account):
        return Odd(account)

    class Odd:
        supports_idempotency_keys = True
        def __init__(self, account):
            self.token = account.token
        async def submit(self, body, *, key): return "x" * 200
        async def status(self, remote_ids): return {remote_ids[0]: self.answer()}
        async def result(self, remote_id): return {"results": "[1]", "more": 1}
        async def cancel(self, remote_id): ...
        async def rerun(self, remote_id, *, key): return "a" + chr(10) + "b"
        async def availability(self): return Availability(-1, 7.0, True)
        async def aclose(self): ...
        def answer(self): ...
        METHOD
"""


@pytest.fixture
def opened(install):
    """Open a faulty provider with one method that the test writes."""

    def make(method=""):
        install("odd", SOURCE.replace("METHOD", method))
        account = Account("https://x.example", "", lambda: "canary-5")
        return providers.provider_for(account, "odd")

    return make


async def test_wrong_field_of_a_status_becomes_unknown(opened):
    """Bad numbers, texts and fractions of progress become None."""
    provider = opened(
        "def answer(self): return RemoteStatus('on', 'running', progress=1.5, created_at=-1,"
        " started_at=True, duration_s='7', shots=12.0, name=b'x')"
    )
    reported = (await provider.status(["1"]))["1"]
    assert reported == RemoteStatus("on", "running", progress=1.0, shots=12)
    assert type(reported.shots) is int


@pytest.mark.parametrize(
    "field", ["provider_status", "state", "message", "progress", "shots", "name"]
)
async def test_value_that_raises_affects_only_its_job(opened, field):
    """A value whose str, repr and comparisons raise does not affect the other jobs."""
    provider = opened(
        f"""
        async def status(self, remote_ids):
            class Bad(str):
                def fail(self, *_): raise ZeroDivisionError
                __str__ = __repr__ = __eq__ = __len__ = __getitem__ = __hash__ = encode = fail
            class BadNumber(float):
                __ge__ = __le__ = __gt__ = __eq__ = __float__ = __repr__ = Bad.fail
            class BadObject:
                __str__ = __repr__ = Bad.fail
            well = {{"provider_status": "on", "state": "running"}}
            return {{
                "0": RemoteStatus(**(well | {{{field!r}: Bad("x")}})),
                "1": RemoteStatus(**(well | {{{field!r}: BadNumber(1)}})),
                "2": RemoteStatus(**(well | {{{field!r}: BadObject()}})),
                "3": RemoteStatus(**well),
                "4": BadObject(),
            }}
        """
    )
    reported = await provider.status(["0", "1", "2", "3", "4"])
    assert reported["3"] == RemoteStatus("on", "running")
    for odd in ("0", "1", "2", "4"):
        assert isinstance(reported[odd], RemoteStatus | InvalidResponseError)


async def test_valid_status_passes_unchanged(opened):
    """No field is lost, and an unknown state is read as a word of a cloud."""
    provider = opened(
        "def answer(self):"
        " return RemoteStatus('on', 'cancelling', 'soon', 0.5, 1.0, 2.0, 3.0, 4, 'n')"
    )
    assert (await provider.status(["1"]))["1"] == RemoteStatus(
        "on", "cancel_requested", "soon", 0.5, 1.0, 2.0, 3.0, 4, "n"
    )
    assert provider.supports_idempotency_keys
    assert await provider.submit({}, key="k") == "x" * 200
    assert await provider.result("1") == {"results": "[1]", "more": 1}


async def test_invalid_counts_become_unknown(opened):
    """A negative number or True is not a number of free slots."""
    assert await opened().availability() == Availability(None, 7, None)


async def test_id_with_a_line_break_is_refused(opened):
    """If a create or rerun returns such an id, the job may exist."""
    with pytest.raises(InvalidResponseError, match=r"new job's id\.$"):
        await opened().rerun("1", key="k")


async def test_an_error_instead_of_a_status_shows_no_token(opened):
    """Errors of jobgroup pass, others are the package's fault, and none shows a secret."""
    provider = opened("def answer(self): return ValueError(self.token())")
    answer = (await provider.status(["1"]))["1"]
    assert isinstance(answer, InvalidResponseError)
    assert "ValueError: [token]" in str(answer)


async def test_wrong_mapping_is_the_providers_fault(opened):
    """The error is raised and shown as an incident of the group."""
    provider = opened(
        "async def status(self, ids): raise errors.InvalidResponseError(self.token())"
    )
    with pytest.raises(InvalidProviderError, match=r"^\[token\]$"):
        await provider.status(["1"])


@pytest.mark.parametrize("reported", ["{'name': 'a'}", "Submission(body=[1])"])
async def test_a_submission_of_a_wrong_kind_is_refused(opened, reported):
    """A value of another type means that the submission is unknown."""
    provider = opened(f"async def submission(self, remote_id): return {reported}")
    with pytest.raises(InvalidResponseError, match="expected a Submission"):
        await provider.submission("1")


async def test_provider_without_submissions_can_be_asked(opened):
    """A provider without lookups of submissions can still be called."""
    assert await opened().submission("1") == Submission()


async def test_error_while_closing_is_only_logged(opened, caplog):
    """The error is logged without the token, and nothing else fails."""
    provider = opened("async def aclose(self): raise errors.CloudUnreachableError(self.token())")
    await provider.aclose()
    assert "could not be closed: [token]" in caplog.text


async def test_our_error_in_create_keeps_its_kind(install):
    """An unsafe address, for example, is not the package's fault."""
    source = """
        from jobgroup.errors import CredentialsError

        def create(account):
            raise CredentialsError("plain http")
    """
    install("odd", source)
    with pytest.raises(CredentialsError, match=r"^plain http$"):
        providers.provider_for(Account("https://x.example", "", lambda: "t"), "odd")


async def test_unreadable_package_does_not_affect_built_in_clouds(install, tmp_path):
    """The package's providers are reported as missing, and the built-in ones still work."""
    install("odd", SOURCE)
    (listed,) = tmp_path.rglob("entry_points.txt")
    listed.write_bytes(b"[jobgroup.providers]\nodd = \xff\xfe:create\n")
    account = Account("https://x.example", "", lambda: "t")
    with pytest.raises(InvalidProviderError, match=r"entry points .* cannot be read"):
        providers.provider_for(account, "odd")
    await providers.provider_for(account, "quandela").aclose()
