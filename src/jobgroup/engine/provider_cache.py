"""Keep one provider for each account in this process."""

from __future__ import annotations

import threading

from jobgroup.credentials import token_for
from jobgroup.errors import InvalidProviderError
from jobgroup.origin import normalise_origin
from jobgroup.providers.base import Provider
from jobgroup.proxies import AccountProxies
from jobgroup.store import AccountKey, Target


class ProviderCache:
    """Creates each account's provider at its first use. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._making: dict[AccountKey, threading.Lock] = {}
        self._providers: dict[AccountKey, Provider] = {}
        self._prepared: set[Target] = set()

    async def prepare(self, target: Target) -> Provider:
        """Return the provider for a job's account. Call this only on the loop.

        The first use of an account runs in a thread: imports take time, and keyrings may prompt.

        Raises:
            CredentialsError: the token is missing or must not be sent to the origin.
            MissingDependencyError: the provider is not installed.
            InvalidProviderError: the provider cannot be used or the origin is not a URL.
        """
        import anyio.to_thread

        if target in self._prepared:
            return self.provider(target)
        provider = await anyio.to_thread.run_sync(self.provider, target)
        self._prepared.add(target)
        return provider

    def provider(self, target: Target) -> Provider:
        """Return the provider for a job's account; raise as `prepare` does. Thread-safe."""
        try:
            normalise_origin(target.origin)
        except (TypeError, ValueError):  # the file may come from elsewhere
            raise InvalidProviderError(
                f"{target.origin!r} is not the URL of a cloud. Nothing was sent, and its jobs are"
                " unchanged. Add them again with the cloud's URL."
            ) from None
        token_for(target.origin, target.account)
        from jobgroup.providers import provider_for
        from jobgroup.providers.base import Account

        key = target.account_key
        if key in self._providers:
            return self._providers[key]
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:  # other accounts do not wait for this import
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
