"""Define `Dashboard`, a dashboard session on an anywidget, for notebooks."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from contextlib import suppress
from importlib.resources import files
from typing import Any, ClassVar, Final, Self
from uuid import uuid4

import anywidget
from traitlets import TraitError, Unicode, default

from jobgroup.dashboard.session import DashboardSession
from jobgroup.dashboard.static_html import saved_state
from jobgroup.dashboard.view_timeout import ViewTimeout
from jobgroup.errors import StorageError
from jobgroup.group import JobGroup

OUTPUT_TYPE: Final = "application/vnd.jobgroup+json"
"""MIME type of the output that JupyterLab's extension (js/lab/) shows, even without the kernel."""

OUTPUT_VERSION: Final = 1


def _front_end() -> Any:
    """Return the front end as text. With a file, anywidget would keep every widget in memory."""
    file = files(__package__) / "static" / "widget.js"
    follows_changes = os.environ.get("ANYWIDGET_HMR") == "1"
    return file.read_text("utf-8") if file.is_file() and not follows_changes else file


class Dashboard(anywidget.AnyWidget, DashboardSession):
    """A live view of a group in a notebook, with its progress, jobs, actions and results.

    Without options, a kernel has one dashboard per group, which several cells can show. With
    options, a new dashboard is created. Such a dashboard closes after ten minutes without a view,
    unless a program observes it. It reopens when it is displayed again.

    You can observe and link the traits, and set those that are marked with an asterisk. While the
    dashboard is visible or your code observes traits, a thread polls the cloud and keeps the traits
    up to date. You can read `JobGroup.state` at any time.

    Args:
        group: a group or the name of an existing group; None for the list of all groups.
        options: values for traits, such as ``filter="failed"`` or ``read_only=True``.

    Attributes:
        group: name of the group; "" for the list of all groups.
        description: the user's description of the group.
        counts: number of jobs in each state.
        progress: share of jobs that have ended, 0 to 1.
        eta_s: shortest and longest likely time to the end in seconds; None if unknown.
        stalled_since: time at which the last job ended, in seconds since the epoch, if that is
            unusually long ago; None otherwise.
        sender: the process that sends jobs: `host`, `pid`, `since`, `is_this_process` and
            `is_from_page`, or None.
        results_on_cloud_only: number of successful jobs whose results are not in the group's file.
        interrupted: whether a process ended while it was sending the group's jobs.
        incident: kind of the incident: "unreachable", "token", "credits" or "disk"; "" for none.
        incident_since: time at which the incident began, in seconds since the epoch.
        version: number that grows with each change of the group.
        updated_at: time of the cloud's last response, in seconds since the epoch; None before the
            first response.
        active: whether any job is running or waiting, or any process is sending jobs.
        paused: whether sending is paused.
        next_up: positions of the first 50 prioritized jobs, in order.
        deleted: whether the group was deleted.
        busy: what this process is doing; "" for nothing.
        last_error: current problem, as a sentence; "" for none.
        token_needed: `url` and `account` whose token is missing or rejected; None if no token is
            needed.
        selected *: selected jobs, as ranges ``[first, last]``; you can also set positions or jobs.
        filter *: states of the shown jobs: "all", "unsent", "waiting", "running", "success",
            "error", "canceled", "refused", "unconfirmed" or "other"; you can also set labels such
            as "done".
        sort *: name of a column, with a leading "-" for descending; "" to show failed jobs first.
        search *: query that shown jobs match; see `JobGroup.find`.
        columns *: names of columns; an empty list for the default.
        theme *: "auto", "light" or "dark".
        read_only *: whether actions are hidden and refused.
        confirm_above *: number of jobs above which the dashboard asks for confirmation before it
            sends, reruns, cancels or removes them; 50 by default.

    Raises:
        TraitError: an option has a wrong value.
        TypeError: an option does not exist, or `group` is neither a group nor a name.
        GroupNotFoundError: no group of that name exists.

    Read `selected_jobs` in the next cell. Marimo reruns cells when the browser changes a trait, so
    use an observer there: ``dash.observe(lambda c: set_count(c.new), "version")``.
    """

    _esm = _front_end()

    _session = Unicode(read_only=True).tag(sync=True)
    """Id that identifies the outputs of this kernel for a page."""

    _open_ones: ClassVar[dict[str, Dashboard]] = {}

    _temporary: ClassVar[ViewTimeout] = ViewTimeout()
    """Dashboards with options."""

    def __new__(cls, group: JobGroup | str | None = None, **options: Any) -> Self:
        """Return the dashboard that already shows this group, or a new one."""
        found = None if options else cls._open_ones.get(_name_of(group))
        return found if isinstance(found, cls) else super().__new__(cls)

    def __init__(self, group: JobGroup | str | None = None, **options: Any) -> None:
        self._refuse_unknown(options)
        shown = JobGroup.open(group) if isinstance(group, str) else group
        if options or _name_of(group) not in self._open_ones:
            super().__init__()
            self._own_layout = self.layout
            self.on_msg(lambda _widget, content, _buffers: self.receive(content))
            if not options:
                self._open_ones[_name_of(group)] = self
        try:
            self.configure(shown, options)
        except TraitError:
            if options:
                self.close()
            raise
        if options:
            self._temporary.add(self)

    def close(self) -> None:
        """Remove the dashboard from all pages."""
        for name, widget in list(self._open_ones.items()):
            if widget is self:
                del self._open_ones[name]
        self._temporary.discard(self)
        if hasattr(self, "_sender"):  # otherwise __init__ raised early
            self.end()
            self._own_layout.close()  # ipywidgets would keep this widget
        super().close()
        self.__dict__.pop("_repr_mimebundle_", None)  # to be displayed again

    def __del__(self) -> None:
        # ipywidgets closes a widget here, in any thread and even while that thread holds a lock
        # that closing needs. An open dashboard is always referenced, so this one is closed.
        pass

    def receive(self, content: object) -> None:
        super().receive(content)
        self._temporary.look(self)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if self.comm is None:  # the widget was closed
            self._own_layout.open()
            self.open()
            self._sender.reopen()
            self._temporary.add(self)
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        self.on_display()
        group, uuid, saved = self.shown, "", 0
        if group is not None:
            data["text/plain"] = repr(group)
            with suppress(StorageError):  # if the group was deleted, the dashboard shows this
                state = saved_state(group)
                uuid, saved = state["uuid"], state["version"]
                data.update(state["data"])
        data[OUTPUT_TYPE] = {
            "version": OUTPUT_VERSION,
            "name": "" if group is None else group.name,
            "uuid": uuid,
            "session": self._session,
            "model_id": self.model_id,
            "saved": saved,
        }
        return data, metadata

    @default("_session")
    def _new_session(self) -> str:
        return uuid4().hex

    def _refuse_unknown(self, options: Iterable[str]) -> None:
        known = [name for name in self.trait_names() if not name.startswith("_")]
        for name in options:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                advice = (
                    f"Did you mean {near[0]!r}?" if near else f"Options are {', '.join(known)}."
                )
                raise TypeError(f"Dashboard has no option {name!r}. {advice}")


def mimebundle(group: JobGroup, **kwargs: Any) -> Any:
    """Return the output of a group at the end of a cell: its dashboard, and a table as fallback."""
    return Dashboard(group)._repr_mimebundle_(**kwargs)


def _name_of(group: JobGroup | str | None) -> str:
    if isinstance(group, JobGroup):
        return group.name
    if isinstance(group, str):
        return group
    if group is None:
        return ""
    raise TypeError(
        f"group must be a JobGroup or the name of one, got {type(group).__name__}. Dashboard()"
        " lists all groups."
    )
