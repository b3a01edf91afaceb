"""Normalize the origins of clouds, and decide whether a token may be sent to them. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from jobgroup.secret import Secret
from jobgroup.words import shown

QUANDELA_CLOUD: Final = "https://api.cloud.quandela.com"
"""The default cloud."""

SCALEWAY: Final = "https://api.scaleway.com"

PLAIN_HTTP: Final = (
    " uses plain http, which would expose the token. Nothing was sent. Use its https address."
)
"""End of the error for an origin to which no token may be sent."""

_BEFORE_HOST: Final = re.compile(r"^(\w+://)?.*@", re.DOTALL)
"""The part of a URL that may contain a password."""

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def normalise_origin(url: str | Secret) -> str:
    """Return a cloud's base URL in normal form: lower case, no default port, no final slash.

    A path prefix is kept. If the URL is a `Secret`, no traceback shows it.

    Raises:
        TypeError: the URL is not a string.
        ValueError: the URL is not http(s), has no host, or contains a password, query or fragment.

    >>> normalise_origin("HTTPS://API.Cloud.quandela.com:443/")
    'https://api.cloud.quandela.com'
    """
    if isinstance(url, Secret):
        url = url.reveal()
    if not isinstance(url, str):
        raise TypeError(f"url must be a string, got {type(url).__name__}.")
    try:
        return _normalised(url)
    except ValueError as error:
        problem = str(error)
    del url  # it may contain a password, and some tools show local variables
    raise ValueError(problem)


@lru_cache(maxsize=256)  # called for each job and each request
def _normalised(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ValueError("That is not a URL of the form https://host[:port][/prefix].") from None
    host = parts.hostname or ""
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("A cloud's URL must not contain a user, password, query or fragment.")
    if (
        parts.scheme not in _DEFAULT_PORTS
        or not names_host(host)
        or any(c.isspace() for c in url.strip())
    ):
        shown_url = shown(_BEFORE_HOST.sub(r"\1…@", url))
        raise ValueError(f"{shown_url} is not a URL of the form https://host[:port][/prefix].")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        netloc += f":{port}"
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


def names_host(host: str) -> bool:
    """Return whether a string can be a host name, with labels of 1 to 63 characters.

    >>> names_host("cloud.example"), names_host("cloud..example")
    (True, False)
    """
    try:
        return bool(host.encode("idna"))
    except UnicodeError:
        return False


def is_url_of(url: object, origin: str) -> bool:
    """Return whether a URL, in any form, belongs to an origin.

    >>> is_url_of("https://API.scaleway.com/", SCALEWAY), is_url_of(None, SCALEWAY)
    (True, False)
    """
    try:
        return isinstance(url, str) and normalise_origin(url) == origin
    except ValueError:
        return False


@lru_cache(maxsize=1024)  # called before each request
def is_loopback(origin: str) -> bool:
    """Return whether an origin is on this machine; False if it is not a URL.

    >>> is_loopback("http://[::1]:80"), is_loopback("http://[::1")
    (True, False)
    """
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def may_carry_token(origin: str) -> bool:
    """Return whether a token may be sent to an origin: only with https, or on this machine.

    >>> may_carry_token("http://127.0.0.1:8000"), may_carry_token("http://example.org")
    (True, False)
    """
    return origin.startswith("https://") or is_loopback(origin)
