"""Find the proxy for an account's requests."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from jobgroup.errors import CloudUnreachableError
from jobgroup.origin import is_loopback, names_host
from jobgroup.providers.base import Account
from jobgroup.secret import NOTHING, Secret

_HOST: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/?#@\[\]\\]+)(?::(\d{1,5}))?")
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    Attributes:
        url: scheme, host and port, without the password.
        named_by: variable or setting that names it.
        authorization: value of its ``Proxy-Authorization`` header.
        password: secret that no message may show.
    """

    url: str
    named_by: str
    authorization: Secret = NOTHING
    password: Secret = NOTHING

    def __str__(self) -> str:
        return f"{self.url} ({self.named_by})"


class ProxyResolver:
    """Finds the proxy of an account, the environment or the system; requests to loopback use none.

    A resolver keeps the proxy of the environment or the system until `refresh`.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        parts = urlsplit(account.origin)
        self._scheme, self._host = parts.scheme, parts.hostname or ""
        self._port = parts.port or {"http": 80}.get(self._scheme, 443)
        self._system: tuple[Secret, str] | None = None

    def proxy(self) -> Proxy | None:
        """Return the current proxy.

        Raises:
            CloudUnreachableError: the proxy's URL cannot be that of an http or https proxy.
        """
        if is_loopback(self._account.origin):
            return None
        # Perceval's users write their proxies for the library `requests`, so that library's order
        # applies.
        for start in (self._scheme, "all"):
            for name in (f"{start}://{self._host}", start):
                if self._account.proxies.get(name):
                    # never bound to a name: the URL may contain a password
                    return self._parse(Secret(self._account.proxies[name]), "Perceval's proxies")
        if self._system is None:
            self._system = self._from_system()
        url, named_by = self._system
        return self._parse(url, named_by) if url else None

    def refresh(self) -> None:
        """Look up all settings again, because they may have been corrected."""
        self._system = None
        refresh = getattr(self._account.proxies, "refresh", None)
        if refresh is not None:
            refresh()

    def _from_system(self) -> tuple[Secret, str]:
        if not _is_bypassed(self._host, self._port):
            for name in (f"{self._scheme}_proxy", "all_proxy"):
                if getproxies().get(name.removesuffix("_proxy")):
                    spellings = (s for s in (name, name.upper()) if os.environ.get(s))
                    url = Secret(getproxies()[name.removesuffix("_proxy")])
                    return url, next(spellings, "the system's settings")
        return NOTHING, ""

    def _parse(self, url: Secret, named_by: str) -> Proxy:
        scheme, authority = _split(url)
        found = _HOST.fullmatch(authority.reveal().rpartition("@")[2])
        if scheme in {"http", "https"} and found and found[2] not in {"0", "00000"}:
            user = Secret(authority.reveal().rpartition("@")[0])
            if int(found[2] or 1) < 65536 and names_host(found[1]):
                password = Secret(unquote(user.reveal().partition(":")[2]))
                return Proxy(f"{scheme}://{found[0]}", named_by, _basic(user), password)
        problem = "its proxy's URL is not of the form http://host:port"
        if scheme.startswith("socks"):
            problem = f"its proxy uses {scheme}, and jobgroup supports only http and https proxies"
        raise CloudUnreachableError(  # without the proxy's URL, which may contain a password
            f"Cannot reach {self._account.origin}: {problem}. Nothing was sent. Correct it"
            f" ({named_by}), or add the cloud's host to NO_PROXY to use no proxy.",
            origin=self._account.origin,
            is_misconfigured=True,
        )


def _split(url: Secret) -> tuple[str, Secret]:
    """Return the scheme (by default http) and the rest. A password may have any character."""
    scheme, separator, _ = url.reveal().strip().partition("://")
    if not separator:
        return "http", Secret(url.reveal().strip().rstrip("/"))
    if not _SCHEME.fullmatch(scheme):
        return "", NOTHING
    return scheme.lower(), Secret(url.reveal().strip().partition("://")[2].rstrip("/"))


def _basic(user: Secret) -> Secret:
    if not user:
        return NOTHING
    name, _, password = map(unquote, user.reveal().partition(":"))
    encoded = b64encode(f"{name}:{password}".encode("utf-8", "replace"))
    del name, password  # some tools show local variables
    return Secret(f"Basic {encoded.decode()}")


def _is_bypassed(host: str, port: int) -> bool:
    """Return whether NO_PROXY or the system excludes a host from the proxy."""
    if proxy_bypass(f"{host}:{port}") or proxy_bypass(host):
        return True
    # Python's library requires commas and ignores "*.example". But curl accepts spaces, and users
    # write entries that their browsers accept.
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    entries = re.split(r"[\s,;]+", named.casefold())
    return any(_is_named(host, port, entry) for entry in entries if entry)


def _is_named(host: str, port: int, entry: str) -> bool:
    """Return whether an entry of NO_PROXY names a host, its domain, its network, or all hosts."""
    if "/" in entry:  # a network; requests supports this, Python's library does not
        try:
            return ip_address(host) in ip_network(re.sub(r"[\[\]]", "", entry), strict=False)
        except ValueError:
            return False
    domain = entry.removeprefix("*").removeprefix(".")
    names = (f".{host}", f".{host}:{port}")
    return entry == "*" or any(domain and name.endswith(f".{domain}") for name in names)
