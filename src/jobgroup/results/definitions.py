"""Store derived quantities with a group: named expressions, as text."""

from __future__ import annotations

import json
import keyword
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from jobgroup.results.expression import Expression, ExpressionError, parse
from jobgroup.results.pool import PERFORMANCES
from jobgroup.words import shown

if TYPE_CHECKING:
    from jobgroup.store import GroupStore

RESULT_NAMES: Final = frozenset({
    *PERFORMANCES,
    *("state", "count", "p", "p_err", "p_low", "p_high", "p_rest", "count_rest", "samples"),
    *("status", "jobs", "done", "failed", "repeat", "variant", "job", "point", "position"),
    *("iteration", "id", "platform", "message", "shots"),
})  # fmt: skip
"""Names of result columns and dimensions; swept names must differ from them."""

RESERVED: Final = RESULT_NAMES | {
    *("name", "duration_s", "attempts", "note", "error", "sent_at", "started_at", "finished_at"),
}
"""Names of columns and variables; derived quantities cannot have these names."""

MAX_DEFINITIONS: Final = 100


def definitions_of(store: GroupStore) -> dict[str, Expression]:
    """Return the derived quantities of a group, without unreadable definitions."""
    found = {}
    for name, text in _texts(store).items():
        try:
            found[name] = parse(text)
        except ExpressionError:  # the file may come from elsewhere
            continue
    return found


def define(store: GroupStore, name: str, expression: str | None) -> None:
    """Store a derived quantity with a group, or remove it if the expression is None.

    Raises:
        TypeError: the name or the expression is not a string.
        ValueError: the name is taken or is not an identifier, or the expression cannot be parsed or
            uses another definition, or another definition uses the name.
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be a string such as 'visibility', got {shown(name)}.")
    texts = _texts(store)
    is_new = texts.pop(name, None) is None
    if expression is not None:
        if not isinstance(expression, str):
            raise TypeError(f"expression must be a string, got {shown(expression)}.")
        _check_names(parse(expression), texts)
        _check_name(store, name)
        if is_new:
            _check_unused(store, name)
        texts[name] = expression
    if len(texts) > MAX_DEFINITIONS:
        raise ValueError(
            f"A group can have at most {MAX_DEFINITIONS} definitions. Nothing was changed."
        )
    store.set_meta(definitions=json.dumps(texts) if texts else None)


def _check_names(expression: Expression, defined: Mapping[str, str]) -> None:
    for used in expression.names:
        if used in defined:
            raise ValueError(
                f"{used!r} is a definition, and definitions cannot use each other. Write"
                f" ({defined[used]}) in its place. Nothing was changed."
            )


def _check_unused(store: GroupStore, name: str) -> None:
    for other, expression in definitions_of(store).items():
        if name in expression.names:
            raise ValueError(
                f"The definition of {other!r} uses {name!r}, and definitions cannot use each other."
                " Choose another name. Nothing was changed."
            )


def _check_name(store: GroupStore, name: str) -> None:
    if not str(name).isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"name must be an identifier such as 'visibility', got {shown(name)}.")
    if name in RESERVED or name.removesuffix("_err") in RESERVED:
        raise ValueError(f"{name!r} is the name of a column or result. Choose another name.")
    if any(name in record.labels for record in store.records()):
        raise ValueError(f"{name!r} is a label of this group. Choose another name.")


def _texts(store: GroupStore) -> dict[str, str]:
    try:
        found = json.loads(store.meta().get("definitions") or "{}")
    except (TypeError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(n): t for n, t in list(found.items())[:MAX_DEFINITIONS] if isinstance(t, str)}
