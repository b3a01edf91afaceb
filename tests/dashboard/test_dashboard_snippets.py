"""The line of Python that an action shows does the same as the action."""

from __future__ import annotations

from typing import Any

import pytest

from jobgroup import JobGroup
from jobgroup.dashboard.snippets import line_of

ACTIONS: list[tuple[str, dict[str, Any]]] = [
    ("run", {"mode": "queue"}),
    ("run", {"mode": "queue", "concurrent_job_count": 1}),
    ("run", {"positions": [3], "mode": "queue"}),
    ("rerun", {"state": "error", "mode": "queue"}),
    ("rerun", {"positions": [0, 2], "mode": "queue"}),
    ("rerun", {"positions": [1, 2], "mode": "queue", "replace": False}),
    ("rerun", {"positions": [1], "mode": "queue", "overrides": {"max_shots": 50}}),
    ("rerun", {"positions": [1], "mode": "sequential", "delay": 0}),
    ("repeat", {"positions": [0, 1], "to": 3}),
    ("repeat", {"times": 1}),
    ("remove", {"state": "unsent"}),
    ("remove", {"positions": [4]}),
    ("annotate", {"positions": [0, 3], "text": "warm"}),
    ("annotate", {"positions": [2], "text": "cold"}),
    ("prioritize", {"positions": [4, 3]}),
    ("pause", {}),
    ("stop", {"cancel": True}),
    ("cancel", {"state": "waiting"}),
    ("describe", {"text": "second try"}),
    ("keep", {"keep": True}),
]


def outcome(jg: JobGroup) -> list[object]:
    """Everything in a group that an action may change."""
    jobs = [
        (r.state, r.attempts, r.note, r.rerun_of, r.params.get("max_shots")) for r in jg.snapshot()
    ]
    overrides = [[dict(each.overrides) for each in job.attempts] for job in jg]
    return [jobs, overrides, jg.description, jg.state.paused, jg.state.next_up, jg.cache.enabled]


@pytest.mark.parametrize(("name", "args"), ACTIONS, ids=str)
def test_a_line_does_the_same_as_its_action(make_group, open_page, name, args):
    """Two groups are equal after the action on one and its line of Python on the other."""
    groups = []
    for which in ("by page", "by line"):
        jg = make_group(which, {"max_shots": 9}, {"fail": "why", "max_shots": 9}, {"fail": "why"})
        jg.run_parallel()
        jg.wait(120)
        jg.repeat([0], times=2)
        groups.append(jg)
    page = open_page(groups[0])
    assert page.do(name, **args)["t"] == "result"
    exec(line_of(name, args, "by line"), {"jg": groups[1], "JobGroup": JobGroup})
    for jg in groups:
        jg.wait(120)
    assert outcome(groups[0]) == outcome(groups[1])
