"""Define the REST API's errors in the vendor's form: ``{"error": sentence, "detail": {...}}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """An error response: its HTTP status, message for people, detail for programs and headers."""

    def __init__(
        self,
        status: int,
        message: str,
        detail: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = dict(detail or {})
        self.headers = dict(headers or {})

    def __reduce__(self) -> tuple[type[ApiError], tuple[Any, ...]]:
        return type(self), (self.status, self.message, self.detail, self.headers)

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {"error": self.message, "detail": self.detail}
        if self.status == 422:
            document["message"] = self.message  # the vendor's 422 has its sentence here
        return document


def invalid(message: str) -> ApiError:
    return ApiError(400, message)


def job_not_found(job_id: str) -> ApiError:
    return ApiError(404, f"Not found job: {job_id}")


def invalid_fields(fields: Mapping[str, str]) -> ApiError:
    return ApiError(
        422, "Validation error", {"json": {name: [problem] for name, problem in fields.items()}}
    )
