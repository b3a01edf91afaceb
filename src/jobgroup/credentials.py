"""Find and keep the token of each account. An origin and a label identify an account.

A token is sent only to the origin that it was set for. Tokens come from this process's memory, the
environment, Perceval's configuration or the system's keyring. They are never in a group's file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Final

from jobgroup import perceval_settings
from jobgroup.errors import MissingTokenError, warn
from jobgroup.logs import logger
from jobgroup.origin import (
    PLAIN_HTTP,
    QUANDELA_CLOUD,
    SCALEWAY,
    is_url_of,
    may_carry_token,
    normalise_origin,
)
from jobgroup.secret import Secret

KEYRING_SERVICE: Final = "jobgroup"
"""Service name in the keyring. The user name is the origin, with ``label@`` before it if there is a
label.
"""

_Key = tuple[str, str]
_log = logger(__name__)


class Credentials:
    """The tokens of one process. No repr shows a token. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._given: dict[_Key, Secret] = {}
        self._from_jobs: dict[_Key, Secret] = {}
        self._keyring: dict[_Key, Secret | None] = {}
        self._callbacks: list[Callable[[str, str], None]] = []

    def set_token(self, token: str, *, url: str | None = None, account: str = "") -> None:
        """Set the token of an account for the rest of this process.

        Args:
            token: the token; line breaks and spaces around it are removed.
            url: the cloud's URL; by default JOBGROUP_URL or Quandela Cloud.
            account: label that distinguishes accounts of one cloud.

        Raises:
            TypeError: `token`, `url` or `account` is not a string.
            ValueError: the token is empty or has invalid characters, or the URL is not a cloud's or
                is plain http to another machine. An earlier token stays set.
        """
        secret = _hidden(token)
        place = Secret(url) if isinstance(url, str) else url
        del token, url  # some tools show this frame's local variables if an error is raised below
        origin = normalise_origin(default_url() if place is None else place)
        if not isinstance(account, str):
            raise TypeError(f"account must be a string, got {type(account).__name__}.")
        if not may_carry_token(origin):
            raise ValueError(f"{origin}{PLAIN_HTTP}")
        clean = _clean(secret)
        with self._lock:
            self._given[origin, account] = clean
        self._tell(origin, account)

    def forget_tokens(self) -> None:
        """Forget the tokens that came from `set_token` or with jobs.

        Later calls use the environment, Perceval's configuration and the system's keyring, which
        are not changed. A run without a token waits for one.
        """
        with self._lock:
            self._given.clear()
            self._from_jobs.clear()
            self._keyring.clear()

    def remember(self, origin: str, label: str, token: str | None) -> None:
        """Keep the token of an added job, if it is valid. One from `set_token` takes precedence.

        Warn if the job's account had another token: it may belong to another account, which would
        pay for the jobs.
        """
        try:
            origin, clean = normalise_origin(origin), _clean(_hidden(token))
        except (TypeError, ValueError):
            return
        with self._lock:
            earlier = self._from_jobs.get((origin, label))
            is_used = (origin, label) not in self._given
        if earlier == clean:
            return
        if earlier is not None and is_used:
            warn(
                f"This job has another token for {origin} than an earlier job, and all jobs there"
                " now use the new one. If it belongs to another account, add that account's jobs"
                " with account='a name'."
            )
        with self._lock:
            self._from_jobs[origin, label] = clean
        self._tell(origin, label)

    def token_for(self, origin: str, label: str = "") -> str:
        """Look up and return the token of an account.

        The first token found is used, in this order: `set_token`; added jobs; JOBGROUP_TOKEN for
        JOBGROUP_URL; Perceval's configurations (including PCVL_CLOUD_TOKEN and
        SCALEWAY_CLOUD_TOKEN) for their URLs; the system's keyring. The keyring is read once per
        account, and may show a prompt.

        Raises:
            MissingTokenError: no token is known, or the origin is plain http to another machine.
        """
        try:
            origin = normalise_origin(origin)
        except (TypeError, ValueError) as error:
            raise MissingTokenError(f"{error} No token can be found for it.") from None
        if not may_carry_token(origin):
            raise MissingTokenError(f"{origin}{PLAIN_HTTP}")
        with self._lock:
            token = self._given.get((origin, label)) or self._from_jobs.get((origin, label))
        if not token and not label:
            token = _from_environment(origin) or _from_perceval(origin)
        token = token or self._from_keyring(origin, label)
        if token:
            return token.reveal()
        whose, argument = f" (account {label!r})", f", account={label!r}"
        others = ", or set JOBGROUP_TOKEN and JOBGROUP_URL and restart"
        raise MissingTokenError(
            f"No token is known for {origin}{whose * bool(label)}. Call"
            f" jobgroup.set_token(token, url={origin!r}{argument * bool(label)})"
            f"{others * (not label)}."
        )

    def on_change(self, callback: Callable[[str, str], None]) -> Callable[[], None]:
        """Call `callback(origin, label)` for new tokens; return a function that unsubscribes."""
        with self._lock:
            self._callbacks.append(callback)

        def end() -> None:
            with self._lock, suppress(ValueError):
                self._callbacks.remove(callback)

        return end

    def _from_keyring(self, origin: str, label: str) -> Secret | None:
        key = origin, label
        if key not in self._keyring:
            self._keyring[key] = _ask_keyring(f"{label}@{origin}" if label else origin)
        return self._keyring[key]

    def _tell(self, origin: str, label: str) -> None:
        with self._lock:
            callbacks = list(self._callbacks)
        for callback in callbacks:
            try:
                callback(origin, label)
            except Exception:  # noqa: BLE001 # an error of a callback is not the caller's
                _log.exception("A callback for new tokens failed. The token was set.")


