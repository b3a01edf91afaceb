"""Draw the circuit in a create body, if this takes at most about a second."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Final

from jobgroup.adapters.base import NoDrawingError
from jobgroup.decoding import Decoder, LeftAsText

MAX_SIZE: Final = 4000
"""Maximum product of the numbers of components and modes. Drawing time grows with its square."""

MAX_TEXT_BYTES: Final = 2**20
"""Maximum size of an experiment's text. Larger experiments would take seconds to build."""

MAX_SVG_CHARACTERS: Final = 500_000

_ELEMENTS: Final = frozenset(
    {"svg", "defs", "g", "path", "text", "tspan", "circle", "ellipse", "rect", "line", "polygon"}
    | {"polyline", "title", "?xml"}
)
"""Elements that a picture may contain. They load, link and run nothing."""

_TAG: Final = re.compile(r"<\s*/?\s*([^\s/>]+)")


def circuit_svg(body: Mapping[str, Any]) -> str:
    """Return Perceval's drawing of the circuit as SVG, or raise NoDrawingError.

    If a circuit is too large, its sub-circuits are drawn as boxes.
    """
    payload = body.get("payload") or {}
    content = payload.get("experiment") or payload.get("circuit")
    if not isinstance(content, str):
        raise NoDrawingError("This job has no single circuit to draw.")
    if find_spec("perceval") is None:
        raise NoDrawingError(
            "The drawing needs Perceval, which is not installed: pip install 'jobgroup[perceval]'."
        )
    if len(content) > MAX_TEXT_BYTES:
        raise NoDrawingError("This circuit is too large to draw.")
    try:
        return _drawn(content)
    except NoDrawingError:
        raise
    except Exception as error:  # Perceval may raise anything
        raise NoDrawingError(f"Perceval cannot draw this circuit ({error}).") from error


@lru_cache(maxsize=64)
def _drawn(content: str) -> str:
    import perceval as pcvl
    from perceval.rendering import Format

    from jobgroup.decoding.perceval_maker import PercevalMaker

    drawn = Decoder(PercevalMaker()).decode(content)
    if isinstance(drawn, LeftAsText):
        raise NoDrawingError(f"The circuit cannot be drawn: {drawn.reason}.")
    if isinstance(drawn, pcvl.Experiment):
        modes = drawn.circuit_size
        blocks = [component for _, component in drawn.components]
    else:
        modes, blocks = drawn.m, [drawn]
    parts = sum(_count(block) for block in blocks)
    if len(blocks) * modes > MAX_SIZE:
        raise NoDrawingError(f"{len(blocks):,} components in {modes} modes are too many to draw.")
    is_whole = parts * modes <= MAX_SIZE
    if not is_whole and not isinstance(drawn, pcvl.Experiment):
        raise NoDrawingError(f"{parts:,} components in {modes} modes are too many to draw.")
    picture = pcvl.pdisplay(drawn, output_format=Format.HTML, recursive=is_whole)
    return _checked(picture.as_svg())


def _count(component: Any) -> int:
    """Return the number of parts in a component's drawing."""
    try:
        return sum(1 for _ in component)
    except TypeError:  # the component has no parts
        return 1


def _checked(svg: str) -> str:
    """Return the picture; raise NoDrawingError if it has anything but shapes and texts."""
    if len(svg) > MAX_SVG_CHARACTERS:
        raise NoDrawingError("The drawing of this circuit is too large to show.")
    if not all(name in _ELEMENTS for name in _TAG.findall(svg)):
        raise NoDrawingError("The drawing contains something other than shapes and texts.")
    return svg
