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
    "job_id", ["..", ".", " ", "a + b", "a\nb", "\x00", "x" * 201, "\ud800", "", None, 7, ["a"]]
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


def test_long_pause_requested_by_a_cloud_is_reported(start, timer, until):
    """The report says how long the pause lasts. The job stays unsent until then."""
    cloud = start(max_queue=10)
    cloud.faults.add("http_error", calls=["create"], status=429, retry_after_s=600)
    jg = JobGroup("slow")
    jg.add(timer(cloud, "a"))
    jg.start()
    until(lambda: "asked jobgroup to wait 10 minutes; next attempt at" in jg.state.last_error, 120)
    assert jg[0].state == "unsent"


def test_pause_requested_by_a_cloud_is_at_most_an_hour(start, timer, until):
    """The cloud requests years."""
    cloud = start(max_queue=10)
    cloud.faults.add("http_error", calls=["create"], status=429, retry_after_s=999_999)
    jg = JobGroup("slower")
    jg.add(timer(cloud, "a"))
    jg.start()
    until(lambda: "wait an hour or longer; next attempt at" in jg.state.last_error, 120)
