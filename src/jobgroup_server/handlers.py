"""Handle requests for the page, the server's version, and the list of groups."""

from __future__ import annotations

import json
from asyncio import wrap_future
from dataclasses import asdict
from html import escape
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web
from tornado.ioloop import IOLoop

RESOURCE = "jobgroup"
"""Name of the resource that a Jupyter Server authorizer allows or denies."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data: blob:; base-uri 'none'; form-action 'none'"
)

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>jobgroup</title>
<div id="dashboard" data-base-url="{base_url}" data-group="{group}"></div>
<script type="module" src="{script}"></script>
</html>
"""


class PageHandler(ExtensionHandlerMixin, JupyterHandler):
    """The page of a group's dashboard, or of the list of all groups."""

    auth_resource = RESOURCE

    @web.authenticated
    async def get(self) -> None:
        """Send the page of the group in `?group=`."""
        await require(self, "read")
        self.add_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.set_header("Referrer-Policy", "no-referrer")
        self.finish(
            _PAGE.format(
                base_url=escape(self.base_url),
                group=escape(self.get_query_argument("group", "", strip=False)),
                script=escape(self.static_url("page.js")),
            )
        )


class VersionHandler(ExtensionHandlerMixin, APIHandler):
    """The version of the server. A page whose web socket was refused fetches it to find out why."""

    auth_resource = RESOURCE
    _track_activity = False  # for Jupyter Server: an open page alone does not keep a server alive

    @web.authenticated
    async def get(self) -> None:
        """Send the version of jobgroup, its environment, and the directory of its groups."""
        await require(self, "read")
        self.finish(await IOLoop.current().run_in_executor(None, _this_side))


def _this_side() -> dict[str, str]:
    """Describe this process. Call this in a thread, because the first call imports jobgroup."""
    from jobgroup.jupyter_servers import this_side

    return asdict(this_side())


class GroupsHandler(ExtensionHandlerMixin, APIHandler):
    """A few numbers about each group, for JupyterLab's sidebar and status bar."""

    auth_resource = RESOURCE
    _track_activity = False  # an open sidebar alone does not keep a server alive

    @web.authenticated
    async def get(self) -> None:
        """Send the groups. A browser that already has them gets a response without a body."""
        await require(self, "read")
        views = self.settings["jobgroup_views"]
        await views.prepare()
        self.finish(await wrap_future(views.shared.in_thread("list", _encoded_groups)))


def _encoded_groups() -> bytes:
    """Return the encoded groups. Call this in a thread, because a long list takes a while."""
    from jobgroup.dashboard.group_list import present_groups
    from jobgroup.store.encoding import json_safe

    return json.dumps(json_safe({"version": version(), "groups": present_groups()})).encode()


async def is_allowed(handler: JupyterHandler, action: str) -> bool:
    """Ask the server's authorizer whether the user may "read", "write" or "execute"."""
    user = handler.current_user
    asked: Any = handler.authorizer.is_authorized(handler, user, action, RESOURCE)
    return bool(await ensure_async(asked))


async def require(handler: JupyterHandler, action: str) -> None:
    """Raise Tornado's HTTPError 403 unless the user is allowed to do this."""
    if not await is_allowed(handler, action):
        raise web.HTTPError(403)


def version() -> str:
    """Return the version of jobgroup in the server's environment."""
    from importlib.metadata import version as version_of

    return version_of("jobgroup")
