"""Checks of what jobgroup needs from a machine and a cloud: text to paste into a bug report.

Nothing is changed on the cloud, and no finding holds a token, a password or the home directory's
path.
"""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal

from jobgroup import catalog
from jobgroup.credentials import default_url, token_for
from jobgroup.errors import (
    CloudError,
    CredentialsError,
    InvalidTokenError,
    JobGroupError,
    RemoteNotFoundError,
    StorageError,
)
from jobgroup.origin import SCALEWAY, normalise_origin
from jobgroup.providers.base import Account
from jobgroup.proxies import AccountProxies
from jobgroup.secret import Secret
from jobgroup.store.connection import require_sqlite
from jobgroup.store.filesystem import file_system_type, is_network
from jobgroup.store.names import SUFFIX, encode, on_disk
from jobgroup.store.paths import data_directory, groups_directory

Verdict = Literal["ok", "warning", "problem"]

PACKAGES: Final = (
    "jobgroup",
    "perceval-quandela",
    "httpx",
    "aiohttp",
    "anyio",
    "filelock",
    "platformdirs",
    "truststore",
    "anywidget",
)
"""Whose versions a report of a fault needs."""

LEAST_ROOM_BYTES: Final = 200_000_000
CLOCKS_AGREE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        check: what was looked at.
        verdict: whether jobgroup can work with it.
        text: what was found.
        advice: what to do; "" if nothing is needed.
    """

    check: str
    verdict: Verdict
    text: str
    advice: str = ""


def examine(url: str | None = None) -> list[Finding]:
    """Check this machine, and a cloud if one is given.

    A cloud is asked once, for its free slots; no job is made.

    Args:
        url: the cloud's; None asks no cloud.

    Raises:
        ValueError: it is not the url of a cloud.
    """
    origin = default_url() if url is None else normalise_origin(url)
    found = [_versions(), *_directory(), _sqlite(), *_groups()]
    found += [_certificates(), _proxy(_account(origin))]
    if url is None:
        found.append(Finding("cloud", "ok", "not asked", "jobgroup doctor URL asks a cloud."))
    else:
        found += _cloud(origin)
    return [_without_home(each) for each in found]


def _versions() -> Finding:
    found = [f"{name} {_version_of(name)}" for name in PACKAGES]
    machine = f"{platform.system()} {platform.release()} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return Finding("versions", "ok", ", ".join([python, machine, *found]))


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _directory() -> Iterator[Finding]:
    try:
        directory = data_directory()
        groups = groups_directory()
    except StorageError as error:
        yield Finding("data directory", "problem", str(error))
        return
    chosen = "JOBGROUP_DATA_DIR" if os.environ.get("JOBGROUP_DATA_DIR") else "the system's place"
    text = f"{directory} ({chosen})"
    free = shutil.disk_usage(groups).free
    if not os.access(groups, os.W_OK):
        advice = "Groups can be looked at only. Make it writable, or set JOBGROUP_DATA_DIR."
        yield Finding("data directory", "warning", f"{text}, which cannot be written to", advice)
    elif free < LEAST_ROOM_BYTES:
        advice = "Make room: ids of jobs that cannot be written down are lost with the process."
        yield Finding("data directory", "warning", f"{text}, {free / 1e6:.0f} MB free", advice)
    else:
        yield Finding("data directory", "ok", f"{text}, {free / 1e9:.1f} GB free")
    kind = file_system_type(groups) or "unknown"
    told = os.environ.get("JOBGROUP_NETWORK_FS")
    by = "" if told is None else f", as JOBGROUP_NETWORK_FS={told} says"
    if is_network(groups):
        yield Finding(
            "file system",
            "warning",
            f"{kind}, which counts as shared{by}: rollback journal, one process at a time",
            "This is safe but slow. Set JOBGROUP_DATA_DIR to a local directory if you have one, or"
            " JOBGROUP_NETWORK_FS=0 if no other machine uses this file system.",
        )
    else:
        yield Finding("file system", "ok", f"{kind}, which is local{by}: write-ahead log")


def _sqlite() -> Finding:
    try:
        return Finding("SQLite", "ok", require_sqlite())
    except StorageError as error:
        return Finding("SQLite", "problem", str(error))


def _groups() -> Iterator[Finding]:
    try:
        found = catalog.summaries()
    except StorageError as error:
        yield Finding("groups", "problem", str(error))
        return
    # without their names, which may be private
    broken = [(on_disk(encode(each.name) + SUFFIX), each.problem) for each in found if each.problem]
    problems = sorted({problem.replace(file, "its file") for file, problem in broken})
    if problems:
        yield Finding(
            "groups",
            "warning",
            f"{len(broken)} of {len(found)} cannot be read: {'; '.join(problems[:3])}",
            "jobgroup ls names them. The other groups are not affected.",
        )
    else:
        yield Finding("groups", "ok", f"{len(found)}, all of which can be read")


def _certificates() -> Finding:
    from jobgroup.providers.certificates import CertificatesError, load_certificates

    try:
        certificates = load_certificates()
    except CertificatesError as error:
        advice = "Correct the variable or unset it. No request leaves until then."
        return Finding("certificates", "problem", str(error), advice)
    if certificates.problems:
        return Finding("certificates", "warning", str(certificates), "Correct that variable.")
    return Finding("certificates", "ok", str(certificates))


def _proxy(account: Account) -> Finding:
    from jobgroup.providers.proxy import ProxyResolver

    try:
        proxy = ProxyResolver(account).proxy()
    except CloudError as error:
        return Finding("proxy", "problem", str(error))
    return Finding("proxy", "ok", "none" if proxy is None else str(proxy))


def _account(origin: str) -> Account:
    return Account(origin, "", lambda: token_for(origin), AccountProxies(origin, ""))


def _cloud(origin: str) -> list[Finding]:
    import anyio

    try:
        token = Secret(token_for(origin))
    except CredentialsError as error:
        unknown = Finding("cloud", "warning", f"{origin} was not asked: there is no token for it")
        return [Finding("token", "problem", str(error)), unknown]
    found = anyio.run(_ask, origin)
    return [replace(each, text=token.hide_in(each.text)) for each in found]


async def _ask(origin: str) -> list[Finding]:
    """Ask a cloud what costs nothing, and judge by the answer."""
    from jobgroup.providers.http import Response, bearer
    from jobgroup.providers.rest import RestClient

    dates: list[str] = []

    def keep_date(response: Response) -> None:
        dates.append(response.headers.get("date", ""))

    auth, path = bearer, "/api/jobs/availability"
    if origin == SCALEWAY:
        auth, path = _scaleway_auth, "/qaas/v1alpha1/platforms?page_size=1"
    client = RestClient(_account(origin), auth=auth, on_response=keep_date)
    begun_at, sent_at = time.monotonic(), time.time()
    verdicts: list[Finding]
    try:
        await client.request("GET", path)
        verdicts = [Finding("token", "ok", "accepted")]
    except InvalidTokenError as error:
        verdicts = [Finding("token", "problem", str(error), "Give another: jobgroup.set_token.")]
    except RemoteNotFoundError:
        advice = "Is this the url of a cloud, with its path?"
        verdicts = [Finding("token", "warning", "the cloud does not know the question", advice)]
    except JobGroupError as error:
        if not dates:
            return [Finding("cloud", "problem", str(error))]
        verdicts = [Finding("token", "warning", str(error))]
    finally:
        await client.aclose()
    took_s = time.monotonic() - begun_at
    return [
        Finding("cloud", "ok", f"{origin} answered within {took_s:.1f} s"),
        *verdicts,
        _clock(dates[-1], sent_at, took_s),
    ]


def _scaleway_auth(token: str) -> dict[str, str]:
    return {"X-Auth-Token": token}


def _clock(date: str, sent_at: float, took_s: float) -> Finding:
    """Compare the clocks; the answer was dated, in whole seconds, while it was waited for."""
    try:
        dated_at = parsedate_to_datetime(date)
        theirs = dated_at.replace(tzinfo=dated_at.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError):
        return Finding("clock", "ok", "not compared: the cloud's answer has no date")
    ahead_s = sent_at + took_s / 2 - theirs
    if abs(ahead_s) <= CLOCKS_AGREE_S + took_s:
        return Finding("clock", "ok", "agrees with the cloud's to a minute")
    where = "ahead of" if ahead_s > 0 else "behind"
    now = datetime.fromtimestamp(sent_at, UTC)
    return Finding(
        "clock",
        "warning",
        f"{abs(ahead_s):.0f} s {where} the cloud's ({now:%Y-%m-%d %H:%M:%S} UTC here)",
        "Set this machine's clock: times in tables and certificates depend on it.",
    )


def _without_home(finding: Finding) -> Finding:
    home = os.path.expanduser("~")  # noqa: PTH111  # it raises nothing if there is none
    if len(home) < 2:
        return finding
    return replace(
        finding, text=finding.text.replace(home, "~"), advice=finding.advice.replace(home, "~")
    )
