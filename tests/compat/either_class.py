"""Read groups of Perceval's own class, of any release, and of jobgroup's."""

from __future__ import annotations

import time

from which_release import RELEASE

IS_1 = RELEASE >= (1, 0)
HAS_ITEMS = RELEASE >= (0, 13)


def jobs_of(group):
    """Return the jobs of a group of any class and release."""
    return group.remote_jobs if hasattr(group, "remote_jobs") else group.list_remote_jobs


def is_sent(job):
    """Return whether a job was sent, even in 0.12, which has no such property."""
    return job is not None and job.id is not None


def wait_for(group):
    """Wait until all jobs of a group of any class have ended."""
    give_up = time.monotonic() + 120
    while group.progress()["Unfinished"][1]["sent"]:
        assert time.monotonic() < give_up, "the jobs do not end"
        time.sleep(0.1)
