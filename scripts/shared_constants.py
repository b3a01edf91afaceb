"""Write the constants that the front end shares with Python: two modules in js/src/data/.

Run `python scripts/shared_constants.py` after a change to `jobgroup.status` or of a limit that the
front end shares; a test compares the two sides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from jobgroup.dashboard.comparisons import MAX_SIDES
from jobgroup.dashboard.figures import MAX_UNASKED
from jobgroup.dashboard.group_comparisons import MAX_COMPARED_GROUPS
from jobgroup.dashboard.session import MAX_SHOWN
from jobgroup.results.colours import MAX_NAMED_CURVES
from jobgroup.status import BAR_ORDER, FILTERS, LABELS, STATES
from jobgroup.store.trash import TRASH_RETENTION_DAYS

DATA = Path(__file__).parents[1] / "js/src/data"
WIDTH = 100


def modules() -> dict[Path, str]:
    """Return the text of each module, as biome formats it."""
    return {DATA / "status.ts": _status(), DATA / "limits.ts": _limits()}


def _status() -> str:
    filters = "".join(
        "  all: STATES,\n" if states == STATES else _array(f"  {name}: [", states, "],")
        for name, states in FILTERS.items()
    )
    labels = "".join(f"  {state}: {json.dumps(LABELS[state])},\n" for state in STATES)
    return f"""\
/** The words for states, generated from `jobgroup.status` by `scripts/shared_constants.py`. */

{_array("export const STATES = [", STATES, "] as const;")}
export type State = (typeof STATES)[number];

/** The states that each chip shows. Each state is in `all` and in exactly one other. */
export const FILTERS = {{
{filters}}} as const satisfies Record<string, readonly State[]>;

export type Filter = keyof typeof FILTERS;

/** The label of each state. Search and filters accept names and labels. */
export const LABELS: Readonly<Record<State, string>> = {{
{labels}}};

/** The order of the segments of a bar: ended jobs first, unsent jobs last. */
{_array("export const BAR_ORDER: readonly State[] = [", BAR_ORDER, "];")}"""


def _limits() -> str:
    return f"""\
/** Generated from the constants of the same names in Python by `scripts/shared_constants.py`. */

/** Days for which a deleted group can be restored. */
export const TRASH_RETENTION_DAYS = {TRASH_RETENTION_DAYS};

/** Maximum number of jobs that a page shows. */
export const MAX_SHOWN = {MAX_SHOWN:_};

/** The number of missing results above which they are loaded only on request. */
export const MAX_UNASKED = {MAX_UNASKED:_};

/** Maximum number of distributions that are drawn side by side. */
export const MAX_SIDES = {MAX_SIDES};

/** Maximum number of groups in one comparison. */
export const MAX_COMPARED_GROUPS = {MAX_COMPARED_GROUPS};

/** The number of curves above which a color bar replaces the legend. */
export const MAX_NAMED_CURVES = {MAX_NAMED_CURVES};
"""


def _array(head: str, words: Iterable[str], tail: str) -> str:
    quoted = [json.dumps(word) for word in words]
    line = f"{head}{', '.join(quoted)}{tail}"
    if len(line) > WIDTH:
        line = "\n".join([head, *(f"  {word}," for word in quoted), tail])
    return line + "\n"


if __name__ == "__main__":
    for path, text in modules().items():
        path.write_text(text, encoding="utf-8")
