"""The extension of Jupyter Server, and the server that has it alone (`jobgroup ui`).

Nothing here imports jobgroup: every start of JupyterLab would pay for it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from tornado.httputil import url_concat

from jobgroup_server.handlers import GroupsHandler, PageHandler, VersionHandler
from jobgroup_server.socket import DashboardSocket, Views

DEFAULT_PORT = 8861
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class UiServer(ServerApp):
    """Jupyter Server with no more than the page needs: no kernels, no files, no terminals."""

    default_services = ("api", "auth", "security", "shutdown")  # type: ignore[assignment]
    port_default_value = DEFAULT_PORT


class JobgroupExtension(ExtensionApp):
    """The pages and the web socket of the dashboard."""

    name = "jobgroup"
    extension_url = "/jobgroup/"
    load_other_extensions = False
    serverapp_class = UiServer

    def initialize_settings(self) -> None:
        """Set where the front end's files are."""
        self.static_paths = [str(_package() / "dashboard" / "static")]
        self.settings[f"{self.name}_static_paths"] = self.static_paths
        self.views = Views(self.settings["last_activity_times"])
        self.settings["jobgroup_views"] = self.views

    def initialize_handlers(self) -> None:
        """Add the page, its web socket, the version that both sides compare, and the list."""
        self.handlers.extend(
            [
                (r"/jobgroup/?", PageHandler),
                (r"/jobgroup/version", VersionHandler),
                (r"/jobgroup/groups", GroupsHandler),
                (r"/jobgroup/socket", DashboardSocket),
            ]
        )

    def current_activity(self) -> dict[str, Any] | None:
        """Return what keeps a server from being culled: runs, and groups watched while jobs run."""
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
        echo: Is called with the page's address, once the server listens.
        name: The group whose page is opened first; "" for the list of all.
        address: The IP address to listen on.
        port: The TCP port; by default 8861, or a free one near it.
        open_browser: Open the page in the default browser.

    Raises:
        OSError: The given port is in use.
    """
    # options of a command line, which no configuration file overrides
    options = [f"--ServerApp.ip={address}", f"--ServerApp.open_browser={open_browser}"]
    options += ["--ServerApp.log_level=WARN", f"--ServerApp.allow_root={address in LOOPBACK}"]
    if port is not None:
        _require_free(address, port)
        options += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    JobgroupExtension.extension_url = page_path(name)
    server: ServerApp = JobgroupExtension.initialize_server(argv=options)  # type: ignore[no-untyped-call]
    address_line = server.display_url
    server.identity_provider.token_generated = False  # else the server prints the address again
    echo(f"{address_line}\nPress Ctrl-C to stop this server. Runs continue without it.")
    server.start()


def page_path(name: str) -> str:
    """Return the path of a group's page, below the base URL."""
    return url_concat("/jobgroup/", {"group": name}) if name else "/jobgroup/"


def _require_free(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))


def _package() -> Path:
    """Return the folder of jobgroup, without an import of it."""
    spec = find_spec("jobgroup")
    assert spec is not None  # noqa: S101  # they come in one wheel
    assert spec.origin is not None  # noqa: S101
    return Path(spec.origin).parent
