"""The providers of this process: one for each account, made when it is first asked for."""

from __future__ import annotations

import threading

from jobgroup.credentials import token_for
from jobgroup.errors import InvalidProviderError
from jobgroup.origin import normalise_origin
from jobgroup.providers.base import Provider
from jobgroup.proxies import AccountProxies
from jobgroup.store import Target


class ProviderCache:
    """Keeps the providers. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._making: dict[tuple[str, str, str], threading.Lock] = {}
        self._providers: dict[tuple[str, str, str], Provider] = {}
        self._prepared: set[Target] = set()

    async def prepare(self, target: Target) -> Provider:
        """Return the provider for a job's account, with a token at hand. On the loop only.

        The first use of an account takes a thread: there are imports, and a keyring may ask the
        user.

        Raises:
            CredentialsError: there is no token, or the origin may carry none.
            MissingDependencyError: no such provider is installed.
            InvalidProviderError: it cannot be used, or the origin is no url.
        """
        import anyio.to_thread

        if target in self._prepared:
            return self.provider(target)
        provider = await anyio.to_thread.run_sync(self.provider, target)
        self._prepared.add(target)
        return provider

    def provider(self, target: Target) -> Provider:
        """The provider for a job's account, from any thread; raises as `prepare` does."""
        _check_origin(target)
        token_for(target.origin, target.account)
        from jobgroup.providers import provider_for
        from jobgroup.providers.base import Account

        key = (target.provider, target.origin, target.account)
        if key in self._providers:
            return self._providers[key]
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:  # others do not wait for what somebody's package does when it is imported
            if key not in self._providers:
                account = Account(
                    origin=target.origin,
                    label=target.account,
                    token=lambda: token_for(target.origin, target.account),
                    proxies=AccountProxies(target.origin, target.account),
                )
                self._providers[key] = provider_for(account, target.provider)
            return self._providers[key]

    async def aclose(self) -> None:
        for provider in self._providers.values():
            await provider.aclose()


def _check_origin(target: Target) -> None:
    """InvalidProviderError if an origin is no url, as may be in a file that others wrote."""
    try:
        normalise_origin(target.origin)
    except (TypeError, ValueError):
        raise InvalidProviderError(
            f"{target.origin!r} is not the url of a cloud. Nothing was sent, its jobs stay as they"
            " are; add them again with the cloud's url."
        ) from None
