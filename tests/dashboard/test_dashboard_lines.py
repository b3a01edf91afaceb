"""The line of Python next to each action is one that a person would type, and does the same."""

from __future__ import annotations

import ast

import pytest

from jobgroup.dashboard.snippets import line_of


@pytest.mark.parametrize(
    ("name", "args", "line"),
    [
        ("run", {"mode": "parallel"}, "jg.run_parallel()"),
        ("run", {"mode": "sequential", "delay": 5}, "jg.run_sequential(5)"),
        ("run", {"mode": "queue"}, "jg.run_parallel(queue=True)"),
        ("run", {"positions": [3, 7]}, "jg.run_parallel(jobs=[3, 7])"),
        ("prioritize", {"positions": [3, 7]}, "jg.prioritize([3, 7])"),
        ("prioritize", {"positions": [3, 4, 5, 6]}, "jg.prioritize(range(3, 7))"),
        ("prioritize", {"positions": [6, 5, 4, 3]}, "jg.prioritize([6, 5, 4, 3])"),
        ("rerun", {"mode": "parallel"}, "jg.rerun_failed_parallel()"),
        ("rerun", {"mode": "queue"}, "jg.rerun_failed_parallel(queue=True)"),
        ("rerun", {"mode": "parallel", "replace": False}, "jg.rerun_failed_parallel(False)"),
        (
            "rerun",
            {"mode": "sequential", "delay": 2.5, "replace": False},
            "jg.rerun_failed_sequential(2.5, False)",
        ),
        ("rerun", {"positions": [2, 7]}, "jg.rerun([2, 7])"),
        ("rerun", {"positions": [0, 2**40, 1, 1]}, "jg.rerun([0, 1099511627776, 1, 1])"),
        ("rerun", {"positions": [4, 2, 3, 5]}, "jg.rerun(range(2, 6))"),
        ("rerun", {"positions": [2], "replace": False}, "jg.rerun([2], replace=False)"),
        (
            "rerun",
            {"positions": [2], "overrides": {"max_shots": 50, "exact": True, "backend": "SLOS"}},
            "jg.rerun([2], params={'max_shots': 50, 'exact': True, 'backend': 'SLOS'})",
        ),
        (
            "run",
            {"positions": [3, 7], "mode": "queue", "concurrent_job_count": 2},
            "jg.run_parallel(jobs=[3, 7], queue=True, concurrent_job_count=2)",
        ),
        ("rerun", {"state": "error", "mode": "queue"}, "jg.rerun(jg.jobs(state='error'))"),
        (
            "rerun",
            {"state": "error", "mode": "sequential", "delay": 2.5, "replace": False},
            "jg.rerun(jg.jobs(state='error'), replace=False, delay=2.5)",
        ),
        ("repeat", {"times": 2}, "jg.repeat(times=2)"),
        ("repeat", {"positions": [1], "to": 5}, "jg.repeat([1], to=5)"),
        ("remove", {"state": "unsent"}, "jg.remove(jg.jobs(state='unsent'))"),
        ("annotate", {"positions": [1, 2], "text": "hot"}, "for p in [1, 2]: jg[p].note = 'hot'"),
        ("cancel", {"state": "waiting"}, "jg.cancel(jg.jobs(state='waiting'))"),
        ("cancel", {}, "jg.cancel_all()"),
        ("cancel", {"positions": [1]}, "jg.cancel([1])"),
        ("stop", {}, "jg.stop()"),
        ("stop", {"cancel": True}, "jg.stop(cancel=True)"),
        ("resend", {"positions": [1, 2]}, "jg[1].resend(); jg[2].resend()"),
        ("confirm", {"position": 3, "remote_id": "x"}, "jg[3].confirm('x')"),
        ("delete", {"cancel": False}, "JobGroup.delete_job_group('a \"b\"')"),
        ("restore", {"names": ["a", "b"]}, "for name in ['a', 'b']: JobGroup.restore(name)"),
        ("open", {"name": "it's"}, 'jg = JobGroup.open("it\'s")'),
        ("open", {"name": ""}, "Dashboard()"),
        ("describe", {"text": "two\nlines"}, "jg.description = 'two\\nlines'"),
        ("annotate", {"position": 1, "text": ""}, "jg[1].note = ''"),
        ("pause", {}, "jg.pause()"),
        ("keep", {"keep": True}, "jg.cache.enabled = True"),
    ],
)
def test_each_action_has_its_line(name: str, args: dict, line: str):
    """The line reads as documented, and parses."""
    assert line_of(name, args, 'a "b"') == line
    ast.parse(line)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("confirm", {}),
        ("rerun", {"positions": 3}),
        ("rerun", {"positions": [1], "overrides": "more"}),
        ("run", {"mode": "sequential", "delay": "x"}),
        ("run", {"positions": 3}),
        ("prioritize", {}),
        ("cancel", {"positions": [0, 1, 2, 2**64]}),
    ],
)
def test_an_invalid_action_has_no_line(name: str, args: dict):
    """The command itself rejects it, with the reason."""
    assert line_of(name, args, "g") == ""


def test_the_page_gets_the_line_with_the_acknowledgment(make_group, open_page):
    """The line comes with the acknowledgment of the request, before the answer."""
    page = open_page(make_group("g", {}))
    request = page.ask_for("command", "refresh", {})
    page.answer(request)
    assert [n["python"] for n in page.messages("ack") if n["id"] == request] == ["jg.refresh()"]
