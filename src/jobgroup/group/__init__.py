"""Provide `JobGroup`, the class for users, and the functions that its methods call."""

from jobgroup.group.access import engine_session, jobs_at, request
from jobgroup.group.group import JobGroup

__all__ = ["JobGroup", "engine_session", "jobs_at", "request"]
