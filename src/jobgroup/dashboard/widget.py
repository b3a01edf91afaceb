"""`Dashboard`: one group, or the list of all, live in a notebook.

Its traits are its state; rows and commands travel as messages.
"""

from __future__ import annotations

import difflib
import os
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.resources import files
from os import PathLike
from reprlib import repr as short
from typing import Any, ClassVar, Self

import anywidget
from traitlets import All, Bool, Dict, Enum, Float, Int, List, TraitError, Unicode, validate
from traitlets import Any as AnyTrait

from jobgroup.dashboard.encoding import Block, Buffers, encode, packed
from jobgroup.dashboard.handlers import Handlers
from jobgroup.dashboard.reading import store_of
from jobgroup.dashboard.sender import Sender
from jobgroup.dashboard.static_html import html_of
from jobgroup.errors import (
    CredentialsError,
    GroupDeletedError,
    GroupMovedError,
    JobGroupError,
    StorageError,
)
from jobgroup.group import JobGroup
from jobgroup.job import RemoteJob
from jobgroup.status import FILTERS
from jobgroup.store import ChangeSet
from jobgroup.store.columns import count_changes, read_changes, read_columns
from jobgroup.store.output import user_path


def _front_end() -> Any:
    """The front end as text: of a file, anywidget keeps every widget there ever was in memory."""
    file = files(__package__) / "static" / "widget.js"
    follows_changes = os.environ.get("ANYWIDGET_HMR") == "1"
    return file.read_text("utf-8") if file.is_file() and not follows_changes else file


