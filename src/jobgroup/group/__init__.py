"""`JobGroup`, the user's object, in parts: adding, sending, looking, all groups on disk."""

from jobgroup.group.group import JobGroup

__all__ = ["JobGroup"]
