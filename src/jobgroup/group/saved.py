"""The part of `JobGroup` about all groups on disk: listing, deleting, restoring."""

from __future__ import annotations

import warnings
from datetime import datetime

from jobgroup import catalog
from jobgroup.store import GroupSummary


class Saved:
    """Static methods: they concern groups by name, open or not."""

    @staticmethod
    def list_existing() -> list[str]:
        """The names of all groups on disk."""
        return catalog.names()

    @staticmethod
    def list_locally_saved() -> list[str]:
        """The names of all groups on disk; the name that later Perceval releases use."""
        return catalog.names()

    @staticmethod
    def summaries() -> list[GroupSummary]:
        """Every group with its counts, dates and size on disk."""
        return catalog.summaries()

    @staticmethod
    def delete_job_group(name: str, *, permanently: bool = False) -> None:
        """Delete a group. It can be restored for 7 days; results on the cloud are not touched.

        Args:
            name: of the group.
            permanently: do not keep it in the trash.

        Raises:
            GroupNotFoundError: there is none of that name; the sentence names near ones.
            GroupBusyError: it is being run.
        """
        catalog.delete(name, permanently=permanently)

    @staticmethod
    def delete_job_groups_date(del_before_date: datetime) -> None:
        """Delete all groups that were made before a date.

        Args:
            del_before_date: oldest date to keep; local time where it has no zone.
        """
        if not isinstance(del_before_date, datetime):
            raise TypeError(f"The date is a datetime, not {type(del_before_date).__name__}.")
        if not catalog.delete_before(del_before_date):
            warnings.warn(f"No groups found to delete before {del_before_date}", stacklevel=2)

    @staticmethod
    def delete_all_job_groups() -> None:
        """Delete all groups. They can be restored for 7 days."""
        catalog.delete_all()

    @staticmethod
    def list_trash() -> list[str]:
        """The names of the deleted groups that can be restored."""
        return list(catalog.trash())

    @staticmethod
    def restore(name: str) -> None:
        """Bring a deleted group back.

        Raises:
            GroupNotFoundError: the trash has none of that name.
            JobGroupError: a group of that name exists by now; nothing was changed.
        """
        catalog.restore(name)
