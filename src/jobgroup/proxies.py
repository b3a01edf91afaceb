"""Keep the proxies that lead to each account's cloud.

They come from added jobs or, without any, from Perceval's configuration. A proxy's URL may contain
a password. So proxies, like tokens, are kept in this process's memory and never in a group's file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jobgroup import perceval_settings

_from_jobs: Final[dict[tuple[str, str], dict[str, str]]] = {}


def remember_proxies(origin: str, label: str, proxies: Mapping[str, str]) -> None:
    """Keep the proxies of an added job. A job without proxies changes nothing."""
    if usable := _usable(proxies):
        _from_jobs[origin, label] = usable


class AccountProxies(Mapping[str, str]):
    """An account's proxies, as a mapping of scheme to proxy URL. Each access looks them up.

    Perceval's configuration is read once, and again after `refresh`.
    """

    def __init__(self, origin: str, label: str) -> None:
        self._key = origin, label
        self._configured: dict[str, str] | None = None

    def refresh(self) -> None:
        """Read Perceval's configuration again at the next access."""
        self._configured = None

    def _known(self) -> dict[str, str]:
        if self._key in _from_jobs:
            return _from_jobs[self._key]
        if self._configured is None:
            self._configured = _usable(perceval_settings.proxies(self._key[0]))
        return self._configured

    def __getitem__(self, scheme: str) -> str:
        return self._known()[scheme]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def __repr__(self) -> str:
        return f"<proxies for {', '.join(self) or 'nothing'}>"


def _usable(proxies: Mapping[Any, Any]) -> dict[str, str]:
    # For requests, None means no proxy. Perceval's file may contain anything.
    return {k: v for k, v in proxies.items() if isinstance(k, str) and v and isinstance(v, str)}
