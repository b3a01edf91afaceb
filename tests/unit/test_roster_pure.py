"""When each job is asked about, by a clock that the test turns."""

from __future__ import annotations

import math
import tracemalloc

import pytest

from jobgroup.engine import backoff
from jobgroup.engine.backoff import FRONTIER
from jobgroup.engine.poll_schedule import PollSchedule
from jobgroup.providers.base import RemoteStatus
from jobgroup.store import Pollable, Target

TARGET = Target("quandela", "https://cloud.example", "", "sim:altair")


class Cloud:
    """Jobs that were all sent at 0 and run one after the other in some slots."""

    def __init__(self, count: int, slots: int, duration_s: float, target: Target = TARGET) -> None:
        self.rows = [Pollable(i + 1, i, f"r{i}", target, 0.0) for i in range(count)]
        self._slots, self._duration_s = slots, duration_s
        self.begins: dict[int, float] = {}
        self.asked = 0
        self.lags_s: list[float] = []

    def answer(self, position: int, now: float) -> RemoteStatus:
        """What it tells of a job."""
        self.asked += 1
        start = self.begins.get(position, position // self._slots * self._duration_s)
        if now < start:
            return RemoteStatus(provider_status="waiting", state="waiting")
        if now < start + self._duration_s:
            return RemoteStatus(provider_status="running", state="running", started_at=start)
        self.lags_s.append(now - start - self._duration_s)
        duration_s = float(int(self._duration_s))
        return RemoteStatus(
            provider_status="completed", state="success", started_at=start, duration_s=duration_s
        )

    def watch(self, roster: PollSchedule) -> None:
        """Ask what is due until every job has ended."""
        roster.update(self.rows, 1, 0.0, 0.0)
        now = 0.0
        while list(roster):
            for job in roster.pop_due(now):
                roster.answered(job, self.answer(job.position, now), now, now)
            now = max(now + 0.005, roster.next_at)
            assert math.isfinite(now) or not list(roster)


@pytest.mark.parametrize(("count", "slots"), [(1, 1), (5, 5), (50, 10), (50, 50), (40, 1)])
@pytest.mark.parametrize("duration_s", [10.0, 60.0, 600.0])
def test_ends_are_noticed_in_time(count, slots, duration_s):
    """Within a tenth of the job's duration, or a second, however long it has waited before."""
    cloud = Cloud(count, slots, duration_s)
    cloud.watch(PollSchedule())
    assert len(cloud.lags_s) == count
    late = [lag for lag in cloud.lags_s if lag > max(1.0, 0.1 * duration_s) + 0.05]
    assert len(late) <= count / 10


def test_what_is_known_saves_questions():
    """Jobs like those that have ended take a few questions each, those behind them hardly any."""
    first, all_of_them = Cloud(8, 8, 60.0), Cloud(48, 8, 60.0)
    first.watch(PollSchedule())
    all_of_them.watch(PollSchedule())
    assert (all_of_them.asked - first.asked) / 40 <= 0.4 * first.asked / 8


def test_a_crowd_is_asked_about_in_turn():
    """Of many jobs that run at once one tells how long they take: a few questions each suffice."""
    alone, crowd = Cloud(1, 1, 60.0), Cloud(50, 50, 60.0)
    alone.watch(PollSchedule())
    crowd.watch(PollSchedule())
    assert crowd.asked / 50 <= 8 < alone.asked
    assert max(crowd.lags_s) <= 6.0


def test_one_of_a_crowd_that_fails_early_is_noticed():
    """However long the others run: each is asked about after a second, and once a minute."""
    cloud = Cloud(50, 50, 7200.0)
    roster = PollSchedule()
    roster.update(cloud.rows, 1, 0.0, 0.0)
    noticed: dict[int, float] = {}
    now, fails_at = 0.0, {12: 0.5, 30: 20.0, 49: 3000.0}
    while now < 3100:
        for job in roster.pop_due(now):
            if now >= fails_at.get(job.position, math.inf):
                answer = RemoteStatus(provider_status="error", state="error")
                noticed[job.position] = now - fails_at[job.position]
            else:
                answer = cloud.answer(job.position, now)
            roster.answered(job, answer, now, now)
        now = max(now + 0.005, roster.next_at)
    assert noticed[12] <= 1.0
    assert len(noticed) == 3
    assert max(noticed.values()) <= backoff.LONGEST_S
    assert cloud.asked <= 50 * 3100 / 45


def test_a_large_roster_asks_within_the_rate():
    """A thousand jobs that run are asked about in turns, not all at each moment."""
    cloud = Cloud(1000, 1000, 100.0)
    cloud.watch(PollSchedule())
    assert cloud.asked <= 1000 + 1000 * 7


@pytest.mark.parametrize(("slots", "duration_s"), [(2, 0.1), (5, 0.2), (8, 0.4)])
def test_a_long_queue_of_short_jobs_is_asked_about_where_it_moves(slots, duration_s):
    """A thousand jobs on a cloud, hundreds of which end before the rate allows to ask about each:
    one that ended points to the next, and who waits behind one that waits is not asked about.
    """
    cloud = Cloud(1000, slots, duration_s)
    cloud.watch(PollSchedule())
    assert cloud.asked <= 1.7 * 1000
    assert max(cloud.lags_s) <= 1.0


def test_jobs_that_join_a_long_queue_are_not_asked_about_one_by_one():
    """While they are sent, ten a second, to a cloud that ends four a second."""
    cloud, roster = Cloud(600, 2, 0.5), PollSchedule()
    now, sent = 0.0, 0
    while sent < 600 or list(roster):
        while sent < 600 and sent / 10 <= now:
            roster.update([cloud.rows[sent]._replace(sent_at=now)], sent + 1, now, now)
            sent += 1
        for job in roster.pop_due(now):
            roster.answered(job, cloud.answer(job.position, now), now, now)
        now += 0.02
    assert len(cloud.lags_s) == 600
    assert cloud.asked <= 3 * 600


def test_nobody_waits_behind_what_a_cloud_has_lost():
    """However many it forgets: a job that is sent afterwards is asked about as if it were alone."""
    cloud, roster = Cloud(100, 1, 3600.0), PollSchedule()
    roster.update(cloud.rows[:99], 1, 0.0, 0.0)
    for job in roster.pop_due(0.0):
        roster.answered(job, cloud.answer(job.position, 0.0), 0.0, 0.0)
    for job in roster:
        roster.lost(job, 10.0)
    roster.update([cloud.rows[99]._replace(sent_at=10.0)], 2, 10.0, 10.0)
    assert [job.position for job in roster.pop_due(12.0)] == [99]
    lost = next(iter(roster))  # a cloud may have been mistaken
    roster.answered(lost, RemoteStatus(provider_status="running", state="running"), 80.0, 80.0)
    assert not lost.is_waiting


def test_who_waits_far_back_is_asked_about_all_the_same():
    """Somebody may have canceled it elsewhere: once a minute, before its turn has come."""
    cloud, roster = Cloud(200, 1, 3600.0), PollSchedule()
    roster.update(cloud.rows, 1, 0.0, 0.0)
    asked: set[int] = set()
    now = 0.0
    while now < 70:
        for job in roster.pop_due(now):
            asked.add(job.position)
            roster.answered(job, cloud.answer(job.position, now), now, now)
        now = max(now + 0.005, roster.next_at)
    assert asked == set(range(200))


def test_what_is_due_at_once_is_asked_about_within_the_rate():
    """A volley, then so many a second; nobody is left out. The first look is free."""
    roster = PollSchedule()
    roster.update(Cloud(500, 500, 60.0).rows, 1, 9.0, 9.0)
    jobs = roster.pop_due(9.0)
    assert len(jobs) == 500
    for job in jobs:
        roster.schedule(job, 10.0)
    asked = [len(roster.pop_due(10.0 + second)) for second in range(10)]
    assert asked[:2] == [backoff.VOLLEY, backoff.RATE_PER_S]
    assert sum(asked) == 500


def test_what_changed_elsewhere_is_taken_in():
    """Another process' answer ends a job here too, and a rerun is another attempt."""
    roster = PollSchedule()
    roster.update([Pollable(1, 0, "a", TARGET, 0.0), Pollable(2, 1, "b", TARGET, 0.0)], 3, 0.0, 0.0)
    assert [job.remote_id for job in roster.pop_due(0.0)] == ["a", "b"]
    roster.update(
        [Pollable(1, 0, "a", TARGET, 0.0, may_change=False), Pollable(5, 1, "c", TARGET, 9.0)],
        7,
        9.0,
        9.0,
    )
    assert [job.remote_id for job in roster] == ["c"]
    assert [job.remote_id for job in roster.pop_due(0.0)] == ["c"]
    assert roster.version == 7


def test_jobs_that_are_only_asked_about_by_hand_fill_no_memory():
    """Of a script that calls `progress` for days, while nothing is asked in the background."""
    roster = PollSchedule()
    roster.update([Pollable(1, 0, "a", TARGET, 0.0)], 1, 0.0, 0.0)
    (job,) = roster
    waiting = RemoteStatus(provider_status="waiting", state="waiting")
    tracemalloc.start()
    for now in range(20_000):
        roster.answered(job, waiting, float(now), float(now))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 100_000
    assert roster.pop_due(1e9) == [job]


def test_who_got_no_answer_is_asked_again_when_it_is_said():
    """A job that was taken is not due again by itself; the latest word counts."""
    roster = PollSchedule()
    roster.update([Pollable(1, 0, "a", TARGET, 0.0)], 1, 0.0, 0.0)
    (job,) = roster.pop_due(0.0)
    assert roster.pop_due(4.0) == []
    roster.schedule(job, 60.0)
    roster.schedule(job, 5.0)
    assert roster.next_at == 5.0
    assert roster.pop_due(5.0) == [job]
    assert roster.pop_due(100.0) == []


def test_platforms_have_queues_of_their_own():
    """What waits for one machine says nothing about another's jobs."""
    roster = PollSchedule()
    others = Target("quandela", "https://cloud.example", "", "qpu:other")
    rows = [Pollable(i + 1, i, f"r{i}", others if i >= 20 else TARGET, 0.0) for i in range(21)]
    roster.update(rows, 1, 0.0, 0.0)
    for job in roster.pop_due(0.0):
        roster.answered(job, RemoteStatus(provider_status="waiting", state="waiting"), 0.0, 0.0)
    soon = {job.position for job in roster.pop_due(0.9)}
    assert soon == {*range(FRONTIER), 20}


def test_a_cancellation_is_watched_closely():
    """However rarely a job is asked about: once it is to be canceled, the cloud is asked."""
    roster = PollSchedule()
    (row,) = Cloud(1, 1, 600.0).rows
    roster.update([row], 1, 0.0, 0.0)
    (job,) = roster.pop_due(0.0)
    roster.answered(job, RemoteStatus("running", "running", started_at=1.0), 300, 300)
    assert roster.next_at > 320
    roster.update([row._replace(is_canceling=True)], 2, 301.0, 301.0)
    assert roster.pop_due(301.0) == [job]
    roster.answered(job, RemoteStatus("running", "running", started_at=1.0), 301, 301)
    assert roster.next_at < 302


@pytest.mark.parametrize("duration_s", [0.2, 0.7])
def test_what_short_jobs_take_is_found_out(duration_s):
    """On a cloud that tells whole seconds: after a few, their ends are asked for when they come."""
    cloud, roster = Cloud(60, 1, duration_s), PollSchedule()
    now = 0.0
    for position in range(60):
        row = Pollable(position + 1, position, f"r{position}", TARGET, now)
        cloud.begins[position] = now
        roster.update([row], position + 1, now, now)
        while list(roster):
            for job in roster.pop_due(now):
                roster.answered(job, cloud.answer(job.position, now), now, now)
            now += 0.001
    assert len(cloud.lags_s) == 60
    assert max(cloud.lags_s[30:]) <= 0.12 * duration_s
    assert cloud.asked <= 60 * 2 + 40
