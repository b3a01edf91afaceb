"""Responses of gateways and clouds to a create, by their effect on the job."""

from __future__ import annotations

import pytest

from jobgroup import JobGroup, errors


def _instead(status, document=None, *, makes=False, times=1):
    """Return a fault that responds to the first creates before or after the job is created."""

    def fault(before, asked, cloud):
        if before >= times:
            return None
        if makes:
            cloud.make()
        return status, document or {"error": "a gateway says so"}

    return fault


@pytest.fixture
def answering(scripted):
    """Make the cloud return another response to creates."""

    def have(status, document=None, **options):
        fault = _instead(status, document, **options)
        scripted.faults["create"] = lambda before, asked: fault(before, asked, scripted)

    return have


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_job_is_unconfirmed_if_the_cloud_may_have_created_it(group, scripted, answering, status):
    """A gateway can report a timeout even after the cloud created the job."""
    answering(status, makes=True)
    jg = group(scripted, 2)
    with pytest.raises(errors.UnconfirmedJobError):
        jg.run_parallel()
    assert jg[0].state == "unconfirmed"
    jg.run_parallel()
    assert len(scripted.ids()) == 2
    assert jg[0].state == "unconfirmed"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 425, 429, 501, 505, 511])
def test_job_is_unsent_if_the_cloud_certainly_did_not_create_it(group, scripted, answering, status):
    """The same run or the next one sends the job, which exists once."""
    answering(status, times=100)
    jg = group(scripted, 1)
    with pytest.raises(errors.CloudError):
        jg.run_parallel()
    assert jg[0].state == "unsent"
    scripted.faults.clear()
    jg.run_parallel()
    assert len(scripted.ids()) == 1


@pytest.mark.parametrize(
    "job_id", ["..", ".", " ", "a + b", "a\nb", "\x00", "x" * 201, "\ud800", "", None, 1.5, ["a"]]
)
def test_response_without_a_valid_id_is_not_accepted(group, scripted, answering, job_id):
    """The job may exist, so it is unconfirmed. No request uses such an id."""
    answering(200, {"job_id": job_id})
    jg = group(scripted, 1)
    with pytest.raises(errors.UnconfirmedJobError):
        jg.run_parallel()
    jg.progress()
    assert jg[0].state == "unconfirmed"
    assert {asked.what for asked in scripted.asked} <= {"probe", "create", "availability"}


@pytest.mark.parametrize("how", [{}, {"queue": True, "concurrent_job_count": 1}])
@pytest.mark.parametrize(
    ("status", "said"),
    [(501, "not support this request"), (505, "not support this request"), (302, "no redirects")],
)
def test_request_that_no_job_can_make_ends_the_run(group, scripted, answering, status, said, how):
    """The run does not retry it, and tries no other job."""
    answering(status, times=100)
    jg = group(scripted, 2)
    with pytest.raises(errors.CloudError, match=f"^Job 0 of .* was not sent: .*{said}"):
        jg.run_parallel(**how)
    assert [asked.what for asked in scripted.asked].count("create") == 1
    assert [job.state for job in jg] == ["unsent", "unsent"]


@pytest.mark.parametrize(
    ("job_id", "shown"),
    [
        ("a + b", "'a + b'"),
        ("a\x1bb", r"'a\x1bb'"),
        ("x" * 10_000, "x" * 200),
        ({"id": "a1"}, "{'id': 'a1'}"),
    ],
)
def test_error_shows_the_malformed_id(group, scripted, answering, job_id, shown):
    """The user needs the id to find the job, so the error and the evidence contain it."""
    answering(200, {"job_id": job_id})
    jg = group(scripted, 1)
    with pytest.raises(errors.UnconfirmedJobError) as caught:
        jg.run_parallel()
    for text in (str(caught.value), jg[0].attempts[-1].diagnostics["reason"]):
        assert shown in text
        assert len(text) < 1000
    assert str(caught.value).count("may ") == 1


