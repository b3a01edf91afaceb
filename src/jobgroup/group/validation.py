"""Validate arguments before a call has any effect. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import index
from typing import Any, SupportsFloat

from jobgroup.engine.run import RunRequest
from jobgroup.values import plain, plain_deep
from jobgroup.words import shown


def run_request(
    *,
    rerun: bool = False,
    entry_ids: Sequence[int] | None = None,
    params: Mapping[str, Any] | None = None,
    replace: bool = True,
    queue: bool = False,
    wait: bool = False,
    delay: float | None = None,
    concurrent_job_count: int | None = None,
    stop_after_failures: int | None = None,
    retries: int = 0,
    budget_shots: int | None = None,
    is_background: bool = False,
) -> RunRequest:
    """Return the request for a run.

    Raises:
        TypeError, ValueError: an argument is invalid or conflicts with another.
    """
    validate_flags(replace=replace, queue=queue, wait=wait)
    if params is not None and not isinstance(params, Mapping):
        raise TypeError(f"params must be a dict such as {{'max_shots': 100}}, got {shown(params)}.")
    if queue and delay is not None:
        raise TypeError("delay cannot be used with queue=True, which sends as slots become free.")
    if params and not rerun:
        raise TypeError("params requires rerun=True: unsent jobs keep the params of add().")
    if not replace and not rerun:
        raise TypeError("replace=False requires rerun=True: a first run replaces no job.")
    queue = queue or wait
    is_at_once = not queue and delay is None
    if is_at_once and (concurrent_job_count, stop_after_failures) != (None, None):
        raise TypeError(
            "concurrent_job_count and stop_after_failures require queue=True or wait=True:"
            " otherwise all jobs are sent at once."
        )
    validate_counts(
        concurrent_job_count=concurrent_job_count,
        stop_after_failures=stop_after_failures,
        budget_shots=budget_shots,
    )
    validate_counts(least=0, retries=retries)
    return RunRequest(
        rerun=rerun,
        entry_ids=None if entry_ids is None else tuple(entry_ids),
        mode="queue" if queue else "parallel" if is_at_once else "sequential",
        replace=bool(replace),
        waits=bool(wait),
        overrides=plain_deep(dict(params or {})),
        delay_s=0.0 if delay is None else validate_delay(delay),
        concurrent_job_count=concurrent_job_count,
        stop_after_failures=stop_after_failures,
        retries=index(retries),
        budget_shots=budget_shots,
        is_background=is_background,
    )


def validate_delay(delay: Any) -> float:
    """Return the number of seconds to wait between two jobs.

    Raises:
        TypeError: `delay` is not a number.
        ValueError: `delay` is negative, infinite or NaN.

    >>> validate_delay(0), validate_delay(2.5)
    (0.0, 2.5)
    """
    seconds = _seconds("delay", delay)
    if not 0 <= seconds < math.inf:
        raise ValueError(f"delay must be at least 0 s, got {shown(delay)}.")
    return seconds


def validate_timeout(timeout: Any) -> float | None:
    """Return the number of seconds to wait, or None to wait forever.

    Raises:
        TypeError: `timeout` is not a number.
        ValueError: `timeout` is NaN.
    """
    if timeout is None:
        return None
    seconds = _seconds("timeout", timeout)
    if math.isnan(seconds):
        raise ValueError(f"timeout must be a number of seconds, got {shown(timeout)}.")
    return seconds


def validate_counts(*, least: int = 1, **counts: Any) -> None:
    """Check that each count is a whole number of at least `least`, or None.

    Raises:
        TypeError: a count is not a whole number.
        ValueError: a count is less than `least`.
    """
    for name, count in counts.items():
        if count is None and least:
            continue
        wrong_type = TypeError(f"{name} must be a whole number, got {shown(count)}.")
        if isinstance(count, bool):
            raise wrong_type
        try:
            is_too_small = index(count) < least
        except TypeError:
            raise wrong_type from None
        if is_too_small:
            raise ValueError(f"{name} must be at least {least}, got {shown(count)}.")


def validate_flags(**flags: Any) -> None:
    """Check that each flag is True or False; NumPy's count too.

    Raises:
        TypeError: a flag is neither.
    """
    for name, flag in flags.items():
        if not isinstance(plain(flag), bool):
            raise TypeError(f"{name} must be True or False, got {shown(flag)}. Nothing was sent.")


def _seconds(what: str, given: Any) -> float:
    # NumPy's numbers count, but neither strings nor True, which was meant for another argument.
    if isinstance(given, SupportsFloat) and not isinstance(plain(given), bool):
        try:
            return float(given)
        except OverflowError:
            raise ValueError(f"{what} must be less than the largest float.") from None
    raise TypeError(f"{what} must be a number of seconds, got {shown(given)}.")
