"""A group of three jobs in a file, and a lease for sending them."""

from __future__ import annotations

import pytest
from journalled import BODY, TARGET, lease

from jobgroup.store import GroupStore, NewJob


@pytest.fixture
def path(tmp_path):
    """Return the path of the group's file."""
    return tmp_path / "g.jobgroup"


@pytest.fixture
def store(path):
    """Create a group of three unsent jobs."""
    store = GroupStore(path, create="g")
    store.add(NewJob(f"job {i}", TARGET, {**BODY, "n": i}, labels={"i": i}) for i in range(3))
    yield store
    store.close()


@pytest.fixture
def fencing_token(store):
    """Take the lease and return its fencing token."""
    return lease(store).fencing_token
