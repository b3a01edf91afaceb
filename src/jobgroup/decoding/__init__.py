"""The one decoder of everything that comes from outside.

Results of clouds, kept results, group files of colleagues and of Perceval, and the payloads of the
embedded cloud hold texts of Perceval's (``:PCVL:BSCount:{...}``) and archives (``pcvlar ...``). Its
own `deserialize` builds whatever they name, evaluates formulas as Python, and connects to clouds,
so it never gets to see what comes from outside. `Decoder` walks through a document and passes what
is on a list of kinds, each checked by its own grammar and within bounds; all else stays text, with
a reason. Nothing here imports Perceval but for the description of its binary messages.

Kinds that the releases decode, according to their source (docs/decoding.md has the tests):

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

Why what passes is safe:

- *BSCount, BSDistribution, BSSamples*: read here, with `states`; Perceval gets states one by one.
- *BasicState, StateVector, SVDistribution*: states and numbers by a grammar. Perceval evaluates
  polarizations that are neither a number nor one of six letters, and the grammar has no others.
- *NoiseModel*: seven numbers by name. *PostSelect*: parsed by compiled code, from a closed
  alphabet.
- *ACircuit, Experiment, Component, CompiledCircuit, CompiledCircuitVersion, Matrix, Detector,
  BSLayeredDetector, Herald, Port*: binary messages, of which `messages` knows every field; names of
  parameters are single symbols, and a formula refuses the whole, or in the embedded cloud has to be
  of the grammar in `formulas`.
- *archives*: not in results. In payloads of the embedded cloud, and in the recipes of Executions
  with mitigations, those of computations, whose classes are nothing but their members.

Never decoded: formulas outside that grammar, connections (handlers, communication layers,
computers, getters, executions), `type` but for Python's own, and whatever is not named above.
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
