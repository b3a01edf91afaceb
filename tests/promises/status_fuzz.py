"""Random responses to status requests: JSON of any shape, and bytes that are not JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from unruly import UnrulyCloud

from jobgroup import JobGroup, RemoteJob

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
ANY_STATUS = (
    st.binary(max_size=60)
    | ANY_JSON.map(lambda v: json.dumps(v).encode())
    | st.dictionaries(
        st.sampled_from(
            [
                "status",
                "progress",
                "progress_message",
                "status_message",
                "failure_code",
                "creation_datetime",
                "start_time",
                "duration",
                "msg",
                "shots",
                "name",
            ]
        ),
        ANY_JSON
        | st.sampled_from(["waiting", "running", "canceled", "error", "suspended", "\ud800"]),
    ).map(lambda v: json.dumps(v).encode())
)


def fuzz_statuses(examples: int, **options: Any) -> Callable[..., None]:
    """A check that random responses about some jobs do not affect the others."""
    answers = st.tuples(st.sampled_from([200, 200, 204, 400, 404, 418, 500]), ANY_STATUS)

    @settings(max_examples=examples, deadline=None, database=None, **options)
    @given(answers=st.lists(answers, min_size=20, max_size=20))
    def fuzz(unruly: UnrulyCloud, answers: list[tuple[int, bytes]]) -> None:
        unruly.answer = lambda call, job_id: None
        jg = JobGroup(f"fuzzed {time.time_ns()}")
        for n in range(len(answers) + 1):
            jg.add(RemoteJob({"c": 1}, platform="p", url=unruly.url, name=str(n)))
        jg.run_parallel()
        by_id = {jg[i].id: answer for i, answer in enumerate(answers)}
        unruly.answer = lambda call, job_id: by_id.get(job_id) if call == "status" else None
        jg[-1].status()
        jg.refresh()
        assert jg[-1].state == "success"
        assert jg.progress()["Total"] == sum(jg.state.counts.values()) == len(jg)
        assert all(repr(job) for job in jg)

    return fuzz
