"""The part of a `JobGroup` that takes over what was begun elsewhere: groups, and single jobs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from jobgroup.engine.session import GroupSession
from jobgroup.group.adopt import Adoption
from jobgroup.group.perceval_import import ImportReport, import_perceval
from jobgroup.job import RemoteJob
from jobgroup.secret import Secret


class Takeover:
    """Nothing of this sends a job, and what is taken over stays as it is."""

    _session: GroupSession

    @staticmethod
    def import_perceval(
        path: str | os.PathLike[str] | None = None, dry_run: bool = False
    ) -> ImportReport:
        """Take over groups that were made with Perceval's own `JobGroup`, of any release.

        Jobs come with their ids, statuses and bodies, groups with their names and dates. Tokens
        are left behind, nothing is asked or sent, and the files stay as they are. What was sent is
        watched and rerun here once a token is known, what was not sent can be run.

        Args:
            path: a folder, or one ``.jgrp`` or ``.egrp`` file; None for where Perceval keeps them.
            dry_run: only say what would be done.

        Returns:
            What was imported, and what was skipped for which reason: a damaged or foreign file, or
            one whose name a group here has; that group is kept as it is. It prints as a text.

        Raises:
            StorageError: there is no such file or folder, or a group could not be written; those
                before it are imported, and the next import goes on.

        >>> JobGroup.import_perceval("old_groups", dry_run=True)  # doctest: +SKIP
        2 groups would be imported from old_groups
          'hom dip'     30 jobs (28 success, 2 error), made 2024-11-20
          'phase scan'  12 jobs (12 unsent), made 2025-03-04
        """
        return import_perceval(path, dry_run=dry_run)

    def adopt(
        self,
        ids: str | Iterable[str],
        *,
        platform: str | None = None,
        url: str | None = None,
        token: str | None = None,
        account: str = "",
        provider: str = "quandela",
        labels: Mapping[str, Any] | None = None,
    ) -> list[RemoteJob]:
        """Append jobs that were sent elsewhere, by hand say, and go on with them here.

        The cloud is asked about each: its status and times, and its name, platform and payload
        where the cloud tells. All are appended, in the order of their ids, or none.

        Args:
            ids: of the jobs on the cloud; one, or many.
            platform: that they were sent to, for those of which the cloud does not tell.
            url: the cloud's base url; `JOBGROUP_URL` or Quandela Cloud where it is not given.
            token: of the account that sent them, as `set_token` would be given it; None for the
                one that is known.
            account: label of the account, where there are several on one cloud.
            provider: who speaks that cloud's language.
            labels: names for what a circuit hides, as for `add`.

        Returns:
            The new jobs of the group.

        Raises:
            DuplicateJobError: the group has one of them, or one is named twice.
            RemoteNotFoundError: the cloud does not know one of them.
            TypeError, ValueError: an id is none, or the platform is neither told nor given.
            CredentialsError: there is no token, or the cloud refuses it.
            CloudError: the cloud cannot be asked. In each case nothing was changed.

        >>> jg.adopt("3f1c4a52-...", platform="qpu:belenos")  # doctest: +SKIP
        """
        secret = None if token is None else Secret(token)
        place = Secret(url) if isinstance(url, str) else url
        del token, url  # what is raised below shows the local variables of this frame to some tools
        adoption = Adoption(
            self._session,
            ids,
            platform=platform,
            url=place,
            token=secret,
            account=account,
            provider=provider,
            labels=labels,
        )
        return adoption.take(adoption.ask().block())

    async def adopt_async(self, ids: str | Iterable[str], **options: Any) -> list[RemoteJob]:
        """`adopt`, awaited; it takes the same arguments."""
        if options.get("token") is not None:
            options["token"] = Secret(options["token"])
        if isinstance(options.get("url"), str):
            options["url"] = Secret(options["url"])
        adoption = Adoption(self._session, ids, **options)
        return adoption.take(await adoption.ask().wait())
