"""Tests that LabCloud's provider keeps to the protocol."""

import pytest
from labcloud import create
from standin import StandIn

from jobgroup.testing import ProviderSuite


class TestLabCloud(ProviderSuite):
    """All tests are inherited."""

    create = staticmethod(create)
    succeeding = {"payload": {"seconds": 0.05}}
    failing = {"payload": {"seconds": 0.05, "fail": "the laser is off"}}
    lasting = {"payload": {"seconds": 60}}

    @pytest.fixture
    def service(self):
        """Run a local imitation of LabCloud."""
        with StandIn() as running:
            yield running
