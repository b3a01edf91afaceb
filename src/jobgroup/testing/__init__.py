"""For authors of providers: a suite of tests that says whether one keeps to the protocol.

Needs pytest (``pip install 'jobgroup[testing]'``); docs/providers.md shows how it is used.
"""

from __future__ import annotations

from importlib.util import find_spec

from jobgroup.errors import MissingExtraError

if find_spec("pytest") is None:
    raise MissingExtraError("jobgroup.testing needs pytest: pip install 'jobgroup[testing]'.")

from jobgroup.testing.suite import ProviderSuite
from jobgroup.testing.wire import Passed, Reply, Wire

__all__ = ["Passed", "ProviderSuite", "Reply", "Wire"]
