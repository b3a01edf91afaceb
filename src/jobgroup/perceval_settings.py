"""Read Perceval's configuration on this machine: its clouds' tokens and its proxies.

If Perceval is already imported, its own settings are used, because some may be unsaved. Otherwise,
its files and variables are read as Perceval reads them, because the import would take seconds.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jobgroup.logs import logger
from jobgroup.origin import QUANDELA_CLOUD, SCALEWAY, is_url_of

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class _Config:
    """One of Perceval's configurations: a cloud's URL and its token."""

    module: str
    name: str
    section: str
    variable: str
    default_url: str


_CONFIGS: Final = (
    _Config("perceval", "RemoteConfig", "remote", "PCVL_CLOUD_TOKEN", QUANDELA_CLOUD),
    _Config(
        "perceval.providers.scaleway",
        "ScalewayConfig",
        "scaleway",
        "SCALEWAY_CLOUD_TOKEN",
        SCALEWAY,
    ),
)
_PROXIES_SECTION: Final = "remote"
"""Section with the proxies of all clouds."""


def data_directory() -> Path:
    """Return Perceval's data directory: ``PCVL_PERSISTENT_PATH`` or the platform's default.

    Raises:
        FileNotFoundError: the user has no home directory.
    """
    from platformdirs import user_data_dir

    if chosen := os.environ.get("PCVL_PERSISTENT_PATH"):
        return Path(chosen)
    try:
        return Path(user_data_dir("perceval-quandela", "quandela"))
    except RuntimeError as error:  # Newer releases of platformdirs raise it.
        raise FileNotFoundError(str(error)) from None


def tokens(origin: str) -> Iterator[object]:
    """Yield unchecked candidates for an origin's token, best first."""
    for config in _CONFIGS:
        theirs = _imported(config)
        if theirs is not None:
            yield _asked(theirs, config, origin, "get_token")
            continue
        saved = _section(config.section)
        if _is_for(config, saved, origin):
            yield os.environ.get(config.variable)
            yield saved.get("token")
            yield _token_of_0_12(origin)


def proxies(origin: str) -> dict[Any, Any]:
    """Return the unchecked proxies of a configured origin, by scheme; {} for other origins."""
    for config in _CONFIGS:
        theirs, found = _imported(config), None
        if theirs is not None:
            found = _asked(theirs, config, origin, "get_proxies")
        elif _is_for(config, _section(config.section), origin):
            found = _section(_PROXIES_SECTION).get("proxies")
        if isinstance(found, dict):
            return found
    return {}


def _imported(config: _Config) -> Any:
    return getattr(sys.modules.get(config.module), config.name, None)


def _asked(theirs: Any, config: _Config, origin: str, what: str) -> object:
    try:
        asked = theirs()
        # Perceval 0.13 and 1.0 support only one cloud.
        url = asked.get_url() if hasattr(asked, "get_url") else config.default_url
        return getattr(asked, what)() if is_url_of(url, origin) else None
    except Exception:  # noqa: BLE001  # a broken configuration has no values
        _log.debug("Perceval's configuration could not be read.")
        return None


def _is_for(config: _Config, saved: dict[str, Any], origin: str) -> bool:
    return is_url_of(saved.get("url") or config.default_url, origin)


def _token_of_0_12(origin: str) -> str | None:
    # Perceval 0.12 saves the token for its only cloud in a separate file.
    if origin != QUANDELA_CLOUD:
        return None
    try:
        return (data_directory() / "token").read_text("utf-8")
    except (OSError, ValueError):
        return None


def _section(name: str) -> dict[str, Any]:
    try:
        saved = json.loads((data_directory() / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    found = saved.get(name) if isinstance(saved, dict) else None
    return found if isinstance(found, dict) else {}
