"""Perceval's archives, the text in which 1.3 writes objects, taken apart without building any.

Building them is Perceval's work, and would ask the cloud about the platform. An archive is a list
of nodes, each with a tag and either a value or references to others; `Archive.text_of` writes the
part of one that hangs on a node as an archive of its own.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

MAX_UNPACKED_BYTES: Final = 256 * 2**20

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
"""Tags of nodes that hold a text, many of them a packed message."""
_LISTS: Final = frozenset({"list", "tuple", "set"})


@dataclass(frozen=True, slots=True)
class Node:
    """One object.

    Attributes:
        tag: its class, by Perceval's name for it.
        value: a text, or the words of a number.
        children: references; of a dictionary its keys and values in turn.
        names: of the members, for an object that has any.
        version: of such an object's class.
    """

    tag: str
    value: str = ""
    children: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    version: str = ""


class Archive:
    """The nodes of an archive's text.

    Raises:
        ValueError: it is none, it is damaged, or it is larger than `MAX_UNPACKED_BYTES`.
    """

    def __init__(self, text: str) -> None:
        words = _Words(_unpacked(text))
        if words.next() != _HEADER or words.number() != 0:
            raise ValueError("it is no archive that this version knows")
        self.roots = [words.number() for _ in range(words.number())]
        self.nodes: list[Node] = []
        while words.are_left:
            self.nodes.append(_node(words))
        if any(i >= len(self.nodes) for node in self.nodes for i in node.children):
            raise ValueError("its end is missing")

    def members(self, index: int, tag: str) -> dict[str, int]:
        """References to the members of an object, by name; ValueError if it is another class."""
        node = self.nodes[index]
        if node.tag != tag:
            raise ValueError(f"there is a {node.tag} where a {tag} belongs")
        return dict(zip(node.names, node.children, strict=True))

    def items(self, index: int) -> tuple[int, ...]:
        """References to the items of a list."""
        node = self.nodes[index]
        if node.tag not in _LISTS:
            raise ValueError(f"there is a {node.tag} where a list belongs")
        return node.children

    def plain(self, index: int) -> Any:
        """The value of a text, number, truth value, None, or dictionary of such."""
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

    def text_of(self, index: int) -> str:
        """An archive of the node and what hangs on it."""
        order = list(self._reached(index))
        places = {old: new for new, old in enumerate(order)}
        nodes = "".join(_written(self.nodes[i], places) for i in order)
        return f"{_HEADER} 0 1 0{nodes}"

    def _reached(self, index: int) -> Iterator[int]:
        seen, ahead = set[int](), [index]
        while ahead:
            i = ahead.pop()
            if i not in seen:
                seen.add(i)
                yield i
                ahead.extend(self.nodes[i].children)


class _Words:
    """A text that is read word by word, and where a length stands before it, as a whole."""

    def __init__(self, text: str) -> None:
        self._text = text
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
            raise ValueError(f"{number} is no length and no reference")
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
        return Node(tag, children=tuple(words.number() for _ in range(words.number())))
    if tag == "dict":
        return Node(tag, children=tuple(words.number() for _ in range(2 * words.number())))
    version, members = words.next(), [(words.next(), words.number()) for _ in range(words.number())]
    return Node(
        tag,
        children=tuple(child for _, child in members),
        names=tuple(name for name, _ in members),
        version=version,
    )


def _written(node: Node, places: dict[int, int]) -> str:
    children = [str(places[child]) for child in node.children]
    if node.tag in _TEXTS:
        told = f"{len(node.value)} {node.value}"
    elif node.tag in _LISTS:
        told = " ".join([str(len(children)), *children])
    elif node.tag == "dict":
        told = " ".join([str(len(children) // 2), *children])
    elif node.version:
        members = [f"{n} {c}" for n, c in zip(node.names, children, strict=True)]
        told = " ".join([node.version, str(len(members)), *members])
    else:
        told = node.value
    return f" {node.tag} {told}"


def _unpacked(text: str) -> str:
    if not text.startswith(_ZIPPED):
        return text
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(base64.b64decode(text[len(_ZIPPED) :]), MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not unpacker.eof:
        raise ValueError("its end is missing, or it is too large")
    return _HEADER + data.decode()
