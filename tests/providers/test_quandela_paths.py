"""Tests of the search for the cloud's paths, current or older, and of its failures."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from urllib.parse import urlsplit

import pytest
from wire_cloud import CLOSE, HANG, NOT_FOUND, RESET, WRONG_METHOD, answer

from jobgroup import errors
from jobgroup.providers.base import Availability, Submission, may_have_arrived
from jobgroup.providers.quandela import QuandelaCloud

pytestmark = pytest.mark.anyio
BODY = {"job_name": "a", "platform_name": "sim:altair", "payload": {"command": "probs"}}


def _opened(account, **options):
    return aclosing(QuandelaCloud(account, **options))


def _has_only_older_paths(cloud):
    cloud.routes = {"GET /api/job": WRONG_METHOD}


@pytest.mark.parametrize(("probe", "rejection"), [(200, 404), (200, 405), (403, 404), (403, 403)])
async def test_cloud_with_a_response_for_every_get_gets_the_job_on_the_older_path(
    cloud, account, probe, rejection
):
    """Some gateways and web sites respond to any path; the first job decides for the next ones."""
    cloud.routes = {
        "GET /api/jobs": answer({}, probe),
        "POST /api/jobs": answer({"error": "no such path"}, rejection),
        "POST /api/job": answer({"job_id": "1"}),
    }
    async with _opened(account) as provider:
        for key in ("k", "k2"):
            assert await provider.submit(BODY, key=key) == "1"
    posts = [urlsplit(r.path).path for r in cloud.requests if r.method == "POST"]
    assert posts == ["/api/jobs", "/api/job", "/api/job"]


def _fails_for_requests_that_perceval_does_not_make(cloud, failure):
    cloud.routes = {
        "GET /api/jobs": failure,
        "GET /api/job": failure,
        "POST /api/job": answer({"job_id": "1"}),
        "GET /api/job/status/1": answer({"job_id": "1", "status": "completed"}),
        "GET /api/job/result/1": answer({"job_id": "1", "results": "{}"}),
        "POST /api/job/cancel/1": answer({}),
    }


LOGIN = answer({}, 302, Location="http://127.0.0.1:9/login")


@pytest.mark.parametrize("failure", [CLOSE, answer({}, 500), answer({}, 501), LOGIN])
@pytest.mark.parametrize(
    "response", ["GET /api/jobs/availability", "GET /api/platforms/sim:altair/processor"]
)
async def test_cloud_that_fails_for_the_search_of_its_paths_gets_the_job(
    cloud, account, failure, response
):
    """A server for Perceval needs no response to a GET request for the path that creates jobs."""
    _fails_for_requests_that_perceval_does_not_make(cloud, failure)
    cloud.routes[response] = answer({})
    async with _opened(account) as provider:
        assert await provider.submit(BODY, key="k") == "1"
        assert (await provider.status(["1"]))["1"].state == "success"


@pytest.mark.parametrize("failure", [CLOSE, answer({}, 500)])
async def test_jobs_are_read_and_canceled_if_the_search_for_paths_fails(cloud, account, failure):
    """The status of a job shows that the cloud is up. A job that neither path has is not lost."""
    _fails_for_requests_that_perceval_does_not_make(cloud, failure)
    for read in ("status", "result", "cancel"):
        async with _opened(account) as provider:
            if read == "status":
                (failed,) = (await provider.status(["2"])).values()
                assert not isinstance(failed, errors.RemoteNotFoundError)
                assert (await provider.status(["2", "1"]))["1"].state == "success"
            elif read == "result":
                assert (await provider.result("1"))["results"] == "{}"
            else:
                await provider.cancel("1")
    assert cloud.asked("POST") == ["/api/job/cancel/1"]


async def test_a_silent_cloud_is_not_searched_further(cloud, account):
    """Each request to such a cloud takes half a minute."""
    _fails_for_requests_that_perceval_does_not_make(cloud, HANG)
    cloud.routes["GET /api/jobs/availability"] = answer({})
    async with _opened(account, read_timeout_s=0.3) as provider:
        with pytest.raises(errors.CloudUnreachableError, match="not sent"):
            await provider.submit(BODY, key="k")
    assert {request.path for request in cloud.requests} == {"/api/jobs"}


async def test_concurrent_requests_share_a_failed_search(cloud, account):
    """A request that waits for a search gets its error, and a later request searches again."""
    _fails_for_requests_that_perceval_does_not_make(cloud, answer({}, 502))
    async with _opened(account) as provider:
        await provider.status(["1"])
        one = len(cloud.requests)
        answers = await asyncio.gather(*(provider.status([str(n)]) for n in range(5)))
        failures = [error for each in answers for error in each.values()]
        assert {getattr(error, "status_code", None) for error in failures} == {502}
    assert len(cloud.requests) == 2 * one


@pytest.mark.parametrize(
    "response", ["GET /api/jobs/availability", "GET /api/platforms/sim:altair/processor"]
)
async def test_no_job_is_sent_while_a_gateway_responds_for_the_jobs(cloud, account, response):
    """Other services, and a cached response, may be there while the cloud is down."""
    _fails_for_requests_that_perceval_does_not_make(cloud, answer({}, 503))
    cloud.routes[response] = answer({})
    async with _opened(account) as provider:
        with pytest.raises(errors.CloudUnreachableError, match="not sent"):
            await provider.submit(BODY, key="k")
    assert cloud.asked("POST") == []


@pytest.mark.parametrize("failure", [CLOSE, answer({}, 500)])
@pytest.mark.parametrize("gone", [NOT_FOUND, WRONG_METHOD])
async def test_cloud_that_fails_and_then_finds_nothing_refuses_and_loses_no_job(
    cloud, account, failure, gone
):
    """A restarting cloud may fail, and then respond with 404 or 405 to everything."""
    _fails_for_requests_that_perceval_does_not_make(cloud, failure)
    cloud.routes["GET /api/jobs/availability"] = answer({})
    cloud.routes |= dict.fromkeys(("POST /api/job", "POST /api/jobs"), gone)
    cloud.routes |= dict.fromkeys(("GET /api/job/status/1", "GET /api/jobs/1/status"), gone)
    async with _opened(account) as provider:
        with pytest.raises(errors.CloudUnreachableError, match="not sent") as caught:
            await provider.submit(BODY, key="k")
        assert not may_have_arrived(caught.value)
        (failed,) = (await provider.status(["1"])).values()
        assert not isinstance(failed, errors.RemoteNotFoundError)
        cloud.routes["POST /api/jobs"] = answer({"job_id": "1"})
        cloud.routes["GET /api/jobs/1/status"] = answer({"job_id": "1", "status": "completed"})
        assert await provider.submit(BODY, key="k") == "1"
        cloud.routes.clear()
        (failed,) = (await provider.status(["1"])).values()
        assert isinstance(failed, errors.CloudUnavailableError)


async def test_maintenance_page_is_no_status(cloud, account):
    """A document of another kind neither settles the paths nor shows that the cloud is up."""
    _fails_for_requests_that_perceval_does_not_make(cloud, answer({}, 500))
    page = answer({"message": "maintenance"})
    cloud.routes |= {"GET /api/job/status/1": page, "GET /api/jobs/1/status": page}
    async with _opened(account) as provider:
        (failed,) = (await provider.status(["1"])).values()
        assert failed.status_code == 500
        cloud.routes = {
            "GET /api/jobs": WRONG_METHOD,
            "GET /api/jobs/1/status": answer({"job_id": "1", "status": "completed"}),
        }
        assert (await provider.status(["1"]))["1"].state == "success"


async def test_rejection_by_both_paths_is_that_of_the_current_one(cloud, account):
    """A gateway hides the paths, and the cloud has only the current ones."""
    cloud.routes = {
        "GET /api/jobs": answer({}, 403),
        "POST /api/jobs": answer({"error": "no permission for the platform"}, 403),
    }
    async with _opened(account) as provider:
        with pytest.raises(errors.RequestRejectedError, match="no permission for the platform"):
            await provider.submit(BODY, key="k")


@pytest.mark.parametrize(
    "failure",
    [answer({}, 500), answer({}, 503), answer({}, 308, Location="/api/jobs/"), RESET],
    ids=["500", "503", "redirect", "reset"],
)
async def test_cloud_whose_current_path_fails_gets_the_job_on_the_older_path(
    cloud, account, failure
):
    """A gateway may fail for one path only, however often it is asked."""
    cloud.routes = {
        "GET /api/jobs": failure,
        "GET /api/job": WRONG_METHOD,
        "POST /api/job": answer({"job_id": "1"}),
        "GET /api/job/status/1": answer({"status": "completed"}),
    }
    async with _opened(account) as provider:
        assert await provider.submit(BODY, key="k") == "1"
        assert (await provider.status(["1"]))["1"].state == "success"
    assert cloud.asked("POST") == ["/api/job"]


@pytest.mark.parametrize("status", [200, 400, 401, 405, 422, 500])
@pytest.mark.parametrize(
    "call", ["submit", "status", "result", "cancel", "submission", "availability"]
)
async def test_cloud_with_only_older_paths_may_have_any_response_for_others(
    cloud, account, status, call
):
    """Not every server responds with 404 to a path that it does not have."""
    newer = ("/api/jobs", "/api/jobs/1/status", "/api/jobs/1/result", "/api/jobs/1/data")
    cloud.routes = {
        **{f"GET {path}": answer({}, status) for path in newer},
        **{f"POST {path}": answer({}, status) for path in ("/api/jobs", "/api/jobs/1/cancel")},
        "GET /api/job": WRONG_METHOD,
        "POST /api/job": answer({"job_id": "1"}),
        "GET /api/job/status/1": answer({"job_id": "1", "status": "completed"}),
        "GET /api/job/result/1": answer({"job_id": "1", "results": "{}"}),
        "POST /api/job/cancel/1": answer({}),
    }
    async with _opened(account) as provider:
        if call == "submit":
            assert await provider.submit(BODY, key="k") == "1"
        elif call == "status":
            assert (await provider.status(["1"]))["1"].state == "success"
        elif call == "submission":  # of a job whose status is known
            await provider.status(["1"])
            assert await provider.submission("1") == Submission()
        elif call == "availability":
            cloud.routes["GET /api/jobs/availability"] = answer({}, status)
            await provider.submit(BODY, key="k")
            assert await provider.availability() == Availability()
        else:
            await getattr(provider, call)("1")
    assert cloud.asked("POST").count("/api/job/cancel/1") == (call == "cancel")


def _late(response, gate, then=NOT_FOUND):
    """Return a route that signals the first request, responds to it late, and to others at once."""

    def respond(_):
        if gate.asked.is_set():
            return then
        gate.asked.set()
        gate.opened.wait(10)
        return response

    return respond


class _Gate:
    def __init__(self):
        self.asked, self.opened = threading.Event(), threading.Event()


@pytest.mark.parametrize("call", ["status", "result", "cancel", "rerun"])
@pytest.mark.parametrize("response", [NOT_FOUND, WRONG_METHOD])
async def test_late_rejection_of_the_wrong_paths_is_not_believed(cloud, account, call, response):
    """Meanwhile, another job showed that the cloud has the other paths."""
    gate, method = _Gate(), "POST" if call == "rerun" else "GET"
    what = "status" if call == "cancel" else call  # a cancellation reads the status first
    cloud.routes = {
        "GET /api/jobs/a/status": answer({"job_id": "a", "status": "running"}),
        "GET /api/jobs/b/status": answer({"job_id": "b", "status": "completed"}),
        "GET /api/jobs/b/result": answer({"job_id": "b", "results": "{}"}),
        "POST /api/jobs/b/cancel": answer({}),
        "POST /api/jobs/b/rerun": answer({"job_id": "c"}),
        f"{method} /api/job/{what}/b": _late(response, gate),
    }
    async with _opened(account) as provider:
        options = {"key": "k"} if call == "rerun" else {}
        late = asyncio.create_task(
            getattr(provider, call)(["b"] if call == "status" else "b", **options)
        )
        await asyncio.to_thread(gate.asked.wait, 10)
        await provider.status(["a"])
        gate.opened.set()
        found = await late
    if call == "status":
        assert found["b"].state == "success"
    elif call == "result":
        assert found["results"] == "{}"
    elif call == "cancel":
        assert cloud.asked("POST") == ["/api/jobs/b/cancel"]
    else:
        assert found == "c"
        assert cloud.asked("POST") == ["/api/job/rerun/b", "/api/jobs/b/rerun"]


@pytest.mark.parametrize("response", [NOT_FOUND, WRONG_METHOD, answer({}, 403)])
async def test_late_rejection_of_a_create_is_not_believed(cloud, account, response):
    """Meanwhile, another job was created on the other paths."""
    gate = _Gate()
    cloud.routes = {
        "GET /api/jobs": WRONG_METHOD,
        "POST /api/jobs": _late(response, gate, then=WRONG_METHOD),
        "POST /api/job": answer({"job_id": "2"}),
    }
    async with _opened(account) as provider:
        late = asyncio.create_task(provider.submit(BODY, key="k"))
        await asyncio.to_thread(gate.asked.wait, 10)
        await provider.submit(BODY, key="other")
        gate.opened.set()
        assert await late == "2"


@pytest.mark.parametrize("call", ["submit", "rerun"])
@pytest.mark.parametrize(
    "response", [RESET, CLOSE, answer({}, 500), answer({}, 408), answer(text="<html>")]
)
async def test_create_that_may_have_arrived_is_not_sent_on_the_other_path(
    cloud, account, call, response
):
    """The cloud may have created the job, although the paths are a guess."""
    cloud.routes = {
        **{f"POST /api/{path}": answer({"job_id": "2"}) for path in ("jobs", "jobs/1/rerun")},
        **{f"POST /api/{path}": response for path in ("job", "job/rerun/1")},
    }
    async with _opened(account) as provider:
        with pytest.raises(errors.JobGroupError) as caught:
            await getattr(provider, call)(BODY if call == "submit" else "1", key="k")
    assert may_have_arrived(caught.value)
    assert len(cloud.asked("POST")) == 1


@pytest.mark.parametrize("response", [NOT_FOUND, WRONG_METHOD, answer({}, 403)])
async def test_rerun_reaches_the_job_if_paths_are_hidden(cloud, account, response):
    """Without the rerun, jobgroup would send the body of the job again, if it has one."""
    cloud.routes = {
        "GET /api/jobs": answer({}, 403),
        "POST /api/jobs/1/rerun": response,
        "GET /api/job/status/1": answer({"status": "error"}),
        "POST /api/job/rerun/1": answer({"job_id": "2"}),
    }
    async with _opened(account) as provider:
        assert await provider.rerun("1", key="k") == "2"
        assert await provider.rerun("1", key="k2") == "2"
    assert cloud.asked("POST") == ["/api/jobs/1/rerun", *["/api/job/rerun/1"] * 2]


@pytest.mark.parametrize("response", [CLOSE, answer({}, 401), answer({}, 500), answer(text="<")])
@pytest.mark.parametrize("probe", [NOT_FOUND, WRONG_METHOD])
@pytest.mark.parametrize("rejection", [NOT_FOUND, WRONG_METHOD, answer({}, 403)])
async def test_rejected_rerun_is_not_sent_on_paths_without_the_job(
    cloud, account, response, probe, rejection
):
    """The cloud may respond to requests for other paths as if it had rerun the job."""
    cloud.routes = {
        "GET /api/job": probe,
        "POST /api/job/rerun/1": rejection,
        "GET /api/job/status/1": answer({"status": "error"}),
        "POST /api/jobs/1/rerun": response,
    }
    async with _opened(account) as provider:
        assert await provider.rerun("1", key="k") is None
    assert cloud.asked("POST") == ["/api/job/rerun/1"]


async def test_job_that_the_older_paths_forbid_is_not_sent_on_the_other_ones(cloud, account):
    """The cloud rejected the job, although its paths are a guess."""
    cloud.routes = {"POST /api/job": answer({"error": "no permission"}, 403)}
    async with _opened(account) as provider:
        with pytest.raises(errors.RequestRejectedError, match="no permission"):
            await provider.submit(BODY, key="k")
    assert cloud.asked("POST") == ["/api/job"]


async def test_plan_may_be_full_on_the_other_paths(cloud, account):
    """The rejection by the missing path says nothing of the job, which waits for a slot."""
    cloud.routes = {
        "GET /api/jobs": WRONG_METHOD,
        "POST /api/jobs": WRONG_METHOD,
        "POST /api/job": answer({"error": "Cannot create more than 2 jobs"}, 403),
    }
    async with _opened(account) as provider:
        with pytest.raises(errors.QuotaExceededError):
            await provider.submit(BODY, key="k")


async def test_full_plan_says_nothing_of_the_paths(cloud, account):
    """The cloud executed the request, so the job is not sent on the other path."""
    full = answer({"error": "Cannot create more than 2 jobs"}, 403)
    cloud.routes = {"GET /api/jobs": full, "POST /api/jobs": full}
    async with _opened(account) as provider:
        with pytest.raises(errors.QuotaExceededError):
            await provider.submit(BODY, key="k")
    assert cloud.asked("POST") == ["/api/jobs"]


@pytest.mark.parametrize("older", [NOT_FOUND, CLOSE, answer({}, 503), answer(text="<html>")])
@pytest.mark.parametrize("probe", [401, 403])
async def test_unclear_response_for_the_current_path_needs_no_other_path(
    cloud, account, probe, older
):
    """Only a cloud that proves to have the older paths is asked there."""
    cloud.routes = {
        "GET /api/jobs": answer({}, probe),
        "POST /api/jobs": answer({"job_id": "1"}),
        "GET /api/job": older,
    }
    async with _opened(account) as provider:
        assert await provider.submit(BODY, key="k") == "1"


async def test_empty_document_is_no_job(cloud, account):
    """It does not show that the cloud has the paths."""
    cloud.routes = {
        "GET /api/jobs": answer({}),
        "GET /api/jobs/a/status": answer({}),
        "POST /api/jobs": WRONG_METHOD,
        "POST /api/job": answer({"job_id": "1"}),
    }
    async with _opened(account) as provider:
        await provider.status(["a"])
        assert await provider.submit(BODY, key="k") == "1"


async def test_cloud_that_lists_too_many_jobs_gets_the_job(cloud, account):
    """The response to the question for the path is larger than any that is read."""
    cloud.routes = {
        "GET /api/jobs": answer(["x" * 100] * 50_000),
        "POST /api/jobs": answer({"job_id": "1"}),
    }
    async with _opened(account) as provider:
        assert await provider.submit(BODY, key="k") == "1"


async def test_cancellation_reaches_the_job_if_paths_are_hidden(cloud, account):
    """A site that accepts a POST request to any path would seem to accept the cancellation."""
    page = answer(text="<html>")
    cloud.routes = {
        "GET /api/jobs": page,
        "GET /api/jobs/1/status": page,
        "POST /api/jobs/1/cancel": page,
        "GET /api/job/status/1": answer({"status": "running"}),
        "POST /api/job/cancel/1": answer({}),
    }
    async with _opened(account) as provider:
        await provider.cancel("1")
    assert cloud.asked("POST") == ["/api/job/cancel/1"]


async def test_blank_status_hides_no_job_if_the_paths_are_known(cloud, account):
    """The job is canceled, and its state is unknown, as for a job that was found before."""
    cloud.routes |= {
        "GET /api/jobs/1/status": answer({}),
        "POST /api/jobs/1/cancel": answer({}),
    }
    async with _opened(account) as provider:
        assert (await provider.status(["1"]))["1"].state == "unknown"
    async with _opened(account) as provider:
        await provider.cancel("1")
    assert cloud.asked("POST") == ["/api/jobs/1/cancel"]


async def test_cloud_with_only_older_paths_gets_no_post_on_the_current_ones(cloud, account):
    """The provider finds the paths with GET, and creates nothing to find them."""
    _has_only_older_paths(cloud)
    cloud.routes |= {
        "POST /api/job": answer({"job_id": "1"}),
        "POST /api/job/cancel/1": answer({"message": "ok"}),
        "POST /api/job/rerun/1": answer({"job_id": "2"}),
        "GET /api/job/status/1": answer({"status": "canceled"}),
        "GET /api/job/result/1": answer({"results": "{}"}),
    }
    async with _opened(account) as provider:
        assert await provider.submit(BODY, key="k") == "1"
        await provider.cancel("1")
        assert (await provider.status(["1"]))["1"].state == "canceled"
        assert await provider.result("1") == {"results": "{}"}
        assert await provider.rerun("1", key="k2") == "2"
    assert cloud.asked("POST") == ["/api/job", "/api/job/cancel/1", "/api/job/rerun/1"]
    assert cloud.asked("GET")[:2] == ["/api/jobs", "/api/job"]
    assert cloud.asked("GET").count("/api/jobs") == 1


async def test_first_found_job_decides_if_paths_are_hidden(cloud, account):
    """If a gateway hides the paths, a job's status shows which exist."""
    cloud.routes = {
        "GET /api/jobs/1/status": answer({"status": "running"}),
        "POST /api/jobs": answer({"job_id": "2"}),
    }
    async with _opened(account) as provider:
        assert (await provider.status(["1"]))["1"].state == "running"
        assert await provider.submit(BODY, key="k") == "2"


async def test_first_created_job_decides_if_paths_are_hidden(cloud, account):
    """Later creates need no further question for the paths."""
    cloud.routes = {
        "GET /api/jobs": answer({}, 403),
        "POST /api/jobs": answer({"job_id": "2"}),
    }
    async with _opened(account) as provider:
        for key in ("k", "k2"):
            assert await provider.submit(BODY, key=key) == "2"
    assert cloud.asked("GET") == ["/api/jobs", "/api/job"]
