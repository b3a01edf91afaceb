"""Adopt jobs: look them up on the cloud, and append them to a group."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from jobgroup import adapters
from jobgroup.credentials import default_url, set_token
from jobgroup.engine.remote_lookup import RemoteJobInfo, look_up
from jobgroup.engine.session import GroupSession
from jobgroup.errors import DuplicateJobError
from jobgroup.group.labels import read_labels
from jobgroup.job import RemoteJob, job_of
from jobgroup.logs import logger
from jobgroup.origin import normalise_origin
from jobgroup.providers.base import Submission, is_id
from jobgroup.secret import Secret
from jobgroup.store import NewJob, Target
from jobgroup.store.inserts import check_job
from jobgroup.store.limits import check_name
from jobgroup.words import shown

_log = logger(__name__)


class Adoption:
    """One call of `JobGroup.adopt`, which describes the arguments and errors."""

    def __init__(
        self,
        session: GroupSession,
        ids: str | Iterable[str],
        platform: str | None,
        *,
        provider: str,
        url: Secret | None,
        account: str,
        token: Secret | None,
        labels: Mapping[str, Any] | None,
    ) -> None:
        self._session = session
        self._ids = _validate_ids(ids)
        origin = normalise_origin(default_url(provider) if url is None else url)
        account = check_name("account", account, effect="Nothing was adopted.")
        self._target = Target(provider, origin, account, _validate_platform(platform))
        self._labels = read_labels(labels)
        for remote_id in self._ids:
            holder = session.store.holder_of(remote_id, self._target)
            if holder is not None:
                position = session.store.entries.position(holder)
                error = DuplicateJobError(
                    f"Job {remote_id} is already in the group, at position {position}. Nothing was"
                    " adopted."
                )
                error.position, error.job = position, job_of(session, holder)
                raise error
        if token is not None:
            set_token(token.reveal(), url=origin, account=account)

    def find(self) -> Future[list[RemoteJobInfo]]:
        """Look up the jobs on the cloud."""
        return self._session.start(look_up, self._session, self._target, self._ids)

    def append(self, found: Sequence[RemoteJobInfo]) -> list[RemoteJob]:
        """Append the jobs that were found to the group."""
        entry_ids = self._session.store.add([self._new_job(each) for each in found])
        return [job_of(self._session, entry_id) for entry_id in entry_ids]

    def _new_job(self, found: RemoteJobInfo) -> NewJob:
        submission = found.submission
        platform = submission.platform or self._target.platform
        if not platform and found.problem is not None:
            raise found.problem
        if not platform:
            raise ValueError(
                f"{self._target.origin} does not report the platform of {found.remote_id}. Nothing"
                " was adopted. Pass its name as platform."
            )
        name = submission.name or found.status.name
        job = NewJob(
            name=name or "unnamed",
            target=self._target._replace(platform=platform),
            body=None,
            labels=self._labels,
            remote_ids=[found.remote_id],
            status=found.status,
        )
        try:
            whole = _with_body(job, submission, name)
            check_job(whole)
        except Exception as error:  # noqa: BLE001 # the other jobs keep their details
            _log.warning(
                "The body of job %s was not stored: %s Only the cloud can run the job again.",
                found.remote_id,
                error,
            )
            return job
        return whole


def _with_body(job: NewJob, submission: Submission, name: str | None) -> NewJob:
    body = dict(submission.body or {})
    params, metadata = adapters.describe_body(body)
    name = name or str(params.get("command") or job.name)
    return replace(job, name=name, body=body or None, params=params, metadata=metadata)


def _validate_platform(platform: object) -> str:
    if platform is None:
        return ""
    if isinstance(platform, str) and platform.strip():
        return platform.strip()
    raise TypeError(f"platform must be a name, got {shown(platform)}. Nothing was adopted.")


def _validate_ids(ids: str | Iterable[str]) -> list[str]:
    listed = []
    if not isinstance(ids, uuid.UUID | Iterable):
        raise TypeError(f"An id must be a string, got {type(ids).__name__}. Nothing was adopted.")
    for remote_id in [ids] if isinstance(ids, str | uuid.UUID) else ids:
        if not isinstance(remote_id, str | uuid.UUID):
            raise TypeError(
                f"An id must be a string, got {type(remote_id).__name__}. Nothing was adopted."
            )
        text = str(remote_id).strip()
        if not is_id(text) or len(text.split()) != 1:
            raise ValueError(f"{shown(text)} cannot be the id of a job. Nothing was adopted.")
        listed.append(text)
    for remote_id, times in Counter(listed).items():
        if times > 1:
            raise DuplicateJobError(
                f"The id {remote_id} is given {times} times. Nothing was adopted."
            )
    return listed
