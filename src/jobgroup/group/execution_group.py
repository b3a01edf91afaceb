"""Define `ExecutionGroup`, which has the names of Perceval 1.3's class for remote Executions."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakSet

from jobgroup.engine.activity import wait_until_ended
from jobgroup.engine.interrupt import wait_for
from jobgroup.errors import DuplicateJobError, JobGroupError, warn
from jobgroup.group import perceval_names
from jobgroup.group.group import JobGroup
from jobgroup.group.pending import twins
from jobgroup.job import RemoteJob
from jobgroup.results import Result

PROGRESS_CHECK_INTERVAL_S = 0.5

ProgressCallback = Callable[[float, str], object]


class Computer(NamedTuple):
    """The computer of an Execution: a platform of a cloud.

    Attributes:
        name: name of the platform.
        url: the cloud's base URL.
    """

    name: str
    url: str


class Execution(RemoteJob):
    """One Execution of a group: a `RemoteJob` with additional names of Perceval's ``Execution``."""

    _progress_callback: ProgressCallback | None = None

    @property
    def computer(self) -> Computer:
        """Computer that runs the Execution."""
        if self._session is None:
            return Computer(self._platform, self._origin)
        record = self._record
        return Computer(record.platform, record.origin)

    @property
    def job_group_name(self) -> str | None:
        """Name of the Execution's group; None if it is in no group."""
        return self.group_name

    def clone(self) -> Execution:
        """Return an unsent copy that is in no group; `ExecutionGroup.add` accepts it.

        Raises:
            JobGroupError: only Perceval or the cloud can write its body, because it has error
                mitigations on this machine or was adopted without its payload.
        """
        record = self._record
        body = self._attached().store.body(self._entry_id)
        if body is None or "payload" not in body:
            raise JobGroupError(
                f"Job {record.position} of {self.group_name!r} cannot be cloned, because only"
                " Perceval or the cloud can write its body. Nothing was changed. Use rerun(), or"
                " add Perceval's Execution again."
            )
        return type(self)(
            body,
            record.platform,
            provider=record.provider,
            url=record.origin,
            account=record.account,
            name=record.name,
        )

    def set_progress_callback(self, callback: ProgressCallback) -> None:
        """Call ``callback(progress, message)`` regularly while `execute_sync` waits.

        If the callback returns True, jobgroup asks the cloud to cancel the job.
        """
        self._progress_callback = callback

    def execute_sync(
        self, *args: Any, allow_partial_results: bool = False, **kwargs: Any
    ) -> Result:
        """Send the Execution, wait until it ends, and return its results.

        Args:
            args: as for `execute_async`.
            allow_partial_results: as for `get_results`.
            kwargs: as for `execute_async`.

        Raises:
            RuntimeError: the Execution was already sent, or it failed.
            JobGroupError: the Execution could not be sent.
        """
        self.execute_async(*args, **kwargs)
        session = self._attached()
        future = session.start(wait_until_ended, session, self._entry_id)
        wait_for(future, on_tick=self._report_progress, tick_s=PROGRESS_CHECK_INTERVAL_S)
        return self.get_results(allow_partial_results)

    def get_results(self, allow_partial_results: bool = False) -> Result:
        """Fetch the Execution's results from the cloud, and decode them as Perceval does.

        Args:
            allow_partial_results: whether to return an empty result if the Execution has ended and
                no result is available.

        Raises:
            RuntimeError: the Execution has not ended, or it failed and has no results.
            JobGroupError: the results could not be fetched or decoded.
        """
        try:
            return super().get_results()
        except (RuntimeError, JobGroupError):
            if allow_partial_results and self.last_status.completed:
                return {}
            raise

    def get_details(self) -> str:
        """Return the Execution's computer, name, status and ids as text."""
        state = self.last_status() if self.was_sent else "NOT SENT"
        ids = f", ids: {self.id}" if self.was_sent else ""
        return f"Execution: {{Computer: {self.platform}, name: {self.name}, status: {state}{ids}}}"

    def _report_progress(self) -> None:
        status = self.last_status
        if self._progress_callback is None or status.completed or status.canceled:
            return
        if self._progress_callback(status.progress, status.message or "") is True:
            self.cancel()


