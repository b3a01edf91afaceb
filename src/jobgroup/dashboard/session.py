"""Define `DashboardSession`, a dashboard's state and actions, independent of the transport.

The traits are the state. Rows, requests and answers are messages (`protocol.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from os import PathLike
from reprlib import repr as short
from threading import RLock
from typing import Any, Final

from traitlets import (
    All,
    Bool,
    Dict,
    Enum,
    Float,
    HasTraits,
    Int,
    List,
    TraitError,
    Unicode,
    validate,
)
from traitlets import Any as AnyTrait
from traitlets import observe as on_change

from jobgroup.credentials import set_token
from jobgroup.dashboard import group_commands, protocol
from jobgroup.dashboard.arguments import InvalidMessageError, require_arguments
from jobgroup.dashboard.group_list import groups
from jobgroup.dashboard.protocol import Buffers, Json, Push
from jobgroup.dashboard.queries import NEED_RESULTS, Queries
from jobgroup.dashboard.requests import Requests
from jobgroup.dashboard.selection import as_ranges
from jobgroup.dashboard.sender import Sender
from jobgroup.dashboard.snippets import line_of
from jobgroup.dashboard.threads import OWN_THREADS, Threads
from jobgroup.dashboard.tokens import line_of_token, token_needed
from jobgroup.errors import CredentialsError, GroupDeletedError, GroupMovedError, JobGroupError
from jobgroup.group import JobGroup, engine_session, request
from jobgroup.job import RemoteJob
from jobgroup.logs import logger
from jobgroup.secret import Secret
from jobgroup.status import FILTERS, LABELS, parse_filter
from jobgroup.store.columns import Columns, count_changes, read_changes, read_columns
from jobgroup.store.encoding import as_json, as_object
from jobgroup.store.output import user_path, write_output

CHUNK_ROWS: Final = 10_000
"""Number of rows per message. These take about a megabyte, which every proxy accepts."""

MAX_SHOWN: Final = 200_000
"""Maximum number of jobs whose rows a page gets: the newest ones."""

MAX_CHOICES: Final = 5_000
"""Maximum number of characters of a view's settings."""

_log = logger(__name__)


