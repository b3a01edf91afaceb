"""The only decoder of data from outside.

Results of clouds, cached results, group files of colleagues and of Perceval, and the payloads of
the embedded cloud contain Perceval's texts (``:PCVL:BSCount:{...}``) and archives (``pcvlar ...``).
Perceval's own `deserialize` builds whatever they name, evaluates formulas as Python, and connects
to clouds, so it never receives anything from outside. `Decoder` decodes only listed kinds, each of
them checked by its own grammar and within bounds; anything else stays text, with a reason. Nothing
here imports Perceval except the description of its binary messages.

The kinds that each release decodes, from its source (docs/decoding.md lists the tested ones):

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

Why these are safe:

- *BSCount, BSDistribution, BSSamples*: read here; Perceval receives states one by one.
- *BasicState, StateVector, SVDistribution*: states and numbers by a grammar. Perceval evaluates
  polarizations that are neither a number nor one of six letters, which the grammar excludes.
- *NoiseModel*: seven numbers by name. *PostSelect*: parsed by compiled code, from a closed
  alphabet.
- *ACircuit, Experiment, Component, CompiledCircuit, CompiledCircuitVersion, Matrix, Detector,
  BSLayeredDetector, Herald, Port*: binary messages, every field of which `messages` knows. Names of
  parameters are single symbols; a message with a formula is refused, except in the embedded cloud,
  where `formulas` checks it.
- *archives*: not in results. In payloads of the embedded cloud, and in the compositions of
  Executions with mitigations, archives of computations, whose classes consist of their members.

Never decoded: other formulas, connections (handlers, communication layers, computers, getters,
executions), `type` except Python's own, and anything not named above.
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
