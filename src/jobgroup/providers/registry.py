"""Find providers: our own, and those that installed packages register as entry points.

An unusable package is reported in one sentence. It does not affect other clouds.
"""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

from jobgroup.errors import InvalidProviderError, JobGroupError, MissingDependencyError
from jobgroup.logs import logger
from jobgroup.providers.base import Account, Provider, ProviderFactory

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "jobgroup.providers"
QUANDELA: Final = "quandela"

METHODS: Final = ("submit", "status", "result", "cancel", "rerun", "availability", "aclose")

_OURS: Final = {
    QUANDELA: "jobgroup.providers.quandela",
    "scaleway": "jobgroup.providers.scaleway",
}
_KEPT: Final = "Nothing was sent, and the jobs are unchanged."

_log = logger(__name__)


def provider_for(account: Account, kind: str = QUANDELA) -> Provider:
    """Import a provider by name, and create one for an account.

    Raises:
        MissingDependencyError: no installed package registers `kind`.
        InvalidProviderError: the registered provider cannot be used.
        CredentialsError: a token must not be sent to the account's origin.
    """
    if kind in _OURS:
        return cast(ProviderFactory, import_module(_OURS[kind]).create)(account)
    from jobgroup.providers.third_party import ThirdPartyProvider  # imports the HTTP library

    return ThirdPartyProvider(_made(_entry(kind), account), kind, account)


def installed() -> list[str]:
    """Return the names of all providers, ours first, without imports.

    >>> installed()[:2]
    ['quandela', 'scaleway']
    """
    return [*_OURS, *sorted({entry.name for entry in _entries()} - _OURS.keys())]


@cache  # a sweep adds thousands of jobs, and each lookup takes milliseconds
def check_installed(kind: str) -> None:
    """Raise an error unless exactly one installed provider has the name `kind`.

    Raises:
        MissingDependencyError: no provider has the name; the message lists the installed ones.
        InvalidProviderError: several packages register the name.
    """
    if kind not in _OURS:
        _entry(kind)


def _entries() -> list[EntryPoint]:
    from importlib.metadata import entry_points  # imports 30 modules

    try:
        return list(entry_points(group=GROUP))
    except Exception as error:  # one unreadable file of any package raises this
        raise InvalidProviderError(
            f"The entry points of the installed packages cannot be read ({_said(error)}). {_KEPT}"
        ) from error


def _entry(kind: str) -> EntryPoint:
    found = {entry.value: entry for entry in _entries() if entry.name == kind}
    if not found:
        raise MissingDependencyError(
            f"No provider named {kind!r} is installed; available: {', '.join(installed())}. {_KEPT}"
            f" Install the package that registers it as an entry point of {GROUP}."
        )
    if len(found) > 1:
        packages = " and ".join(sorted(_package(entry) for entry in found.values()))
        raise InvalidProviderError(
            f"Several installed packages register a provider named {kind!r}: {packages}. {_KEPT}"
            " Uninstall all but one."
        )
    return next(iter(found.values()))


def _made(entry: EntryPoint, account: Account) -> Provider:
    from jobgroup.providers.third_party import token_of

    whose = f"The provider {entry.name!r} of {_package(entry)}"
    try:
        factory: Any = entry.load()
    except (Exception, SystemExit) as error:
        raise InvalidProviderError(
            f"{whose} cannot be imported ({_said(error)}). {_KEPT} Fix or reinstall that package."
        ) from error
    provider: Any = None
    failure: JobGroupError | None = None
    try:
        provider = factory(account)
    except JobGroupError as error:
        failure = error.with_traceback(None)
        failure.__cause__ = failure.__context__ = None
    except (Exception, SystemExit) as error:  # noqa: BLE001  # reported below
        _log.debug("%s cannot be created", whose, exc_info=True)
        said = token_of(account).hide_in(_said(error))
        failure = InvalidProviderError(
            f"{whose} cannot be created: {entry.value} failed ({said}). {_KEPT}"
        )
    if failure is not None:
        raise failure  # without its cause, whose frames may show the token
    if inspect.iscoroutine(provider):
        provider.close()
        raise InvalidProviderError(f"{whose} is invalid: {entry.value} must not be async. {_KEPT}")
    missing = [name for name in METHODS if not callable(getattr(provider, name, None))]
    if not isinstance(getattr(provider, "supports_idempotency_keys", None), bool):
        missing.append("supports_idempotency_keys")
    if missing:
        raise InvalidProviderError(
            f"{whose} is invalid: the result of {entry.value} lacks {', '.join(missing)}. {_KEPT}"
        )
    return cast(Provider, provider)


def _package(entry: EntryPoint) -> str:
    dist = entry.dist
    return f"{dist.name} {dist.version}" if dist is not None else entry.value


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
