"""`Dashboard`: one group, or the list of all, live in a notebook: a session on an anywidget."""

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
from jobgroup.dashboard.unviewed import Unviewed
from jobgroup.errors import StorageError
from jobgroup.group import JobGroup

OUTPUT_TYPE: Final = "application/vnd.jobgroup+json"
"""The type of output that JupyterLab's extension (js/lab/) shows, also without the kernel."""

OUTPUT_VERSION: Final = 1


def _front_end() -> Any:
    """The front end as text: of a file, anywidget keeps every widget there ever was in memory."""
    file = files(__package__) / "static" / "widget.js"
    follows_changes = os.environ.get("ANYWIDGET_HMR") == "1"
    return file.read_text("utf-8") if file.is_file() and not follows_changes else file


class Dashboard(anywidget.AnyWidget, DashboardSession):
    """A job group in a notebook: progress, jobs, actions, results.

    Without options there is one dashboard for a group and kernel, however often it is asked for:
    two cells show the same one. With options a new one is made, which is closed when its last view
    has been gone for ten minutes and no program observes it. Displayed again, it opens again.

    The traits can be observed and linked; those marked * can be set. They are up to date
    while the dashboard is visible or your code observes them, from a thread of the dashboard; the
    cloud is polled as long. `JobGroup.state` can be read at any time.

    Args:
        group: a group, or the name of one that exists; nothing for the list of all groups.
        options: values for traits, such as ``filter="failed"`` or ``read_only=True``.

    Attributes:
        group: the group's name, "" for the list.
        description: what the group is for, in its user's words.
        counts: jobs by state.
        progress: share of jobs that have ended, 0 to 1.
        eta_s: shortest and longest likely time to the end in seconds; None if unknown.
        stalled_since: when the last job ended, seconds since the epoch, if none has ended for long.
        sender: the process that sends jobs: `host`, `pid`, `since`, `is_this_process` and
            `is_from_page`, or None.
        results_on_cloud_only: number of successful jobs whose results are not in the group's file.
        interrupted: whether a process ended while it was sending the group's jobs.
        trouble: kind of the incident: "disk", "token", "credits", "unreachable" or "".
        trouble_since: when that began, seconds since the epoch.
        version: grows with every change of the group.
        updated_at: when a cloud last answered, seconds since the epoch.
        active: whether anything runs, waits or is being sent, by whichever process.
        paused: whether sending is paused.
        next_up: positions of the jobs that are sent next, in order; the first fifty.
        deleted: whether the group was deleted.
        busy: what is being done, "" for nothing.
        last_error: the standing problem in a sentence, "" for none.
        token_needed: `url` and `account` whose token is missing or rejected; None if none is.
        selected *: chosen jobs as ranges ``[first, last]``; positions and jobs may be set too.
        filter *: which jobs are shown: "all", "unsent", "waiting", "running", "success", "error",
            "canceled", "refused", "unconfirmed" or "other"; labels such as "done" may be set too.
        sort *: a column's name, "-" before it for descending; "" for failed first.
        search *: words that shown jobs have.
        columns *: names of columns; none for those that tell something.
        theme *: "auto", "light" or "dark".
        read_only *: whether actions are hidden and refused.
        confirm_above *: number of jobs above which *Send* asks once; 50 if not set.

    Raises:
        TraitError: an option has a wrong value.
        TypeError: there is no such option, or `group` is neither a group nor a name.
        GroupNotFoundError: there is no group of that name.

    A program follows `selected_jobs` in the next cell; in marimo, which reruns cells for what the
    browser writes, wrap an observer: ``dash.observe(lambda c: set_count(c.new), "version")``.
    """

    _esm = _front_end()

    _session = Unicode(read_only=True).tag(sync=True)
    """By which an output is found again in the page of the kernel that made it."""

    _open_ones: ClassVar[dict[str, Dashboard]] = {}

    _temporary: ClassVar[Unviewed] = Unviewed()
    """Those with options."""

    def __new__(cls, group: JobGroup | str | None = None, **options: Any) -> Self:
        """The dashboard that shows this group already, or a new one."""
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
        """Take the dashboard off every page and forget it."""
        for name, widget in list(self._open_ones.items()):
            if widget is self:
                del self._open_ones[name]
        self._temporary.discard(self)
        if hasattr(self, "_sender"):  # else it was refused before it began
            self.end()
            self._own_layout.close()  # a widget of its own, which ipywidgets would keep
        super().close()
        self.__dict__.pop("_repr_mimebundle_", None)  # to be displayed again

    def receive(self, content: object) -> None:
        super().receive(content)
        self._temporary.look(self)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if self.comm is None:  # it was closed
            self._own_layout.open()
            self.open()
            self._temporary.add(self)
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        self.on_display()
        group, uuid, saved = self.shown, "", 0
        if group is not None:
            data["text/plain"] = repr(group)
            with suppress(StorageError):  # deleted: the dashboard and the text say so
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
                advice = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(known)}."
                raise TypeError(f"Dashboard has no option {name!r}. {advice}")


def mimebundle(group: JobGroup, **kwargs: Any) -> Any:
    """Return a group's form at the end of a cell: its dashboard, and a table as fallback."""
    return Dashboard(group)._repr_mimebundle_(**kwargs)


def _name_of(group: JobGroup | str | None) -> str:
    if isinstance(group, JobGroup):
        return group.name
    if isinstance(group, str):
        return group
    if group is None:
        return ""
    raise TypeError(
        f"Dashboard shows a JobGroup, or the group of a name, not {type(group).__name__}."
        " Dashboard() lists them all."
    )