class DashboardSession(HasTraits):
    """A dashboard of a group, or of the list of all groups.

    A transport is a subclass with `send`. It passes the browser's messages to `receive`, and
    transmits the traits that are tagged ``sync``. All methods that a transport calls return at
    once.

    Args:
        group: group to show first; None for the list of all groups.
        threads: threads for the session's work.
        options: values for traits.
    """

    group = Unicode("", read_only=True).tag(sync=True)
    description = Unicode("", read_only=True).tag(sync=True)
    counts = Dict(read_only=True).tag(sync=True)
    progress = Float(0.0, read_only=True).tag(sync=True)
    eta_s = AnyTrait(None, allow_none=True, read_only=True).tag(sync=True)
    sender = AnyTrait(None, allow_none=True, read_only=True).tag(sync=True)
    interrupted = Bool(False, read_only=True).tag(sync=True)
    incident = Unicode("", read_only=True).tag(sync=True)
    incident_since = AnyTrait(None, allow_none=True, read_only=True).tag(sync=True)
    stalled_since = AnyTrait(None, allow_none=True, read_only=True).tag(sync=True)
    results_on_cloud_only = Int(0, read_only=True).tag(sync=True)
    version = Int(0, read_only=True).tag(sync=True)
    updated_at = AnyTrait(None, allow_none=True, read_only=True).tag(sync=True)
    active = Bool(False, read_only=True).tag(sync=True)
    paused = Bool(False, read_only=True).tag(sync=True)
    next_up = List(Int(), read_only=True).tag(sync=True)
    deleted = Bool(False, read_only=True).tag(sync=True)
    busy = Unicode("", read_only=True).tag(sync=True)
    last_error = Unicode("", read_only=True).tag(sync=True)
    token_needed = AnyTrait(None, allow_none=True, read_only=True).tag(sync=True)
    selected: List[Any] = List().tag(sync=True)
    filter = Unicode("all").tag(sync=True)
    sort = Unicode("").tag(sync=True)
    search = Unicode("").tag(sync=True)
    columns = List(Unicode()).tag(sync=True)
    plot: Dict[str, Any] = Dict(key_trait=Unicode()).tag(sync=True)
    table = Dict().tag(sync=True)
    theme = Enum(("auto", "light", "dark"), "auto").tag(sync=True)
    read_only = Bool(False).tag(sync=True)
    confirm_above = Int(50, min=0).tag(sync=True)

    def __init__(
        self, group: JobGroup | None = None, *, threads: Threads = OWN_THREADS, **options: Any
    ) -> None:
        self._shown: JobGroup | None = None
        self._showing = RLock()
        self._removals = 0
        self._token_of_results: Json | None = None
        self._queries = Queries()
        self._requests = Requests(self._reply, threads.pool)
        self._sender = Sender(self, threads.driver)
        super().__init__()
        self.configure(group, options)

    def configure(self, group: JobGroup | None, options: dict[str, Any]) -> None:
        """Show a group with these options, unless it is already shown."""
        if group is not None and group is not self._shown:
            self._show(group)
        for name, value in options.items():
            setattr(self, name, value)

    # -- the transport -----------------------------------------------------------------------------

    def send(self, content: Any, buffers: Any = None) -> None:
        """Deliver a message to the browser. One thread at a time calls this."""
        raise NotImplementedError

    def set_token(self, token: Secret, url: str, account: str) -> str:
        """Keep a token from the page in memory, and return a sentence for the user.

        Raises:
            ValueError: the token has invalid characters, or the URL is not a cloud's.
        """
        set_token(token.reveal(), url=url, account=account)
        return f"Token set for {url}"

    def receive(self, content: object) -> None:
        """Handle a message from the browser. This raises no error, because no one would see it."""
        try:
            message = protocol.parse(content)
        except InvalidMessageError as error:
            _log.warning("could not parse a message of the dashboard: %s", error)
            request = content.get("id") if isinstance(content, dict) else None
            if isinstance(request, str) and len(request) <= protocol.MAX_ID:
                self._reply(protocol.error(request, "InvalidMessageError", str(error)))
            return
        match message:
            case protocol.Open(client):
                self._sender.on_open(client)
            case protocol.Sync():
                self._requests.repeat(message.pending)
                self._requests.forget_questions(message.pending)
                self._sender.on_sync(message)
            case protocol.Close(has_views):
                self._sender.on_close(has_views=has_views)
            case protocol.SetTrait(request, name, value):
                self._requests.answer(request, partial(self.set_trait, name, value))
            case protocol.Command(request, name, args, _):
                line = line_of(name, args, self.group)
                act = partial(self._do, name, args, self._removals_of(message.epoch))
                self._requests.begin(request, act, line, once=True)
            case protocol.Query(request, name, args, _):
                ask = partial(self._ask_noted, name, args, self._removals_of(message.epoch))
                self._requests.begin(request, ask)
            case protocol.Token(request, url, account, token):
                give = partial(self._requests.in_thread, self._give_token, token, url, account)
                self._requests.begin(request, give, line_of_token(url, account), once=True)

    def on_display(self) -> None:
        self._sender.on_display()

    def end(self) -> None:
        """Stop sending and accepting requests."""
        self._sender.close()
        self._requests.rest(is_final=True)

    @property
    def shown(self) -> JobGroup | None:
        """Shown group; None for the list of all groups."""
        return self._shown

    @property
    def is_watched(self) -> bool:
        """Whether a view is open or a program observes the state."""
        return self._sender.is_active

    @property
    def has_views(self) -> bool:
        """Whether a page has a view, even if it is out of sight."""
        return self._sender.has_views

    def is_unviewed(self, for_s: float) -> bool:
        """Whether no page has had a view for `for_s` seconds, and no program observes the state."""
        return self._sender.is_unviewed(for_s)

    @property
    def selected_jobs(self) -> list[RemoteJob]:
        """Selected jobs, for use in the next cell."""
        group = self._shown
        if group is None:
            return []
        end = len(group)
        return [
            group[place]
            for first, last in self.selected
            for place in range(max(first, 0), min(last + 1, end))
        ]

    def show(self, name: str) -> None:
        """Show another group, or the list of all groups ("").

        Raises:
            GroupNotFoundError: no group of that name exists.
        """
        self._show(JobGroup.open(name) if name else None)

    def save_html(self, path: str | PathLike[str], *, results: bool = True) -> None:
        """Write the group to a single page that needs neither a kernel nor a network connection.

        Anyone can open the page in a browser. Its table, filters and charts work; its actions are
        hidden. The jobs are polled first. If that fails, the page shows their last known states.

        Args:
            path: path of the file; an existing file is overwritten.
            results: whether to fetch and include the results of the first 200 successful jobs.

        Raises:
            JobGroupError: no group is shown.
            StorageError: the file could not be written; an existing file is unchanged.
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
        with write_output(user_path(path), overwrite=True) as unfinished:
            unfinished.write_text(page, encoding="utf-8")

    def observe(self, handler: Callable[..., Any], names: Any = All, type: Any = "change") -> None:
        """Observe traits as in traitlets. The group is polled while there are observers."""
        super().observe(handler, names, type)
        asked = {names} if isinstance(names, str) else names
        if asked is All or not _READ.isdisjoint(asked):
            self._sender.observe(True)

    def unobserve_all(self, name: Any = All) -> None:
        """Remove observers as in traitlets. Without a name, only views keep the group polled."""
        super().unobserve_all(name)
        if name is All:
            self._sender.observe(False)

    # -- for the sender ----------------------------------------------------------------------------

    def read_state(self) -> tuple[int, int]:
        group = self._shown
        if group is None:
            return 0, 0
        try:
            state = group.state
        except GroupMovedError as error:
            self.set_trait("last_error", str(error))
            return 0, 0
        except GroupDeletedError:
            self.set_trait("deleted", True)
            self._sender.rest()
            return 0, 0
        for name in _FOLLOWED:
            self.set_trait(name, getattr(state, name))
        self.set_trait("sender", state.sender and asdict(state.sender))
        is_held = engine_session(group).store.lease.current() is not None
        self.set_trait("interrupted", is_held and state.sender is None)
        self.set_trait("description", group.description)
        needed = token_needed(group) if state.incident == "token" else self._token_of_results
        self.set_trait("token_needed", needed)
        removals = engine_session(group).store.entries.removals()
        if removals != self._removals:  # the positions of the page's rows have changed
            self._removals = removals
            self.selected = []
            self._sender.restart()
        if self.deleted:  # the group has been restored
            self._sender.restart()
            self.set_trait("deleted", False)
        return self.version, sum(state.counts.values())

    def read_rows(self, push: Push) -> Iterator[tuple[Json, Buffers]]:
        """Return the messages with the rows of a push.

        If a row changes during the read, it is newer than the version and is sent again.
        """
        group, is_patch = self._shown, push.since >= 0
        reads: list[Callable[[], Columns]] = [lambda: Columns(0, {})]
        if group is not None and push.total and push.since < push.version:
            database = engine_session(group).store.database
            is_patch = is_patch and count_changes(database, push.since) <= CHUNK_ROWS
            if is_patch:
                reads = [partial(read_changes, database, push.since)]
            else:
                firsts = range(max(0, push.total - MAX_SHOWN), push.total, CHUNK_ROWS)
                reads = [partial(read_columns, database, p, p + CHUNK_ROWS) for p in firsts]
        for part, read in enumerate(reads):
            rows, buffers = protocol.encode_rows(read())
            if is_patch:
                yield protocol.patch(push, rows, time.time()), buffers
            else:
                yield protocol.snapshot(push, rows, time.time(), part, len(reads)), buffers

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        if self._shown is None:
            return lambda: None
        return engine_session(self._shown).subscribe(callback)

    def rest(self) -> None:
        self._requests.rest()

    def report(self, error: Exception) -> None:
        self.set_trait("last_error", str(error) or type(error).__name__)

    # -- what the browser asks for -----------------------------------------------------------------

    def _reply(self, message: Json) -> None:
        self._sender.mark_dirty()
        self._sender.enqueue(message)

    def _removals_of(self, epoch: str) -> int:
        """Return the value of `removals()` to which the page's rows correspond."""
        return self._removals if (epoch or self._sender.page_epoch) == self._sender.epoch else -1

    def _do(self, name: str, args: Json, removals: int) -> Future[Any]:
        if self.read_only and name != "open":
            raise JobGroupError(_READ_ONLY)
        require_arguments(name, args)
        if name == "open":
            return self._requests.in_thread(self._open_named, args.get("name", ""))
        if "names" in args and name in group_commands.ON_NAMED:
            return self._requests.in_thread(group_commands.ON_NAMED[name], args["names"])
        if name in group_commands.ON_SHOWN:
            act = group_commands.ON_SHOWN[name]
            return self._requests.in_thread(act, self._required_group(), args)
        group = self._required_group()
        if name in group_commands.ON_JOBS:
            act_on_jobs = partial(group_commands.ON_JOBS[name], group, args, removals=removals)
            return self._requests.in_thread(act_on_jobs)
        as_of = None if "state" in args else removals  # positions by state are current
        return request(group, name, removals=as_of, **group_commands.engine_args(group, args))

    def _give_token(self, token: Secret, url: str, account: str) -> Json:
        if self.read_only:
            raise JobGroupError(_READ_ONLY)
        try:
            text = self.set_token(token, url, account)
        except ValueError as error:
            raise JobGroupError(str(error)) from None  # the page shows this error; it is not logged
        self._token_of_results = None
        return {"text": text}

    def _open_named(self, name: str) -> Json:
        self.show(name)
        return {"text": f"{name} opened" if name else "all groups shown"}

    def _ask_noted(self, name: str, args: Json, removals: int) -> Future[Any]:
        """Request an answer, and set `token_needed` if results need a token."""
        require_arguments(name, args)
        asked, group = self._ask(name, args, removals), self._shown

        def note(done: Future[Any]) -> None:
            is_answer = not done.cancelled() and done.exception() is None
            if is_answer and name in NEED_RESULTS and group is self._shown:
                self._token_of_results = done.result().get("token_needed")

        asked.add_done_callback(note)
        return asked

    def _ask(self, name: str, args: Json, removals: int) -> Future[Any]:
        if name == "groups":
            return self._requests.in_thread(groups, args)
        if name == "compare_groups":
            return self._requests.in_thread(self._queries.compare_groups, args)
        group = self._required_group()
        answer = partial(self._queries.answer, group, name, args, removals=removals)
        return self._requests.in_thread(answer)

    def _required_group(self) -> JobGroup:
        if self._shown is None:
            raise JobGroupError(
                "No group is open. Open one from the list, or use Dashboard(group)."
            )
        return self._shown

    def _show(self, group: JobGroup | None) -> None:
        with self._showing:  # or two threads mix the traits of two groups
            self._shown = group
            self._token_of_results = None
            self._removals = 0
            self.selected = []
            self.set_trait("deleted", False)
            self.set_trait("last_error", "")
            self.set_trait("group", "" if group is None else group.name)
            kept = _kept_table(group)
            with self.hold_trait_notifications():
                self.plot = _kept(group, "plot")
                self.sort, self.columns = kept.get("sort", ""), kept.get("columns", [])
                self.table = kept.get("table", {})
            self.read_state()
            self._sender.restart()

    @validate("filter")
    def _as_filter(self, proposal: dict[str, Any]) -> str:
        found = parse_filter(proposal["value"])
        if found is None:
            labels = ", ".join(LABELS.get(name, name) for name in FILTERS)
            raise TraitError(f"filter must be one of {labels}, got {short(proposal['value'])}.")
        return found

    @validate("plot", "table")
    def _as_choices(self, proposal: dict[str, Any]) -> dict[str, Any]:
        if len(as_json(proposal["value"])) > MAX_CHOICES:
            name = proposal["trait"].name
            raise TraitError(f"{name} has more than {MAX_CHOICES} characters.")
        return dict(proposal["value"])

    @on_change("sort", "columns", "table")
    def _keep_table(self, _: Any) -> None:
        chosen = {"sort": self.sort, "columns": self.columns, "table": self.table}
        found = {name: value for name, value in chosen.items() if value}
        self._keep("table", found, _kept_table(self._shown))

    @on_change("plot")
    def _keep_plot(self, change: Any) -> None:
        self._keep("plot", change.new, _kept(self._shown, "plot"))

    def _keep(self, name: str, value: dict[str, Any], kept: dict[str, Any]) -> None:
        """Store new settings with the group, for its next view."""
        if self._shown is not None and not self.deleted and value != kept:
            keep = engine_session(self._shown).store.keep_default
            self._requests.in_thread(keep, name, as_json(value))

    @validate("selected")
    def _as_ranges(self, proposal: dict[str, Any]) -> list[list[int]]:
        try:
            return as_ranges(proposal["value"])
        except (OverflowError, TypeError, ValueError) as error:
            raise TraitError(
                "selected must be a list of positions, jobs, or ranges [first, last], got"
                f" {short(proposal['value'])}."
            ) from error


