"""Fetching results, decoded as Perceval decodes them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import bare
import groups
import peers
from report import Line, Result, Variant
from server import RESULT, running

LATENCY_S = 0.02


def lines(*, quick: bool) -> Iterator[Line]:
    """Yield every size of this measure."""
    for count in (10, 200) if quick else (10, 1000, 10_000):
        has_peer = not quick and count == 1000
        yield Line(
            f"get_results of {count:,} jobs at {LATENCY_S * 1000:g} ms",
            Variant(get_results, (count,), once=count > 1000),
            {
                "20 at once, and decoding": Variant(
                    bare.results, (count, LATENCY_S, 20), once=count > 1000
                )
            },
            {"JobGroup": Variant(peers.results, (count, LATENCY_S), once=True)} if has_peer else {},
            jobs=count,
            series="results",
            reach=1.3,
        )
    yield Line(
        f"results_table of {count:,} jobs at {LATENCY_S * 1000:g} ms",
        Variant(get_results, (count, "results_table"), once=count > 1000),
        {
            "20 at once, and decoding": Variant(
                bare.results, (count, LATENCY_S, 20), once=count > 1000
            )
        },
        reach=1.3,
    )


def get_results(count: int, how: str = "get_results") -> Result:
    """Measure decoding results, or reducing them to a table, on warm connections."""
    from jobgroup import JobGroup, set_token
    from jobgroup.adapters import decode

    decode({"results": RESULT})
    with running(latency_s=LATENCY_S, word="completed") as server:
        set_token(peers.TOKEN, url=server.url)
        groups.fill("experiment", count, active=count, url=server.url)
        jg = JobGroup("experiment")
        jg.refresh()  # all have ended, so none is polled again
        began = time.perf_counter()
        results = getattr(jg, how)()
        seconds = time.perf_counter() - began
    if len(results) != count or (how == "get_results" and None in results):
        raise RuntimeError("A result is missing.")
    return Result(seconds)
