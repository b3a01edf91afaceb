"""The part of a `JobGroup` that looks: progress, lists, waiting."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, overload

from jobgroup.engine.activity import wait_until_done
from jobgroup.engine.notifier import Event, GroupNotifier
from jobgroup.engine.session import GroupSession
from jobgroup.group.events import Notice
from jobgroup.group.pending import Call
from jobgroup.group.progress_bars import GroupBars
from jobgroup.group.validation import checked_timeout
from jobgroup.job import RemoteJob
from jobgroup.status import ACTIVE, FAILED, ON_CLOUD, UNSENT, progress_of
from jobgroup.store import ChangeSet, JobRecord
from jobgroup.words import Searched, shown, sought

if TYPE_CHECKING:
    from jobgroup.state import GroupState


class Watching:
    """Queries; those that are said to ask the cloud do so about the jobs that may have changed."""

    _session: GroupSession
    _state: GroupState | None

    @property
    def remote_jobs(self) -> list[RemoteJob]:
        """All jobs of the group, in the order in which they were added."""
        return [RemoteJob.of(self._session, p) for p in range(len(self))]

    def __len__(self) -> int:
        return len(self._session.store)

    @overload
    def __getitem__(self, index: int) -> RemoteJob: ...
    @overload
    def __getitem__(self, index: slice) -> list[RemoteJob]: ...
    def __getitem__(self, index: int | slice) -> RemoteJob | list[RemoteJob]:
        places = range(len(self))
        try:
            chosen = places[index]
        except IndexError:
            raise IndexError(
                f"The group {self._session.name!r} has {len(places)} jobs; none is at"
                f" {shown(index)}."
            ) from None
        except TypeError:
            raise TypeError(
                f"A job of a group is had by its place, counted from 0, not by {shown(index)};"
                " jg.find(words) finds by id, name or label."
            ) from None
        if isinstance(chosen, range):
            return [RemoteJob.of(self._session, p) for p in chosen]
        return RemoteJob.of(self._session, chosen)

    def __iter__(self) -> Iterator[RemoteJob]:
        return iter(self.remote_jobs)

    def find(self, words: str) -> list[RemoteJob]:
        """The jobs in which all the words stand: in name, note, message, id, platform or account.

        A word may be a part of what it is found in, but for two kinds: ``name=value`` finds labels,
        parameters and facts with that very value, so that ``n=1`` finds 1 and 1.0 and no 10, as
        ``n = 1`` does, and ``n=`` only an empty text; and a state is found by its beginning. ``#3``
        is the job at place 3. Case does not matter.

        Raises:
            TypeError: the words are not a text.
        """
        finds = sought(words)
        return [
            RemoteJob.of(self._session, record.position)
            for record in self._session.store.records()
            if finds(_searched(record))
        ]

    def job(self, position: int) -> RemoteJob:
        """The job at a place, counted from 0.

        Raises:
            IndexError: there is none.
        """
        return self[position]

    @property
    def state(self) -> GroupState:
        """What can be observed of the group: counts, progress, ETA, standing problems."""
        from jobgroup.state import GroupState

        if self._state is None:
            self._state = GroupState(self._session)
        else:
            self._state.update()
        return self._state

    def progress(self, refresh: bool = True) -> dict[str, Any]:
        """How many jobs are where.

        Args:
            refresh: ask the cloud first about the jobs that may have changed; else answer from the
                file.

        Returns:
            ``{'Total': n, 'Finished': [k, {'successful': a, 'unsuccessful': b}],
            'Unfinished': [m, {'sent': c, 'not sent': d}]}``

        Raises:
            CredentialsError: the token is missing or refused; jobs keep their last known state.
        """
        if refresh:
            self.refresh()
        return progress_of(self._session.store.counts())

    async def progress_async(self, refresh: bool = True) -> dict[str, Any]:
        """`progress`, awaited."""
        if refresh:
            await self.refresh_async()
        return progress_of(self._session.store.counts())

    def refresh(self) -> None:
        """Ask the cloud about every job that may have changed.

        A cloud that does not answer changes nothing; `state.last_error` tells since when.

        Raises:
            CredentialsError: the token is missing or refused; jobs keep their last known state.
        """
        if self._may_change():
            self._refreshing().block()

    async def refresh_async(self) -> None:
        """`refresh`, awaited."""
        if self._may_change():
            await self._refreshing().wait()

    def _may_change(self) -> bool:
        return any(s in ON_CLOUD for s in self._session.store.counts())

    def _refreshing(self) -> Call[None]:
        return Call(self._session.start(self._session.poller.refresh))

    def track_progress(self) -> None:
        """Show progress bars, kept up to date, until no job is running or waiting on the cloud.

        Raises:
            CredentialsError: the token is missing or refused; call it again with a good one.
        """
        self._tracking().block()

    async def track_progress_async(self) -> None:
        """`track_progress`, awaited."""
        await self._tracking().wait()

    def _tracking(self) -> Call[None]:
        bars = GroupBars(self._session.store.counts)
        future = self._session.start(wait_until_done, self._session, None)
        return Call(future, on_tick=bars.tick, on_end=bars.close, on_interrupt=future.cancel)

    def wait(self, timeout: float | None = None) -> None:
        """Block until no job is running or waiting on the cloud, and nothing is being sent here.

        Unconfirmed jobs are not waited for.

        Args:
            timeout: in seconds; None waits for ever.

        Raises:
            TimeoutError: the time is up; everything goes on.
            CredentialsError: the token is missing or refused; call it again with a good one.
        """
        self._waiting(timeout).block()

    async def wait_async(self, timeout: float | None = None) -> None:
        """`wait`, awaited."""
        await self._waiting(timeout).wait()

    def _waiting(self, timeout: float | None) -> Call[None]:
        future = self._session.start(wait_until_done, self._session, checked_timeout(timeout))
        return Call(future, on_interrupt=future.cancel)

    def changes_since(self, version: int) -> ChangeSet:
        """The jobs that changed after a version of the group (0: all), whoever changed them."""
        return self._session.store.changes_since(version)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Be called back, from a thread of the engine, after each change; returns what ends it.

        While anybody is subscribed, the cloud is polled and other processes' changes are seen.
        """
        return self._session.subscribe(callback)

    def on_done(self, callback: Callable[[Notice], object]) -> Callable[[], None]:
        """Be told at the first failure of a job, and when the group has finished: once of each.

        It has finished when nothing runs or waits and no process is sending its jobs any more, also
        where jobs were left unsent. A group that has nothing left to do has finished already; one
        that nobody has begun to run, nor adopted a job into, has not. Until then the cloud is
        polled. The failures are those from now on.

        Args:
            callback: gets a `Notice`, in a thread of its own: it may take long. What it raises is
                logged and harms nothing.

        Returns:
            A function that ends it. As a decorator, the name is that function's then.

        Raises:
            TypeError: the callback cannot be called, or is to be awaited.
        """
        given: object = callback
        if not callable(given) or inspect.iscoroutinefunction(given):
            raise TypeError(
                "on_done takes a function of one argument, which is called in a thread of its own,"
                f" not {shown(callback)}."
            )

        def tell(event: Event, counts: Mapping[str, int], job: JobRecord | None) -> None:
            callback(Notice.of(self, event, counts, job))

        return GroupNotifier(self._session, tell).stop

    def list_active_jobs(self, refresh: bool = True) -> list[RemoteJob]:
        """The jobs that are running or waiting on the cloud."""
        return self._in_states(ACTIVE, refresh)

    def list_successful_jobs(self, refresh: bool = True) -> list[RemoteJob]:
        """The jobs that have run successfully."""
        return self._in_states({"success"}, refresh)

    def list_unsuccessful_jobs(self, refresh: bool = True) -> list[RemoteJob]:
        """The jobs that ended without success: errored or canceled."""
        return self._in_states(FAILED, refresh)

    def list_unsent_jobs(self) -> list[RemoteJob]:
        """The jobs that have not been sent."""
        return self._in_states({UNSENT}, False)

    def list_unconfirmed_jobs(self) -> list[RemoteJob]:
        """The jobs of which it is unknown whether the cloud has them: confirm or resend them."""
        self._session.mark_abandoned_unconfirmed()
        return self._in_states({"unconfirmed"}, False)

    def _places(self, jobs: Iterable[RemoteJob | int] | RemoteJob | int | None) -> list[int] | None:
        """Where jobs are in this group, given as jobs or places; negative ones from the end."""
        if jobs is None:
            return None
        places = []
        for job in [jobs] if isinstance(jobs, RemoteJob | int) else jobs:
            if isinstance(job, RemoteJob):
                if job not in self:
                    raise ValueError(
                        f"{job!r} is a job of {job.group_name!r}, not of the group"
                        f" {self._session.name!r}. Nothing was done."
                    )
                places.append(job.position)
            else:
                places.append(self[job].position)
        return [place for place in places if place is not None]

    def _in_states(self, states: Iterable[str], refresh: bool) -> list[RemoteJob]:
        if refresh:
            self.refresh()
        return [RemoteJob.of(self._session, p) for p in self._session.store.positions(states)]


def _searched(record: JobRecord) -> Searched:
    told = (record.name, record.note, record.message, record.remote_id)
    return Searched(
        record.state,
        record.position,
        [*filter(None, (*told, record.platform, record.account))],
        [pair for each in (record.labels, record.metadata, record.params) for pair in each.items()],
    )
