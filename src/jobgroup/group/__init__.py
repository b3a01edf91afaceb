"""`JobGroup`, the user's object: a class over functions for adding, sending, looking, results."""

from jobgroup.group.access import engine_session, jobs_at, request
from jobgroup.group.group import JobGroup

__all__ = ["JobGroup", "engine_session", "jobs_at", "request"]
