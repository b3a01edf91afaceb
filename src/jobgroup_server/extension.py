"""Define the Jupyter Server extension, and a server with only this extension (`jobgroup ui`).

Nothing here imports jobgroup, because that would slow down each start of JupyterLab.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from tornado.httputil import url_concat

from jobgroup_server.handlers import GroupsHandler, PageHandler, VersionHandler
from jobgroup_server.socket import PING_INTERVAL_MS, DashboardSocket, Views

DEFAULT_PORT = 8861
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class UiServer(ServerApp):
    """Jupyter Server with only the services that the page needs: no kernels, files or terminals."""

    default_services = ("api", "auth", "security", "shutdown")  # type: ignore[assignment]
    port_default_value = DEFAULT_PORT


class JobgroupExtension(ExtensionApp):
    """The dashboard's pages and web socket."""

    name = "jobgroup"
    extension_url = "/jobgroup/"
    load_other_extensions = False
    serverapp_class = UiServer

    def initialize_settings(self) -> None:
        """Set the location of the front end's files."""
        self.static_paths = [str(_package() / "dashboard" / "static")]
        self.settings[f"{self.name}_static_paths"] = self.static_paths
        interval_ms = self.settings.get("ws_ping_interval", PING_INTERVAL_MS)
        self.views = Views(self.settings["last_activity_times"], interval_ms)
        self.settings["jobgroup_views"] = self.views

    def initialize_handlers(self) -> None:
        """Add the handlers of the page, its web socket, the version, and the list of groups."""
        self.handlers.extend(
            [
                (r"/jobgroup/?", PageHandler),
                (r"/jobgroup/version", VersionHandler),
                (r"/jobgroup/groups", GroupsHandler),
                (r"/jobgroup/socket", DashboardSocket),
            ]
        )

    def current_activity(self) -> dict[str, Any] | None:
        """Return the activity that keeps the server alive: runs, and watched active groups."""
        return self.views.activity()

    async def stop_extension(self) -> None:
        """Close all views."""
        self.views.close()


def serve(
    echo: Callable[[str], None],
    *,
    name: str = "",
    address: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = True,
) -> None:
    """Serve the dashboard until the process is interrupted.

    Args:
        echo: function that is called with the page's address once the server listens.
        name: group whose page to open first; "" for the list of all groups.
        address: IP address to listen on.
        port: TCP port; by default 8861, or a free port near it.
        open_browser: whether to open the page in the default browser.

    Raises:
        OSError: the given port is in use.
    """
    # Command-line options, because configuration files do not override them.
    options = [f"--ServerApp.ip={address}", f"--ServerApp.open_browser={open_browser}"]
    options += ["--ServerApp.log_level=WARN", f"--ServerApp.allow_root={address in LOOPBACK}"]
    options += ["--ServerApp.answer_yes=True"]  # Ctrl-C needs no confirmation
    if port is not None:
        _require_free(address, port)
        options += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    JobgroupExtension.extension_url = page_path(name)
    server: ServerApp = JobgroupExtension.initialize_server(argv=options)  # type: ignore[no-untyped-call]
    # Jupyter Server appends "?token=" even to an address that has a query
    address_line = re.sub(r"(\?\S*)\?token=", r"\1&token=", server.display_url)
    server.identity_provider.token_generated = False  # otherwise, the server prints the token again
    echo(f"{address_line}\nPress Ctrl-C to stop this server. Runs continue without it.")
    server.start()


def page_path(name: str) -> str:
    """Return the path of a group's page below the base URL."""
    return url_concat("/jobgroup/", {"group": name}) if name else "/jobgroup/"


def _require_free(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))


def _package() -> Path:
    """Return the directory of jobgroup without importing it."""
    spec = find_spec("jobgroup")
    assert spec is not None  # noqa: S101  # one wheel contains both packages
    assert spec.origin is not None  # noqa: S101
    return Path(spec.origin).parent
