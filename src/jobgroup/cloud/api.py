"""Serve the REST API: one handler per call, at the current path and at older ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from jobgroup.cloud import job_store
from jobgroup.cloud.api_errors import ApiError, invalid, invalid_fields, job_not_found
from jobgroup.cloud.engines import PercevalEngine
from jobgroup.cloud.job_store import Job, JobStore
from jobgroup.cloud.payloads import check_create, check_payload, check_rerun, read_json
from jobgroup.cloud.platforms import PLATFORMS, PLATFORMS_BY_ID, Platform
from jobgroup.cloud.scheduler import Scheduler

Handler = Callable[[Request], Awaitable[Response]]

MAX_KEY_LENGTH: Final = 255

SPACE_INTERVAL_S: Final = 3.0
"""Seconds between the parts of a slow response. A worker may need more than 10 s to import
Perceval, but Perceval's client gives up after 10 s of silence.
"""


class AsciiJSONResponse(JSONResponse):
    """JSON in ASCII, because clients may send lone surrogates, which UTF-8 cannot represent."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


class JobsApi:
    """The calls of the REST API for the jobs of one cloud."""

    def __init__(self, store: JobStore, scheduler: Scheduler, engine: PercevalEngine) -> None:
        self._store = store
        self._scheduler = scheduler
        self._engine = engine

    def routes(self) -> list[Route]:
        """Return a route for each path of each call, named after the call."""
        table: list[tuple[str, Handler, str, tuple[str, ...]]] = [
            ("create", self.create, "POST", ("/api/jobs", "/api/job")),
            ("availability", self.availability, "GET", ("/api/jobs/availability",)),
            ("status", self.status, "GET", ("/api/jobs/{id}/status", "/api/job/status/{id}")),
            ("result", self.result, "GET", ("/api/jobs/{id}/result", "/api/job/result/{id}")),
            ("cancel", self.cancel, "POST", ("/api/jobs/{id}/cancel", "/api/job/cancel/{id}")),
            ("rerun", self.rerun, "POST", ("/api/jobs/{id}/rerun", "/api/job/rerun/{id}")),
            ("data", self.data, "GET", ("/api/jobs/{id}/data",)),
            ("details", self.processor, "GET", ("/api/platforms/{name}/processor",)),
            ("details", self.platform, "GET", ("/api/platform/{name}",)),
        ]
        return [
            Route(path, handler, methods=[method], name=kind)
            for kind, handler, method, paths in table
            for path in paths
        ]

    async def create(self, request: Request) -> Response:
        body = await _json(request)
        platform = check_create(body)
        return AsciiJSONResponse(
            {"job_id": self._scheduler.add(body, platform.name, key=_key(request))}
        )

    async def status(self, request: Request) -> Response:
        job = self._job(request)
        progress, doing = self._scheduler.progress(job)
        return AsciiJSONResponse(
            {
                "msg": "ok",
                "name": job.name,
                "status": job.status,
                "status_message": job.message,
                "failure_code": job.message,
                "progress": progress,
                "progress_message": doing,
                "creation_datetime": job.created,
                "start_time": job.started,
                "duration": job.duration_s,
                "shots": None,
                "last_intermediate_results": None,
            }
        )

    async def result(self, request: Request) -> Response:
        job = self._job(request)
        return AsciiJSONResponse(
            {
                "job_id": job.id,
                "results": job.results,
                "results_type": None,
                "intermediate_results": [],
                "duration": job.duration_s,
                "shots": None,
            }
        )

    async def cancel(self, request: Request) -> Response:
        self._scheduler.cancel(self._job(request))
        return AsciiJSONResponse({"message": "ok"})

    async def rerun(self, request: Request) -> Response:
        changes = await _json(request, default={})
        check_rerun(changes)
        job = self._job(request)
        if job.status not in job_store.ENDED:
            raise invalid(f"Can not rerun job: it is {job.status}")
        body = job.body | {name: value for name, value in changes.items() if value is not None}
        platform = PLATFORMS_BY_ID.get(changes.get("platform_id") or "", PLATFORMS[job.platform])
        check_payload(body["payload"], platform)
        key = _key(request)
        job_id = self._scheduler.add(body, platform.name, key=key, rerun_from=job.id)
        return AsciiJSONResponse({"job_id": job_id})

    async def data(self, request: Request) -> Response:
        job = self._job(request)
        return AsciiJSONResponse(
            {
                "job_id": job.id,
                "job_name": job.name,
                "status": job.status,
                "command": _text(job.payload.get("command")),
                "payload": job.payload,
                "pcvl_version": job.body.get("pcvl_version"),
                "platform_id": PLATFORMS[job.platform].id,
                "platform_name": job.platform,
                "process_id": job.body.get("process_id"),
                "rerun_from": job.rerun_from,
                "shots": None,
                "failure_code": job.message,
                "created_date": _date(job.created),
                "start_time": _date(job.started),
                "duration": job.duration_s,
                "token_id": None,
                "token_label": None,
            }
        )

    async def availability(self, _request: Request) -> Response:
        waiting, running = self._scheduler.waiting_count, self._scheduler.running_count
        plan = self._scheduler.plan
        return AsciiJSONResponse(
            {
                "max_jobs_in_queue": plan.max_queue,
                "num_jobs_in_queue": waiting + running,
                "max_concurrent_jobs": plan.max_concurrent,
                "num_concurrent_jobs": running,
                "max_running_qt_jobs": 0,
                "num_running_qt_jobs": 0,
            }
        )

    async def platform(self, request: Request) -> Response:
        """Return a platform's details, without the classes that make Perceval 0.12 fail."""
        return AsciiJSONResponse(self._details(_platform(request)))

    async def processor(self, request: Request) -> Response:
        """Return a platform's details with architecture and commands, for Perceval 1.1 or later."""
        platform = _platform(request)
        details = self._details(platform)
        if not platform.simulated:
            return AsciiJSONResponse(details)
        description = asyncio.ensure_future(self._engine.description(platform.name))
        if not (await asyncio.wait({description}, timeout=SPACE_INTERVAL_S))[0]:
            answer = _slowly(details, description)
            return StreamingResponse(answer, media_type=AsciiJSONResponse.media_type)
        details["specs"] |= description.result()
        return AsciiJSONResponse(details)

    def _details(self, platform: Platform) -> dict[str, Any]:
        waiting, running = self._scheduler.waiting_count, self._scheduler.running_count
        return platform.details(jobs=waiting + running, waiting_jobs=waiting)

    def _job(self, request: Request) -> Job:
        job_id = request.path_params["id"]
        try:
            return self._store[job_id]
        except KeyError:
            raise job_not_found(job_id) from None


