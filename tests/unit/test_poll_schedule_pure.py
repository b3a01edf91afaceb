"""The times at which each job is polled, by a clock that the test controls."""

from __future__ import annotations

import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobgroup.engine import poll_schedule
from jobgroup.engine.poll_schedule import (
    HEAD,
    MIN_INTERVAL_S,
    PollSchedule,
    crowd_interval_s,
    poll_interval_s,
)
from jobgroup.providers.base import RemoteStatus
from jobgroup.store import Pollable, Target

TARGET = Target("quandela", "https://cloud.example", "", "sim:altair")
AGES = st.floats(0, 1e7)


@given(AGES, AGES, st.integers(1, 20_000))
def test_the_interval_grows_with_age(first, second, jobs):
    """An older job is never polled more often, and is polled at least once in a tenth of its age.

    In the first ten minutes, the longest interval is a minute. No job is polled in a busy loop.
    """
    young, old = sorted((first, second))
    for interval_s in (poll_interval_s, lambda age: crowd_interval_s(age, jobs)):
        assert interval_s(young) <= interval_s(old) + 1e-6
        assert interval_s(young) >= MIN_INTERVAL_S / 4 - 1e-9
        assert interval_s(old) <= max(60.0, 0.1 * old)


@given(st.floats(1, 600))
def test_an_end_is_noticed_within_a_tenth_of_the_age(age):
    """A single job's end is noticed within 1 s or a tenth of its duration."""
    assert poll_interval_s(age) <= max(1.0, poll_schedule.AGE_FRACTION * age) * (1 + 1e-9)


@given(st.floats(0, 600), st.floats(1, 600))
def test_a_job_is_polled_at_its_expected_end(age, expected):
    """A job is polled halfway and at the expected time, then as if no end was expected."""
    asked_at = age + poll_interval_s(age, expected_s=expected)
    if age >= expected:
        assert asked_at == age + poll_interval_s(age)
    else:
        assert asked_at <= max(expected, age + MIN_INTERVAL_S) + 1e-9