@pytest.mark.parametrize("job_id", ["a/../b", "%2e%2e", "a?b=c", "a#b", "ünïcode", "a b"])
def test_unusual_id_is_one_segment_of_a_path(group, scripted, answering, job_id):
    """Any id leads to its own job only."""
    answering(200, {"job_id": job_id})
    jg = group(scripted, 1)
    jg.run_parallel()
    assert jg[0].id == job_id
    jg.progress()
    asked = [each.path for each in scripted.asked if each.path.endswith("/status")]
    assert asked
    assert all(path.count("/") == 4 and not set(path) & set("?#") for path in asked)


PAGE = b"<html>default backend - 404</html>"


def _restart(scripted):
    """Make the cloud's gateway respond with 404 to every request."""
    kinds = ("create", "rerun", "status", "result", "cancel", "probe", "availability")
    scripted.faults.update(dict.fromkeys(kinds, lambda *_: (404, PAGE)))


def test_restart_of_a_cloud_refuses_no_job(group, scripted, until):
    """Its gateway responds with 404 to every request. All jobs are sent after that."""
    jg = group(scripted, 3)
    jg[0].execute_async()
    _restart(scripted)
    run = jg.start(queue=True)
    until(lambda: scripted.count("create") >= 3, 120)
    assert "refused" not in [job.state for job in jg]
    scripted.faults.clear()
    run.result(120)
    assert [job.state for job in jg] == ["waiting"] * 3
    assert len(scripted.ids()) == 3


def test_restart_that_persists_ends_a_run_and_leaves_the_jobs_unsent(group, scripted):
    """The error says so, and the next run sends the jobs."""
    jg = group(scripted, 3)
    jg[0].execute_async()
    _restart(scripted)
    with pytest.raises(errors.CloudUnavailableError, match="probably restarting"):
        jg.run_parallel()
    assert [job.state for job in jg] == ["waiting", "unsent", "unsent"]


def test_restart_of_a_cloud_loses_no_sent_job(group, scripted, until):
    """The job keeps its state, and a sequential run sends no other job."""
    jg = group(scripted, 2)
    run = jg.start(delay=0)
    until(lambda: scripted.count("status") >= 1, 120)
    _restart(scripted)
    asked = scripted.count("status")
    until(lambda: scripted.count("status") >= asked + 4, 120)
    assert (jg[0].state, scripted.count("create")) == ("waiting", 1)
    scripted.first_word = "completed"
    scripted.tell(jg[0].id, "completed")
    scripted.faults.clear()
    run.result(120)
    assert [job.state for job in jg] == ["success"] * 2


def test_job_that_the_cloud_refuses_with_a_page_is_refused(group, scripted):
    """The cloud knows its paths, so the response is about the job. A queue sends the others."""
    scripted.faults["create"] = lambda _, asked: (
        (404, PAGE) if asked.body["job_name"] == "job 1" else None
    )
    jg = group(scripted, 3)
    with pytest.raises(errors.RemoteNotFoundError):
        jg.run_parallel(queue=True)
    assert [job.state for job in jg] == ["waiting", "refused", "waiting"]


@pytest.mark.parametrize(
    ("status", "headers", "body", "state"),
    [
        (429, {"Content-Encoding": "gzip"}, b"<html>", "unsent"),
        (422, {"Content-Encoding": "gzip"}, b"no", "refused"),
        (401, {"Content-Encoding": "br"}, b"no", "unsent"),
        (400, {}, b"x" * 5_000_000, "refused"),
        (429, {"Content-Length": "500", "Connection": "close"}, b"cut", "unsent"),
    ],
)
def test_error_counts_even_if_its_body_cannot_be_read(
    group, scripted, status, headers, body, state
):
    """The status alone says that no job was created."""
    scripted.faults["create"] = lambda *_: (status, body, headers)
    jg = group(scripted, 1)
    with pytest.raises(errors.JobGroupError) as caught:
        jg.run_parallel()
    assert not isinstance(caught.value, errors.UnconfirmedJobError)
    assert jg[0].state == state


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Security-Policy": "default-src " + "https://a.example " * 600},
        {"Content-Encoding": "utf-8"},
        {"Content-Encoding": "none"},
    ],
    ids=["a header of 10 kB", "utf-8", "none"],
)
def test_odd_headers_do_not_hide_an_id(group, scripted, answering, headers):
    """Other clients accept such responses."""
    scripted.faults["create"] = lambda *_: (200, {"job_id": scripted.make()}, headers)
    jg = group(scripted, 1)
    jg.run_parallel()
    assert [job.id for job in jg] == scripted.ids()


