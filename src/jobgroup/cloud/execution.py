"""Execute a payload with Perceval, in a worker.

Any `concurrent.futures.Executor` can run these functions: they can be imported by name, take and
return plain data, and return a payload's errors instead of raising them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from copy import copy, deepcopy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from jobgroup.cloud.payloads import MAX_PAYLOAD_BYTES
from jobgroup.cloud.platforms import PLATFORMS, Platform
from jobgroup.decoding import Budget, Decoder, RefusedError

if TYPE_CHECKING:
    from numpy.random import Generator

PROGRESS_REPORT_INTERVAL_S = 0.1

Report = Callable[[float, str | None], Any]
Compute = Callable[[dict[str, Any], Report], dict[str, Any]]


class Outcome(TypedDict, total=False):
    """The outcome of an execution. It has exactly one key.

    Attributes:
        results: result document, as JSON text.
        error: reason for a missing result, for people.
        canceled: True if the execution stopped on request.
    """

    results: str
    error: str
    canceled: bool


def import_perceval() -> None:
    """Import Perceval in advance, so that the first job does not wait for the import."""
    import perceval  # noqa: F401


def describe(name: str) -> dict[str, str]:
    """Return the details of a platform that Perceval writes, and that only 1.1 or later reads."""
    import perceval as pcvl
    from perceval.runtime.command import CommandFactory
    from perceval.runtime.error_mitigation import AMitigation
    from perceval.runtime.platform_specs import (
        PlatformSpecs,
        serialize_specs_backward_compatibility,
    )

    platform = PLATFORMS[name]
    modes = platform.constraints["max_mode_count"]
    architecture = pcvl.Experiment(modes)
    if platform.threshold:
        for mode in range(modes):
            architecture.add(mode, pcvl.Detector.threshold())
    specs = PlatformSpecs()
    specs.architecture = architecture
    specs.commands = [getattr(CommandFactory, command) for command in platform.commands or ()]
    specs.known_mitigations = AMitigation.KNOWN_MITIGATIONS
    described = dict(serialize_specs_backward_compatibility(specs))
    if "sample_count" not in (platform.commands or ()):
        del described["commands"]  # Perceval converts the results of platforms that declare none
    return described


def execute(
    payload: dict[str, Any],
    name: str,
    pcvl_version: str | None,
    seed: int,
    control_file: str | None = None,
) -> Outcome:
    """Execute one payload on a platform.

    Args:
        payload: payload as received, in any of the three formats of Perceval's releases.
        name: platform name.
        pcvl_version: version of the client's Perceval; None if unknown.
        seed: seed for the counts and samples.
        control_file: file for progress, if this machine has the file's directory. When the cloud
            creates ``<control_file>.stop``, the execution ends at its next step.
    """
    import numpy as np
    from perceval.serialization import serialize

    reporter = _Reporter(control_file)
    compute = partial(_compute, PLATFORMS[name], pcvl_version, np.random.default_rng(seed))
    outcome: Outcome
    try:
        outcome = {"results": json.dumps(serialize(_run(payload, compute, reporter)))}
    except RefusedError as refusal:
        outcome = {"error": f"The payload is refused: {refusal}."}
    except KeyboardInterrupt as error:  # Perceval's native code raises this when asked to stop
        outcome = {"error": str(error)}
    except Exception as error:  # noqa: BLE001, whatever Perceval raises is the job's error
        outcome = {"error": f"{type(error).__name__}: {error}"}
    return {"canceled": True} if reporter.stopped else outcome


def _run(payload: dict[str, Any], compute: Compute, reporter: _Reporter) -> dict[str, Any]:
    raw = _decoded(payload)
    # A client that converts results needs its own context.
    context = raw.pop("job_context", None)
    iterations = raw.get("iterator") or []
    if any("noise" in iteration for iteration in iterations):
        results = {"results_list": _one_by_one(raw, iterations, compute, reporter)}
    else:
        results = compute(raw, reporter)
    return results | {"job_context": context} if context else results


def _one_by_one(
    raw: dict[str, Any], iterations: list[dict[str, Any]], compute: Compute, reporter: _Reporter
) -> list[dict[str, Any]]:
    """Run iterations one by one, because Perceval's iterator rejects changes of the noise."""
    results_list = []
    for index, iteration in enumerate(iterations):
        single = deepcopy(raw)
        single["iterator"] = [{k: v for k, v in iteration.items() if k != "noise"}]
        if "noise" in iteration:
            single["noise"] = iteration["noise"]
        results = compute(single, reporter.part(index, len(iterations)))
        if reporter.stopped:
            break
        results_list.append({**results["results_list"][0], "iteration": iteration})
    return results_list


