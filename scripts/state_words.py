"""Write the state words that the front end shares with `jobgroup.status`: js/src/data/status.ts.

Run `python scripts/state_words.py` after a change to status.py; a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from jobgroup.status import BAR_ORDER, FILTERS, LABELS, STATES

TARGET = Path(__file__).parents[1] / "js/src/data/status.ts"
WIDTH = 100


def typescript() -> str:
    """Return the module, as biome formats it."""
    filters = "".join(
        "  all: STATES,\n" if states == STATES else _array(f"  {name}: [", states, "],")
        for name, states in FILTERS.items()
    )
    labels = "".join(f"  {state}: {json.dumps(LABELS[state])},\n" for state in STATES)
    return f"""\
/** The words for states, generated from `src/jobgroup/status.py` by `scripts/state_words.py`. */

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


def _array(head: str, words: Iterable[str], tail: str) -> str:
    quoted = [json.dumps(word) for word in words]
    line = f"{head}{', '.join(quoted)}{tail}"
    if len(line) > WIDTH:
        line = "\n".join([head, *(f"  {word}," for word in quoted), tail])
    return line + "\n"


if __name__ == "__main__":
    TARGET.write_text(typescript(), encoding="utf-8")
