"""The words for states and some limits are the same in Python and in the front end."""

from __future__ import annotations

import runpy
from pathlib import Path

from jobgroup.status import BAR_ORDER, FILTERS, STATES

SCRIPT = Path(__file__).parents[2] / "scripts/shared_constants.py"


def test_the_front_end_has_the_constants_of_python():
    """The modules in `js/src/data/` equal the output of the script; otherwise run it."""
    for path, text in runpy.run_path(str(SCRIPT))["modules"]().items():
        assert path.read_text(encoding="utf-8") == text


def test_filters_and_bars_show_every_state_once():
    """The numbers on the filters add up to all jobs, and so do the segments of a bar."""
    filtered = [state for name, states in FILTERS.items() if name != "all" for state in states]
    assert sorted(filtered) == sorted(BAR_ORDER) == sorted(STATES) == sorted(FILTERS["all"])
