"""Decode data from outside. No other package does this.

Clouds' results, cached results, group files of colleagues and of Perceval, and payloads of the
embedded cloud contain Perceval's texts (``:PCVL:BSCount:{...}``) and archives (``pcvlar ...``).
Perceval's own `deserialize` builds anything that they name, evaluates formulas as Python, and
connects to clouds. So it never receives data from outside. `Decoder` decodes only listed kinds. It
checks each kind with its own grammar and within bounds. Other data stays text, with a reason. Of
Perceval, this package imports only the description of its binary messages.

The kinds that each release decodes, according to its source (docs/decoding.md lists the tested
releases):

======================================================== ==== ==== ========== ======= ===
kind                                                     0.12 0.13 1.0, 1.1   1.2     1.3
======================================================== ==== ==== ========== ======= ===
BasicState, StateVector, SVDistribution, BSDistribution,  x    x    x          x       x
BSCount, BSSamples, Matrix, ACircuit, NoiseModel,
PostSelect
Detector, BSLayeredDetector, Component, Herald, Port,          x    x          x       x
Experiment
CompiledCircuit                                                     1.1        x       x
CompiledCircuitVersion                                                         x       x
type, and classes that programs registered                                     x
archives                                                                               x
======================================================== ==== ==== ========== ======= ===

These are safe for the following reasons:

- *BSCount, BSDistribution, BSSamples*: they are read here, and Perceval receives states one by one.
- *BasicState, StateVector, SVDistribution*: a grammar allows only states and numbers. Perceval
  evaluates polarizations that are neither a number nor one of six letters; the grammar excludes
  these.
- *NoiseModel*: only seven numbers by name are allowed. *PostSelect*: compiled code parses it, from
  a closed alphabet.
- *ACircuit, Experiment, Component, CompiledCircuit, CompiledCircuitVersion, Matrix, Detector,
  BSLayeredDetector, Herald, Port*: these are binary messages, and `messages` knows each of their
  fields. Names of parameters are single symbols. A message with a formula is rejected, except in
  the embedded cloud, where `formulas` checks it.
- *archives*: these are not allowed in results. In payloads of the embedded cloud, and in
  compositions of Executions with mitigations, archives of computations are allowed. Their classes
  consist only of their members.

Other formulas, connections (handlers, communication layers, computers, getters, executions), `type`
except Python's own types, and anything not named above are never decoded.
"""

from jobgroup.decoding.archives import Archive, Members, check_archive
from jobgroup.decoding.bounds import Budget, RefusedError, check_shape, parse_json
from jobgroup.decoding.decoder import Decoder, LeftAsText, Maker, PlainMaker

__all__ = [
    "Archive",
    "Budget",
    "Decoder",
    "LeftAsText",
    "Maker",
    "Members",
    "PlainMaker",
    "RefusedError",
    "check_archive",
    "check_shape",
    "parse_json",
]
