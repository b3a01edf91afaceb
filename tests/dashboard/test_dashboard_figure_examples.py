"""The recorded figures that the page's drawing is tested with."""

import json

from figure_examples import RECORDING, recording


def test_recorded_figures_are_those_of_the_reduction():
    """The page is tested with the kernel's figures and with the numbers of each point's results."""
    assert recording() == json.loads(RECORDING.read_text())
