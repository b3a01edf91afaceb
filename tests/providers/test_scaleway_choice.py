"""The choice of another session for a Scaleway job whose own session has ended."""

from __future__ import annotations

import json
from contextlib import aclosing
from urllib.parse import parse_qs, urlsplit

import pytest
from wire_cloud import RESET, answer

from jobgroup import errors
from jobgroup.providers.scaleway import ScalewayQaaS

pytestmark = pytest.mark.anyio
QAAS = "/qaas/v1alpha1"
JOBS = f"POST {QAAS}/jobs"
BODY = {
    "job_name": "a",
    "payload": {"command": "probs"},
    "project_id": "p",
    "platform_id": "f",
    "session_id": "s",
}
LISTED = f"GET {QAAS}/sessions?project_id=p&platform_id=f&order_by=created_at_desc"
REFUSED = answer({"message": "session is not running"}, 412)


def _opened(account):
    return aclosing(ScalewayQaaS(account))


def _taken_by(*sessions):
    """Accept the jobs of some sessions and reject those of others."""

    def create(request):
        session = json.loads(request.body)["session_id"]
        return answer({"id": f"in {session}"}) if session in sessions else REFUSED

    return create


def _session(name, status="running", **other):
    return {"id": name, "status": status, "project_id": "p", "platform_id": "f"} | other


@pytest.mark.parametrize("status", ["running", "starting"])
@pytest.mark.parametrize("own", ["stopped", "stopping", None])
async def test_newest_running_session_takes_over(cloud, account, own, status):
    """The newest running session of the same project and platform takes the job."""
    listed = [
        _session("of another platform", platform_id="g"),
        _session("newest", status),
        _session("older"),
    ]
    cloud.routes |= {JOBS: _taken_by("newest"), LISTED: answer({"sessions": listed})}
    if own is not None:
        cloud.routes[f"GET {QAAS}/sessions/s"] = answer(_session("s", own))
    async with _opened(account) as provider:
        assert await provider.submit(BODY, key="k") == "in newest"
        assert await provider.submit(BODY, key="l") == "in newest"
    assert len(cloud.asked("POST")) == 3, "the ended one is tried once"
    (query,) = (parse_qs(urlsplit(p).query) for p in cloud.asked("GET") if "?" in p)
    assert query == {"project_id": ["p"], "platform_id": ["f"], "order_by": ["created_at_desc"]}


@pytest.mark.parametrize("fault", [answer({}, 403), answer({}, 500), RESET])
async def test_session_of_unknown_state_has_not_ended(cloud, account, fault):
    """The error of the create is raised, and no other session is tried."""
    cloud.routes |= {JOBS: _taken_by(), f"GET {QAAS}/sessions/s": fault}
    async with _opened(account) as provider:
        with pytest.raises(errors.RequestRejectedError, match="session is not running"):
            await provider.submit(BODY, key="k")
    assert not [path for path in cloud.asked("GET") if "?" in path]


async def test_full_plan_is_not_an_ended_session(cloud, account):
    """The error is raised at once, because another session would be full too."""
    full = {"type": "quotas_exceeded", "message": "quota exceeded"}
    cloud.routes |= {
        JOBS: answer(full, 403),
        f"GET {QAAS}/sessions/s": answer(_session("s", "stopped")),
    }
    async with _opened(account) as provider:
        with pytest.raises(errors.QuotaExceededError):
            await provider.submit(BODY, key="k")
    assert cloud.asked("GET") == []


async def test_a_cloud_that_lists_no_sessions_leaves_the_job_unsent(cloud, account):
    """A 404 for the list counts as an empty list."""
    cloud.routes |= {JOBS: _taken_by(), f"GET {QAAS}/sessions/s": answer(_session("s", "stopped"))}
    async with _opened(account) as provider:
        with pytest.raises(errors.SessionEndedError, match="Start a session"):
            await provider.submit(BODY, key="k")


async def test_text_about_a_full_plan_counts_only_in_a_rejection(cloud, account):
    """A gateway's 503 that quotes that text means a busy cloud."""
    cloud.routes[JOBS] = answer({"type": "quotas_exceeded", "message": "later"}, 503)
    async with _opened(account) as provider:
        with pytest.raises(errors.CloudUnavailableError):
            await provider.submit(BODY, key="k")


async def test_the_first_result_is_the_result(cloud, account):
    """A result in the response is not downloaded again."""
    found = [{"result": "[1]", "url": "https://nowhere.invalid:0/x"}, {"result": "[2]"}]
    cloud.routes[f"GET {QAAS}/jobs/1/results"] = answer({"job_results": found})
    async with _opened(account) as provider:
        assert (await provider.result("1"))["results"] == "[1]"


async def test_large_result_is_read_completely(cloud, account):
    """A result may be larger than any other response."""
    text = json.dumps("x" * (5 * 2**20))
    cloud.routes[f"GET {QAAS}/jobs/1/results"] = answer({"job_results": [{"result": text}]})
    async with _opened(account) as provider:
        assert (await provider.result("1"))["results"] == text


async def test_restart_of_scaleway_neither_refuses_nor_loses_a_job(cloud, account):
    """If the list of sessions responds with 404 too, this is an outage."""
    gone = answer({"message": "default backend - 404"}, 404)
    cloud.routes |= {JOBS: gone, f"GET {QAAS}/jobs/1": gone}
    async with _opened(account) as provider:
        with pytest.raises(errors.CloudUnavailableError, match="probably restarting"):
            await provider.submit(BODY, key="k")
        assert isinstance((await provider.status(["1"]))["1"], errors.CloudUnavailableError)


async def test_job_that_scaleway_no_longer_has_is_not_found(cloud, account):
    """The list of sessions responds, so the 404 is about the job."""
    cloud.routes[f"GET {QAAS}/sessions?page_size=1"] = answer({"sessions": []})
    async with _opened(account) as provider:
        assert isinstance((await provider.status(["1"]))["1"], errors.RemoteNotFoundError)
