"""Tests of `progress`: its counts, and the requests that it sends."""

from __future__ import annotations

from jobgroup import JobGroup


def _words(progress):
    """Return the counts of `progress()` in one line."""
    return (
        progress["Total"],
        *progress["Finished"][1].values(),
        *progress["Unfinished"][1].values(),
    )


def test_4_progress_of_unsent_jobs_sends_no_request(group, scripted):
    """Behavior 4: progress, lists and results of unsent jobs send no request."""
    jg = group(scripted, 3)
    assert _words(jg.progress()) == (3, 0, 0, 0, 3)
    assert jg.list_active_jobs() == jg.list_successful_jobs() == jg.list_unsuccessful_jobs() == []
    assert [j.status() for j in jg] == ["WAITING"] * 3
    assert jg.get_results() == [None] * 3
    jg.wait()
    assert scripted.asked == []


def test_4_terminal_jobs_are_never_polled_again(ended, scripted, until):
    """Behavior 4: success, error and canceled are final; suspended and unknown are polled."""
    jg = ended("completed", "error", "canceled", "suspended", "gibberish", "running", "waiting")
    assert [j.state for j in jg] == [
        *("success", "error", "canceled", "suspended", "unknown", "running", "waiting")
    ]
    seen: set[str] = set()
    may_change = {jg[i].id for i in (3, 4, 5, 6)}

    def all_asked():
        jg.progress()
        seen.update(a.id for a in scripted.asked if a.what == "status")
        return seen >= may_change

    until(all_asked)
    assert seen == may_change
    scripted.tell(jg[3].id, "running")
    scripted.tell(jg[4].id, "completed")
    until(lambda: jg.progress()["Finished"][1]["successful"] == 2)
    assert jg[3].state == "running"


def test_5_progress_counts_each_status(ended, timer, scripted):
    """Behavior 5: `progress` counts each status word of the cloud as the specification says."""
    jg = ended(
        *("completed", "error", "canceled", "suspended", "unknown", "something new"),
        *("waiting", "running", "cancel_requested"),
    )
    jg.add(timer(scripted))
    jg.add(timer(scripted))
    assert jg.progress() == {
        "Total": 11,
        "Finished": [6, {"successful": 1, "unsuccessful": 5}],
        "Unfinished": [5, {"sent": 3, "not sent": 2}],
    }
    assert list(jg.progress()) == ["Total", "Finished", "Unfinished"]


def test_5_progress_of_an_empty_group_is_zero():
    """Behavior 5: all counts are zero, in the same form."""
    assert JobGroup("empty").progress() == {
        "Total": 0,
        "Finished": [0, {"successful": 0, "unsuccessful": 0}],
        "Unfinished": [0, {"sent": 0, "not sent": 0}],
    }
