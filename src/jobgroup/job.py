"""Define `RemoteJob`: a view of a job's record, with methods that send commands to the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from html import escape
from typing import TYPE_CHECKING, Any

from jobgroup.adapters.base import JobSpec
from jobgroup.engine.activity import wait_until_ended
from jobgroup.engine.interrupt import result_of
from jobgroup.engine.overrides import COUNTED, apply_overrides
from jobgroup.errors import InvalidOverrideError, JobGroupError, JobRemovedError
from jobgroup.origin import normalise_origin
from jobgroup.references import GroupReference, session_of
from jobgroup.secret import Secret
from jobgroup.status import (
    NOT_SENT,
    ON_CLOUD,
    UNSENT,
    JobStatus,
    RunningStatus,
    State,
)
from jobgroup.values import plain_deep
from jobgroup.words import on_one_line, text_of

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession
    from jobgroup.results import Result
    from jobgroup.store import AttemptRecord, CommandResult, EventRecord, JobRecord


class RemoteJob:
    """A job for a cloud, with the properties and methods of Perceval's ``RemoteJob``.

    A group has its jobs in `JobGroup.remote_jobs`. To use jobgroup without Perceval, create a job
    from a body that you write, and add the job to a group.

    Args:
        body: body of the request that creates the job, ``{"payload": {...}}``, or only the payload.
        platform: name of the platform, such as ``"sim:altair"``.
        provider: ``"quandela"``, ``"scaleway"``, or the name that a plugin defines
            (docs/providers.md).
        url: the cloud's base URL; by default `JOBGROUP_URL` or the provider's only cloud.
        account: label of the account, if there are several on one cloud.
        name: the job's name on the cloud.

    Raises:
        TypeError: the body is not a dictionary, or a name or the URL is not a string.
        ValueError: the payload or the platform is missing or empty, a name has more than 10,000
            characters, or the URL is not valid.
        MissingDependencyError: no provider of that name is installed.

    >>> job = RemoteJob({"command": "probs"}, "sim:altair", name="mine")
    >>> job.was_sent, job.id, job.status()
    (False, None, 'WAITING')
    """

    def __init__(
        self,
        body: Mapping[str, Any],
        platform: str,
        *,
        provider: str = "quandela",
        url: str | None = None,
        account: str = "",
        name: str | None = None,
    ) -> None:
        from jobgroup.credentials import default_url
        from jobgroup.providers import check_installed
        from jobgroup.store.limits import check_name

        self._session: GroupSession | None = None
        place = Secret(url) if isinstance(url, str) else url
        del url  # some tools show the local variables of this frame if an error is raised below
        if not isinstance(body, Mapping):
            raise TypeError(
                f"The body of a job must be a dict with its payload, got {type(body).__name__}."
            )
        full = dict(body) if "payload" in body else {"payload": dict(body)}
        payload = full["payload"]
        if not isinstance(payload, Mapping) or not payload:
            raise ValueError(
                'The body of a job needs a "payload", which is a dictionary that is not empty.'
            )
        effect = "No job was created."
        if not check_name("platform", platform or "", effect=effect).strip():
            raise ValueError(f"platform must be a name such as 'sim:altair', got {platform!r}.")
        check_installed(check_name("provider", provider, effect=effect))
        self._entry_id = 0
        self._provider = provider
        self._origin = normalise_origin(default_url(provider) if place is None else place)
        check_name("url", self._origin, effect=effect)
        self._platform = platform
        self._account = check_name("account", account, effect=effect)
        self._body = full
        given, command = full.pop("job_name", None), payload.get("command")
        named = name or given or (command if isinstance(command, str) else "") or "unnamed"
        self._name = check_name("name", named, effect=effect)

    @staticmethod
    def from_id(job_id: str, rpc_handler: Any) -> Any:
        """Return Perceval's own object for a job on a cloud. `JobGroup.add` accepts this object.

        Without Perceval, `JobGroup.adopt` adds jobs by their ids.

        Args:
            job_id: id of the job on the cloud.
            rpc_handler: Perceval's handler for the cloud.

        Raises:
            MissingDependencyError: Perceval is older than 0.12.
        """
        from jobgroup.adapters import job_from_id

        return job_from_id(job_id, rpc_handler)

    def _to_spec(self, kwargs: Mapping[str, Any]) -> JobSpec:
        """Return the spec of a new entry for this job, with parameters.

        Raises:
            TypeError: the job may have been sent; or it was sent, and `kwargs` is not empty.
            InvalidOverrideError: the job is in a group and has no such parameter.
        """
        from jobgroup.adapters import describe_body

        if self._session is not None:
            return self._spec_of_entry(kwargs)
        payload = {**self._body["payload"], **kwargs}
        body = {**self._body, "platform_name": self._platform, "payload": payload}
        params: Mapping[str, Any] = {}
        metadata: Mapping[str, str | int | float] = {}
        with suppress(RecursionError):  # the store rejects it with a message
            body["payload"] = plain_deep(payload)
            params, metadata = describe_body(body)
        return JobSpec(
            name=self._name,
            platform=self._platform,
            origin=self._origin,
            account_label=self._account,
            provider=self._provider,
            body=body,
            params=params,
            metadata=metadata,
        )

    def _spec_of_entry(self, kwargs: Mapping[str, Any]) -> JobSpec:
        record, store = self._record, self._attached().store
        attempt_id = record.attempt_id
        remote_ids = (
            [] if attempt_id is None else store.subjobs.ids([attempt_id]).get(attempt_id, [])
        )
        if record.state in ("sending", "unconfirmed") or (remote_ids and record.state in NOT_SENT):
            raise TypeError(
                f"Job {record.position} of {self.group_name!r} may be on the cloud, at least in"
                " part. Nothing was added. Confirm, resend or run it first."
            )
        if remote_ids and kwargs:
            raise TypeError(
                f"The job was already sent as {record.remote_id}, so it cannot take"
                f" {', '.join(kwargs)}. Nothing was added."
            )
        body, params = self._body_with(kwargs, "Nothing was added.")
        found = record.composition_id
        return JobSpec(
            name=record.name,
            platform=record.platform,
            origin=record.origin,
            account_label=record.account,
            provider=record.provider,
            body=body,
            params=params,
            metadata=record.metadata,
            remote_ids=remote_ids,
            status=status_of(record) if remote_ids else None,
            composition=None if found is None else store.composition(found),
        )

    def _body_with(
        self, given: Mapping[str, Any], effect: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the stored body and parameters, with the given values in place of theirs.

        Raises:
            InvalidOverrideError: the job has no such parameter, or only Perceval can change it.
        """
        record = self._record
        body = self._attached().store.body(self._entry_id)
        if not given:
            return body or {}, record.params
        try:
            changed = apply_overrides(body, given).body
        except InvalidOverrideError as error:
            raise InvalidOverrideError(
                f"Job {record.position} of {self.group_name!r} cannot have these parameters:"
                f" {error} {effect}"
            ) from None
        return dict(changed), {**record.params, **given}

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle or copy a job as its group's uuid and its permanent entry id."""
        if self._session is None:
            return super().__reduce_ex__(protocol)
        group = GroupReference(self._session)
        return _same_job, (type(self), group.name, group.uuid, self._entry_id)

    # -- properties --------------------------------------------------------------------------------

    @property
    def position(self) -> int | None:
        """Position in the group, counted from 0; None for a job that is in no group.

        The position changes when an earlier entry is removed.
        """
        return None if self._session is None else self._record.position

    @property
    def group_name(self) -> str | None:
        """Name of the job's group; None for a job that is in no group."""
        return None if self._session is None else self._session.name

    @property
    def id(self) -> str | None:
        """Id on the cloud; None for a job that was never sent.

        For an Execution with several jobs on the cloud, these are their ids, joined with " + ".
        """
        return None if self._session is None else self._record.remote_id

    @property
    def name(self) -> str:
        """Name on the cloud. You can set it until the job is sent."""
        return self._name if self._session is None else self._record.name

    @name.setter
    def name(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError("A job's name must be a string.")
        name = name or "unnamed"
        if self._session is None:
            self._name = name
        else:
            self._session.store.edit(self._entry_id, name=name)

    @property
    def platform(self) -> str:
        """Name of the platform."""
        return self._platform if self._session is None else self._record.platform

    @property
    def provider(self) -> str:
        """Name of the provider."""
        return self._provider if self._session is None else self._record.provider

    @property
    def params(self) -> dict[str, Any]:
        """Parameters of the job's call, and short values from its payload."""
        return {} if self._session is None else self._record.params

    @property
    def delta_parameters(self) -> dict[str, dict[str, Any]]:
        """Parameters of the execution, and parameters with which Perceval converts results."""
        body = self._body if self._session is None else self._session.store.body(self._entry_id)
        payload = (body or {}).get("payload") or {}
        context = payload.get("job_context") or {}
        return {
            "command": {name: payload[name] for name in COUNTED if name in payload},
            "mapping": dict(context.get("mapping_delta_parameters") or {}),
        }

    @property
    def labels(self) -> dict[str, Any]:
        """Labels that the job was added with."""
        return {} if self._session is None else self._record.labels

    @property
    def metadata(self) -> dict[str, Any]:
        """Metadata read from the payload, such as the circuit, modes, photons and input state."""
        return {} if self._session is None else self._record.metadata

    @property
    def attempts(self) -> list[AttemptRecord]:
        """Every attempt to send the job, oldest first, with ids, messages and times."""
        return [] if self._session is None else self._session.store.journal.attempts(self._entry_id)

    @property
    def events(self) -> list[EventRecord]:
        """Other events of the job, oldest first."""
        return [] if self._session is None else self._session.store.events(self._entry_id)

    @property
    def note(self) -> str:
        """Your note about the job. You can set it at any time."""
        return "" if self._session is None else self._record.note

    @note.setter
    def note(self, text: str) -> None:
        self._attached().store.edit(self._entry_id, note=text_of("note", text))

    # -- state ---------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Last known state, without polling the cloud; see `jobgroup.status.STATES`."""
        return UNSENT if self._session is None else self._record.state

    @property
    def message(self) -> str | None:
        """The cloud's last message: the reason for a failure, or the current phase of the job."""
        return None if self._session is None else self._record.message

    @property
    def status(self) -> JobStatus:
        """Status, after a poll if it may have changed. Calling the status returns its name.

        Raises:
            CredentialsError: the token is missing or rejected.
        """
        session = self._session
        if session is None:
            return JobStatus()
        record = self._record
        if record.state in ON_CLOUD:
            result_of(session.start(session.poller.refresh, [self._entry_id], in_loop=True))
            record = self._record
        return status_of(record)

    @property
    def last_status(self) -> JobStatus:
        """Last known status, without polling the cloud."""
        return JobStatus() if self._session is None else status_of(self._record)

    @property
    def was_sent(self) -> bool:
        """Whether the job has an id on the cloud."""
        return self.id is not None

    @property
    def is_complete(self) -> bool:
        """Whether the job has ended: success, error or canceled."""
        return self.status.completed

    @property
    def is_success(self) -> bool:
        """Whether the job succeeded."""
        return self.status.success

    @property
    def is_failed(self) -> bool:
        """Whether the job ended without success."""
        return self.status.failed

    @property
    def is_running(self) -> bool:
        """Whether the job is running."""
        return self.status.running

    @property
    def is_waiting(self) -> bool:
        """Whether the job is waiting to run. As in Perceval, it is True for an unsent job too."""
        return self.status.waiting

    # -- commands ----------------------------------------------------------------------------------

    def execute_async(self, *args: Any, **kwargs: Any) -> RemoteJob:
        """Send the job, and return when its id is known.

        Args:
            args: `max_samples`, if it is not given by name.
            kwargs: new values for parameters of the job, such as ``max_samples``.

        Raises:
            RuntimeError: the job was already sent.
            InvalidOverrideError: the job has no such parameter, or only Perceval can change it.
            JobGroupError: the job could not be sent; it stays unsent.
        """
        if self.state not in NOT_SENT:
            raise RuntimeError(f"Job {self.position} was already sent; it is {self.state}.")
        if len(args) > 1 or (args and "max_samples" in kwargs):
            raise TypeError(
                "Give only max_samples without its name, and only once. Nothing was sent."
            )
        if given := dict(zip(("max_samples",), args, strict=False)) | kwargs:
            body, params = self._body_with(given, "Nothing was sent.")
            self._set_body(body, params, self.metadata)
        self._raise_for(self._do("run", entry_ids=[self._entry_id]))
        return self

    def execute_sync(self, *args: Any, **kwargs: Any) -> Result:
        """Send the job, wait until it ends, and return its results.

        Args:
            args: as for `execute_async`.
            kwargs: as for `execute_async`.

        Raises:
            RuntimeError: the job was already sent, or it failed.
            InvalidOverrideError: the job has no such parameter, or only Perceval can change it.
            JobGroupError: the job could not be sent, or its results could not be fetched.
        """
        self.execute_async(*args, **kwargs)
        session = self._attached()
        result_of(session.start(wait_until_ended, session, self._entry_id))
        return self.get_results()

    def __call__(self, *args: Any, **kwargs: Any) -> Result:
        """Call `execute_sync`."""
        return self.execute_sync(*args, **kwargs)

    def cancel(self) -> None:
        """Ask the cloud to cancel the job.

        Raises:
            RuntimeError: the job is not waiting or running.
            JobGroupError: the request failed, or the cloud rejected it.
        """
        if self.status.status.value not in ON_CLOUD or not self.was_sent:
            raise RuntimeError(
                f"Job is not waiting or running, cannot cancel it: it is {self.state}."
            )
        self._raise_for(self._do("cancel", entry_ids=[self._entry_id]))

    def rerun(self, *, params: Mapping[str, Any] | None = None, replace: bool = True) -> RemoteJob:
        """Run the job again as a new job on the cloud. The old attempt stays in `attempts`.

        Args:
            params: new values for parameters of the job, such as ``max_shots``; see
                `JobGroup.rerun`.
            replace: whether to rerun this entry; otherwise a new entry is appended.

        Returns:
            The entry of the rerun: this entry or the new one.

        Raises:
            RuntimeError: the job has not failed.
            InvalidOverrideError: the job has no such parameter, or only Perceval can change it.
            JobGroupError: the job could not be sent; it is unchanged.
        """
        status = self.status
        if not self.was_sent or not status.failed:
            current = status if self.was_sent else self.state
            raise RuntimeError(
                f"Cannot rerun current job because job status is: {current} (should be either"
                " CANCELED or ERROR)"
            )
        done = self._do(
            "rerun", entry_ids=[self._entry_id], replace=replace, overrides=dict(params or {})
        ).done
        return job_of(self._attached(), done[0], type(self)) if done else self

    def confirm(self, remote_id: str) -> None:
        """Confirm that an unconfirmed job is on the cloud, and record its id.

        The cloud is asked for the job first. If it does not respond within 10 seconds, or if there
        is no valid token, the id is recorded without a check.

        Args:
            remote_id: id of the job on the cloud.

        Raises:
            TypeError: the id is not a string; nothing was changed.
            JobGroupError: the job is not unconfirmed, the group already has that id, or the cloud
                has no such job; nothing was changed.
        """
        if not isinstance(remote_id, str):
            raise TypeError(
                f"A job's id on the cloud must be a string, got {type(remote_id).__name__}. Nothing"
                " was changed."
            )
        self._do("confirm", entry_id=self._entry_id, remote_id=remote_id)

    def resend(self) -> None:
        """Resend an unconfirmed job, or a job that its cloud has lost.

        First look for an unconfirmed job on the cloud. If the first request did create a job, you
        would pay for both.

        Raises:
            RuntimeError: the job is neither unconfirmed nor lost.
            JobGroupError: the job could not be sent; it is now unsent.
        """
        if self.state != "unconfirmed" and not self._record.is_lost:
            raise RuntimeError(
                f"Job {self.position} is neither unconfirmed nor lost by its cloud; it is"
                f" {self.state}."
            )
        self._do("resend", entry_ids=[self._entry_id])

    def get_results(self) -> Result:
        """Fetch the job's results from the cloud, and decode them as Perceval does.

        Raises:
            RuntimeError: the job has not ended, or it failed and has no results.
            JobGroupError: the results could not be fetched or decoded.
        """
        from jobgroup.results import results_of_one

        status = self.status
        if not self.was_sent:
            raise RuntimeError("The job was not sent yet, results are not available yet.")
        if not status.maybe_completed:
            raise RuntimeError("The job is still running, results are not available yet.")
        return results_of_one(self._attached(), self._record)

    def _revise(self, spec: JobSpec) -> None:
        """Replace the body of an unsent job with the body that a direct execution sends.

        Raises:
            RuntimeError: the job was already sent.
        """
        self._set_body(spec.body, spec.params, spec.metadata, spec.composition)

    def _set_body(
        self,
        body: Mapping[str, Any],
        params: Mapping[str, Any],
        metadata: Mapping[str, Any],
        composition: Mapping[str, Any] | None = None,
    ) -> None:
        if not self._attached().store.set_body(
            self._entry_id, body, params=params, metadata=metadata, composition=composition
        ):
            raise RuntimeError(f"Job {self.position} was already sent; it is {self.state}.")

    # -- internals ---------------------------------------------------------------------------------

    @property
    def _record(self) -> JobRecord:
        return self._attached().store.record(self._entry_id)

    def _attached(self) -> GroupSession:
        if self._session is None:
            raise RuntimeError(
                "This job does not belong to a group yet. Add it with JobGroup.add(job)."
            )
        return self._session

    def _do(self, command: str, **args: Any) -> CommandResult:
        from jobgroup.engine.commands import COMMANDS, execute
        from jobgroup.engine.pause import is_paused

        session = self._attached()
        if COMMANDS[command].needs_lease and is_paused(session):
            raise JobGroupError("The group is paused, so nothing was sent. Call resume() first.")
        with naming_its_job(session):
            future = session.start(execute, session, command, args)
            # a request that creates a job must be recorded, but `confirm` sends none
            on_interrupt = future.cancel if command == "confirm" else None
            result: CommandResult = result_of(future, on_interrupt=on_interrupt)
        return result

    def _raise_for(self, result: CommandResult) -> None:
        for sentence in result.failed.values():
            error = JobGroupError(sentence)
            error.position, error.job = self.position, self
            raise error

    def _is_of(self, session: GroupSession) -> bool:
        return self._session is session

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RemoteJob):
            return NotImplemented
        if self._session is None:
            return self is other
        return self._session is other._session and self._entry_id == other._entry_id

    def __hash__(self) -> int:
        return id(self) if self._session is None else hash((id(self._session), self._entry_id))

    def __repr__(self) -> str:
        if self.__dict__.get("_session") is None or self._session is None:
            name = vars(self).get("_name", "unnamed")  # __init__ may have raised
            return f"RemoteJob '{on_one_line(name)}', id:None, status:not sent"
        try:
            record = self._record
        except JobRemovedError:
            return f"RemoteJob removed from the group {self._session.name!r}"
        state = "not sent" if record.state in NOT_SENT else record.state.upper()
        name, remote_id = on_one_line(record.name), on_one_line(record.remote_id)
        return f"RemoteJob '{name}', id:{remote_id}, status:{state}"

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>"


