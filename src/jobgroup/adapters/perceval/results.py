"""Decoding results as Perceval does, without what could harm."""

from __future__ import annotations

import re
from typing import Any, Final

from perceval import RemoteJob

from jobgroup.adapters.base import UndecodableResultError
from jobgroup.adapters.perceval.packed import MAX_UNPACKED_BYTES, is_within_bounds

_CONVERSION: Final = re.compile(r"(probs|samples|sample_count)_to_(probs|samples|sample_count)")
_DISGUISES: Final = (":PCVL:", "pcvlar")


def decode(text: str, plain: Any) -> Any:
    """The results in `text`, whose JSON is `plain`, through Perceval's own `get_results`."""
    refuse_harm(text, plain)
    try:
        return RemoteJob.from_id("decoded here", _Results(text)).get_results()
    except Exception as error:
        raise UndecodableResultError(
            f"Perceval cannot decode the results ({error}); their text is kept in this error's "
            "`raw`.",
            raw=text,
        ) from error


def refuse_harm(text: str, plain: Any) -> None:
    """See that decoding does neither run foreign code nor fill the memory.

    Raises:
        UndecodableResultError: it would.
    """
    _refuse_foreign_code(text, plain)
    if not is_within_bounds(plain):
        raise UndecodableResultError(
            f"The results would take more than {MAX_UNPACKED_BYTES >> 20} MiB unpacked, so they"
            " were not; their text is kept in this error's `raw`.",
            raw=text,
        )


class _Results:
    """Stands for the cloud of a finished job and answers from what was fetched."""

    name, url, token = "", "", ""
    proxies: Final[dict[str, str]] = {}
    headers: Final[dict[str, str]] = {}

    def __init__(self, text: str) -> None:
        self._text = text

    def get_job_status(self, _id: str) -> dict[str, Any]:
        return {
            "status": "completed",
            "status_message": "",
            "progress": 1.0,
            "progress_message": "",
            "creation_datetime": 0.0,
            "start_time": 0.0,
            "duration": 0,
        }

    def get_job_results(self, _id: str) -> dict[str, Any]:
        return {"results": self._text}


def _refuse_foreign_code(text: str, plain: Any) -> None:
    # Perceval imports and calls the function that a result's job_context names, whatever it is, and
    # looks for that name only after turning its own texts, keys too, into objects.
    context = plain.get("job_context") if isinstance(plain, dict) else None
    mapping = context.get("result_mapping") if isinstance(context, dict) else None
    if _is_open(plain) and _is_open(context) and (mapping is None or _is_conversion(mapping)):
        return
    raise UndecodableResultError(
        "The results ask for a conversion that is none of Perceval's, so it was not run; "
        "their text is kept in this error's `raw`.",
        raw=text,
    )


def _is_conversion(mapping: Any) -> bool:
    return (
        isinstance(mapping, list)
        and len(mapping) == 2
        and mapping[0] == "perceval.utils"
        and bool(_CONVERSION.fullmatch(str(mapping[1])))
    )


def _is_open(value: Any) -> bool:
    # Whether what stands there is what Perceval will see.
    if isinstance(value, dict):
        return value.get("header") not in _DISGUISES and not any(
            key.startswith(_DISGUISES) for key in value
        )
    return not isinstance(value, str)
