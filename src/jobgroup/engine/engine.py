"""Start the engine: one event loop, the sessions of open groups, and the providers."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from weakref import WeakValueDictionary

from jobgroup.credentials import on_change
from jobgroup.engine.commands import serve_requests
from jobgroup.engine.loop import BackgroundLoop
from jobgroup.engine.provider_cache import ProviderCache
from jobgroup.engine.session import GroupSession


class Engine:
    """The only part of the process that talks to clouds."""

    def __init__(self) -> None:
        self._sessions: WeakValueDictionary[Path, GroupSession] = WeakValueDictionary()
        self._inherited: list[object] = []
        self._begin()
        on_change(self._on_new_token)

    def _begin(self) -> None:
        self.loop = BackgroundLoop()
        self.loop.at_exit(self._finish)
        self.loop.at_last(self._give_up)
        self._lock = threading.RLock()
        self._providers = ProviderCache()

    def reset_after_fork(self) -> None:
        """Start again in a forked child: thread, connections, leases and runs are the parent's."""
        self._inherited += (self.loop, self._providers)  # a reference keeps them from being closed
        self._begin()
        for session in list(self._sessions.values()):
            self._inherited += (session.lease, session.poller)
            session.reset_after_fork(self.loop, self._providers)

    def session(self, name: str, path: Path, *, create: bool) -> GroupSession:
        """Return the session of a group; all that have the group open share it."""
        with self._lock:
            session = self._sessions.get(path)
            if session is None or not session.is_current():
                session = GroupSession(
                    name,
                    path,
                    create=create,
                    loop=self.loop,
                    providers=self._providers,
                    serve=serve_requests,
                )
                self._sessions[path] = session
            return session

    def open_session(self, path: Path) -> GroupSession | None:
        """Return the session of a group if this process has it open."""
        with self._lock:
            return self._sessions.get(path)

    def _on_new_token(self, _origin: str, _label: str) -> None:
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            if session.poller.has_backoff:
                self.loop.start(session.poller.forget_refusals)

    async def _finish(self) -> None:
        """Stop sending, record requests in flight, and release the leases."""
        import anyio

        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            for run in session.runs:
                run.cancel()
        while any(_is_finishing(session) for session in sessions):  # noqa: ASYNC110
            await anyio.sleep(0.01)
        await self._providers.aclose()

    def _give_up(self) -> None:
        """Log the outcomes of requests that could not be written to a file."""
        for session in list(self._sessions.values()):
            session.settling.give_up()


def _is_finishing(session: GroupSession) -> bool:
    # records for a deleted file are not waited for
    is_sending = session.lease.is_held and not session.settling.is_hopeless
    return is_sending or session.settling.is_waited_for


_engine = Engine()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_engine.reset_after_fork)


def engine() -> Engine:
    return _engine
