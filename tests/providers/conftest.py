"""Fixtures of the provider tests: a loopback server and its accounts."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator

import pytest
from foreign import EXAMPLE
from wire_cloud import TOKEN, WireCloud, serving

from jobgroup import set_token
from jobgroup.providers.base import Account


@pytest.fixture
def cloud() -> Iterator[WireCloud]:
    """Run a server with the current paths and no jobs."""
    with serving() as running:
        yield running


@pytest.fixture
def account(cloud: WireCloud) -> Account:
    """Return an account on that server."""
    return Account(cloud.url, "", lambda: TOKEN)


@pytest.fixture
def account_of() -> Callable[[str], Account]:
    """Return a function that makes an account on any origin."""
    return lambda origin: Account(origin, "", lambda: TOKEN)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package with one module and one entry point for the duration of a test."""
    made = []

    def make(name, source, *, entry=None, package=None):
        module = f"{name}_{len(made)}_module"
        package = package or f"{name}-for-jobgroup"
        site = tmp_path / f"site{len(made)}"
        info = site / f"{package.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        entry = entry or f"{module}:create"
        (info / "entry_points.txt").write_text(f"[jobgroup.providers]\n{name} = {entry}\n")
        (site / f"{module}.py").write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(str(site))
        made.append(module)
        return module

    yield make
    for module in made:
        sys.modules.pop(module, None)


@pytest.fixture
def labcloud(install, monkeypatch):
    """Install the documented example and run an imitation of its service."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    install("labcloud", "", entry="labcloud:create")
    from standin import StandIn

    with StandIn() as running:
        set_token(running.token, url=running.url)
        yield running
    for module in ("labcloud", "standin"):
        sys.modules.pop(module, None)
