"""The proxy of an account: the newest one, chosen by the rules of requests."""

from __future__ import annotations

import json
import sys
from base64 import b64encode

import pytest

from jobgroup.errors import CloudUnreachableError
from jobgroup.providers.base import Account
from jobgroup.providers.proxy import ProxyResolver
from jobgroup.proxies import AccountProxies, remember_proxies

CLOUD = "https://cloud.example"
PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Remove all proxies from the environment, and do not import Perceval."""
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "perceval", None)
    monkeypatch.setitem(sys.modules, "perceval.providers.scaleway", None)


def _url_of(choice):
    proxy = choice.proxy()
    return None if proxy is None else proxy.url


def _url(proxies, origin=CLOUD):
    return _url_of(ProxyResolver(Account(origin, "", lambda: "token", proxies=proxies)))


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [
        ({}, None),
        ({"https": PROXY, "all": "http://other"}, PROXY),
        ({"https://cloud.example": PROXY, "https": "http://other"}, PROXY),
        ({"all://cloud.example": PROXY, "all": "http://other"}, PROXY),
        ({"http": "http://other"}, None),
        ({"https": "proxy.example:3128"}, PROXY),
    ],
)
def test_proxies_of_an_account(proxies, expected):
    """The most specific name counts, and a proxy without a scheme is an http proxy."""
    assert _url(proxies) == expected


def test_proxies_of_the_environment(monkeypatch):
    """Without proxies of the account, the environment's apply, except for excluded hosts."""
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    assert _url({}) == PROXY
    assert _url({"https": "http://own"}) == "http://own"
    monkeypatch.setenv("no_proxy", "cloud.example")
    assert _url({}) is None
    assert _url({"https": "http://own"}) == "http://own"


def test_this_machine_is_reached_directly():
    """No setting puts a proxy before this machine."""
    assert _url({"all": PROXY}, "http://127.0.0.1:8000") is None


@pytest.mark.parametrize(
    ("named", "url", "opened_by"),
    [
        ("http://me:pa#ss@host:3128", "http://host:3128", "me:pa#ss"),
        ("http://me:p@ss/w?rd@host:3128/", "http://host:3128", "me:p@ss/w?rd"),
        ("me:12#3@host:80", "http://host:80", "me:12#3"),
        ("http://me:p%40ss@[::1]:3128", "http://[::1]:3128", "me:p@ss"),
        ("https://host", "https://host", None),
    ],
)
def test_proxy_password_may_have_any_character(named, url, opened_by):
    """A password may be quoted or not, ends at the last @, and is never shown."""
    proxy = ProxyResolver(Account(CLOUD, "", lambda: "token", proxies={"https": named})).proxy()
    assert proxy.url == url
    shown = "" if opened_by is None else f"Basic {b64encode(opened_by.encode()).decode()}"
    assert proxy.authorization.reveal() == shown
    assert (opened_by or "me:") not in repr(proxy) + str(proxy)


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("ALL_PROXY", "socks5h://proxy:1080"),
        ("all_proxy", "socks4://proxy:1080"),
        ("HTTPS_PROXY", "SOCKS5://proxy:1080"),
    ],
)
def test_a_socks_proxy_is_named_with_its_variable(monkeypatch, variable, url):
    """SOCKS proxies are not supported, and the error says which variable to correct."""
    monkeypatch.setenv(variable, url)
    scheme = url.partition(":")[0].lower()
    with pytest.raises(CloudUnreachableError, match=f"(?s){scheme}.*{variable}") as caught:
        _url({})
    assert type(caught.value) is CloudUnreachableError


def test_environment_is_read_again_after_refresh(monkeypatch):
    """`refresh`, which runs after a failed connection, reads the environment again."""
    choice = ProxyResolver(Account(CLOUD, "", lambda: "token"))
    assert _url_of(choice) is None
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    choice.refresh()
    assert _url_of(choice) == PROXY


@pytest.mark.parametrize(
    ("left_out", "origin"),
    [
        ("cloud.example", CLOUD),
        (".example", CLOUD),
        ("*", CLOUD),
        ("cloud.example:8443", "https://cloud.example:8443"),
        ("10.1.0.0/16", "https://10.1.2.3"),
        ("2001:db8::/32", "https://[2001:db8::1]"),
        ("[2001:db8::]/32", "https://[2001:db8::1]"),
        ("*.example", CLOUD),
        ("CLOUD.example", CLOUD),
        ("a.example  cloud.example ", CLOUD),
    ],
)
def test_no_proxy_excludes_hosts(monkeypatch, left_out, origin):
    """NO_PROXY excludes hosts, domains, ports and networks, as in requests, curl and browsers."""
    monkeypatch.setenv("ALL_PROXY", PROXY)
    assert _url({}, origin) == PROXY
    monkeypatch.setenv("NO_PROXY", f"other.example, {left_out}")
    assert _url({}, origin) is None


@pytest.mark.parametrize(
    "other",
    ["", ",,", "loud.example", "[", "1.2.3.4/99", "x/y", "cloud.example:1"],
)
def test_no_proxy_excludes_no_other_hosts(monkeypatch, other):
    """It does not exclude similar names or other ports, and invalid entries exclude nothing."""
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", other)
    assert _url({}, CLOUD) == PROXY


@pytest.mark.parametrize(
    "bad",
    [
        "socks5://me:secret@host:1080",
        "http://:3128",
        "http://x:secret",
        "http://proxy..example:3128",
    ],
)
def test_invalid_proxy_is_reported(bad):
    """The error says what to correct, and shows no password."""
    with pytest.raises(CloudUnreachableError, match="Correct it") as caught:
        _url({"https": bad})
    assert "secret" not in str(caught.value)


def test_the_newest_proxies_of_jobs_count(request):
    """The newest proxies apply to their account only, and a job without proxies changes nothing."""
    origin = f"https://{request.node.name}.example"
    account = Account(origin, "", lambda: "token", proxies=AccountProxies(origin, ""))
    choice = ProxyResolver(account)
    assert _url_of(choice) is None
    remember_proxies(origin, "", {"https": "http://user:secret@old"})
    remember_proxies(origin, "", {"https": PROXY, "http": None})
    remember_proxies(origin, "", {})
    remember_proxies(origin, "other", {"https": "http://other"})
    assert _url_of(choice) == PROXY
    assert dict(account.proxies) == {"https": PROXY}
    assert PROXY not in repr(account) + repr(account.proxies)


def test_percevals_configuration_is_for_its_clouds_alone(tmp_path, monkeypatch):
    """Perceval's saved proxies apply if no job has any, and never to another cloud."""
    monkeypatch.setenv("PCVL_PERSISTENT_PATH", str(tmp_path))
    saved = {"remote": {"url": CLOUD, "proxies": {"https": PROXY, "http": 5}}}
    (tmp_path / "config.json").write_text(json.dumps(saved))
    assert dict(AccountProxies(CLOUD, "")) == {"https": PROXY}
    assert dict(AccountProxies("https://api.scaleway.com", "")) == {"https": PROXY}
    assert dict(AccountProxies("https://other.example", "")) == {}
    remember_proxies(CLOUD, "of a job", {"https": "http://own"})
    assert dict(AccountProxies(CLOUD, "of a job")) == {"https": "http://own"}
