"""Tests of a token from the page: it is used, and stays only in this process's memory."""

from __future__ import annotations

import logging

import pytest

from jobgroup import forget_tokens, set_token
from jobgroup.dashboard.tokens import line_of_token

SECRET = "a-token-that-was-typed-in-the-page"


@pytest.fixture
def give(open_page):
    """Send a token as the page's field does, and return the answer."""

    def give(page, token: object, url: str = "https://cloud.example", account: object = ""):
        request = f"token-{len(page.messages('result', 'error'))}"
        page.send(t="token", id=request, url=url, account=account, token=token)
        return page.answer(request)

    return give


def test_a_missing_token_is_asked_for_and_then_used(make_group, open_page, cloud, give):
    """The page shows which account needs a token, and the jobs that waited for it are sent."""
    group = make_group("g", {})
    forget_tokens()
    page = open_page(group)
    page.open()
    page.ask_for("command", "run", {"mode": "queue"})
    page.wait(lambda: page.dashboard.token_needed == {"url": cloud.url, "account": ""})
    assert give(page, f" {cloud.token}\n", cloud.url)["t"] == "result"
    page.wait(lambda: group.state.counts == {"success": 1})
    page.wait(lambda: page.dashboard.token_needed is None)


def test_a_given_token_leaves_no_trace(make_group, open_page, cloud, give, caplog, data_dir):
    """No answer, trait, log or file contains the token, even if it is rejected or malformed."""
    caplog.set_level(logging.DEBUG, "jobgroup")
    group = make_group("g", {})
    page = open_page(group)
    page.open()
    answers = [
        give(page, SECRET),
        give(page, f"{SECRET} with blanks"),
        give(page, SECRET, url=f"not a url {SECRET}"),
        give(page, [SECRET]),
        give(page, {"token": SECRET}),
        give(page, SECRET, account=[SECRET]),
    ]
    assert [answer["t"] for answer in answers] == ["result"] + ["error"] * 5
    page.send(t="token", id=[SECRET], url="", account="", token=SECRET)
    page.sync(pending=["token-0", "token-1"])
    page.ask("size")
    [line] = [m["python"] for m in page.messages("ack") if m["id"] == "token-0"]
    assert line == "jobgroup.set_token(getpass(), url='https://cloud.example')"
    sent = [m for m in page.messages("ack", "result", "error") if "not a url" not in str(m)]
    assert SECRET not in repr((sent, page.updates(), caplog.text))
    files = [path.read_bytes() for path in data_dir.rglob("*") if path.is_file()]
    assert files
    assert not any(SECRET.encode() in content for content in files)
    set_token(cloud.token, url=cloud.url)


def test_a_read_only_dashboard_takes_no_token(make_group, open_page, give):
    """The kernel rejects the token, as it rejects commands."""
    page = open_page(make_group("g", {}), read_only=True)
    assert "read-only" in give(page, SECRET)["message"]


def test_the_line_of_python_names_what_is_not_the_default():
    """The line asks for the token, and shows the URL and the account only if they are needed."""
    assert line_of_token("https://api.cloud.quandela.com", "") == "jobgroup.set_token(getpass())"
    line = line_of_token("https://api.cloud.quandela.com", "lab")
    assert line.endswith("url='https://api.cloud.quandela.com', account='lab')")
