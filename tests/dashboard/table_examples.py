"""Record groups as a page gets them, and Python's tables of them: `table.json`.

`test_dashboard_table.py` compares the recording. `js/tests/node/truth.test.ts` reads it as the page
does. Run this file to record again after a deliberate change of the table or of the reduction.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from protocol_examples import record

from jobgroup.dashboard import protocol
from jobgroup.dashboard.measured import MAX_STATES, measured_rows
from jobgroup.results.expression import parse
from jobgroup.results.measurement import Measurement
from jobgroup.results.pool import Pool
from jobgroup.results.results_table import ranked, rows_of, table_of
from jobgroup.store import JobRecord
from jobgroup.store.columns import Column, Columns
from jobgroup.store.encoding import json_safe

RECORDING = Path(__file__).parent / "table.json"

STATES = ("|2,0>", "|1,1>", "|0,2>", "|1,0>", "|0,1>", "|0,0>")
DEFINITIONS = {"visibility": "(|2,0> - |1,1>) / (|2,0> + |1,1>)"}
FIELDS = ("position", "state", "name", "platform", "remote_id", "message", "attempts", "note")
ENDED = ("success", "success", "success", "error", "running", "unsent")


def group(seed: int) -> tuple[list[JobRecord], dict[int, list[Measurement]]]:
    """Jobs with repeats, iterations, failures and gaps, over three parameters."""
    draw = random.Random(seed)
    records, measured = [], {}
    is_noisy, is_iterated = draw.random() < 0.5, draw.random() < 0.5
    for position in range(draw.randint(2, 14)):
        labels: dict[str, Any] = {"phi": draw.choice([0.0, 0.25, 1e-7, -3.5])}
        if draw.random() < 0.8:
            labels["circuit"] = draw.choice(["Knill CNOT", "Ralph", "=1+1"])
        params: dict[str, Any] = {"max_samples": draw.choice([500, 1000])}
        if is_noisy and draw.random() < 0.8:
            params["noise"] = json.dumps({"g2": draw.choice([0.01, 0.02])})
        metadata = {"m": 2, "content": f"{seed:08x}", "phi": position}
        state = draw.choice(ENDED)
        records.append(
            record(
                position,
                state=state,
                remote_id=None if state == "unsent" else f"id-{position}",
                attempts=int(state != "unsent"),
                message="no memory" if state == "error" else None,
                labels_json=json.dumps(labels),
                params_json=json.dumps(params),
                metadata_json=json.dumps(metadata),
            )
        )
        if state == "success" and draw.random() < 0.9:
            iterations = draw.randint(2, 4) if is_iterated and draw.random() < 0.5 else None
            measured[position] = [
                measurement(draw, position, None if iterations is None else i)
                for i in range(iterations or 1)
            ]
    return records, measured


def measurement(draw: random.Random, position: int, iteration: int | None) -> Measurement:
    """Counts or probabilities of some states, with performances."""
    params = {} if iteration is None else {"theta": iteration / 4, "phi": draw.random()}
    states = draw.sample(STATES, draw.randint(1, len(STATES)))
    scalars = {"physical_perf": draw.random()} if draw.random() < 0.8 else {}
    if draw.random() < 0.2:
        weights = [draw.random() for _ in states]
        values = {s: w / sum(weights) for s, w in zip(states, weights, strict=True)}
        return Measurement(position, iteration, params, "probability", values, scalars)
    counts: dict[str, float] = {state: draw.randint(0, 500) for state in states}
    return Measurement(position, iteration, params, "count", counts, scalars)


def rows(records: list[JobRecord]) -> dict[str, Any]:
    """The rows as a page receives them."""
    columns = {name: [getattr(r, name) for r in records] for name in FIELDS}
    columns |= {
        "labels": [r.labels_json for r in records],
        "metadata": [r.metadata_json for r in records],
        "params": [r.params_json for r in records],
    }
    made = {name: Column(json.dumps(cells).encode(), 0, None) for name, cells in columns.items()}
    return protocol.inline_rows(Columns(len(records), made))


def example(seed: int) -> dict[str, Any]:
    """A group: the page's data, and Python's table."""
    records, measured = group(seed)
    definitions = {name: parse(text) for name, text in DEFINITIONS.items()}
    found = {r.position: measured.get(r.position, "no result") for r in records}
    sums: dict[str, float] = {}
    for pool in (Pool([m]) for parts in measured.values() for m in parts):
        for state, share in pool.shares.items():
            sums[state] = sums.get(state, 0.0) + share
    answer = measured_rows(found, [], ranked(sums)[:MAX_STATES], definitions)
    is_known = all(state in sums for each in definitions.values() for state in each.states)
    table = table_of(
        list(rows_of(records, measured, {})), definitions=definitions if is_known else {}
    )
    return {
        "rows": rows(records),
        "measured": answer,
        "columns": table.columns,
        "table": {name: table[name] for name in table.available_columns},
    }


def recording() -> list[dict[str, Any]]:
    """Return all examples."""
    made = [example(seed) for seed in range(16)]
    found: list[dict[str, Any]] = json.loads(json.dumps(json_safe(made)))
    return found


if __name__ == "__main__":
    RECORDING.write_text(json.dumps(recording(), ensure_ascii=False) + "\n")
