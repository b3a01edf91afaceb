"""Parse the archives in which Perceval 1.3 writes objects as text, without building objects.

An archive is a list of nodes. Each has a tag, and either a value or references to other nodes.
Perceval builds any object that a tag names, even a connection to a cloud, which it uses at once.
`Archive.text_of` writes a node and its references as a separate archive. `check_archive` accepts
only archives of computations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from jobgroup.decoding.bounds import Budget, RefusedError
from jobgroup.decoding.messages import MESSAGES
from jobgroup.decoding.quantum_states import NOISE, SPREAD, TEXTS

_ENDLESS: Final = 2**40
_HEADER: Final = "pcvlar"
_ZIPPED: Final = "pcvlar:zip:"
_WORDS: Final = {"None": 0, "int": 1, "float": 1, "complex": 2}
# fmt: off
_TEXTS: Final = frozenset({
    "str", "bytes", "type", "RunningStatus", "FockState", "NoisyFockState", "AnnotatedFockState",
    "StateVector", "SVDistribution", "BSDistribution", "BSCount", "BSSamples", "PostSelect",
    "Circuit", "GenericInterferometer", "FFCircuitProvider", "FFConfigurator", "LC", "TD", "BS",
    "Barrier", "HWP", "PBS", "PERM", "PR", "PS", "QWP", "Unitary", "WP", "Experiment", "Herald",
    "CompiledCircuitVersion", "CompiledCircuit", "Port", "MatrixN", "MatrixS", "Detector",
    "BSLayeredDetector",
})
# fmt: on
"""Tags of nodes that contain a string, often a packed message."""
_LISTS: Final = frozenset({"list", "tuple", "set"})


@dataclass(frozen=True, slots=True)
class Node:
    """One object.

    Attributes:
        tag: Perceval's name of its class.
        value: text, or the words of a number.
        children: references to other nodes; for a dictionary, keys and values alternate.
        names: names of an object's members.
        version: version of an object's class.
    """

    tag: str
    value: str = ""
    children: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    version: str = ""


class Archive:
    """The nodes of an archive's text.

    Raises:
        ValueError: the text is not an archive, is damaged, or exceeds the budget.
    """

    def __init__(self, text: str, budget: Budget | None = None) -> None:
        budget = budget or Budget()
        words = _Words(_unpacked(text, budget), budget)
        if words.next() != _HEADER or words.number() != 0:
            raise ValueError("it is not an archive of a known version")
        self.roots = [words.number() for _ in range(words.count())]
        self.nodes: list[Node] = []
        while words.are_left:
            budget.take_parts()
            self.nodes.append(_node(words))
        references = (self.roots, *(node.children for node in self.nodes))
        if any(i >= len(self.nodes) for each in references for i in each):
            raise ValueError("its end is missing")
        self._check_size(budget)

    def _check_size(self, budget: Budget) -> None:
        """Raise ValueError if shared references would expand a short text to something large."""
        sizes: dict[int, int] = {}
        for root in self.roots:
            ahead = [root]
            open_: set[int] = set()
            while ahead:
                index = ahead[-1]
                children = self.nodes[index].children
                missing = [c for c in children if c not in sizes]
                if index in sizes or not missing:
                    sizes[index] = min(1 + sum(sizes[c] for c in children), _ENDLESS)
                    open_.discard(ahead.pop())
                elif index in open_:
                    raise ValueError("a part of it contains itself")
                else:
                    open_.add(index)
                    ahead.extend(missing)
            budget.take_parts(sizes[root])

    def members(self, index: int, tag: str) -> dict[str, int]:
        """Return references to an object's members by name; raise ValueError for a wrong class."""
        node = self.nodes[index]
        if node.tag != tag:
            raise ValueError(f"it has a {node.tag} in place of a {tag}")
        return dict(zip(node.names, node.children, strict=True))

    def items(self, index: int) -> tuple[int, ...]:
        node = self.nodes[index]
        if node.tag not in _LISTS:
            raise ValueError(f"it has a {node.tag} in place of a list")
        return node.children

    def plain(self, index: int) -> Any:
        """Return the value of a string, number, boolean, None, or dictionary of these."""
        node = self.nodes[index]
        match node.tag:
            case "None":
                return None
            case "bool":
                return node.value == "T"
            case "int":
                return int(node.value)
            case "float":
                return float(node.value)
            case "dict":
                found = [self.plain(child) for child in node.children]
                return dict(zip(found[::2], found[1::2], strict=True))
        return node.value

    def text_of(self, *roots: int) -> str:
        """Return an archive of some nodes and their references."""
        order = list(self._reached(roots))
        places = {old: new for new, old in enumerate(order)}
        nodes = "".join(_written(self.nodes[i], places) for i in order)
        heads = " ".join(str(places[root]) for root in roots)
        return f"{_HEADER} 0 {len(roots)} {heads}{nodes}"

    def _reached(self, roots: Sequence[int]) -> Iterator[int]:
        seen, ahead = set[int](), list(reversed(roots))
        while ahead:
            i = ahead.pop()
            if i not in seen:
                seen.add(i)
                yield i
                ahead.extend(self.nodes[i].children)


