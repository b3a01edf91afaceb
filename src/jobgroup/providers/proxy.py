"""Through which proxy the requests of an account go, if through any."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from jobgroup.errors import CloudUnreachableError
from jobgroup.origin import is_loopback, names_host
from jobgroup.providers.base import Account
from jobgroup.secret import NOTHING, Secret

_HOST: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/?#@\[\]\\]+)(?::(\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, without what opens it.

    Attributes:
        url: scheme, host and port.
        named_by: the variable or setting that names it.
        authorization: the header's value that opens it.
    """

    url: str
    named_by: str
    authorization: Secret = field(default=NOTHING)
    password: Secret = field(default=NOTHING)

    def __str__(self) -> str:
        return f"{self.url} ({self.named_by})"


class ProxyResolver:
    """The proxy that an account names, else the environment's or system's; none for loopback.

    What the environment and the system say is remembered until `refresh`.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        parts = urlsplit(account.origin)
        self._scheme, self._host = parts.scheme, parts.hostname or ""
        self._port = parts.port or {"http": 80}.get(self._scheme, 443)
        self._is_direct = is_loopback(account.origin)
        self._system: tuple[Secret, str] | None = None
        # in requests' order, for which Perceval's users write them
        self._names = (
            f"{self._scheme}://{self._host}",
            self._scheme,
            f"all://{self._host}",
            "all",
        )

    def proxy(self) -> Proxy | None:
        """The proxy at present; one without a scheme is of an http proxy.

        Raises:
            CloudUnreachableError: it can be no http proxy's.
        """
        if self._is_direct:
            return None
        for name in self._names:
            if self._account.proxies.get(name):
                # never bound to a name: the url may hold a password
                return self._parse(Secret(self._account.proxies[name]), "Perceval's proxies")
        if self._system is None:
            self._system = self._from_system()
        named, by = self._system
        return self._parse(named, by) if named else None

    def refresh(self) -> None:
        """Forget what the environment and the system said: it may be set right by now."""
        self._system = None
        look = getattr(self._account.proxies, "refresh", None)
        if look is not None:
            look()

    def _from_system(self) -> tuple[Secret, str]:
        if _is_bypassed(self._host, self._port):
            return NOTHING, ""
        for scheme in (self._scheme, "all"):
            if getproxies().get(scheme):
                return Secret(getproxies()[scheme]), _variable(f"{scheme}_proxy")
        return NOTHING, ""

    def _parse(self, named: Secret, by: str) -> Proxy:
        scheme, authority = _parts(named)
        found = _HOST.fullmatch(authority.reveal().rpartition("@")[2])
        if scheme in {"http", "https"} and found and found[2] not in {"0", "00000"}:
            user = Secret(authority.reveal().rpartition("@")[0])
            if int(found[2] or 1) < 65536 and names_host(found[1]):
                return Proxy(f"{scheme}://{found[0]}", by, _basic(user), _password(user))
        why = "its proxy's url is none of the form http://host:port"
        if scheme.startswith("socks"):
            why = f"its proxy is one of {scheme}, and only http and https proxies can be used"
        raise CloudUnreachableError(  # without the proxy's url, which may hold a password
            f"{self._account.origin} cannot be reached: {why}. The request was not sent; correct it"
            f" where it stands ({by}), or name the cloud's host in NO_PROXY to go without.",
            origin=self._account.origin,
            is_misconfigured=True,
        )


def _parts(named: Secret) -> tuple[str, Secret]:
    """The scheme and what follows it; a password may hold whatever its owner typed, unquoted."""
    scheme, between, _ = named.reveal().strip().partition("://")
    if not between:
        return "http", Secret(named.reveal().strip().rstrip("/"))
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.-]*", scheme):
        return "", NOTHING
    return scheme.lower(), Secret(named.reveal().strip().partition("://")[2].rstrip("/"))


def _basic(user: Secret) -> Secret:
    if not user:
        return NOTHING
    name, _, password = user.reveal().partition(":")
    shown = b64encode(f"{unquote(name)}:{unquote(password)}".encode("utf-8", "replace"))
    del name, password
    return Secret(f"Basic {shown.decode()}")


def _password(user: Secret) -> Secret:
    return Secret(unquote(user.reveal().partition(":")[2]))


def _variable(name: str) -> str:
    """How the variable is spelt where it is set; else it is the system that has it."""
    for spelling in (name, name.upper()):
        if os.environ.get(spelling):
            return spelling
    return "the system's settings"


def _is_bypassed(host: str, port: int) -> bool:
    """Whether NO_PROXY, or the system, says that a host is asked directly."""
    if proxy_bypass(f"{host}:{port}") or proxy_bypass(host):
        return True
    # Python's own library wants commas and leaves "*.example" out; curl takes blanks, and people
    # write what their browser's settings take
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    entries = [entry for entry in re.split(r"[\s,;]+", named.casefold()) if entry]
    return any(_is_named(host, port, entry) for entry in entries)


def _is_named(host: str, port: int, entry: str) -> bool:
    """Whether one entry of NO_PROXY names a host: itself, its domain, its network, or all."""
    if "/" in entry:
        return _is_within(host, entry)
    domain = entry.removeprefix("*").removeprefix(".")
    return entry == "*" or any(
        domain and f".{name}".endswith(f".{domain}") for name in (host, f"{host}:{port}")
    )


def _is_within(host: str, network: str) -> bool:
    # requests heeds networks there, Python's own library does not
    try:
        return ip_address(host) in ip_network(re.sub(r"[\[\]]", "", network), strict=False)
    except ValueError:
        return False
