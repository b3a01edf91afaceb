"""Provider faults, each with the test of the suite that finds it and the expected message.

`test_conformance` writes these classes into a module next to its own faulty providers.
"""

from __future__ import annotations

from typing import Final

OUTCOME: Final = "test_a_job_succeeds_and_returns_its_result"

_OF_SUBMIT = """
        async def submit(self, body, *, key):
            try:
                return await super().submit(body, key=key)
            except errors.{caught} as error:
                raise errors.{raised}(str(error), status_code={status}) from None
        """

_OF_STATUS = """
        async def _status_of(self, remote_id):
            return replace(await super()._status_of(remote_id), {field})
        """

MORE_FAULTS: Final = {
    "LacksAMethod": (
        """
        availability = None
        """,
        "test_it_is_a_provider",
        "LacksAMethod lacks a method of jobgroup.providers.base.Provider",
    ),
    "SaysPerhaps": (
        """
        supports_idempotency_keys = "perhaps"
        """,
        "test_it_is_a_provider",
        "`supports_idempotency_keys` must be True or False, got 'perhaps'",
    ),
    "AsksWhenItIsMade": (
        """
        def __init__(self, account):
            super().__init__(account)
            httpx.get(account.origin)
        """,
        "test_creating_it_sends_nothing",
        "Creating the provider sent [RecordedRequest(method='GET'",
    ),
    "ChangesTheBody": (
        """
        async def submit(self, body, *, key):
            body["payload"]["more"] = 1
            return await super().submit(body, key=key)
        """,
        "test_submit_does_not_change_the_body",
        "`submit` changed the body",
    ),
    "MakesOneJobOfTwo": (
        """
        async def submit(self, body, *, key):
            return await super().submit(body, key="always the same")
        """,
        "test_two_submits_are_two_jobs",
        "Two submits with different keys returned one job",
    ),
    "GivesNoResults": (
        """
        async def result(self, remote_id):
            return {"output": 1}
        """,
        OUTCOME,
        "`result` returned ['output'] without `results`",
    ),
    "GivesWhatIsNoJson": (
        """
        async def result(self, remote_id):
            return {"results": {1, 2}}
        """,
        OUTCOME,
        "neither the text of a JSON document nor JSON-ready",
    ),
    "TellsPercent": (_OF_STATUS.format(field="progress=50"), OUTCOME, "it must be 0 to 1, or None"),
    "TellsMilliseconds": (
        _OF_STATUS.format(field="started_at=1.7e12"),
        OUTCOME,
        "started_at=1700000000000.0; it must be in seconds since the epoch",
    ),
    "HasStatesOfItsOwn": (
        _OF_STATUS.format(field="state='active'"),
        OUTCOME,
        "A status has state='active'",
    ),
    "ForgetsTheWord": (
        _OF_STATUS.format(field="provider_status=''"),
        OUTCOME,
        "the service's own word",
    ),
    "SaysNotWhy": (
        _OF_STATUS.format(field="message=None"),
        "test_a_job_fails_with_a_message",
        "The status of a failed job has no message",
    ),
    "CancelsTwice": (
        """
        async def cancel(self, remote_id):
            await super().cancel(remote_id)
            with suppress(errors.JobGroupError):
                await super().cancel(remote_id)
        """,
        "test_a_job_is_canceled",
        "One cancel sent 2 requests",
    ),
    "RerunsByName": (
        """
        async def rerun(self, remote_id, *, key):
            return remote_id
        """,
        "test_a_failed_job_is_rerun_or_none_is_created",
        "A rerun returned the id of the failed job",
    ),
    "RerunsTwice": (
        """
        async def rerun(self, remote_id, *, key):
            body = {"platform_name": "any", "job_name": "a", "payload": {"seconds": 0}}
            await self.submit(body, key=key)
            return await self.submit(body, key=key + "2")
        """,
        "test_a_failed_job_is_rerun_or_none_is_created",
        "One rerun sent 2 requests",
    ),
    "KnowsEveryJob": (
        """
        async def status(self, remote_ids):
            answers = await super().status(remote_ids)
            unknown = RemoteStatus("gone", "unknown")
            return {i: a if isinstance(a, RemoteStatus) else unknown for i, a in answers.items()}
        """,
        "test_status_answers_for_many_jobs",
        "`status` of an unknown job returned RemoteStatus",
    ),
    "AsksAboutNothing": (
        """
        async def status(self, remote_ids):
            await self.availability()
            return await super().status(remote_ids)
        """,
        "test_status_of_no_jobs_sends_nothing",
        "`status` of no jobs sent",
    ),
    "CountsSlotsAlone": (
        """
        async def availability(self):
            return 3
        """,
        "test_free_slots_are_right_or_unknown",
        "`availability` returned 3",
    ),
    "HasAlwaysASlot": (
        """
        async def availability(self):
            return Availability(queue_free=1)
        """,
        "test_free_slots_are_right_or_unknown",
        "1 jobs fill the plan, but `availability` returns 1 slots",
    ),
    "AsksOnAndOn": (
        """
        async def status(self, remote_ids):
            answers = {}
            for remote_id in remote_ids:
                answers |= await super().status([remote_id])
            return answers
        """,
        "test_a_rejected_token_is_not_sent_for_every_job",
        "A rejected token was sent 500 times for 500 jobs",
    ),
    "AsksBeforeItHasAToken": (
        """
        async def submit(self, body, *, key):
            httpx.get(self._account.origin)
            return await super().submit(body, key=key)
        """,
        "test_without_a_token_nothing_is_sent",
        "Without a token, [RecordedRequest(method='GET'",
    ),
    "ShowsTheToken": (
        """
        def __repr__(self):
            return self._account.token()
        """,
        "test_the_token_is_never_shown",
        "The provider's repr shows the token",
    ),
    "PutsTheTokenIntoPaths": (
        """
        async def submit(self, body, *, key):
            with suppress(errors.JobGroupError):
                await self._rest.get(f"/v1/quota?key={self._account.token()}")
            return await super().submit(body, key=key)
        """,
        "test_the_token_is_never_shown",
        "A path contains the token",
    ),
    "TellsTheToken": (
        """
        async def submit(self, body, *, key):
            raise errors.RequestRejectedError(self._account.token(), status_code=400)
        """,
        OUTCOME,
        "`submit` raised an error that shows the token",
    ),
    "DoubtsWhatNeverLeft": (
        _OF_SUBMIT.format(caught="CloudUnreachableError", raised="NoResponseError", status=None),
        "test_an_unreachable_cloud_raises_an_error",
        "which leaves a job unconfirmed that",
    ),
    "TakesAFailureForARefusal": (
        _OF_SUBMIT.format(
            caught="CloudUnavailableError", raised="RequestRejectedError", status=400
        ),
        "test_a_server_error_leaves_the_job_unconfirmed",
        "and `submit` raised RequestRejectedError, which says that no job exists",
    ),
    "DoubtsARefusal": (
        _OF_SUBMIT.format(caught="RequestRejectedError", raised="RequestRejectedError", status=500),
        "test_a_rejected_request_creates_no_job",
        "After 400, the job is unconfirmed",
    ),
    "ForgetsTheWait": (
        _OF_SUBMIT.format(
            caught="CloudUnavailableError", raised="CloudUnavailableError", status=429
        ),
        "test_too_many_requests",
        "The service asked for 77 s (Retry-After), but retry_after_s is None",
    ),
    "TakesAPageForARefusal": (
        _OF_SUBMIT.format(caught="InvalidResponseError", raised="RequestRejectedError", status=400),
        "test_a_response_that_is_no_json_raises_an_error",
        "The response to a create was a web page, and `submit` raised RequestRejectedError",
    ),
}
