"""Check the user's Jupyter servers, whose environments may differ from those of the kernels.

If they do, dashboards work in a notebook's kernel, but the sidebar and reopened notebooks show
other groups or none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from jobgroup.store.paths import data_directory

VERSION_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Side:
    """The jobgroup package and the data directory that a process uses.

    Attributes:
        version: version of jobgroup.
        environment: directory of the Python environment.
        data_directory: directory of the groups.
    """

    version: str
    environment: str
    data_directory: str

    def __str__(self) -> str:
        return f"jobgroup {self.version} in {self.environment}, groups in {self.data_directory}"


def this_side() -> Side:
    """Describe this process."""
    return Side(version("jobgroup"), sys.prefix, str(data_directory()))


def running() -> Iterator[tuple[str, Side | str]]:
    """Yield the running servers, each with its side or the reason why its side is unknown.

    Raises:
        ImportError: Jupyter Server is not installed in this environment.
    """
    from jupyter_server.serverapp import list_running_servers

    for server in list_running_servers():
        yield str(server["url"]), _side_of(str(server["url"]), str(server.get("token") or ""))


def _side_of(url: str, token: str) -> Side | str:
    import httpx

    headers = {"Authorization": f"token {token}"} if token else {}
    try:
        answer = httpx.get(
            f"{url}jobgroup/version", headers=headers, timeout=VERSION_TIMEOUT_S, trust_env=False
        )
        if answer.status_code == httpx.codes.NOT_FOUND:
            return "jobgroup is not installed or not enabled in its environment"
        said: dict[str, Any] = answer.raise_for_status().json()
        return Side(said["version"], said["environment"], said["data_directory"])
    except (httpx.HTTPError, ValueError, LookupError) as error:
        return f"it did not answer: {error}"
