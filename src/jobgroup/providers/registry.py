"""Which providers there are: ours, and those that installed packages register by entry point.

A package that cannot be used says so in one sentence; clouds of other providers are not affected.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, cast

from jobgroup.errors import (
    CredentialsError,
    InvalidProviderError,
    JobGroupError,
    MissingDependencyError,
)
from jobgroup.logs import logger
from jobgroup.providers.base import Account, Provider, ProviderFactory
from jobgroup.secret import NOTHING, Secret

GROUP: Final = "jobgroup.providers"
QUANDELA: Final = "quandela"

METHODS: Final = ("submit", "status", "result", "cancel", "rerun", "availability", "aclose")

_OURS: Final = {
    QUANDELA: "jobgroup.providers.quandela",
    "scaleway": "jobgroup.providers.scaleway",
}
_known: Final[set[str]] = set()
"""Names that were looked up: a sweep makes thousands of jobs, and a look takes milliseconds."""

_log = logger(__name__)

_KEPT: Final = "Nothing was sent, the jobs stay as they are."


def provider_for(account: Account, kind: str = QUANDELA) -> Provider:
    """A provider of that kind for one account; what it needs is imported here, not before.

    Raises MissingDependencyError where nothing installed registers `kind` in the entry point group
    ``jobgroup.providers``, InvalidProviderError where what is registered cannot be used, and
    CredentialsError where the account's origin may carry no token.
    """
    if kind in _OURS:
        return cast(ProviderFactory, import_module(_OURS[kind]).create)(account)
    from jobgroup.providers.third_party import ThirdPartyProvider  # imports the HTTP library

    entry = _entry(kind)
    return ThirdPartyProvider(_made(entry, account), kind, account)


def installed() -> list[str]:
    """The names of all providers, ours first; nothing is imported.

    >>> installed()[:2]
    ['quandela', 'scaleway']
    """
    return [*_OURS, *sorted({entry.name for entry in _entries()} - _OURS.keys())]


def check_installed(kind: str) -> None:
    """Refuse a name that no installed provider has.

    Raises:
        MissingDependencyError: there is none; the sentence names those that there are.
        InvalidProviderError: there are two.
    """
    if kind not in _OURS and kind not in _known:
        _entry(kind)
        _known.add(kind)


def _entries() -> list[EntryPoint]:
    try:
        return list(entry_points(group=GROUP))
    except Exception as error:  # one unreadable file in one package is enough
        raise InvalidProviderError(
            f"The entry points of the installed packages cannot be read ({_said(error)}). {_KEPT}"
        ) from error


def _entry(kind: str) -> EntryPoint:
    found = {entry.value: entry for entry in _entries() if entry.name == kind}
    if not found:
        raise MissingDependencyError(
            f"No provider named {kind!r} is installed; there are {', '.join(installed())}. Install "
            f"the package that brings it (it registers in the entry point group {GROUP}). {_KEPT}"
        )
    if len(found) > 1:
        packages = " and ".join(sorted(_package(entry) for entry in found.values()))
        raise InvalidProviderError(
            f"Several installed packages bring a provider named {kind!r}: {packages}. Uninstall all"
            f" but one. {_KEPT}"
        )
    return next(iter(found.values()))


def _made(entry: EntryPoint, account: Account) -> Provider:
    whose = f"The provider {entry.name!r} of {_package(entry)}"
    try:
        factory: Any = entry.load()
    except (Exception, SystemExit) as error:
        raise InvalidProviderError(
            f"{whose} cannot be imported ({_said(error)}). Mend or reinstall that package. {_KEPT}"
        ) from error
    provider: Any = None
    failure: JobGroupError | None = None
    try:
        provider = factory(account)
    except JobGroupError as error:
        failure = error.with_traceback(None)
        failure.__cause__ = failure.__context__ = None
    except (Exception, SystemExit) as error:  # noqa: BLE001  # it becomes a sentence below
        _log.debug("%s cannot be made", whose, exc_info=True)
        said = _token_of(account).hide_in(_said(error))
        failure = InvalidProviderError(
            f"{whose} cannot be made: {entry.value} failed ({said}). {_KEPT}"
        )
    if failure is not None:
        raise failure  # without its cause, whose frames may show the token
    if inspect.iscoroutine(provider):
        provider.close()
        raise InvalidProviderError(f"{whose} is none: {entry.value} must not be async. {_KEPT}")
    lacks = [name for name in METHODS if not callable(getattr(provider, name, None))]
    if not isinstance(getattr(provider, "supports_idempotency_keys", None), bool):
        lacks.append("supports_idempotency_keys")
    if lacks:
        raise InvalidProviderError(
            f"{whose} is none: what {entry.value} gives lacks {', '.join(lacks)}. {_KEPT}"
        )
    return cast(Provider, provider)


def _token_of(account: Account) -> Secret:
    try:
        return Secret(account.token())
    except CredentialsError:
        return NOTHING


def _package(entry: EntryPoint) -> str:
    dist = entry.dist
    return f"{dist.name} {dist.version}" if dist is not None else entry.value


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