def default_url(provider: str = "quandela") -> str:
    """Return the default URL of a provider's cloud: JOBGROUP_URL or Quandela Cloud.

    For Scaleway, it is Scaleway's only cloud.

    Raises:
        ValueError: the provider has no default URL and JOBGROUP_URL is not set.
    """
    if provider == "scaleway":
        return SCALEWAY
    url = os.environ.get("JOBGROUP_URL", "").strip()
    if not url and provider == "quandela":
        url = QUANDELA_CLOUD
    if not url:
        raise ValueError(f"A job for the provider {provider!r} needs a URL: pass url=...")
    return normalise_origin(url)


def _hidden(token: object) -> Secret | str:
    """Return a token that no traceback shows; if it is not a string, return its type's name."""
    return Secret(token) if isinstance(token, str) else type(token).__name__


def _clean(token: Secret | str) -> Secret:
    if isinstance(token, str):
        raise TypeError(f"token must be a string, got {token}.")
    clean = Secret(token.reveal().strip())
    if not clean:
        raise ValueError("The token is empty.")
    if not re.fullmatch("[!-~]+", clean.reveal()):
        raise ValueError("The token contains spaces or characters that no token has.")
    return clean


def _clean_or_none(token: object) -> Secret | None:
    try:
        return _clean(_hidden(token))
    except (TypeError, ValueError):
        return None


def _from_environment(origin: str) -> Secret | None:
    url = os.environ.get("JOBGROUP_URL", "").strip() or QUANDELA_CLOUD
    return _clean_or_none(os.environ.get("JOBGROUP_TOKEN")) if is_url_of(url, origin) else None


def _from_perceval(origin: str) -> Secret | None:
    return next(filter(None, map(_clean_or_none, perceval_settings.tokens(origin))), None)


def _ask_keyring(user: str) -> Secret | None:
    try:
        import keyring

        return _clean_or_none(keyring.get_password(KEYRING_SERVICE, user))
    except Exception as error:  # noqa: BLE001 # no extra, no backend, or locked: there is no token
        _log.debug("The system's keyring has no token (%s).", type(error).__name__)
        return None


_credentials: Final = Credentials()
set_token = _credentials.set_token
forget_tokens = _credentials.forget_tokens
remember = _credentials.remember
token_for = _credentials.token_for
on_change = _credentials.on_change
