"""Jobs of sweeps, without Perceval."""

from __future__ import annotations

from collections import Counter

from jobgroup import RemoteJob

URL = "http://127.0.0.1:9"


def experiment(**point):
    """Make a job without Perceval whose payload is its point."""
    payload = {"command": "x", **{name: str(value) for name, value in point.items()}}
    return RemoteJob(payload, "sim:slos", url=URL, name="job")


def counts(report):
    """Return the numbers of a report."""
    return (report.new, report.known, report.changed, report.skipped, report.total)


def points(jg, *names):
    """Return the number of jobs at each point."""
    return Counter(tuple(job.labels[name] for name in names) for job in jg)
