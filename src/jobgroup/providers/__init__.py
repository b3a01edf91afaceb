"""Where jobs run: finds the provider that speaks a cloud's language."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Final, cast

from jobgroup.errors import MissingExtraError
from jobgroup.providers.base import Account, Provider, ProviderFactory

GROUP: Final = "jobgroup.providers"
QUANDELA: Final = "quandela"


def provider_for(account: Account, kind: str = QUANDELA) -> Provider:
    """A provider of that kind for one account; what it needs is imported here, not before.

    Raises MissingExtraError where nothing installed registers `kind` in the entry point group
    ``jobgroup.providers``, and CredentialsError where the account's origin may carry no token.
    """
    return _factory(kind)(account)


def _factory(kind: str) -> ProviderFactory:
    if kind == QUANDELA:
        return cast(ProviderFactory, import_module("jobgroup.providers.quandela").create)
    for entry in entry_points(group=GROUP, name=kind):
        return cast(ProviderFactory, entry.load())
    raise MissingExtraError(
        f"No provider named {kind!r} is installed. Install the package that brings it "
        f"(it registers in the entry point group {GROUP}); the jobs stay as they are."
    )
