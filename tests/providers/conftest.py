"""Fixtures of the provider tests: a loopback server and accounts of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from wire_cloud import TOKEN, WireCloud, serving

from jobgroup.providers.base import Account


@pytest.fixture
def cloud() -> Iterator[WireCloud]:
    """A server that has the current paths and no job."""
    with serving() as running:
        yield running


@pytest.fixture
def account(cloud: WireCloud) -> Account:
    """An account of that server."""
    return Account(cloud.url, "", lambda: TOKEN)


@pytest.fixture
def account_of() -> Callable[[str], Account]:
    """An account of any origin."""
    return lambda origin: Account(origin, "", lambda: TOKEN)
