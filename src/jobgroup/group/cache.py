"""`ResultCacheSettings`: the results that are kept in a group's file, as its user sees them."""

from __future__ import annotations

from jobgroup.store.result_cache import ResultCache


class ResultCacheSettings:
    """Whether results are kept in the group's file, and what they take there."""

    def __init__(self, cache: ResultCache) -> None:
        self._cache = cache

    @property
    def enabled(self) -> bool:
        """Whether results are kept when they are first read. Can be set at any time."""
        return self._cache.enabled

    @enabled.setter
    def enabled(self, on: bool) -> None:
        self._cache.enabled = bool(on)

    @property
    def size_bytes(self) -> int:
        """The size of cached results in the group's file."""
        return self._cache.size_bytes()

    def clear(self) -> None:
        """Forget the results that are kept; later they are fetched from the cloud again.

        Raises:
            StorageError: the file could not be written; they are kept.
        """
        self._cache.clear()

    def __repr__(self) -> str:
        return f"ResultCache(enabled={self.enabled}, size_bytes={self.size_bytes})"
