"""Decode the allowed texts in a document from outside.

This includes texts in lists, objects, keys, packed texts and other texts. Perceval receives only
one checked and rewritten text at a time, never a document.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, Protocol, Self

from jobgroup.decoding import quantum_states as states
from jobgroup.decoding.archives import Members, check_archive
from jobgroup.decoding.bounds import MAX_DOCUMENT_DEPTH, Budget, RefusedError
from jobgroup.decoding.messages import MESSAGES, Inspector

PREFIX: Final = ":PCVL:"
PACKED: Final = ":PCVL:zip:"
ARCHIVE: Final = "pcvlar"

_PARTS_ONLY: Final = frozenset(
    {"FockState", "NoisyFockState", "AnnotatedFockState", "MatrixN", "MatrixS"}
)
"""Kinds that occur only in archives."""

_KINDS: Final = (states.SPREAD | states.TEXTS.keys() | MESSAGES.keys()) - _PARTS_ONLY
_IS_ARCHIVE: Final = "it is an archive, whose objects are not built"
_NESTED: Final = frozenset({"BasicState", "StateVector", "SVDistribution", "NoiseModel"}) | {
    "PostSelect"
}


class LeftAsText(str):
    """A text from outside that was not decoded.

    Attributes:
        reason: clause that gives the reason; it begins with "it" and has no period.
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
    """Builder of objects from checked texts."""

    def spread(self, kind: str, text: str, budget: Budget) -> Any:
        """Build counts, a distribution or samples, and check them with `quantum_states`."""

    def other(self, kind: str, text: str, budget: Budget) -> Any:
        """Build any other kind."""

    def archive(self, text: str) -> Any:
        """Build an archive's object."""


class Decoder:
    """Decodes one document.

    Args:
        maker: builder of objects from checked texts.
        formulas: whether parameters of circuits may be formulas.
        archives: whether archives of computations are allowed.
        strict: whether another text raises RefusedError; otherwise it stays text.
        budget: bounds of the document.
        classes: function that returns the members of a class that the user registered, for
            archives.

    Attributes:
        left: path of each string that was not decoded, and the reason.
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
        """Decode the allowed texts in a JSON value.

        Raises:
            RefusedError: the value is nested too deeply, or has another text and `strict` is set.
        """
        if depth > MAX_DOCUMENT_DEPTH:
            raise RefusedError(
                f"its lists and objects are nested more than {MAX_DOCUMENT_DEPTH} levels deep"
            )
        if isinstance(value, str):
            return self._decode_text(value, where)
        if isinstance(value, list):
            return [self.decode(item, where, depth + 1) for item in value]
        if isinstance(value, dict):
            if value.get("header") == ARCHIVE:
                return self._leave(json.dumps(value), where, _IS_ARCHIVE)
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
                raise RefusedError(f"{kind[:40]!r} is not a kind that is decoded there")  # noqa: TRY301
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
            raise RefusedError(_IS_ARCHIVE)
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
        """Check a string within a message. It has its own kind."""
        kind, content = _split(self._unpacked(text))
        if kind not in _NESTED:
            raise RefusedError(f"it has {kind[:40]!r} in place of a state")
        return f"{PREFIX}{kind}:{self._checked(kind, content)}"

    def _unpacked(self, text: str) -> str:
        return self._budget.unpacked(text[len(PACKED) :]) if text.startswith(PACKED) else text

    def _wrapped(self, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except RefusedError:
            raise
        except Exception as error:  # the error concerns only this text
            raise RefusedError(f"Perceval cannot decode it ({error!s:.200})") from error


def _split(text: str) -> tuple[str, str]:
    if not text.startswith(PREFIX):
        raise RefusedError("its packed text is not one of Perceval's objects")
    kind, _, content = text[len(PREFIX) :].partition(":")
    return kind, content


def _named(key: str, where: str) -> str:
    return key if len(key) <= 40 and key.isprintable() and not key.startswith(":") else where


class PlainMaker:
    """A maker without Perceval: counts are dictionaries, samples lists, and states strings."""

    def spread(self, kind: str, text: str, budget: Budget) -> Any:
        return states.as_plain(kind, text, budget)

    def other(self, kind: str, text: str, _budget: Budget) -> Any:
        """Return a noise model as a dictionary, and any other kind as Perceval's text."""
        if kind == "NoiseModel":
            return json.loads(text)
        return text if kind == "BasicState" else f"{PREFIX}{kind}:{text}"

    def archive(self, text: str) -> Any:
        return text
