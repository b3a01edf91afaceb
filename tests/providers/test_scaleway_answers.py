"""How the provider reads Scaleway's responses: states, times, stored results and texts."""

from __future__ import annotations

from contextlib import aclosing

import pytest
from wire_cloud import answer

from jobgroup import errors
from jobgroup.providers.base import Availability
from jobgroup.providers.scaleway import ScalewayQaaS

pytestmark = pytest.mark.anyio
QAAS = "/qaas/v1alpha1"
BODY = {"job_name": "a", "payload": {"command": "probs"}, "project_id": "p", "session_id": "s"}


def _opened(account):
    return aclosing(ScalewayQaaS(account))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("waiting", "waiting"),
        ("running", "running"),
        ("completed", "success"),
        ("error", "error"),
        ("cancelled", "canceled"),
        ("cancelling", "cancel_requested"),
        ("unknown_status", "unknown"),
        (None, "unknown"),
    ],
)
async def test_status_words_of_scaleway(cloud, account, word, state):
    """Each word has a state and is stored unchanged, and times are UTC."""
    document = {
        "status": word,
        "created_at": "2026-01-02T03:04:05Z",
        "started_at": "2026-01-02T03:04:06.500",
        "job_duration": "2.5s",
        "progress_message": "half of it",
        "name": "mine",
    }
    cloud.routes[f"GET {QAAS}/jobs/1"] = answer(document)
    async with _opened(account) as provider:
        notices = (await provider.status(["1"]))["1"]
    assert (notices.provider_status, notices.state) == (word or "", state)
    assert notices.started_at - notices.created_at == 1.5
    assert notices.created_at == 1767323045
    assert (notices.duration_s, notices.message, notices.name) == (2.5, "half of it", "mine")


async def test_wrong_fields_become_unknown(cloud, account):
    """Fields of the wrong kind become unknown."""
    document = {"status": "running", "created_at": "soon", "started_at": 7, "job_duration": [1]}
    cloud.routes[f"GET {QAAS}/jobs/1"] = answer(document)
    async with _opened(account) as provider:
        notices = (await provider.status(["1"]))["1"]
    assert notices.state == "running"
    assert (notices.created_at, notices.started_at, notices.duration_s) == (None, None, None)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"job_results": []},
        {"job_results": ["no object"]},
        {"job_results": [{"result": "", "url": None}]},
        {"job_results": [{"result": "", "url": "http://169.254.169.254/latest/meta-data"}]},
        {"job_results": [{"result": "", "url": "file:///etc/passwd"}]},
        {"job_results": [{"result": "", "url": "https://nowhere.invalid:0/x"}]},
        {"job_results": [{"result": "", "url": "http://[::1"}]},
        {"job_results": [{"result": "", "url": "https://[::1"}]},
        {"job_results": [{"result": "", "url": "https://\ud800/x"}]},
        {"job_results": [{"result": "", "url": "https://127.0.0.1:99999/x"}]},
    ],
)
async def test_unavailable_result_is_an_error(cloud, account, document):
    """A missing result, or one at an address that is not fetched, is an error of jobgroup."""
    cloud.routes[f"GET {QAAS}/jobs/1/results"] = answer(document)
    async with _opened(account) as provider:
        with pytest.raises(errors.CloudError):
            await provider.result("1")


async def test_unsupported_calls_send_no_request(cloud, account):
    """Reruns, availability and keys are reported as unsupported, without a request."""
    async with _opened(account) as provider:
        assert await provider.rerun("1", key="k") is None
        assert await provider.availability() == Availability()
        assert provider.supports_idempotency_keys is False
    assert cloud.requests == []


@pytest.mark.parametrize(
    ("status", "document", "kind", "sentence"),
    [
        (
            403,
            {"type": "permissions_denied", "message": "insufficient permissions"},
            errors.RequestRejectedError,
            "insufficient permissions",
        ),
        (
            403,
            {"type": "quotas_exceeded", "message": "quota exceeded", "details": [{"quota": 3}]},
            errors.QuotaExceededError,
            'quota exceeded [{"quota": 3}]',
        ),
        (
            400,
            {"type": "invalid_arguments", "message": "invalid argument(s)", "help_message": "name"},
            errors.RequestRejectedError,
            r"invalid argument(s) (name)",
        ),
        (402, {"message": "no more money"}, errors.InsufficientCreditsError, "no more money"),
    ],
)
async def test_rejections_keep_the_text_of_scaleway(
    cloud, account, status, document, kind, sentence
):
    """A rejected create for a running session is sent once, and its error has the reason."""
    cloud.routes |= {
        f"POST {QAAS}/jobs": answer(document, status),
        f"GET {QAAS}/sessions/s": answer({"id": "s", "status": "running"}),
    }
    async with _opened(account) as provider:
        with pytest.raises(kind) as caught:
            await provider.submit(BODY, key="k")
    assert sentence in str(caught.value)
    assert cloud.asked("POST") == [f"{QAAS}/jobs"]


async def test_a_session_of_another_project_is_not_used(cloud, account):
    """A job is sent only to a running session of its own project."""
    listed = [
        {"id": "s1", "status": "stopped", "project_id": "p"},
        {"id": "s2", "status": "running", "project_id": "another"},
        "nonsense",
        {"id": None, "status": "running", "project_id": "p"},
    ]
    cloud.routes |= {
        f"POST {QAAS}/jobs": answer({"message": "session is not running"}, 412),
        f"GET {QAAS}/sessions/s": answer({"id": "s", "status": "stopping"}),
        f"GET {QAAS}/sessions?project_id=p&order_by=created_at_desc": answer({"sessions": listed}),
    }
    async with _opened(account) as provider:
        with pytest.raises(
            errors.SessionEndedError, match=r"session s has ended \(session is not running\)"
        ):
            await provider.submit(BODY, key="k")
    assert cloud.asked("POST") == [f"{QAAS}/jobs"]
