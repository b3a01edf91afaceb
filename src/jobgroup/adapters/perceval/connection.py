"""Which cloud a Perceval handler talks to, and what a job needs to be sent there without it."""

# ruff: noqa: SLF001  # project and session are in no public attribute of any release

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobgroup.origin import normalise_origin


@dataclass(frozen=True, slots=True)
class CloudOfJob:
    """The cloud of a handler.

    Attributes:
        provider: who speaks to it.
        origin: its base url.
        token: opens it.
        proxies: scheme to proxy url.
        extras: what the create body needs besides Perceval's own fields.
    """

    provider: str
    origin: str
    token: str | None = field(repr=False)
    proxies: Mapping[str, str] = field(repr=False)
    extras: Mapping[str, str]


def cloud_of(handler: Any) -> CloudOfJob:
    """The cloud behind a handler.

    Raises ValueError for a url that cannot be a cloud's, TypeError for a cloud that no provider
    speaks to.
    """
    kind = type(handler).__module__.removeprefix("perceval.providers.").partition(".")[0]
    if kind == "kipu":
        raise TypeError("Jobs for Kipu cannot be added. Nothing was added.")
    is_scaleway = kind == "scaleway"
    return CloudOfJob(
        provider="scaleway" if is_scaleway else "quandela",
        origin=normalise_origin(handler.url),
        token=_token_of(handler, is_scaleway=is_scaleway),
        proxies=dict(getattr(handler, "proxies", None) or {}),
        extras=_of_scaleway(handler) if is_scaleway else {},
    )


def _token_of(handler: Any, *, is_scaleway: bool) -> str | None:
    token = handler.headers.get("X-Auth-Token") if is_scaleway else handler.token
    return token if isinstance(token, str) else None


def _of_scaleway(handler: Any) -> dict[str, str]:
    # the session may be started later: then the cloud is asked for one that runs
    found = {
        "project_id": handler._project_id,
        "platform_id": getattr(handler, "_platform_id", None),
        "session_id": handler._session_id,
    }
    return {key: value for key, value in found.items() if value and isinstance(value, str)}