async def _slowly(
    details: dict[str, Any], description: asyncio.Future[dict[str, str]]
) -> AsyncIterator[bytes]:
    """Yield a space every `SPACE_INTERVAL_S` until the description is ready, then the document.

    JSON allows spaces before the document.
    """
    try:
        while not (await asyncio.wait({description}, timeout=SPACE_INTERVAL_S))[0]:
            yield b" "
        details["specs"] |= description.result()
        yield bytes(AsciiJSONResponse(details).body)
    finally:
        description.cancel()


def make_app(routes: list[Route]) -> Starlette:
    """Return an ASGI application with these routes and with errors in Quandela Cloud's format."""
    return Starlette(
        routes=routes,
        exception_handlers={ApiError: _refuse, HTTPException: _refuse, Exception: _refuse},
    )


async def _json(request: Request, *, default: Any = None) -> Any:
    """Return a request's JSON body, or `default` if the body is empty and `default` is not None.

    Raises:
        ApiError: the body is not valid JSON (400).
    """
    raw = await request.body()
    if not raw and default is not None:
        return default
    return read_json(raw)


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= MAX_KEY_LENGTH:
        raise invalid_fields({"Idempotency-Key": f"Length must be 1 to {MAX_KEY_LENGTH}."})
    return key


def _platform(request: Request) -> Platform:
    name = request.path_params["name"]
    if name not in PLATFORMS:
        raise ApiError(404, f"Platform not found: {name}")
    return PLATFORMS[name]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _date(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def error_response(error: ApiError) -> Response:
    return AsciiJSONResponse(error.document(), error.status, headers=error.headers)


async def _refuse(_request: Request, error: Exception) -> Response:
    if isinstance(error, ApiError):
        return error_response(error)
    if isinstance(error, HTTPException):
        return error_response(ApiError(error.status_code, error.detail, headers=error.headers))
    return error_response(ApiError(500, f"Internal error: {type(error).__name__}"))
