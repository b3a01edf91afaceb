"""The part of a `JobGroup` about what is kept with it: a description, results; and its export."""

from __future__ import annotations

import os
from typing import Self

from jobgroup.engine.session import GroupSession
from jobgroup.store.output import user_path
from jobgroup.store.transfer import export_group, import_group
from jobgroup.words import text_of


class Keeping:
    """What the group's file holds besides its jobs."""

    _session: GroupSession

    @property
    def description(self) -> str:
        """What the group is for, in your words. Can be set at any time."""
        return str(self._session.store.meta().get("description") or "")

    @description.setter
    def description(self, text: str) -> None:
        self._session.store.set_meta(description=text_of("description", text) or None)

    @property
    def cache_results(self) -> bool:
        """Whether results are kept in the group's file when they are first read."""
        return self._session.store.results.enabled

    @cache_results.setter
    def cache_results(self, on: bool) -> None:
        self._session.store.results.enabled = bool(on)

    @property
    def cached_bytes(self) -> int:
        """What kept results take in the group's file."""
        return self._session.store.results.size_bytes()

    def clear_cache(self) -> None:
        """Forget the results that are kept; later they are fetched from the cloud again.

        Raises:
            StorageError: the file could not be written; they are kept.
        """
        self._session.store.results.clear()

    def export(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the group into one file for a colleague or an archive; `load` opens it.

        It has the jobs with their attempts, labels and notes, and results if the group keeps them.
        It has no token.

        Args:
            path: of the file.
            overwrite: replace a file that is there.

        Raises:
            OutputExistsError: the file exists, and `overwrite` is not True.
            CorruptGroupError: the group's file is damaged; nothing was written.
            StorageError: it could not be written; nothing was changed.
        """
        export_group(self._session.store.database, user_path(path), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, name: str | None = None) -> Self:
        """A new group from a file that `export` wrote, which is left as it is.

        Jobs that were not sent are unsent here too: agree with its owner on who sends them.

        Args:
            path: of the file.
            name: for the group; None for the one that it had.

        Raises:
            JobGroupError: a group of that name exists; nothing was changed.
            UnsupportedVersionError: the file was written by a newer jobgroup.
            CorruptGroupError: the file is damaged.
            StorageError: it is not the file of a group, or cannot be read.
        """
        return cls(import_group(user_path(path), name))  # type: ignore[call-arg]
