"""Provide tests that check whether a provider follows the protocol.

The tests need pytest (``pip install 'jobgroup[testing]'``). docs/providers.md shows how authors of
providers use them.
"""

from __future__ import annotations

from importlib.util import find_spec

from jobgroup.errors import MissingDependencyError

if find_spec("pytest") is None:
    raise MissingDependencyError("jobgroup.testing needs pytest: pip install 'jobgroup[testing]'.")

from jobgroup.testing.fault_proxy import FaultProxy, RecordedRequest, StubResponse
from jobgroup.testing.suite import ProviderSuite

__all__ = ["FaultProxy", "ProviderSuite", "RecordedRequest", "StubResponse"]
