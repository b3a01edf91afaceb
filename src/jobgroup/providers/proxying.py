"""Through which proxy the requests of an account go, if through any."""

from __future__ import annotations

from functools import cached_property
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from jobgroup.errors import CloudUnreachableError
from jobgroup.origin import is_loopback
from jobgroup.providers.base import Account


class ProxyChoice:
    """The proxy that an account names, else the environment's or system's; none for loopback."""

    def __init__(self, account: Account) -> None:
        self._account = account
        parts = urlsplit(account.origin)
        self._scheme, self._host = parts.scheme, parts.hostname or ""
        self._is_direct = is_loopback(account.origin)
        # in requests' order, for which Perceval's users write them
        self._names = (
            f"{self._scheme}://{self._host}",
            self._scheme,
            f"all://{self._host}",
            "all",
        )

    def url(self) -> str | None:
        """The proxy's url at present; one without a scheme is of an http proxy.

        Raises:
            CloudUnreachableError: it can be no http proxy's.
        """
        if self._is_direct:
            return None
        named = next(filter(None, map(self._account.proxies.get, self._names)), None)
        return self._checked(named or self._of_system)

    @cached_property
    def _of_system(self) -> str | None:
        if proxy_bypass(self._host):
            return None
        found = getproxies()
        return found.get(self._scheme) or found.get("all")

    def _checked(self, proxy: str | None) -> str | None:
        if proxy is None:
            return None
        url = proxy if "://" in proxy else f"http://{proxy}"
        try:
            parts = urlsplit(url)
            is_usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            is_usable = False
        if is_usable:
            return url
        raise CloudUnreachableError(  # without the proxy's url, which may hold a password
            f"{self._account.origin} cannot be reached: its proxy's url is none of the form"
            " http://host:port. The request was not sent; correct it where it stands (Perceval's"
            " proxies, HTTPS_PROXY).",
            origin=self._account.origin,
        )
