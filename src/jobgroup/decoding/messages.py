"""Check Perceval's binary messages, such as circuits and experiments, before building anything.

Only known messages and fields are accepted. Their texts are names, states or formulas, each with
its own grammar. The sizes of lists that Perceval would create are bounded. The message is rewritten
from the checked parts, and Perceval reads nothing else.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from jobgroup.decoding.bounds import Budget, RefusedError
from jobgroup.decoding.formulas import FormulaError, check_formula, check_name
from jobgroup.decoding.quantum_states import check_state

MESSAGES: Final = {
    "ACircuit": "Circuit",
    "Component": "Component",
    "Experiment": "Experiment",
    "CompiledCircuit": "CompiledCircuit",
    "CompiledCircuitVersion": "CompiledCircuitVersion",
    "Herald": "Herald",
    "Port": "Port",
    "Detector": "Detector",
    "BSLayeredDetector": "BSLayeredPPNR",
    "Matrix": "Matrix",
    "MatrixN": "Matrix",
    "MatrixS": "Matrix",
}
"""Names of the messages of each binary kind."""

MAX_MODES: Final = 1_024
MAX_LABEL: Final = 1_000

_COMPONENTS: Final = frozenset(
    {"Circuit", "PhaseShifter", "BeamSplitter", "Permutation", "Unitary", "WavePlate"}
    | {"PolarizationRotator", "TimeDelay", "PolarizedBeamSplitter", "Barrier", "LossChannel"}
    | {"FFCircuitProvider", "FFConfigurator", "CompiledCircuit"}
)
_PARTS: Final = frozenset(
    {"Parameter", "Matrix", "MatrixDouble", "MatrixSymbolic", "Component", "Experiment"}
    | {"CompiledCircuitVersion", "CircuitOrExperiment", "VariableValues"}
    | {"IDetector", "Detector", "BSLayeredPPNR", "APort", "Port", "Herald"}
)
_KNOWN: Final = _COMPONENTS | _PARTS
_MAX_VALUES_BY_NAME: Final = {
    "n_mode": MAX_MODES,
    "rows": MAX_MODES,
    "cols": MAX_MODES,
    "starting_mode": MAX_MODES,
    "bs_layers": 12,
    "n_wires": 10_000,
    "max_detections": 10_000,
    "value": 10_000,
}
_RELEASE: Final = re.compile(r"[0-9A-Za-z.+!_-]{0,60}")
_WORK: Final = {"Component": 10, "Experiment": 10, "ConfigCircEntry": 10}
"""Number of items for which a slow message counts."""

Nested = Callable[[str], str]


class Inspector:
    """A checker of messages.

    Args:
        budget: bounds of the messages.
        nested: function that checks texts of other kinds, such as an input state.
        formulas: whether parameters may be formulas.
    """

    def __init__(self, budget: Budget, nested: Nested, *, formulas: bool) -> None:
        self._budget = budget
        self._nested = nested
        self._formulas = formulas

    def check(self, kind: str, text: str) -> str:
        """Return the rewritten text of a message, or raise RefusedError."""
        self._budget.take_message(len(text) * 3 // 4)
        message = read(kind, text)
        self._check(message)
        return base64.b64encode(message.SerializeToString()).decode()

    def _check(self, message: Any) -> None:
        name = message.DESCRIPTOR.name
        if name not in _KNOWN:
            raise RefusedError(f"it contains a {name}, which is unknown")
        self._budget.take_parts(_WORK.get(name, 1))
        if name == "Parameter":
            self._check_parameter(message)
        if name in ("Circuit", "Experiment"):  # each component is placed on all modes
            self._budget.take_parts(len(message.components) * (message.n_mode // 4))
        if name == "Permutation":  # Perceval builds a matrix of this size
            self._budget.take_parts(len(message.permutations) ** 2 // 8)
        for field, value in message.ListFields():
            if name == "MatrixDouble":
                self._budget.take_parts(len(value))
            elif name != "Parameter" or field.name == "expr_parameters":
                self._check_field(message, field, value)

    def _check_parameter(self, parameter: Any) -> None:
        kind = parameter.WhichOneof("type")
        try:
            if kind != "expression":
                for name in (parameter.name, parameter.symbol):
                    check_name(name)
                return
            if not self._formulas:
                raise RefusedError("a parameter of its circuit is a formula")
            declared = getattr(parameter, "expr_parameters", ())  # no formulas before 0.13
            names = frozenset(each.name or each.symbol for each in declared)
            for formula in filter(None, (parameter.expression, parameter.name)):
                check_formula(formula, names or None)
        except FormulaError as error:
            raise RefusedError(f"a formula in it is not accepted: {error}") from None

    def _check_field(self, message: Any, field: Any, value: Any) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            self._check_entries(field, value)
        elif hasattr(value, "ListFields"):
            self._check(value)
        elif isinstance(value, str):
            self._check_text(message, field.name, value)
        elif isinstance(value, bool | float):
            pass
        elif isinstance(value, int):
            _check_number(field.name, value)
        else:
            for each in value:
                if hasattr(each, "ListFields"):
                    self._check(each)
                elif isinstance(each, str):
                    raise RefusedError(f"its {field.name} has an unknown text")
                else:
                    self._budget.take_parts()

    def _check_entries(self, field: Any, entries: Any) -> None:
        self._budget.take_parts(len(entries) * _WORK.get(field.message_type.name, 1))
        for key in entries:
            if isinstance(key, str):
                if field.name == "mapping":
                    _check_label(key)
                else:
                    check_state(key, self._budget)
            elif not 0 <= key < MAX_MODES:
                raise RefusedError(f"{key} is not a mode")
            value = entries[key]
            if hasattr(value, "ListFields"):
                self._check(value)

    def _check_text(self, message: Any, name: str, text: str) -> None:
        if name in ("input_state", "noise_model", "post_select"):
            setattr(message, name, self._nested(text))
        elif name == "user_input_state":
            check_state(text, self._budget)
        elif name in ("hardware_version", "carac_version"):
            if not _RELEASE.fullmatch(text):
                raise RefusedError(f"its {name} is invalid")
        elif name in ("name", "annotation"):
            _check_label(text)
        else:
            raise RefusedError(f"its {name} has an unknown text")


def read(kind: str, text: str) -> Any:
    """Return the message in a base64 text, or raise RefusedError."""
    schema = _schema()
    try:
        message = getattr(schema, MESSAGES[kind])()
        message.ParseFromString(base64.b64decode(text))
    except Exception as error:  # noqa: BLE001 # DecodeError has no public name
        raise RefusedError(f"it cannot be read ({type(error).__name__})") from None
    return message


def _schema() -> Any:
    try:
        return import_module("exqalibur.serialization.circuit_pb2")
    except ImportError:  # its module before Perceval 1.2
        return import_module("perceval.serialization._schema_circuit_pb2")


def _check_label(text: str) -> None:
    if len(text) > MAX_LABEL:
        raise RefusedError(f"a name in it has more than {MAX_LABEL} characters")


def _check_number(name: str, value: int) -> None:
    if name == "min_photons_filter" or abs(value) <= _MAX_VALUES_BY_NAME.get(name, 1_000_000):
        return
    raise RefusedError(f"its {name} is {value}")
