"""How the provider reads errors, statuses and waits, and which errors leave a job unconfirmed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobgroup import errors
from jobgroup.providers.base import may_have_arrived
from jobgroup.providers.quandela_schema import availability, remote_status
from jobgroup.providers.responses import (
    MAX_DETAIL,
    error_for,
    extract_detail,
    retry_after_s,
)
from jobgroup.secret import Secret

ORIGIN = "https://cloud.example"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def _error(status, sentence="no", **more):
    return error_for(status, json.dumps({"error": sentence}).encode(), origin=ORIGIN, **more)


@pytest.mark.parametrize(
    ("status", "sentence", "kind", "arrived"),
    [
        (400, "Cannot create more than 12 jobs", errors.QuotaExceededError, False),
        (403, "Cannot have more than 2 running jobs", errors.QuotaExceededError, False),
        (401, "Cannot create more than 2 jobs", errors.QuotaExceededError, False),
        (422, "Cannot create more than 2 jobs", errors.QuotaExceededError, False),
        (429, "Cannot create more than 2 jobs", errors.QuotaExceededError, False),
        (429, "Cannot create more than 2 jobs per minute", errors.CloudUnavailableError, False),
        (408, "Cannot create more than 2 jobs", errors.CloudUnavailableError, True),
        (400, "Max shots must less than or equal to 5", errors.RequestRejectedError, False),
        (401, "Invalid or expired job token", errors.InvalidTokenError, False),
        (401, "Not enough credits", errors.InsufficientCreditsError, False),
        (401, "Not enough credits: all are reserved", errors.InsufficientCreditsError, False),
        (401, "Not enough qpu time left", errors.InsufficientCreditsError, False),
        (402, "pay", errors.InsufficientCreditsError, False),
        (403, "No permission", errors.RequestRejectedError, False),
        (404, "Platform not found", errors.RemoteNotFoundError, False),
        (405, "no", errors.RequestRejectedError, False),
        (408, "slow", errors.CloudUnavailableError, True),
        (409, "no", errors.RequestRejectedError, False),
        (413, "large", errors.RequestRejectedError, False),
        (422, "Validation error", errors.RequestRejectedError, False),
        (425, "early", errors.CloudUnavailableError, False),
        (429, "often", errors.CloudUnavailableError, False),
        (500, "oops", errors.CloudUnavailableError, True),
        (502, "gateway", errors.CloudUnavailableError, True),
        (503, "down", errors.CloudUnavailableError, True),
        (504, "late", errors.CloudUnavailableError, True),
        (501, "what", errors.CloudUnavailableError, False),
        (505, "version", errors.CloudUnavailableError, False),
        (511, "sign in", errors.CloudUnavailableError, False),
        (301, "moved", errors.InvalidResponseError, False),
        (302, "found", errors.InvalidResponseError, False),
        (303, "see", errors.InvalidResponseError, False),
        (307, "there", errors.InvalidResponseError, False),
        (308, "there", errors.InvalidResponseError, False),
        (304, "same", errors.InvalidResponseError, True),
    ],
)
def test_each_rejection_has_its_class_text_and_outcome(status, sentence, kind, arrived):
    """Each row has the error's class, the cloud's text, and whether the job may exist."""
    made = _error(status, sentence)
    assert type(made) is kind
    assert sentence in str(made)
    assert may_have_arrived(made) is arrived
    if isinstance(made, errors.CloudError):
        assert (made.status_code, made.detail, made.origin) == (status, sentence, ORIGIN)


@pytest.mark.parametrize(
    ("made", "arrived"),
    [
        (errors.CloudUnreachableError("x"), False),
        (errors.NoResponseError("x"), True),
        (errors.InvalidResponseError("x", status_code=200), True),
        (errors.MissingTokenError("x"), False),
        (errors.MissingDependencyError("x"), False),
        (errors.InvalidProviderError("x"), False),
        (errors.RequestRejectedError("x"), False),
        (errors.QuotaExceededError("x"), False),
        (errors.RequestRejectedError("x", status_code=500), True),
        (errors.CloudError("x"), True),
        (errors.CloudUnavailableError("x"), True),
        (ZeroDivisionError(), True),
        (KeyboardInterrupt(), True),
    ],
)
def test_uncertain_errors_may_have_arrived(made, arrived):
    """Only an error that rules out an arrival counts as unsent."""
    assert may_have_arrived(made) is arrived


def test_success_is_no_error():
    """Every 2xx counts as success."""
    assert error_for(200, b"", origin=ORIGIN) is None
    assert error_for(201, b"", origin=ORIGIN) is None


def test_details_of_a_validation_error_are_kept():
    """A 422 names the field that it refers to."""
    body = {"message": "Validation error", "detail": {"json": {"payload": ["Missing data"]}}}
    sentence = extract_detail(json.dumps(body).encode())
    assert sentence == 'Validation error {"json": {"payload": ["Missing data"]}}'


def test_html_page_of_a_gateway_is_not_quoted():
    """The user sees the status instead of HTML."""
    made = error_for(502, b"<html><h1>Bad</h1></html>", origin=ORIGIN)
    assert made.detail is None
    assert "HTTP 502 Bad Gateway" in str(made)


@given(st.binary() | ANYTHING.map(lambda v: json.dumps(v).encode()))
def test_any_body_gives_a_short_printable_text_or_none(body):
    """The quoted text is short, on one line and free of secrets."""
    sentence = extract_detail(body * 300, Secret("secret"))
    assert sentence is None or (
        0 < len(sentence) <= MAX_DETAIL and sentence.isprintable() and "secret" not in sentence
    )


def test_token_is_removed_from_a_quoted_text():
    """The error leaves out a token that the cloud repeats."""
    assert extract_detail(b'{"error": "token s3cr3t-s3cr3t is bad"}', Secret("s3cr3t-s3cr3t")) == (
        "token [token] is bad"
    )


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("2", 2.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("nan", None),
        ("soon", None),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("1_0", None),
        ("99999999999", 3600.0),
        ("9" * 400, 3600.0),
        ("inf", None),
        ("Mon, 99999999999999999999 Jan 2020 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    """Both forms of the header are read, invalid ones mean no wait, and every wait is bounded.

    A date counts from the response's date, however wrong this machine's clock is.
    """
    assert retry_after_s(header, "Sun, 22 Nov 2026 12:00:00 GMT") == seconds


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("waiting", "waiting"),
        ("running", "running"),
        ("completed", "success"),
        ("error", "error"),
        ("canceled", "canceled"),
        ("suspended", "suspended"),
        ("cancel_requested", "cancel_requested"),
        ("unknown", "unknown"),
        ("Teleported", "unknown"),
        ("none", "unknown"),
    ],
)
def test_every_word_has_a_state_and_is_kept(word, state):
    """Every word has a state, and the group stores the word unchanged."""
    status = remote_status({"status": word})
    assert (status.provider_status, status.state) == (word, state)


@pytest.mark.parametrize(
    ("said", "progress"),
    [(0, 0.0), (0.25, 0.25), (1, 1.0), (50, 0.5), (100, 1.0), (250, 1.0), (-1, None), ("x", None)],
)
def test_progress_is_a_fraction_or_percent(said, progress):
    """Both forms that the cloud uses give 0 to 1."""
    assert remote_status({"status": "running", "progress": said}).progress == progress


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"status": "error", "status_message": "boom", "failure_code": "E1"}, "boom"),
        ({"status": "error", "failure_code": "E1", "progress_message": "Computing"}, "E1"),
        ({"status": "error", "msg": "it broke"}, "it broke"),
        ({"status": "running", "progress_message": "Computing", "msg": "ok"}, "Computing"),
        ({"status": "waiting", "msg": "ok"}, None),
        ({"status": "canceled", "progress_message": "Computing", "msg": "ok"}, None),
        ({"status": "completed", "progress_message": "Computing", "msg": "ok"}, None),
    ],
)
def test_message_matches_the_state(document, message):
    """A failed job shows its reason and a running one its activity, but "ok" is not shown."""
    assert remote_status(document).message == message


def test_a_recorded_status_answer():
    """A recorded response to a real client is read completely."""
    status = remote_status(
        {
            "msg": "ok",
            "status": "completed",
            "status_message": None,
            "failure_code": None,
            "progress": 1.0,
            "progress_message": "Computing",
            "creation_datetime": 1795335947.53528,
            "start_time": 1795335947.53542,
            "duration": 0,
            "shots": None,
            "last_intermediate_results": None,
            "name": "sample_count",
        }
    )
    assert status.state == "success"
    assert (status.created_at, status.started_at) == (1795335947.53528, 1795335947.53542)
    assert (status.duration_s, status.shots, status.name) == (0.0, None, "sample_count")


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            [
                *("status", "progress", "progress_message", "status_message", "failure_code"),
                *("creation_datetime", "start_time", "duration", "shots", "name", "msg"),
            ],
            ANYTHING,
        ),
    )
)
def test_no_status_response_raises(document):
    """Missing fields and wrong types do not stop the polling."""
    status = remote_status(document)
    assert status.progress is None or 0 <= status.progress <= 1


@given(st.dictionaries(st.sampled_from(["max_jobs_in_queue", "num_jobs_in_queue"]), ANYTHING))
def test_no_availability_response_raises(document):
    """The number of free slots is at least 0, or unknown."""
    free = availability(document).queue_free
    assert free is None or free >= 0
