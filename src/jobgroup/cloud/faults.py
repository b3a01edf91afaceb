"""Making the cloud misbehave on purpose, at run time, as networks and busy clouds do.

Users test their scripts with it, as jobgroup's own tests do. `EmbeddedCloud.faults` is the switch;
``/faults`` is the same over HTTP, for another process.
"""

from __future__ import annotations

import random
import threading
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
HTML: Final = "<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of misbehaving.

    Attributes:
        kind: what goes wrong.

            - ``drop_request``: the connection is reset, and the request has no effect.
            - ``drop_response``: the request has its effect, then the connection is reset.
            - ``delay``: it is served `delay_s` late.
            - ``delay_response``: it is served at once and answered `delay_s` late.
            - ``http_error``: answered with `status`, `message` and, if given, `retry_after_s`.
            - ``refuse_token``: 401 "Invalid or expired job token".
            - ``no_credits``: 401 "Not enough credits".
            - ``malformed_response``: answered 200 with `body`, which is not what the contract says.
            - ``fail_job``: a job that starts to run fails with `message`.
        calls: the calls that it concerns: ``create``, ``status``, ``result``, ``cancel``,
            ``rerun``, ``availability``, ``details``, ``data``; all of them when empty.
        times: how often it happens; None for every time, until it is cleared.
        probability: how likely it is at each such call, 0 to 1.
        seed: makes a probability's dice the same in every run.
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
        """Refuse what does not exist.

        Raises:
            ValueError: an unknown kind or call, or a number out of range.
        """
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of fault; there are {', '.join(KINDS)}.")
        for call in self.calls:
            if call not in CALLS:
                raise ValueError(f"{call!r} is no call; there are {', '.join(CALLS)}.")
        if not 0 <= self.probability <= 1:
            raise ValueError("A probability is 0 to 1.")
        if self.delay_s < 0 or not 400 <= self.status <= 599 or (self.times or 1) < 1:
            raise ValueError("delay_s is 0 or more, status 400 to 599, times 1 or more.")

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
    """The faults of one cloud. Every method may be called from any thread.

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

    def add(self, kind: Kind, *, calls: Iterable[Call] = (), **options: Any) -> int:
        """Add a fault and return its number; `options` are the other attributes of `Fault`.

        Raises:
            ValueError, TypeError: there is no such kind, call or option.
        """
        fault = Fault(kind, calls=tuple(calls), **options)
        with self._lock:
            self._added += 1
            self._armed[self._added] = _Armed(fault, fault.times, random.Random(fault.seed))
            return self._added

    def remove(self, number: int) -> None:
        """End one fault; nothing happens where it has ended."""
        with self._lock:
            self._armed.pop(number, None)

    def clear(self) -> None:
        """End all of them."""
        with self._lock:
            self._armed.clear()

    def active(self) -> dict[int, dict[str, Any]]:
        """The attributes of each fault that may still happen, with the `times` that are left."""
        with self._lock:
            return {
                number: asdict(armed.fault) | {"times": armed.times_left}
                for number, armed in self._armed.items()
            }

    def draw(self, call: str) -> list[Fault]:
        """The faults that happen at this call, oldest first; each of them is counted."""
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