def job_of(session: GroupSession, entry_id: int, kind: type[RemoteJob] = RemoteJob) -> RemoteJob:
    """Return the job for an entry of an open group."""
    job = kind.__new__(kind)
    vars(job).update(_session=session, _entry_id=entry_id)
    return job


@contextmanager
def naming_its_job(session: GroupSession) -> Iterator[None]:
    """Set the job of a `JobGroupError` that is about one job of the group."""
    try:
        yield
    except JobGroupError as error:
        if error.entry_id is not None and error.job is None:
            error.job = job_of(session, error.entry_id)
            error.position = session.store.entries.positions([error.entry_id]).get(error.entry_id)
        raise


def _same_job(kind: type[RemoteJob], name: str, uuid: str, entry_id: int) -> RemoteJob:
    return job_of(session_of(name, uuid), entry_id, kind)


def status_of(record: JobRecord) -> JobStatus:
    """Return a record's status."""
    word = record.state if record.state in _STATUS_WORDS else "waiting"
    return JobStatus(
        status=RunningStatus(word),
        message=record.message,
        progress=record.progress or 0.0,
        creation_timestamp=record.created_at or record.sent_at or record.added_at,
        start_timestamp=record.started_at,
        duration=record.duration_s,
    )


_STATUS_WORDS = frozenset(s.value for s in RunningStatus)