class Dashboard(anywidget.AnyWidget):
    """A job group in a notebook: progress, jobs, actions, results.

    There is one dashboard for a group and kernel, however often it is asked for: two cells show the
    same one. The traits can be observed and linked; those marked * can be set. They are up to date
    where somebody sees the dashboard, or observes them, from a thread of the dashboard; the cloud
    is polled as long. `JobGroup.state` can be read at any time.

    Args:
        group: a group, or the name of one that exists; nothing for the list of all groups.
        options: values for traits, such as ``filter="failed"`` or ``read_only=True``.

    Attributes:
        group: the group's name, "" for the list.
        description: what the group is for, in its user's words.
        counts: jobs by state.
        progress: share of jobs that have ended, 0 to 1.
        eta_s: shortest and longest likely time to the end in seconds; None where it is unknown.
        version: grows with every change of the group.
        updated_at: when a cloud last answered, seconds since the epoch.
        active: whether anything runs, waits or is being sent, by whichever process.
        paused: whether sending is paused.
        next_up: places of the jobs that are sent next, in order; the first fifty.
        deleted: whether the group was deleted.
        busy: what is being done, "" for nothing.
        last_error: the standing problem in a sentence, "" for none.
        selected *: chosen jobs as ranges ``[first, last]``; positions and jobs may be set too.
        filter *: which jobs are shown: "all", "unsent", "waiting", "running", "success", "failed",
            "unconfirmed" or "other".
        sort *: a column's name, "-" before it for descending; "" for failed first.
        search *: words that shown jobs have.
        columns *: names of columns; none for those that tell something.
        theme *: "auto", "light" or "dark".
        read_only *: whether actions are hidden and refused.

    Raises:
        TypeError: there is no such option, or `group` is neither a group nor a name.
        GroupNotFoundError: there is no group of that name.

    A program follows `selected_jobs` in the next cell; in marimo, which reruns cells for what the
    browser writes, wrap an observer: ``dash.observe(lambda c: set_count(c.new), "version")``.
    """

    _esm = _front_end()

    group = Unicode("", read_only=True).tag(sync=True)
    description = Unicode("", read_only=True).tag(sync=True)
    counts = Dict(read_only=True).tag(sync=True)
    progress = Float(0.0, read_only=True).tag(sync=True)
    eta_s = AnyTrait(None, allow_none=True, read_only=True).tag(sync=True)
    version = Int(0, read_only=True).tag(sync=True)
    updated_at = AnyTrait(None, allow_none=True, read_only=True).tag(sync=True)
    active = Bool(False, read_only=True).tag(sync=True)
    paused = Bool(False, read_only=True).tag(sync=True)
    next_up = List(Int(), read_only=True).tag(sync=True)
    deleted = Bool(False, read_only=True).tag(sync=True)
    busy = Unicode("", read_only=True).tag(sync=True)
    last_error = Unicode("", read_only=True).tag(sync=True)
    selected: List[Any] = List().tag(sync=True)
    filter = Enum(tuple(FILTERS), "all").tag(sync=True)
    sort = Unicode("").tag(sync=True)
    search = Unicode("").tag(sync=True)
    columns = List(Unicode()).tag(sync=True)
    theme = Enum(("auto", "light", "dark"), "auto").tag(sync=True)
    read_only = Bool(False).tag(sync=True)

    _open_ones: ClassVar[dict[str, Dashboard]] = {}

    def __new__(cls, group: JobGroup | str | None = None, **_options: Any) -> Self:
        """The dashboard that shows this group already, or a new one."""
        found = cls._open_ones.get(_name_of(group))
        return found if isinstance(found, cls) else super().__new__(cls)

    def __init__(self, group: JobGroup | str | None = None, **options: Any) -> None:
        self._refuse_unknown(options)
        is_new = _name_of(group) not in self._open_ones
        shown = JobGroup.open(group) if isinstance(group, str) else group
        if is_new:
            self._shown: JobGroup | None = None
            self._sender = Sender(self, _new_epoch())
            self._handlers = Handlers(self, self._sender)
            super().__init__()
            self.on_msg(lambda _widget, content, _buffers: self._handlers.handle(content))
            self._open_ones[_name_of(group)] = self
        if shown is not None and shown is not self._shown:
            self._show(shown)
        for name, value in options.items():
            setattr(self, name, value)

    @property
    def shown(self) -> JobGroup | None:
        """The group that is shown; None for the list of all."""
        return self._shown

    @property
    def selected_jobs(self) -> list[RemoteJob]:
        """The chosen jobs, for the next cell."""
        group = self._shown
        if group is None:
            return []
        end = len(group)
        return [
            group.job(place)
            for first, last in self.selected
            for place in range(max(first, 0), min(last + 1, end))
        ]

    def show(self, name: str) -> None:
        """Show another group, or ("") the list of all.

        Raises:
            GroupNotFoundError: there is none of that name.
        """
        self._show(JobGroup.open(name) if name else None)

    def save_html(self, path: str | PathLike[str], *, results: bool = True) -> None:
        """Write the group as one page that needs no kernel and no network.

        Its table, filters and charts work; its actions are hidden. Colleagues open it in a browser.
        The cloud is asked how the jobs are; where it cannot be, their last known state is written.

        Args:
            path: of the file, which is written over.
            results: hold the results of the first 200 successful jobs, which are fetched now.

        Raises:
            JobGroupError: no group is shown.
            OSError: the file cannot be written.
        """
        from jobgroup.dashboard.standalone import page_of

        if self._shown is None:
            raise JobGroupError("No group is shown, so there is none to save: Dashboard(group).")
        with suppress(CredentialsError):
            self._shown.refresh()
        self.read_state()
        names = [name for name in self.traits(sync=True) if name in _SHARED]
        traits = {name: getattr(self, name) for name in names}
        page = page_of(self._shown, traits, with_results=results)
        user_path(path).write_text(page, encoding="utf-8")

    def observe(self, handler: Callable[..., Any], names: Any = All, type: Any = "change") -> None:
        """As traitlets does; who observes what a group does has the group followed for it."""
        super().observe(handler, names, type)
        asked = {names} if isinstance(names, str) else names
        if asked is All or not _READ.isdisjoint(asked):
            self._sender.follow()

    def unobserve_all(self, name: Any = All) -> None:
        """As traitlets does; for all names, the group is followed for its viewers alone."""
        super().unobserve_all(name)
        if name is All:
            self._sender.unfollow()

    def close(self) -> None:
        """Take the dashboard off every page and forget it."""
        for name, widget in list(self._open_ones.items()):
            if widget is self:
                del self._open_ones[name]
        if hasattr(self, "_sender"):
            self._sender.close()
            self._handlers.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        self._sender.display()
        group = self._shown
        if group is not None:
            data["text/plain"] = repr(group)
            with suppress(StorageError):  # deleted: the dashboard and the text say so
                data["text/html"] = html_of(group)
        return data, metadata

    # -- for the sender and the handlers -----------------------------------------------------------

    def read_state(self) -> int | None:
        """Bring the traits up to date; returns the number of jobs, None where no group is shown."""
        group = self._shown
        if group is None:
            return None
        try:
            state = group.state
        except GroupMovedError as error:
            self.set_trait("last_error", str(error))
            return None
        except GroupDeletedError:
            self.set_trait("deleted", True)
            self._sender.rest()
            return None
        for name in _FOLLOWED:
            self.set_trait(name, getattr(state, name))
        self.set_trait("description", group.description)
        self.set_trait("last_error", state.last_error)
        if self.deleted:  # and restored since
            self._sender.begin_again(_new_epoch())
            self.set_trait("deleted", False)
        total: int = sum(state.counts.values())
        return total

    def read_rows(self, since: int) -> ChangeSet:
        """The rows that changed after a version."""
        group = self._shown
        return ChangeSet(0, []) if group is None else group.changes_since(since)

    def count_rows(self, since: int) -> int:
        """How many rows changed after a version."""
        group = self._shown
        return 0 if group is None else count_changes(store_of(group).database, since)

    def read_changes(self, since: int) -> tuple[Block, Buffers]:
        """As `read_rows`, cheap if they are many."""
        group = self._shown
        if group is None:
            return encode([]), []
        return packed(read_changes(store_of(group).database, since))

    def read_columns(self, first: int, end: int) -> tuple[Block, Buffers]:
        """The rows of some positions, cheap if they are many."""
        group = self._shown
        if group is None:
            return encode([]), []
        return packed(read_columns(store_of(group).database, first, end))

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Be called after changes; returns what ends it."""
        group = self._shown
        return _nothing if group is None else group.subscribe(callback)

    def rest(self) -> None:
        """Nobody looks: keep no threads."""
        self._handlers.rest()

    def report(self, error: Exception) -> None:
        """Show an error of ours to the user."""
        self.set_trait("last_error", str(error) or type(error).__name__)

    # -- inside ------------------------------------------------------------------------------------

    def _show(self, group: JobGroup | None) -> None:
        self._shown = group
        self.selected = []
        self.set_trait("deleted", False)
        self.set_trait("last_error", "")
        self.set_trait("group", "" if group is None else group.name)
        self.read_state()
        self._sender.begin_again(_new_epoch())

    def _refuse_unknown(self, options: Iterable[str]) -> None:
        known = [name for name in self.trait_names() if not name.startswith("_")]
        for name in options:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                advice = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(known)}."
                raise TypeError(f"Dashboard has no option {name!r}. {advice}")

    @validate("selected")
    def _as_ranges(self, proposal: dict[str, Any]) -> list[list[int]]:
        try:
            return _ranges(proposal["value"])
        except (OverflowError, TypeError, ValueError) as error:
            raise TraitError(
                "selected is a list of positions, of jobs, or of ranges [first, last], not"
                f" {short(proposal['value'])}."
            ) from error


_SHARED = frozenset(
    {
        *("group", "description", "counts", "progress", "version", "paused", "selected"),
        *("filter", "sort", "search", "columns", "theme", "last_error"),
    }
)
"""The traits that a saved page begins with."""

_FOLLOWED = (
    *("counts", "progress", "eta_s", "version", "updated_at", "active", "paused", "next_up"),
    "busy",
)
_READ = frozenset({*_FOLLOWED, "description", "last_error", "deleted"})
"""The traits that tell of the group, as it was when its state was read last."""


def mimebundle(group: JobGroup, **kwargs: Any) -> Any:
    """What a group is as the last line of a cell: its dashboard, and a table where none can be."""
    return Dashboard(group)._repr_mimebundle_(**kwargs)


def _ranges(items: Iterable[Any]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for first, last in sorted(map(_range, items)):
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1][1] = max(ranges[-1][1], last)
        elif first <= last:
            ranges.append([first, last])
    return ranges


def _range(item: Any) -> tuple[int, int]:
    if isinstance(item, RemoteJob):
        item = item.position
    first, last = (item, item) if isinstance(item, int) else item
    return int(first), int(last)


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


def _new_epoch() -> str:
    return uuid.uuid4().hex[:12]


def _nothing() -> None:
    """End nothing."""
