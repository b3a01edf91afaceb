"""The length and form of errors and warnings: what happened, what it means, what to do."""

from __future__ import annotations

import ast
import re
import time

import pytest
from messages import ERRORS, VALUE, Message, messages, nodes

import jobgroup
from jobgroup import JobGroup, RemoteJob
from jobgroup.cloud import EmbeddedCloud

MAX_LENGTH = 200
MAX_SENTENCES = 3

MADE_OF_PARTS = {
    "CloudError",
    "CloudUnavailableError",
    "InsufficientCreditsError",
    "QuotaExceededError",
}
"""Errors of responses, whose texts are in a table. The last tests of this module cover them."""

PARTS_OF_SENTENCES = ("engine/overrides.py", "testing/suite.py", "group/perceval_names.py")
"""Places of messages that complete another message, or that are Perceval's."""

BEGINS_WITH_A_NAME = re.compile(r"[a-z_.]+(?:\(\)|_\w+|\.\w+)+ ")


def test_a_message_is_short():
    """A message has at most three sentences and 200 characters, without inserted values."""
    long = [m for m in messages() if m.sentences > MAX_SENTENCES or m.length > MAX_LENGTH]
    assert long == []


def test_a_message_is_made_of_sentences():
    """A message begins with a capital, a value or a name, and ends with a period or a value."""
    for message in messages():
        if message.place.startswith(PARTS_OF_SENTENCES):
            continue
        begins = message.text[0].isupper() or message.text[0] in f"{VALUE}'"
        assert begins or BEGINS_WITH_A_NAME.match(message.text), message
        assert message.text.rstrip()[-1] in f".?{VALUE}", message


def test_every_public_error_has_a_message():
    """Every public error has a message, so that these tests cover it."""
    assert ERRORS - {message.error for message in messages()} <= MADE_OF_PARTS


def test_every_warning_has_a_category():
    """Every warning has a category, by which users filter."""
    without = []
    for path, node in nodes():
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn":
            has = len(node.args) > 1 or any(k.arg == "category" for k in node.keywords)
            without += [] if has else [f"{path.name}:{node.lineno}"]
    assert without == []


@pytest.fixture(scope="module")
def cloud():
    """Run a cloud whose requests fail as each test requires."""
    with EmbeddedCloud(prewarm=False, supports_idempotency_keys=False) as running:
        yield running


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "http_error", "status": 422}, "RequestRejectedError"),
        ({"kind": "http_error", "status": 501}, "CloudUnavailableError"),
        ({"kind": "refuse_token"}, "InvalidTokenError"),
        ({"kind": "no_credits"}, "InsufficientCreditsError"),
        ({"kind": "plan"}, "QuotaExceededError"),
        ({"kind": "drop_response"}, "UnconfirmedJobError"),
        ({"kind": "http_error", "status": 503}, "UnconfirmedJobError"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_the_error_of_a_response_is_short(cloud, fault, error, request):
    """Quotations, parentheses and addresses do not count."""
    jobgroup.set_token(cloud.token, url=cloud.url)
    jg = JobGroup(f"errors {time.time()}")
    job = RemoteJob({"command": "timer"}, platform="test:timer", url=cloud.url)
    jg.add(job)
    kind = fault["kind"]
    if kind == "plan":
        cloud.set_plan(max_queue=0)
        request.addfinalizer(lambda: cloud.set_plan(max_queue=100))
    else:
        added = cloud.faults.add(
            kind, calls=["create"], **{k: v for k, v in fault.items() if k != "kind"}
        )
        request.addfinalizer(lambda: cloud.faults.remove(added))
    with pytest.raises(getattr(jobgroup, error)) as caught:
        jg.run_parallel()
    read = re.sub(r"\([^()]*\)|'[^']*'|https?://\S+", VALUE, str(caught.value))
    message = Message(str(caught.value), error, read)
    assert message.sentences <= MAX_SENTENCES, message
    assert message.length <= MAX_LENGTH, message
