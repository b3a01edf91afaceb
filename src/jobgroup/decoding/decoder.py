"""Walks through a document from outside, and decodes the texts in it that are allowed.

Lists, objects, their keys, packed texts and texts within texts go the same way. Perceval gets to
see one checked text at a time, written again, and never a document.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, Protocol, Self

from jobgroup.decoding import quantum_states as states
from jobgroup.decoding.archives import Members, check_archive
from jobgroup.decoding.bounds import MAX_DEPTH, Budget, RefusedError
from jobgroup.decoding.messages import MESSAGES, Inspector

PREFIX: Final = ":PCVL:"
PACKED: Final = ":PCVL:zip:"
ARCHIVE: Final = "pcvlar"

_PARTS_ONLY: Final = frozenset(
    {"FockState", "NoisyFockState", "AnnotatedFockState", "MatrixN", "MatrixS"}
)
"""Kinds that occur in archives only."""

_KINDS: Final = (states.SPREAD | states.TEXTS.keys() | MESSAGES.keys()) - _PARTS_ONLY
_NESTED: Final = frozenset({"BasicState", "StateVector", "SVDistribution", "NoiseModel"}) | {
    "PostSelect"
}


class LeftAsText(str):
    """A text from outside that was not decoded, as it came.

    Attributes:
        reason: why, a sentence without its subject and full stop.
    """

    __slots__ = ("reason",)

    reason: str

    def __new__(cls, text: str, reason: str) -> Self:
        made = super().__new__(cls, text)
        made.reason = reason
        return made

    def __reduce__(self) -> tuple[type[LeftAsText], tuple[str, str]]:
        return type(self), (str(self), self.reason)


class Maker(Protocol):
    """Makes objects of texts that have been checked."""

    def spread(self, kind: str, text: str, budget: Budget) -> Any:
        """Counts, a distribution or samples, which it reads with `states` itself."""

    def other(self, kind: str, text: str, budget: Budget) -> Any:
        """Any other kind."""

    def archive(self, text: str) -> Any:
        """An archive."""


class Decoder:
    """Decodes one document.

    Args:
        maker: makes objects of what is allowed.
        formulas: whether parameters of circuits may be formulas, of the grammar.
        archives: whether archives of computations are decoded.
        strict: whether what is not allowed is an error; otherwise it is left as text.
        budget: what the document may take.
        classes: members of classes in archives that the user's own code has made known.

    Attributes:
        left: where something was left as text, and why.
    """

    def __init__(
        self,
        maker: Maker,
        *,
        formulas: bool = False,
        archives: bool = False,
        strict: bool = False,
        budget: Budget | None = None,
        classes: Members | None = None,
    ) -> None:
        self.left: list[tuple[str, str]] = []
        self._maker = maker
        self._archives = archives
        self._strict = strict
        self._budget = budget or Budget()
        self._classes = classes
        self._inspector = Inspector(self._budget, self._nested, formulas=formulas)

    def decode(self, value: Any, where: str = "results", depth: int = 0) -> Any:
        """A JSON value with what is allowed in it decoded.

        Raises:
            RefusedError: the value is nested too deeply; or something is not allowed, if `strict`.
        """
        if depth > MAX_DEPTH:
            raise RefusedError(f"it has more than {MAX_DEPTH} lists and objects within each other")
        if isinstance(value, str):
            return self._decode_text(value, where)
        if isinstance(value, list):
            return [self.decode(item, where, depth + 1) for item in value]
        if isinstance(value, dict):
            if value.get("header") == ARCHIVE:
                return self._leave(
                    json.dumps(value), where, "it is an archive, whose objects are not built"
                )
            return {
                self._key(key): self.decode(item, _named(key, where), depth + 1)
                for key, item in value.items()
            }
        return value

    def _key(self, key: str) -> Any:
        return self._decode_text(key, "a key", frozenset({"BasicState"}))

    def _decode_text(self, text: str, where: str, kinds: frozenset[str] = _KINDS) -> Any:
        if not text.startswith((PREFIX, ARCHIVE)):
            return text
        try:
            if text.startswith(ARCHIVE):
                return self._decode_archive(text)
            kind, content = _split(self._unpacked(text))
            if kind not in kinds:
                raise RefusedError(f"{kind[:40]!r} is no kind of object that is decoded there")  # noqa: TRY301
            return self._made(kind, content)
        except RefusedError as refusal:
            return self._leave(text, where, str(refusal))

    def _leave(self, text: str, where: str, reason: str) -> LeftAsText:
        if self._strict:
            raise RefusedError(f"{where!r} in it is refused: {reason}")
        self.left.append((where, reason))
        return LeftAsText(text, reason)

    def _decode_archive(self, text: str) -> Any:
        if not self._archives:
            raise RefusedError("it is an archive, whose objects are not built")
        checked = check_archive(text, self._budget, self._checked, self._classes)
        return self._wrapped(lambda: self._maker.archive(checked))

    def _made(self, kind: str, content: str) -> Any:
        if kind in states.SPREAD:
            return self._wrapped(lambda: self._maker.spread(kind, content, self._budget))
        return self._wrapped(
            lambda: self._maker.other(kind, self._checked(kind, content), self._budget)
        )

    def _checked(self, kind: str, content: str) -> str:
        if kind in states.SPREAD:
            return states.check_spread(kind, content, self._budget)
        if kind in states.TEXTS:
            return states.TEXTS[kind](content, self._budget)
        return self._inspector.check(kind, content)

    def _nested(self, text: str) -> str:
        """A text within a message, which has a kind of its own."""
        kind, content = _split(self._unpacked(text))
        if kind not in _NESTED:
            raise RefusedError(f"{kind[:40]!r} is in it, where a state belongs")
        return f"{PREFIX}{kind}:{self._checked(kind, content)}"

    def _unpacked(self, text: str) -> str:
        return self._budget.unpacked(text[len(PACKED) :]) if text.startswith(PACKED) else text

    def _wrapped(self, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except RefusedError:
            raise
        except Exception as error:  # whatever Perceval raises concerns this text alone
            raise RefusedError(f"Perceval cannot decode it ({error!s:.200})") from error


def _split(text: str) -> tuple[str, str]:
    if not text.startswith(PREFIX):
        raise RefusedError("what is packed in it is none of Perceval's objects")
    kind, _, content = text[len(PREFIX) :].partition(":")
    return kind, content


def _named(key: str, where: str) -> str:
    return key if len(key) <= 40 and key.isprintable() and not key.startswith(":") else where


class PlainMaker:
    """A maker that needs no Perceval: counts are dictionaries, samples lists, states texts."""

    def spread(self, kind: str, text: str, budget: Budget) -> Any:
        """Counts and distributions by the states' texts; samples as a list of them."""
        return states.as_plain(kind, text, budget)

    def other(self, kind: str, text: str, _budget: Budget) -> Any:
        """A noise model as a dictionary; what else there is, as Perceval's text."""
        if kind == "NoiseModel":
            return json.loads(text)
        return text if kind == "BasicState" else f"{PREFIX}{kind}:{text}"

    def archive(self, text: str) -> Any:
        return text
