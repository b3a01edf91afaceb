"""Which token opens which account, an account being an origin and a label.

A token goes only to the origin it was given for. Tokens live in this process's memory, the
environment, Perceval's configuration or the system's keyring; never in a group's file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from threading import Lock
from typing import Final

from jobgroup import perceval_settings
from jobgroup.errors import MissingTokenError
from jobgroup.logs import logger
from jobgroup.origin import (
    QUANDELA_CLOUD,
    SCALEWAY,
    is_url_of,
    may_carry_token,
    normalise_origin,
)
from jobgroup.secret import Secret

KEYRING_SERVICE: Final = "jobgroup"
"""In the keyring the user name is the origin, with ``label@`` before it for a labelled account."""

_Key = tuple[str, str]
_log = logger(__name__)


class Credentials:
    """The tokens of one process. Safe to use from any thread; shows no token in its repr."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._given: dict[_Key, Secret] = {}
        self._from_jobs: dict[_Key, Secret] = {}
        self._keyring: dict[_Key, Secret | None] = {}
        self._callbacks: list[Callable[[str, str], None]] = []

    def set_token(self, token: str, *, url: str | None = None, account: str = "") -> None:
        """Give the token of an account for the life of this process.

        Args:
            token: line breaks and blanks around it are removed.
            url: the cloud it is for; `default_url()` where none is named.
            account: label that tells accounts of one cloud apart.

        Raises:
            TypeError: `token`, `url` or `account` is not a string.
            ValueError: the token is empty or cannot be one, or the url is not a cloud's or is
                plain http to another machine. What was known before is kept.
        """
        secret = _hidden(token)
        place = Secret(url) if isinstance(url, str) else url
        del token, url  # what is raised below shows the local variables of this frame to some tools
        origin = normalise_origin(default_url() if place is None else place)
        if not isinstance(account, str):
            raise TypeError(f"An account is a string, not {type(account).__name__}.")
        if not may_carry_token(origin):
            raise ValueError(f"{origin} is plain http: a token would be readable on the way.")
        clean = _clean(secret)
        with self._lock:
            self._given[origin, account] = clean
        self._tell(origin, account)

    def forget_tokens(self) -> None:
        """Forget each token that this process was given, by `set_token` or with a job.

        Calls from then on use what the environment, Perceval's configuration and the system's
        keyring have, none of which is altered. A run that finds no token there waits for one, as
        it does where a token is refused.
        """
        with self._lock:
            self._given.clear()
            self._from_jobs.clear()
            self._keyring.clear()

    def remember(self, origin: str, label: str, token: str | None) -> None:
        """Keep the token that a job brought along. `set_token` goes before it; nothing raises."""
        try:
            origin, clean = normalise_origin(origin), _clean(_hidden(token))
        except (TypeError, ValueError):
            return
        with self._lock:
            is_news = self._from_jobs.get((origin, label)) != clean
            self._from_jobs[origin, label] = clean
        if is_news:
            self._tell(origin, label)

    def token_for(self, origin: str, label: str = "") -> str:
        """The token of an account, looked for at each call.

        In this order: `set_token`; the jobs that were added; JOBGROUP_TOKEN for JOBGROUP_URL;
        Perceval's configurations (PCVL_CLOUD_TOKEN, SCALEWAY_CLOUD_TOKEN among them) for the urls
        that they are for; the system's keyring, asked once per account, which may show a prompt.

        Raises:
            MissingTokenError: none is known, or the origin is plain http to another machine.
        """
        try:
            origin = normalise_origin(origin)
        except (TypeError, ValueError) as error:
            raise MissingTokenError(f"{error} No token can be found for it.") from None
        if not may_carry_token(origin):
            raise MissingTokenError(
                f"{origin} is plain http: a token would be readable on the way, so none is sent. "
                "Use its https address."
            )
        token = self._in_memory(origin, label)
        if not token and not label:
            token = _from_environment(origin) or _from_perceval(origin)
        token = token or self._from_keyring(origin, label)
        if token:
            return token.reveal()
        whose = f" (account {label!r})" if label else ""
        raise MissingTokenError(
            f"No token is known for {origin}{whose}; nothing was sent. Give one with "
            f"jobgroup.set_token(token, url={origin!r}{f', account={label!r}' if label else ''})"
            f"{'' if label else ', or set JOBGROUP_TOKEN (and JOBGROUP_URL) and start again'}."
        )

    def on_change(self, callback: Callable[[str, str], None]) -> Callable[[], None]:
        """Call `callback(origin, label)` whenever a token is set; returns what ends that."""
        with self._lock:
            self._callbacks.append(callback)

        def end() -> None:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return end

    def _in_memory(self, origin: str, label: str) -> Secret | None:
        with self._lock:
            return self._given.get((origin, label)) or self._from_jobs.get((origin, label))

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
            except Exception:  # noqa: BLE001  # a listener's fault is not the caller's
                _log.exception("A listener for new tokens failed; the token is set all the same.")


def default_url(provider: str = "quandela") -> str:
    """The cloud that is meant where none is named: JOBGROUP_URL, else Quandela Cloud.

    Scaleway has one cloud; that of another provider has to be named in JOBGROUP_URL, else this
    raises ValueError.
    """
    if provider == "scaleway":
        return SCALEWAY
    url = os.environ.get("JOBGROUP_URL", "").strip()
    if not url and provider == "quandela":
        url = QUANDELA_CLOUD
    if not url:
        raise ValueError(f"A job for a cloud of the provider {provider!r} needs its url: url=...")
    return normalise_origin(url)


def _hidden(token: object) -> Secret | str:
    """A token out of sight; of what is no text, the name of its type."""
    return Secret(token) if isinstance(token, str) else type(token).__name__


def _clean(token: Secret | str) -> Secret:
    if isinstance(token, str):
        raise TypeError(f"A token is a string, not {token}.")
    clean = Secret(token.reveal().strip())
    if not clean:
        raise ValueError("The token is empty.")
    if not re.fullmatch("[!-~]+", clean.reveal()):
        raise ValueError("The token holds blanks or characters that no token has.")
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
    except Exception as error:  # noqa: BLE001  # no extra, no backend, locked: all mean no token
        _log.debug("The system's keyring gives no token (%s).", type(error).__name__)
        return None


_credentials: Final = Credentials()
set_token = _credentials.set_token
forget_tokens = _credentials.forget_tokens
remember = _credentials.remember
token_for = _credentials.token_for
on_change = _credentials.on_change