def test_validation_error_with_a_number_is_no_full_plan(group, scripted):
    """Only a sentence about jobs means that the plan is full. A queued run skips the job."""
    said = {"error": "Circuit cannot have more than 24 modes"}
    scripted.faults["create"] = lambda _, asked: (
        (400, said) if asked.body["job_name"] == "job 0" else None
    )
    jg = group(scripted, 2)
    with pytest.raises(errors.RequestRejectedError, match="24 modes"):
        jg.run_parallel(queue=True)
    assert [job.state for job in jg] == ["refused", "waiting"]


@pytest.mark.parametrize("order", [("/api/jobs", "/api/job"), ("/api/job", "/api/jobs")])
def test_cloud_with_one_kind_of_paths_is_found_from_pages(group, scripted, order):
    """The other paths respond to GET and POST requests with the same 404."""
    path, other = order
    missing = (404, {"message": "Cannot find it"})
    scripted.faults["probe"] = lambda *_: missing
    scripted.faults["create"] = lambda _, asked: None if asked.path == path else missing
    scripted.faults["status"] = lambda _, a: missing if a.path.startswith(f"{other}/") else None
    jg = group(scripted, 1)
    jg.run_parallel()
    jg.progress()
    assert [job.state for job in jg] == ["waiting"]
    assert len(scripted.ids()) == 1


def test_refresh_respects_a_requested_pause(group, scripted):
    """`progress` in a loop sends no more requests until the time that the cloud asked for."""
    jg = group(scripted, 2)
    jg.run_parallel()
    scripted.faults["status"] = lambda *_: (429, {"error": "Too many"}, {"Retry-After": "600"})
    jg.progress()
    asked = scripted.count("status")
    for _ in range(5):
        jg.progress()
    assert scripted.count("status") == asked


def test_error_of_a_queued_run_does_not_wait_for_another_jobs_pause(group, scripted):
    """The job that waits stays unsent, although the cloud asked for a pause of an hour."""
    slow = (429, {"error": "Slow down"}, {"Retry-After": "3600"})
    scripted.faults["create"] = lambda before, _: (
        (401, {"error": "Not enough credits"}) if before else slow
    )
    jg = group(scripted, 3)
    with pytest.raises(errors.InsufficientCreditsError):
        jg.run_parallel(queue=True)
    assert [job.state for job in jg] == ["unsent"] * 3


def test_long_pause_requested_by_a_cloud_is_reported(start, timer, until):
    """The report says how long the pause lasts. The job stays unsent until then."""
    cloud = start(max_queue=10)
    cloud.faults.add("http_error", calls=["create"], status=429, retry_after_s=600)
    jg = JobGroup("slow")
    jg.add(timer(cloud, "a"))
    jg.start()
    until(lambda: "asked jobgroup to wait 10 minutes; next attempt at" in jg.state.last_error, 120)
    assert jg[0].state == "unsent"
    jg.stop()


def test_pause_requested_by_a_cloud_is_at_most_an_hour(start, timer, until):
    """The cloud requests years."""
    cloud = start(max_queue=10)
    cloud.faults.add("http_error", calls=["create"], status=429, retry_after_s=999_999)
    jg = JobGroup("slower")
    jg.add(timer(cloud, "a"))
    jg.start()
    until(lambda: "wait an hour or longer; next attempt at" in jg.state.last_error, 120)
    jg.stop()
