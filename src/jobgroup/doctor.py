"""Check what jobgroup needs from a machine and a cloud, and report it as text for bug reports.

Nothing on the cloud is changed. No finding contains a token, a password or the path of the home
directory.
"""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal

from jobgroup import catalog
from jobgroup.credentials import default_url, token_for
from jobgroup.errors import (
    CredentialsError,
    InvalidTokenError,
    JobGroupError,
    RemoteNotFoundError,
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
"""Packages whose versions a bug report needs."""

MIN_FREE_BYTES: Final = 200_000_000
CLOCKS_AGREE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        check: name of the check.
        verdict: judgment on the result.
        text: result, as a sentence.
        advice: what the user should do; "" for nothing.
    """

    check: str
    verdict: Verdict
    text: str
    advice: str = ""


def examine(url: str | None = None) -> list[Finding]:
    """Check this machine, and a cloud if one is given.

    The cloud gets one request, for its free slots; no job is created.

    Args:
        url: URL of a cloud; None to check no cloud.

    Raises:
        ValueError: `url` is not the URL of a cloud.
    """
    origin = default_url() if url is None else normalise_origin(url)
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "versions": _versions,
        "data directory": _directory,
        "SQLite": lambda: [Finding("SQLite", "ok", require_sqlite())],
        "groups": _groups,
        "certificates": _certificates,
        "proxy": lambda: _proxy(_account(origin)),
        "Jupyter": _jupyter,
    }
    found: list[Finding] = []
    for name, check in checks.items():
        try:
            found += check()
        except JobGroupError as error:
            found.append(Finding(name, "problem", str(error)))
        except Exception as error:  # noqa: BLE001 # of this check only
            found.append(Finding(name, "warning", f"not checked ({type(error).__name__}: {error})"))
    if url is None:
        found.append(
            Finding("cloud", "ok", "not asked", "To ask a cloud, run jobgroup doctor URL.")
        )
    else:
        found += _cloud(origin)
    return [_without_home(each) for each in found]


def _versions() -> Iterator[Finding]:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    found = [python, f"{platform.system()} {platform.release()} {platform.machine()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    yield Finding("versions", "ok", ", ".join(found))


def _directory() -> Iterator[Finding]:
    directory, groups = data_directory(), groups_directory()
    chosen = "JOBGROUP_DATA_DIR" if os.environ.get("JOBGROUP_DATA_DIR") else "the system's default"
    text = f"{directory} ({chosen})"
    free = shutil.disk_usage(groups).free
    if not os.access(groups, os.W_OK):
        advice = "Groups are read-only. Make the directory writable, or set JOBGROUP_DATA_DIR."
        yield Finding("data directory", "warning", f"{text}, not writable", advice)
    elif free < MIN_FREE_BYTES:
        advice = "Free some space: job ids that cannot be stored are lost when the process ends."
        yield Finding("data directory", "warning", f"{text}, {free / 1e6:.0f} MB free", advice)
    else:
        yield Finding("data directory", "ok", f"{text}, {free / 1e9:.1f} GB free")
    kind = file_system_type(groups) or "unknown"
    setting = os.environ.get("JOBGROUP_NETWORK_FS")
    reason = "" if setting is None else f" because of JOBGROUP_NETWORK_FS={setting}"
    if is_network(groups):
        yield Finding(
            "file system",
            "warning",
            f"{kind}, which counts as shared{reason}: rollback journal, one process at a time",
            "This is safe but slow. Set JOBGROUP_DATA_DIR to a local directory if you have one, or"
            " JOBGROUP_NETWORK_FS=0 if no other machine uses this file system.",
        )
    else:
        yield Finding("file system", "ok", f"{kind}, which is local{reason}: write-ahead log")


def _groups() -> Iterator[Finding]:
    found = catalog.summaries()
    # Group names are left out, because they may be private.
    broken = [(on_disk(encode(each.name) + SUFFIX), each.problem) for each in found if each.problem]
    problems = sorted({problem.replace(file, "its file") for file, problem in broken})
    if problems:
        text = f"{len(broken)} of {len(found)} cannot be read: {'; '.join(problems[:3])}"
        advice = "Run jobgroup ls to list them. The other groups are not affected."
        yield Finding("groups", "warning", text, advice)
    else:
        yield Finding("groups", "ok", f"{len(found)}, all readable")


def _certificates() -> Iterator[Finding]:
    from jobgroup.providers.certificates import CertificatesError, load_certificates

    try:
        certificates = load_certificates()
    except CertificatesError as error:
        advice = "Correct or unset the variable. Until then, no request is sent."
        yield Finding("certificates", "problem", str(error), advice)
        return
    if certificates.problems:
        yield Finding("certificates", "warning", str(certificates), "Correct that variable.")
    else:
        yield Finding("certificates", "ok", str(certificates))


def _proxy(account: Account) -> Iterator[Finding]:
    from jobgroup.providers.proxy import ProxyResolver

    yield Finding("proxy", "ok", str(ProxyResolver(account).proxy() or "none"))


def _jupyter() -> Iterator[Finding]:
    """Compare this environment with that of each running Jupyter server."""
    from jobgroup import jupyter_servers

    own = jupyter_servers.this_side()
    yield Finding("Jupyter, this side", "ok", str(own))
    try:
        servers = list(jupyter_servers.running())
    except ImportError:
        text = "not in this environment; run jobgroup doctor in that of JupyterLab"
        yield Finding("Jupyter server", "ok", text)
        return
    for url, side in servers:
        advice = ""
        if isinstance(side, str):
            advice = "Install jobgroup in the server's environment too, and restart the server."
        elif side.data_directory != own.data_directory:
            advice = "The two use different groups. Set the same JOBGROUP_DATA_DIR for both."
        elif side.version != own.version:
            advice = "Install the same version in both environments."
        verdict: Verdict = "warning" if advice else "ok"
        yield Finding("Jupyter server", verdict, f"{url}: {side}", advice)
    if not servers:
        yield Finding("Jupyter server", "ok", "none is running on this machine")


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
    """Send one request to a cloud, which costs nothing, and judge the response."""
    from jobgroup.providers.http import Response, bearer
    from jobgroup.providers.rest import RestClient
    from jobgroup.providers.scaleway import scaleway_auth

    dates: list[str] = []

    def keep_date(response: Response) -> None:
        dates.append(response.headers.get("date", ""))

    auth, path = bearer, "/api/jobs/availability"
    if origin == SCALEWAY:
        auth, path = scaleway_auth, "/qaas/v1alpha1/platforms?page_size=1"
    client = RestClient(_account(origin), auth=auth, on_response=keep_date)
    begun_at, sent_at = time.monotonic(), time.time()
    verdicts: list[Finding]
    try:
        await client.request("GET", path)
        verdicts = [Finding("token", "ok", "accepted")]
    except InvalidTokenError as error:
        verdicts = [
            Finding("token", "problem", str(error), "Set a valid one with jobgroup.set_token.")
        ]
    except RemoteNotFoundError:
        advice = "Check that the URL is the cloud's, including its path."
        verdicts = [Finding("token", "warning", "the cloud does not know this request", advice)]
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


def _clock(date: str, sent_at: float, took_s: float) -> Finding:
    """Compare the clocks. The cloud dated its response, in whole seconds, during the request."""
    try:
        dated_at = parsedate_to_datetime(date)
        theirs = dated_at.replace(tzinfo=dated_at.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError):
        return Finding("clock", "ok", "not compared: the cloud's response has no date")
    ahead_s = sent_at + took_s / 2 - theirs
    if abs(ahead_s) <= CLOCKS_AGREE_S + took_s:
        return Finding("clock", "ok", "within a minute of the cloud's")
    where = "ahead of" if ahead_s > 0 else "behind"
    now = datetime.fromtimestamp(sent_at, UTC)
    return Finding(
        "clock",
        "warning",
        f"{abs(ahead_s):.0f} s {where} the cloud's ({now:%Y-%m-%d %H:%M:%S} UTC here)",
        "Set this machine's clock: times in tables and checks of certificates depend on it.",
    )


def _without_home(finding: Finding) -> Finding:
    home = os.path.expanduser("~")  # noqa: PTH111 # no error without a home directory
    if len(home) < 2:
        return finding
    return replace(
        finding, text=finding.text.replace(home, "~"), advice=finding.advice.replace(home, "~")
    )