def _decoded(payload: dict[str, Any]) -> dict[str, Any]:
    """Decode a payload's objects; only allowed kinds and arithmetic formulas are accepted."""
    from jobgroup.decoding.perceval_maker import PercevalMaker

    budget = Budget(MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES)
    decoder = Decoder(PercevalMaker(), formulas=True, archives=True, strict=True, budget=budget)
    decoded: dict[str, Any] = decoder.decode(payload, "payload")
    return decoded


def _compute(
    platform: Platform,
    pcvl_version: str | None,
    random: Generator,
    raw: dict[str, Any],
    report: Report,
) -> dict[str, Any]:
    import perceval as pcvl
    from perceval.runtime.contraint_checker import ConstraintChecker
    from perceval.runtime.payload_generator import PayloadGenerator
    from perceval.runtime.payload_updater import PayloadUpdater

    from jobgroup.cloud.sampling import SamplingComputer

    computer = SamplingComputer(random)
    raw = _with_photon_filters(raw, pcvl_version)
    if "experiment" in raw and raw.get("noise") is not None:
        raw["experiment"].noise = raw["noise"]
    payload = PayloadUpdater.update_payload(raw, computer)
    computation = PayloadGenerator.get_computation(payload)
    mitigations, noise, parameters = PayloadGenerator.read_configuration_from_payload(payload)

    experiment = computation.experiment
    if platform.threshold:
        for mode, detector in enumerate(experiment.detectors):
            if detector is None:
                experiment.add(mode, pcvl.Detector.threshold())
    ConstraintChecker.verify_experiment(dict(platform.constraints), experiment)
    if computation.command.name != "probs" and computation.parameters.get("max_samples") is None:
        shots = computation.parameters.get("max_shots")
        if shots is not None:
            computation.add_params(max_samples=shots)

    computer.parameters = dict(parameters or {})
    computer.mitigations = mitigations
    computer.noise = noise or (pcvl.NoiseModel(**platform.noise) if platform.noise else None)
    computer.compute_physical_logical_perf(True)
    results: dict[str, Any] = computer.execute(computation, progress_callback=report)
    return results


def _with_photon_filters(raw: dict[str, Any], pcvl_version: str | None) -> dict[str, Any]:
    """Subtract the herald photons, which Perceval counts as detected before 0.13."""
    raw = copy(raw)
    heralded = sum((raw.get("heralds") or {}).values())
    if not heralded or _version(pcvl_version) >= (0, 13):
        return raw
    key = "min_detected_photons"

    def corrected(parameters: dict[str, Any]) -> dict[str, Any]:
        if parameters.get(key) is None:
            return parameters
        return {**parameters, key: max(0, parameters[key] - heralded)}

    raw["parameters"] = corrected(raw.get("parameters") or {})
    if raw.get("iterator"):
        raw["iterator"] = [corrected(iteration) for iteration in raw["iterator"]]
    return raw


def _version(text: str | None) -> tuple[int, ...]:
    """Return the major and minor version; if unknown, those of a recent release."""
    try:
        return tuple(int(part) for part in (text or "").split(".")[:2])
    except ValueError:
        return (1, 0)


class _Reporter:
    """A progress callback for Perceval, which writes to a file and checks whether to stop."""

    def __init__(self, control_file: str | None) -> None:
        self.stopped = False
        self._file = Path(control_file) if control_file else None
        self._is_dropped = _dropped_by_dask()
        self._due = 0.0

    def __call__(self, progress: float, message: str | None = None) -> dict[str, bool] | None:
        now = time.monotonic()
        if now >= self._due:
            self._due = now + PROGRESS_REPORT_INTERVAL_S
            self.stopped = self.stopped or self._is_dropped() or self._is_asked_to_stop()
            self._write(progress, message)
        return {"cancel_requested": True} if self.stopped else None

    def _is_asked_to_stop(self) -> bool:
        return self._file is not None and self._file.with_suffix(".stop").exists()

    def _write(self, progress: float, message: str | None) -> None:
        if self._file is None or self.stopped:
            return
        try:
            self._file.write_text(json.dumps({"progress": progress, "message": message}))
        except OSError:
            self._file = None  # this machine does not have the directory

    def part(self, index: int, count: int) -> Report:
        """Return the callback for one of `count` equal parts."""

        def report(progress: float, message: str | None = None) -> Any:
            return self((index + progress) / count, message)

        return report


def _dropped_by_dask() -> Callable[[], bool]:
    """Return a function that checks whether this thread's Dask task, if any, was canceled."""
    distributed = sys.modules.get("distributed")
    try:
        worker = distributed.get_worker()  # type: ignore[union-attr]
        key = worker.get_current_task()
    except (AttributeError, ValueError):
        return lambda: False

    def is_dropped() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    return is_dropped
