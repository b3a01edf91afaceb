"""Measure the resources of running processes and files from outside, through proc(5)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MB = 2**20
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Gauge:
    """A value that is read repeatedly.

    Attributes:
        read: function that returns the current value.
        unit: unit of the value.
        allowed: permitted growth from the second quarter of the samples to the last.
    """

    read: Callable[[], float]
    unit: str
    allowed: float


@dataclass
class Series:
    """The samples of each gauge."""

    gauges: Mapping[str, Gauge]
    samples: dict[str, list[float]] = field(default_factory=dict)

    def take(self) -> None:
        """Read each gauge, and leave out gauges that can no longer be read."""
        for name, gauge in self.gauges.items():
            try:
                self.samples.setdefault(name, []).append(gauge.read())
            except OSError:
                continue

    def latest(self, *kinds: str) -> str:
        """Return the last samples of some kinds of gauges, as one line."""
        named = [(n, v[-1]) for n, v in self.samples.items() if n.rpartition(": ")[2] in kinds]
        return ", ".join(f"{name} {value:.1f}" for name, value in named)

    def growth(self, name: str) -> float:
        """Return how much the minimum rose from the second quarter of the samples to the last.

        The minimum does not depend on connections that come and go. The first quarter is left out,
        because caches fill during that time.
        """
        values = self.samples[name]
        quarter = max(1, len(values) // 4)
        return min(values[-quarter:]) - min(values[quarter : 2 * quarter] or values[:1])

    def lines(self) -> list[str]:
        """Return a line for each gauge: its first, largest and last value, and its growth."""
        reported = [f"{'':32} {'first':>9} {'largest':>9} {'last':>9} {'growth':>9} {'allowed':>9}"]
        for name, gauge in self.gauges.items():
            values = self.samples.get(name)
            if not values:
                continue
            growth = self.growth(name)
            numbers = (values[0], max(values), values[-1], growth, gauge.allowed)
            columns = " ".join(f"{number:9.1f}" for number in numbers)
            verdict = "  GROWS" if growth > gauge.allowed else ""
            reported.append(f"{f'{name}, {gauge.unit}':32} {columns}{verdict}")
        return reported

    def grown(self) -> list[str]:
        """Return the names of the gauges that grew more than is allowed."""
        return [n for n in self.samples if self.growth(n) > self.gauges[n].allowed]


def of_process(name: str, pid: int, *, memory_mb: float) -> dict[str, Gauge]:
    """Return gauges of a process's memory, threads and descriptors.

    The memory may grow by `memory_mb`.
    """
    return {
        f"{name}: memory": Gauge(lambda: _status(pid, "VmRSS") / 1024, "MB", memory_mb),
        f"{name}: threads": Gauge(lambda: _status(pid, "Threads"), "number", 2),
        f"{name}: descriptors": Gauge(lambda: _descriptors(pid), "number", 8),
    }


def of_log(name: str, path: Path) -> dict[str, Gauge]:
    """Return a gauge of a database's write-ahead log. A reader may make it grow by 4 MB."""
    wal = path.with_name(path.name + "-wal")
    size = Gauge(lambda: wal.stat().st_size / MB if wal.exists() else 0.0, "MB", 4)
    return {f"{name}: WAL": size}


def cpu_s(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _descriptors(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise OSError(f"The system does not say {name} of {pid}.")