class Cloud:
    """A cloud whose jobs were all sent at time 0 and run one after another in some slots."""

    def __init__(self, count: int, slots: int, duration_s: float, target: Target = TARGET) -> None:
        self.rows = [Pollable(i + 1, i, [f"r{i}"], target, 0.0) for i in range(count)]
        self._slots, self._duration_s = slots, duration_s
        self.reported_s = math.floor(duration_s)
        self.begins: dict[int, float] = {}
        self.asked = 0
        self.lags_s: list[float] = []

    def answer(self, position: int, now: float) -> RemoteStatus:
        """Return the status of a job."""
        self.asked += 1
        start = self.begins.get(position, position // self._slots * self._duration_s)
        if now < start:
            return RemoteStatus(provider_status="waiting", state="waiting")
        if now < start + self._duration_s:
            return RemoteStatus(provider_status="running", state="running", started_at=start)
        self.lags_s.append(now - start - self._duration_s)
        return RemoteStatus(
            provider_status="completed",
            state="success",
            started_at=start,
            duration_s=float(self.reported_s),
        )

    def watch(self, schedule: PollSchedule) -> None:
        """Poll the due jobs until every job has ended."""
        schedule.sync(self.rows, 1, 0.0, 0.0)
        now = 0.0
        while list(schedule):
            for job in schedule.pop_due(now):
                schedule.record(job, self.answer(job.entry_id, now), now, now)
            now = now + max(0.005, schedule.seconds_to_next(now))
            assert math.isfinite(now) or not list(schedule)


@pytest.mark.parametrize(("count", "slots"), [(1, 1), (5, 5), (50, 10), (50, 50), (40, 1)])
@pytest.mark.parametrize("duration_s", [10.0, 60.0, 600.0])
def test_ends_are_noticed_in_time(count, slots, duration_s):
    """An end is noticed within 1 s or a tenth of the duration, however long the job waited.

    The polls of concurrent jobs are spread by chance, so they may miss this in a few of nine runs.
    """
    wanted_s = max(1.0, 0.1 * duration_s)
    late_runs = 0
    for _ in range(9):
        cloud = Cloud(count, slots, duration_s)
        cloud.watch(PollSchedule())
        assert len(cloud.lags_s) == count
        assert max(cloud.lags_s) <= 2 * wanted_s
        late_runs += sum(lag > wanted_s + 0.05 for lag in cloud.lags_s) > count / 10
    assert late_runs <= 3


def test_known_durations_save_requests():
    """Jobs whose duration is known take a few requests each, and jobs behind them hardly any."""
    alone, first, all_of_them = Cloud(1, 1, 60.0), Cloud(8, 8, 60.0), Cloud(48, 8, 60.0)
    alone.watch(PollSchedule())
    first.watch(PollSchedule())
    all_of_them.watch(PollSchedule())
    assert (all_of_them.asked - first.asked) / 40 <= 0.4 * alone.asked


def test_concurrent_jobs_are_polled_in_turn():
    """The first end shows how long the jobs take, so each needs only a few requests."""
    alone, crowd = Cloud(1, 1, 60.0), Cloud(50, 50, 60.0)
    alone.watch(PollSchedule())
    crowd.watch(PollSchedule())
    assert crowd.asked / 50 <= 8 < alone.asked
    assert max(crowd.lags_s) <= 6.0


def test_an_early_failure_among_concurrent_jobs_is_noticed():
    """Each job is polled after 1 s and then once a minute, however long the others run."""
    cloud = Cloud(50, 50, 7200.0)
    schedule = PollSchedule()
    schedule.sync(cloud.rows, 1, 0.0, 0.0)
    noticed: dict[int, float] = {}
    now, fails_at = 0.0, {12: 0.5, 30: 20.0, 49: 3000.0}
    while now < 3100:
        for job in schedule.pop_due(now):
            if now >= fails_at.get(job.entry_id, math.inf):
                answer = RemoteStatus(provider_status="error", state="error")
                noticed[job.entry_id] = now - fails_at[job.entry_id]
            else:
                answer = cloud.answer(job.entry_id, now)
            schedule.record(job, answer, now, now)
        now = now + max(0.005, schedule.seconds_to_next(now))
    assert noticed[12] <= 1.0
    assert len(noticed) == 3
    assert max(noticed.values()) <= poll_schedule.MAX_INTERVAL_S
    assert cloud.asked <= 50 * 3100 / 45


def test_a_large_group_is_polled_within_the_rate():
    """A thousand active jobs are polled in turn."""
    cloud = Cloud(1000, 1000, 100.0)
    cloud.watch(PollSchedule())
    assert cloud.asked <= 1000 + 1000 * 7


def test_a_thousand_long_jobs_take_few_requests_in_few_rounds():
    """Each of many jobs that run for hours is polled within a tenth of its age, and many share a
    round.
    """
    cloud, schedule = Cloud(1000, 1000, 36_000.0), PollSchedule()
    schedule.sync(cloud.rows, 1, 3600.0, 3600.0, is_dated_here=True)
    now, rounds, last = 3600.0, 0, dict.fromkeys(range(1000), 3600.0)
    while now < 7200:
        due = schedule.pop_due(now)
        rounds += bool(due)
        for job in due:
            assert now - last[job.entry_id] <= 0.1 * now
            last[job.entry_id] = now
            schedule.record(job, cloud.answer(job.entry_id, now), now, now)
        now = now + max(0.005, schedule.seconds_to_next(now))
    assert min(last.values()) >= 0.9 * now - 1
    assert cloud.asked <= 1000 + 6 * 3600
    assert rounds <= 3600 / 5 + 20


@pytest.mark.parametrize(("slots", "duration_s"), [(2, 0.1), (5, 0.2), (8, 0.4)])
def test_a_long_queue_of_short_jobs_is_polled_at_its_front(slots, duration_s):
    """One job that ended points to the next, and jobs behind a waiting one are not polled.

    A thousand jobs are on a cloud, and hundreds end before the rate allows polling each.
    """
    cloud = Cloud(1000, slots, duration_s)
    cloud.watch(PollSchedule())
    assert cloud.asked <= 1.7 * 1000
    assert max(cloud.lags_s) <= 1.0


def test_jobs_that_join_a_long_queue_are_not_polled_one_by_one():
    """Ten jobs per second are sent to a cloud that ends four per second."""
    cloud, schedule = Cloud(600, 2, 0.5), PollSchedule()
    now, sent = 0.0, 0
    while sent < 600 or list(schedule):
        while sent < 600 and sent / 10 <= now:
            schedule.sync([cloud.rows[sent]._replace(sent_at=now)], sent + 1, now, now)
            sent += 1
        for job in schedule.pop_due(now):
            schedule.record(job, cloud.answer(job.entry_id, now), now, now)
        now += 0.02
    assert len(cloud.lags_s) == 600
    assert cloud.asked <= 3 * 600


def test_jobs_that_a_cloud_lost_delay_no_other():
    """A job that is sent after any number of lost jobs is polled as if it were alone."""
    cloud, schedule = Cloud(100, 1, 3600.0), PollSchedule()
    schedule.sync(cloud.rows[:99], 1, 0.0, 0.0)
    for job in schedule.pop_due(0.0):
        schedule.record(job, cloud.answer(job.entry_id, 0.0), 0.0, 0.0)
    for job in schedule:
        schedule.record_missing(job, 10.0)
    schedule.sync([cloud.rows[99]._replace(sent_at=10.0)], 2, 10.0, 10.0)
    assert [job.entry_id for job in schedule.pop_due(12.0)] == [99]
    lost = next(iter(schedule))  # the cloud may report it again
    schedule.record(lost, RemoteStatus(provider_status="running", state="running"), 80.0, 80.0)
    assert lost.running_since is not None


def test_jobs_far_back_in_the_queue_are_polled_too():
    """Waiting jobs may be canceled elsewhere, so each is polled once a minute."""
    cloud, schedule = Cloud(200, 1, 3600.0), PollSchedule()
    schedule.sync(cloud.rows, 1, 0.0, 0.0)
    asked: set[int] = set()
    now = 0.0
    while now < 70:
        for job in schedule.pop_due(now):
            asked.add(job.entry_id)
            schedule.record(job, cloud.answer(job.entry_id, now), now, now)
        now = now + max(0.005, schedule.seconds_to_next(now))
    assert asked == set(range(200))


def test_jobs_due_at_once_are_polled_within_the_rate():
    """After a burst, a fixed number of jobs is polled per second, and no job is left out."""
    schedule = PollSchedule()
    schedule.sync(Cloud(500, 500, 60.0).rows, 1, 9.0, 9.0)
    jobs = schedule.pop_due(9.0)
    assert len(jobs) == 500
    for job in jobs:
        schedule.schedule(job, 10.0)
    asked = [len(schedule.pop_due(10.0 + second)) for second in range(10)]
    assert asked[:2] == [poll_schedule.BURST, poll_schedule.RATE_PER_S]
    assert sum(asked) == 500


def test_changes_of_other_processes_are_applied():
    """A status from another process ends a job here, too, and a rerun starts another attempt."""
    schedule = PollSchedule()
    schedule.sync(
        [Pollable(1, 0, ["a"], TARGET, 0.0), Pollable(2, 1, ["b"], TARGET, 0.0)], 3, 0.0, 0.0
    )
    assert [job.remote_ids[0] for job in schedule.pop_due(0.0)] == ["a", "b"]
    schedule.sync(
        [Pollable(1, 0, ["a"], TARGET, 0.0, may_change=False), Pollable(5, 1, ["c"], TARGET, 9.0)],
        7,
        9.0,
        9.0,
    )
    assert [job.remote_ids[0] for job in schedule] == ["c"]
    assert [job.remote_ids[0] for job in schedule.pop_due(0.0)] == ["c"]
    assert schedule.version == 7


def test_jobs_that_are_only_polled_manually_fill_no_memory():
    """A script that calls `progress` for days uses a bounded amount of memory."""
    schedule = PollSchedule()
    schedule.sync([Pollable(1, 0, ["a"], TARGET, 0.0)], 1, 0.0, 0.0)
    (job,) = schedule
    waiting = RemoteStatus(provider_status="waiting", state="waiting")
    tracemalloc.start()
    for now in range(20_000):
        schedule.record(job, waiting, float(now), float(now))
    own = tracemalloc.Filter(True, poll_schedule.__file__)  # other threads allocate too
    traces = tracemalloc.take_snapshot().filter_traces([own]).traces
    tracemalloc.stop()
    assert sum(trace.size for trace in traces) < 100_000
    assert schedule.pop_due(1e9) == [job]


def test_jobs_far_back_take_little_memory():
    """Of many waiting jobs, each takes less than 450 B, without its ids."""
    row = Pollable(1, 0, ["a"], TARGET, 0.0)
    tracemalloc.start()
    schedule = PollSchedule()
    rows = (row._replace(attempt_id=i + 500, entry_id=i + 300) for i in range(20_000))
    schedule.sync(rows, 1, 0.0, 0.0)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 20_000 * 450
    assert sum(job.remote_ids is not None for job in schedule) == poll_schedule.REMEMBERED


def test_a_job_without_a_response_is_polled_at_the_given_time():
    """A job that was due once is due again only at a given time; the latest one counts."""
    schedule = PollSchedule()
    schedule.sync([Pollable(1, 0, ["a"], TARGET, 0.0)], 1, 0.0, 0.0)
    (job,) = schedule.pop_due(0.0)
    assert schedule.pop_due(4.0) == []
    schedule.schedule(job, 60.0)
    schedule.schedule(job, 5.0)
    assert schedule.seconds_to_next(4.0) == 1.0
    assert schedule.pop_due(5.0) == [job]
    assert schedule.pop_due(100.0) == []


def test_platforms_have_separate_queues():
    """Jobs that wait for one platform do not affect those of another."""
    schedule = PollSchedule()
    others = Target("quandela", "https://cloud.example", "", "qpu:other")
    rows = [Pollable(i + 1, i, [f"r{i}"], others if i >= 20 else TARGET, 0.0) for i in range(21)]
    schedule.sync(rows, 1, 0.0, 0.0)
    for job in schedule.pop_due(0.0):
        schedule.record(job, RemoteStatus(provider_status="waiting", state="waiting"), 0.0, 0.0)
    soon = {job.entry_id for job in schedule.pop_due(0.9)}
    assert soon == {*range(HEAD), 20}


def test_a_cancellation_is_watched_closely():
    """A job that was polled rarely is polled soon once it is to be canceled."""
    schedule = PollSchedule()
    (row,) = Cloud(1, 1, 600.0).rows
    schedule.sync([row], 1, 0.0, 0.0)
    (job,) = schedule.pop_due(0.0)
    schedule.record(job, RemoteStatus("running", "running", started_at=1.0), 300, 300)
    assert schedule.seconds_to_next(300.0) > 20
    schedule.sync([row._replace(is_canceling=True)], 2, 301.0, 301.0)
    assert schedule.pop_due(301.0) == [job]
    schedule.record(job, RemoteStatus("running", "running", started_at=1.0), 301, 301)
    assert schedule.seconds_to_next(301.0) < 1


@pytest.mark.parametrize("duration_s", [0.2, 0.7])
@pytest.mark.parametrize("reported_s", [0, 1, 40])
def test_the_duration_of_short_jobs_is_learned(duration_s, reported_s):
    """If a cloud rounds durations or counts more, expected ends are known after a few jobs.

    Intervals are random, so a few jobs are polled once more, at most half a duration later.
    """
    cloud, schedule = Cloud(60, 1, duration_s), PollSchedule()
    cloud.reported_s = reported_s
    now = 0.0
    for position in range(60):
        row = Pollable(position + 1, position, f"r{position}", TARGET, now)
        cloud.begins[position] = now
        schedule.sync([row], position + 1, now, now)
        while list(schedule):
            for job in schedule.pop_due(now):
                schedule.record(job, cloud.answer(job.entry_id, now), now, now)
            now += 0.001
    assert len(cloud.lags_s) == 60
    assert sum(lag > 0.12 * duration_s for lag in cloud.lags_s[30:]) <= 3
    assert max(cloud.lags_s[30:]) <= 0.5 * duration_s
    assert cloud.asked <= 60 * 2 + 40


def test_the_end_of_one_job_makes_unpolled_ones_due():
    """If twenty jobs ended at once, the last is polled within 1 s after it was sent."""
    cloud, schedule = Cloud(20, 20, 0.0), PollSchedule()
    schedule.sync(cloud.rows, 1, 0.0, 0.0)
    for job in schedule.pop_due(0.0):
        schedule.record(job, cloud.answer(job.entry_id, 0.02), 0.02, 0.02)
    for job in schedule.pop_due(0.03):
        schedule.record(job, cloud.answer(job.entry_id, 0.05), 0.05, 0.05)
    assert not list(schedule)


def test_a_jobs_age_comes_from_the_file_or_the_last_look():
    """Durations count from the start of a job, not from the time when this process learned of it.

    A clock that is 1 h slow makes no job older than the last look at the file.
    """
    schedule = PollSchedule()
    schedule.sync([], 1, 10.0, 10.0)
    row = Pollable(1, 0, ["a"], TARGET, 10.2)
    schedule.sync([row, row._replace(entry_id=1, sent_at=-3600.0)], 2, 10.5, 10.5)
    assert [job.sent_at for job in schedule] == [10.2, 10.0]