class _Words:
    """A reader of words, and of texts with their lengths before them."""

    def __init__(self, text: str, budget: Budget) -> None:
        self._text = text
        self._budget = budget
        self._at = 0

    @property
    def are_left(self) -> bool:
        return self._at < len(self._text)

    def next(self) -> str:
        if not self.are_left:
            raise ValueError("its end is missing")
        end = self._text.find(" ", self._at)
        end = len(self._text) if end < 0 else end
        word, self._at = self._text[self._at : end], end + 1
        return word

    def number(self) -> int:
        number = int(self.next())
        if number < 0:
            raise ValueError(f"{number} is not a length or a reference")
        return number

    def count(self) -> int:
        number = self.number()
        self._budget.take_parts(number)
        return number

    def text(self, length: int) -> str:
        end = self._at + length
        if length and end > len(self._text):
            raise ValueError("its end is missing")
        text, self._at = self._text[self._at : end], end + 1
        return text


def _node(words: _Words) -> Node:
    tag = words.next()
    if tag in _WORDS:
        count = _WORDS[tag]
        value = " ".join(words.next() for _ in range(count)) if count else words.text(0)
        return Node(tag, value)
    if tag == "bool":
        return Node(tag, words.text(1))
    if tag in _TEXTS:
        return Node(tag, words.text(words.number()))
    if tag in _LISTS:
        return Node(tag, children=tuple(words.number() for _ in range(words.count())))
    if tag == "dict":
        return Node(tag, children=tuple(words.number() for _ in range(2 * words.count())))
    version, members = words.next(), [(words.next(), words.number()) for _ in range(words.count())]
    return Node(
        tag,
        children=tuple(child for _, child in members),
        names=tuple(name for name, _ in members),
        version=version,
    )


def _written(node: Node, places: dict[int, int]) -> str:
    children = [str(places[child]) for child in node.children]
    if node.tag in _TEXTS:
        content = f"{len(node.value)} {node.value}"
    elif node.tag in _LISTS:
        content = " ".join([str(len(children)), *children])
    elif node.tag == "dict":
        content = " ".join([str(len(children) // 2), *children])
    elif node.version:
        members = [f"{n} {c}" for n, c in zip(node.names, children, strict=True)]
        content = " ".join([node.version, str(len(members)), *members])
    else:
        content = node.value
    return f" {node.tag} {content}"


def _unpacked(text: str, budget: Budget) -> str:
    if not text.startswith(_ZIPPED):
        return text
    return _HEADER + budget.unpacked(text[len(_ZIPPED) :])


_PLAIN: Final = frozenset(
    {"None", "bool", "int", "float", "complex", "str", "list", "tuple", "set", "dict"}
)
_TYPES: Final = frozenset({"int", "float", "complex", "bool", "str", "list", "tuple", "dict"})
_MEMBERS: Final[Mapping[str, frozenset[str]]] = {
    "Computation": frozenset({"command", "experiment", "parameters", "job_name", "job_group_name"}),
    "ComputationIterator": frozenset({"base_computation", "_iterations"}),
    "Command": frozenset({"name", "signature", "apply_emt"}),
    "Imperfections": frozenset({"noise", "detectors"}),
    "NoiseModel": NOISE,
    "DistinguishablePhotonMitigation": frozenset({"_order"}),
    "CompilationAveraging": frozenset({"repetitions", "starting_seed"}),
    "DetectorBalancing": frozenset(),
    "PhotonRecycling": frozenset(),
}
"""Classes of Perceval that consist only of their members."""

Members = Callable[[str], frozenset[str] | None]


def check_archive(
    text: str, budget: Budget, check: Callable[[str, str], str], others: Members | None = None
) -> str:
    """Return the text of an archive, rewritten.

    Args:
        text: text of the archive.
        budget: bounds of the archive.
        check: function that returns the rewritten text of an allowed kind.
        others: function that returns the members of a class that the user registered, or None for
            any other tag.

    Raises:
        RefusedError: the archive is damaged, or contains something that is not allowed.
    """
    try:
        archive = Archive(text, budget)
    except RefusedError:
        raise
    except ValueError as error:
        raise RefusedError(str(error)) from None
    archive.nodes = [_allowed(node, check, others) for node in archive.nodes]
    return archive.text_of(*archive.roots)


def _allowed(node: Node, check: Callable[[str, str], str], others: Members | None) -> Node:
    tag = node.tag
    if tag in _PLAIN:
        return _plainly(node)
    if tag not in _MEMBERS and tag in (TEXTS.keys() | MESSAGES.keys() | SPREAD):
        return replace(node, value=check(tag, node.value))
    if tag == "type" and node.value in _TYPES:
        return node
    members = _MEMBERS.get(tag)
    if members is None and others is not None and tag not in _TEXTS:
        members = others(tag)
    if members is None:
        raise RefusedError(f"it contains a {tag[:40]}, which is not allowed from outside")
    if not members.issuperset(node.names) or len(set(node.names)) < len(node.names):
        raise RefusedError(f"a {tag} in it has unknown members")
    return node


def _plainly(node: Node) -> Node:
    """Rewrite numbers so that both parsers read the same values."""
    try:
        if node.tag == "int":
            return replace(node, value=str(int(node.value)))
        if node.tag in ("float", "complex"):
            return replace(node, value=" ".join(str(float(w)) for w in node.value.split(" ")))
    except ValueError:
        raise RefusedError(f"{node.value[:20]!r} in it is not a number") from None
    if node.tag == "bool" and node.value not in ("T", "F"):
        raise RefusedError("it has an invalid boolean")
    return node
