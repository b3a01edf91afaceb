"""Define `ResultCacheSettings`, for users who cache results in a group's file."""

from __future__ import annotations

from jobgroup.store.result_cache import ResultCache


class ResultCacheSettings:
    """The setting, and the size, of the results cached in a group's file."""

    def __init__(self, cache: ResultCache) -> None:
        self._cache = cache

    @property
    def enabled(self) -> bool:
        """Whether results are stored when they are first read. You can set this at any time."""
        return self._cache.enabled

    @enabled.setter
    def enabled(self, on: bool) -> None:
        self._cache.enabled = bool(on)

    @property
    def size_bytes(self) -> int:
        """Size of the cached results in the group's file, in bytes."""
        return self._cache.size_bytes()

    def clear(self) -> None:
        """Remove the cached results. Later calls fetch them from the cloud again.

        Raises:
            StorageError: the file could not be written; no result was removed.
        """
        self._cache.clear()

    def __repr__(self) -> str:
        return f"ResultCache(enabled={self.enabled}, size_bytes={self.size_bytes})"
