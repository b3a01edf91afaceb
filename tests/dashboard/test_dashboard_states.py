"""The words for states are the same in Python, in the front end and on the page."""

from __future__ import annotations

import runpy
from pathlib import Path

from jobgroup.status import BAR_ORDER, FILTERS, STATES

SCRIPT = Path(__file__).parents[2] / "scripts/state_words.py"


def test_the_front_end_has_the_words_of_python():
    """`js/src/data/status.ts` equals the output of the script for `status.py`; otherwise run it."""
    script = runpy.run_path(str(SCRIPT))
    assert script["TARGET"].read_text(encoding="utf-8") == script["typescript"]()


def test_filters_and_bars_show_every_state_once():
    """The numbers on the filters add up to all jobs, and so do the segments of a bar."""
    filtered = [state for name, states in FILTERS.items() if name != "all" for state in states]
    assert sorted(filtered) == sorted(BAR_ORDER) == sorted(STATES) == sorted(FILTERS["all"])
