"""Define faults of the embedded cloud, like those of networks and busy clouds.

Use them to test scripts. `EmbeddedCloud.faults` adds and removes them; other processes use
``/faults`` over HTTP. `middleware` makes them happen.
"""

from __future__ import annotations

import asyncio
import math
import random
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, get_args

Kind = Literal[
    "drop_request",
    "drop_response",
    "delay",
    "delay_response",
    "http_error",
    "refuse_token",
    "no_credits",
    "malformed_response",
    "fail_job",
]
Call = Literal[
    "create", "status", "result", "cancel", "rerun", "availability", "details", "data", "run"
]

KINDS: Final = get_args(Kind)
CALLS: Final = get_args(Call)
FAULT_CHECK_INTERVAL_S: Final = 0.02
HTML: Final = "<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        kind: effect on a request.

            - ``drop_request``: the connection is reset, and the request has no effect.
            - ``drop_response``: the request takes effect, then the connection is reset.
            - ``delay``: the request takes effect `delay_s` late.
            - ``delay_response``: the request takes effect at once; the response is `delay_s` late.
              `Faults.clear` ends both kinds of delay early.
            - ``http_error``: response with `status`, `message` and, if given, `retry_after_s`.
            - ``refuse_token``: 401 "Invalid or expired job token".
            - ``no_credits``: 401 "Not enough credits".
            - ``malformed_response``: 200 with `body`, which breaks the contract.
            - ``fail_job``: a job that starts to run fails with `message`.
        calls: affected calls: ``create``, ``status``, ``result``, ``cancel``, ``rerun``,
            ``availability``, ``details``, ``data``; all of them if empty.
        times: number of occurrences; None for no limit.
        probability: probability of an occurrence at each affected call, 0 to 1.
        seed: seed for the random occurrences.
    """

    kind: Kind
    calls: tuple[Call, ...] = ()
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    delay_s: float = 0.0
    status: int = 503
    retry_after_s: float | None = None
    message: str = "The service is unavailable"
    body: str = HTML

    def __post_init__(self) -> None:
        """Raise ValueError for an unknown kind or call, or a number out of range."""
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}.")
        for call in self.calls:
            if call not in CALLS:
                raise ValueError(f"calls must be some of {', '.join(CALLS)}, got {call!r}.")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability must be from 0 to 1, got {self.probability!r}.")
        if not all(0 <= seconds < math.inf for seconds in (self.delay_s, self.retry_after_s or 0)):
            raise ValueError("delay_s and retry_after_s must be finite and at least 0.")
        if not 400 <= self.status <= 599 or (self.times or 1) < 1:
            raise ValueError("status must be from 400 to 599, and times at least 1.")

    def concerns(self, call: str) -> bool:
        if (self.kind == "fail_job") != (call == "run"):
            return False
        return not self.calls or call in self.calls or call == "run"


@dataclass(slots=True)
class _Armed:
    fault: Fault
    times_left: int | None
    dice: random.Random = field(repr=False)


class Faults:
    """The faults of one cloud. Thread-safe.

    Example:
        >>> faults = Faults()
        >>> number = faults.add("drop_response", calls=["create"], times=1)
        >>> [fault.kind for fault in faults.draw("create")]
        ['drop_response']
        >>> faults.draw("create")
        []
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: dict[int, _Armed] = {}
        self._added = 0
        self.clearances = 0

    def add(self, kind: Kind, *, calls: Iterable[Call] = (), **options: Any) -> int:
        """Add a fault and return its number; `options` are the other attributes of `Fault`.

        Raises:
            ValueError, TypeError: a kind, call or option is unknown.
        """
        fault = Fault(kind, calls=tuple(calls), **options)
        with self._lock:
            self._added += 1
            self._armed[self._added] = _Armed(fault, fault.times, random.Random(fault.seed))
            return self._added

    def remove(self, number: int) -> None:
        """Remove a fault, if it still exists."""
        with self._lock:
            self._armed.pop(number, None)

    def clear(self) -> None:
        """Remove all faults, and end the delays under way."""
        with self._lock:
            self._armed.clear()
            self.clearances += 1

    async def delay(self, delay_s: float, clearances: int) -> None:
        """Wait for a time, or until the faults were cleared more often than that."""
        end = time.monotonic() + delay_s
        while self.clearances == clearances:
            left_s = end - time.monotonic()
            if left_s <= 0:
                return
            await asyncio.sleep(min(left_s, FAULT_CHECK_INTERVAL_S))

    def active(self) -> dict[int, dict[str, Any]]:
        """Return the attributes of each fault that may still happen; `times` is what remains."""
        with self._lock:
            return {
                number: asdict(armed.fault) | {"times": armed.times_left}
                for number, armed in self._armed.items()
            }

    def draw(self, call: str) -> list[Fault]:
        """Return the faults that happen at this call, oldest first, and count the occurrences."""
        hits = []
        with self._lock:
            for number, armed in list(self._armed.items()):
                if not armed.fault.concerns(call):
                    continue
                if armed.dice.random() >= armed.fault.probability:
                    continue
                hits.append(armed.fault)
                if armed.times_left is not None:
                    armed.times_left -= 1
                    if not armed.times_left:
                        del self._armed[number]
        return hits