class ExecutionGroup(JobGroup):
    """A `JobGroup` with the names of Perceval 1.3's ``ExecutionGroup``, for remote Executions.

    Both classes use the same file for a group. As in Perceval, `run_parallel` and
    `rerun_failed_parallel` keep the plan's slots full, and return when the jobs have ended, unless
    you call them with ``wait=False``.

    Args:
        name: name that identifies the group; a final ``.egrp`` is removed.
        folder_path: ignored with a warning: jobgroup keeps all groups in its data directory.
        cache_results: as for `JobGroup`.

    Raises:
        InvalidNameError, CorruptGroupError, UnsupportedVersionError, StorageError: as for
            `JobGroup`.
    """

    _kind = Execution

    def __init__(
        self,
        name: str,
        folder_path: str | os.PathLike[str] | None = None,
        *,
        cache_results: bool | None = None,
    ) -> None:
        super().__init__(name.removesuffix(".egrp"), cache_results=cache_results)
        if folder_path is not None:
            warn(
                f"The folder {os.fspath(folder_path)!r} was ignored: the group {self.name!r} is in"
                f" {self.folder_path}. Set JOBGROUP_DATA_DIR to keep groups elsewhere."
            )

    def _open(self, name: str, *, create: bool) -> None:
        super()._open(name, create=create)
        self._added: WeakSet[Any] = WeakSet()

    @staticmethod
    def _waits(wait: bool | None) -> bool:
        return True if wait is None else wait

    @property
    def folder_path(self) -> str:
        """Directory of the group's file."""
        return str(self._session.store.path.parent)

    @property
    def filename(self) -> str:
        """Name of the group's file."""
        return self._session.store.path.name

    @property
    def executions(self) -> list[RemoteJob]:
        """All Executions of the group, in the order in which they were added."""
        return self[:]

    def add(self, execution: Any, *, once: bool = False, **kwargs: Any) -> None:  # type: ignore[override]  # named as in Perceval
        """Append an Execution. It is on disk when the call returns.

        Args:
            execution: an Execution for a cloud, or another object that `JobGroup.add` takes.
            once: as for `JobGroup.add`.
            kwargs: parameters for the execution, or other arguments of `JobGroup.add`.

        Raises:
            DuplicateJobError: the object was already added; nothing was added.
            TypeError, JobGroupError: as for `JobGroup.add`; nothing was added.
            Exception: raised by Perceval, as for `JobGroup.add`; nothing was added.
        """
        if execution in self._added and not once:
            raise DuplicateJobError(
                f"This Execution is already in the group {self.name!r}. Nothing was added. To run"
                " it several times, add execution.clone()."
            )
        super().add(execution, once=once, **kwargs)
        self._added.add(execution)

    def list_active_executions(self) -> list[RemoteJob]:
        """Return the Executions that are running or waiting on the cloud."""
        return self.list_active_jobs()

    def list_successful_executions(self) -> list[RemoteJob]:
        """Return the Executions that succeeded."""
        return self.list_successful_jobs()

    def list_unsuccessful_executions(self) -> list[RemoteJob]:
        """Return the Executions that ended in error or were canceled."""
        return self.list_unsuccessful_jobs()

    def list_unsent_executions(self) -> list[RemoteJob]:
        """Return the Executions that were not sent."""
        return self.list_unsent_jobs()

    def list_active_computers(self) -> list[Computer]:
        """Return the computer of each active Execution."""
        return _computers(self.list_active_executions())

    def list_unsuccessful_computers(self) -> list[Computer]:
        """Return the computer of each unsuccessful Execution."""
        return _computers(self.list_unsuccessful_executions())

    def list_unsent_computers(self) -> list[Computer]:
        """Return the computer of each Execution that was not sent."""
        return _computers(self.list_unsent_executions())

    def launch_async_executions(self, concurrent_execution_count: int | None = None) -> None:
        """Call `launch_async_jobs`."""
        self.launch_async_jobs(concurrent_execution_count)

    def relaunch_async_failed_executions(
        self,
        replace_failed_executions: bool = True,
        concurrent_execution_count: int | None = None,
    ) -> None:
        """Call `relaunch_async_failed_jobs`."""
        self.relaunch_async_failed_jobs(replace_failed_executions, concurrent_execution_count)

    async def _rerun_failed_sequential(
        self, /, delay: float, replace_failed_executions: bool = True, **options: Any
    ) -> None:
        """Call `JobGroup.rerun_failed_sequential` with its options."""
        replace = options.pop("replace_failed_jobs", replace_failed_executions)
        await perceval_names._rerun_failed_sequential(self, delay, replace, **options)  # noqa: SLF001

    # The argument has the same name as in Perceval.
    rerun_failed_sequential, rerun_failed_sequential_async = twins(_rerun_failed_sequential)  # type: ignore[assignment]

    async def _rerun_failed_parallel(
        self, /, replace_failed_executions: bool = True, **options: Any
    ) -> None:
        """Call `JobGroup.rerun_failed_parallel` with its options."""
        replace = options.pop("replace_failed_jobs", replace_failed_executions)
        await perceval_names._rerun_failed_parallel(self, replace, **options)  # noqa: SLF001

    rerun_failed_parallel, rerun_failed_parallel_async = twins(_rerun_failed_parallel)  # type: ignore[assignment]


def _computers(executions: list[RemoteJob]) -> list[Computer]:
    return [each.computer for each in executions if isinstance(each, Execution)]
