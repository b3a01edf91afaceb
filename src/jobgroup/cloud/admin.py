"""Serve ``/faults``, where other processes change an embedded cloud's faults and plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jobgroup.cloud.api import AsciiJSONResponse
from jobgroup.cloud.api_errors import invalid
from jobgroup.cloud.faults import Faults
from jobgroup.cloud.payloads import read_json
from jobgroup.cloud.scheduler import Scheduler

_PLAN: Final = {"max_queue": int, "max_concurrent": int, "supports_idempotency_keys": bool}

GoOffline = Callable[[float], None]


class AdminApi:
    """The calls under ``/faults``. They require the token, and faults do not affect them."""

    def __init__(self, faults: Faults, scheduler: Scheduler, go_offline: GoOffline) -> None:
        self._faults = faults
        self._scheduler = scheduler
        self._go_offline = go_offline

    def routes(self) -> list[Route]:
        return [
            Route("/faults", self.show, methods=["GET"]),
            Route("/faults", self.add, methods=["POST"]),
            Route("/faults", self.clear, methods=["DELETE"]),
            Route("/faults/plan", self.set_plan, methods=["PUT"]),
            Route("/faults/offline", self.take_offline, methods=["POST"]),
        ]

    async def show(self, _request: Request) -> Response:
        plan = asdict(self._scheduler.plan)
        return AsciiJSONResponse({"faults": self._faults.active(), "plan": plan})

    async def add(self, request: Request) -> Response:
        options = await _object(request)
        try:
            return AsciiJSONResponse({"number": self._faults.add(**options)})
        except (TypeError, ValueError) as error:
            raise invalid(f"Invalid fault: {error}") from error

    async def clear(self, _request: Request) -> Response:
        self._faults.clear()
        return AsciiJSONResponse({"message": "ok"})

    async def set_plan(self, request: Request) -> Response:
        changes = await _object(request)
        for name, value in changes.items():
            if type(value) is not _PLAN.get(name):
                raise invalid(f"Invalid plan: {name} = {value!r}")
        try:
            self._scheduler.set_plan(**changes)
        except ValueError as error:
            raise invalid(f"Invalid plan: {error}") from error
        return await self.show(request)

    async def take_offline(self, request: Request) -> Response:
        duration_s = (await _object(request)).get("duration_s")
        if not isinstance(duration_s, int | float) or not 0 < duration_s <= 86_400:
            raise invalid("duration_s must be greater than 0 and at most 86400")
        self._go_offline(duration_s)
        return AsciiJSONResponse({"message": "ok"})


async def _object(request: Request) -> dict[str, Any]:
    value = read_json(await request.body())
    if not isinstance(value, dict):
        raise invalid("The body is not a JSON object")
    return value