_READ_ONLY: Final = "This dashboard is read-only: Dashboard(group, read_only=True)."
_SHARED = frozenset(
    {
        *("group", "description", "counts", "progress", "version", "paused", "selected"),
        *("filter", "sort", "search", "columns", "plot", "table", "theme", "last_error"),
    }
)
"""Traits that a saved page starts with."""

_FOLLOWED = (
    *("counts", "progress", "eta_s", "version", "updated_at", "active", "paused", "next_up"),
    *("busy", "last_error", "incident", "incident_since", "stalled_since", "results_on_cloud_only"),
)
_READ = frozenset({*_FOLLOWED, "sender", "interrupted", "description", "deleted", "token_needed"})
"""Traits that describe the group's state at its last reading."""


def _kept(group: JobGroup | None, name: str) -> dict[str, Any]:
    """Return settings from the last view of a group."""
    if group is None:
        return {}
    try:
        return as_object(engine_session(group).store.meta().get(name))
    except JobGroupError:
        return {}


def _kept_table(group: JobGroup | None) -> dict[str, Any]:
    """Return the valid sort order, columns and widths from the last view of a group."""
    found = _kept(group, "table")
    kinds = {"sort": str, "table": dict, "columns": list}
    kept = {name: found[name] for name, kind in kinds.items() if isinstance(found.get(name), kind)}
    if not all(isinstance(name, str) for name in kept.get("columns", [])):
        del kept["columns"]
    return kept
