"""Differences between a cloud and its documentation: fields, types, statuses, headers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

OPENAPI = json.loads(
    (Path(__file__).parents[1] / "cloud/quandela-openapi-jobs.json").read_text("utf-8")
)
TELLING = ("idempotency", "retry-after", "ratelimit", "rate-limit", "deprecat", "sunset", "api-ver")
"""Headers whose names contain one of these words could change jobgroup's promises."""

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}


def compare(url: str, token: str, job_id: str) -> Iterator[str]:
    """Send free requests, and yield a sentence for each response and each difference."""
    headers = {"Authorization": f"Bearer {token}"}
    telling: dict[str, str] = {}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        for path in OPENAPI["paths"]:
            known = OPENAPI["paths"][path].get("get")
            answer = client.get(path.replace("{job_id}", job_id))
            telling |= {k: v for k, v in answer.headers.items() if any(t in k for t in TELLING)}
            if known is None:
                yield from _of_a_post(path, answer)
            else:
                found = list(differences(_document(answer), _schema(known, answer.status_code)))
                yield f"GET {path}: {answer.status_code}, {'; '.join(found) or 'as documented'}"
    yield f"headers: {telling or 'none about keys, rates or versions'}"


def differences(document: Any, schema: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the differences between a document and an OpenAPI schema, one level deep."""
    if schema is None:
        yield "a status that is not documented"
        return
    if not isinstance(document, dict):
        yield "no JSON object"
        return
    fields = schema["properties"]
    if missing := sorted(set(fields) - set(document)):
        yield f"without {', '.join(missing)}"
    if more := sorted(set(document) - set(fields)):
        yield f"also with {', '.join(more)}"
    for name, value in document.items():
        wanted = _KINDS.get(fields.get(name, {}).get("type", ""))
        if wanted is None or (value is None and fields[name].get("nullable")):
            continue
        if not isinstance(value, wanted) or isinstance(value, bool):
            yield f"{name} is {type(value).__name__}, not {fields[name]['type']}"


def _of_a_post(path: str, answer: httpx.Response) -> Iterator[str]:
    """Report whether a path that only takes POST exists: 405 means yes, 404 means no."""
    if answer.status_code != 405:
        yield f"GET {path}: {answer.status_code}, where 405 would say that it takes POST"


def _document(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _schema(call: Mapping[str, Any], status: int) -> Mapping[str, Any] | None:
    answer = call["responses"].get(str(status))
    if answer is None:
        return None
    (content,) = answer["content"].values()
    schema: Mapping[str, Any] = OPENAPI["components"]["schemas"][
        content["schema"]["$ref"].rpartition("/")[2]
    ]
    return schema
