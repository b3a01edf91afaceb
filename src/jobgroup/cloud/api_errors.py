"""What the cloud refuses, as the vendor says it: ``{"error": sentence, "detail": {...}}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ProblemError(Exception):
    """A request that is answered with an error.

    Attributes:
        status: the HTTP status code.
        sentence: what is wrong, for a person.
        detail: the same, for a program.
        headers: additional headers of the answer.
    """

    def __init__(
        self,
        status: int,
        sentence: str,
        detail: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.detail = dict(detail or {})
        self.headers = dict(headers or {})

    def __reduce__(self) -> tuple[type[ProblemError], tuple[Any, ...]]:
        return type(self), (self.status, self.sentence, self.detail, self.headers)

    def document(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        document: dict[str, Any] = {"error": self.sentence, "detail": self.detail}
        if self.status == 422:
            document["message"] = self.sentence  # where the vendor's 422 has its sentence
        return document


def invalid(message: str) -> ProblemError:
    """400: the request breaks a rule."""
    return ProblemError(400, message)


def job_not_found(job_id: str) -> ProblemError:
    """404: no such job."""
    return ProblemError(404, f"Not found job: {job_id}")


def invalid_fields(fields: Mapping[str, str]) -> ProblemError:
    """422: fields of the body that are missing or have the wrong type."""
    return ProblemError(
        422, "Validation error", {"json": {name: [problem] for name, problem in fields.items()}}
    )
