"""Tests of derived quantities that the user defines."""

from __future__ import annotations

import json

import numpy as np
import pytest
from measured_jobs import counts_of, pair_of

from jobgroup import RemoteJob, UnknownColumnError


def test_definitions_are_stored_and_appear_everywhere(measured, in_child):
    """A definition is a column and a variable with its error, in this process and the next."""
    jg = measured(({"x": 0}, {"results": pair_of(300, 100), "global_perf": 0.5}))
    jg.define("rate", "|1,1> * global_perf")
    jg.define("ratio", "|1,1> / |2,0>")
    assert jg.definitions == {"rate": "|1,1> * global_perf", "ratio": "|1,1> / |2,0>"}
    row = jg.results_table()[0]
    assert (row["rate"], row["ratio"]) == (0.375, 3.0)
    error = 0.5 * np.sqrt(0.75 * 0.25 / 400)
    assert row["rate_err"] == pytest.approx(error)
    ds = jg.to_xarray(interval=0.95)
    assert ds.rate.item() == 0.375
    assert ds.rate_high.item() == pytest.approx(0.375 + 1.959964 * error)
    assert ds.rate.attrs["expression"] == "|1,1> * global_perf"
    names = in_child(
        "import json; from jobgroup import JobGroup;"
        "print(json.dumps(JobGroup.open('map').definitions))"
    )
    assert list(names) == ["rate", "ratio"]
    jg.define("rate", None)
    assert list(jg.definitions) == ["ratio"]


@pytest.mark.parametrize("name", ["x", "p", "samples", "global_perf", "|1,1>", "a b", "for", ""])
def test_definitions_refuse_names_in_use(measured, name):
    """A definition cannot have the name of a label, column, performance, state or keyword."""
    jg = measured(({"x": 0}, pair_of(1, 1)))
    with pytest.raises(ValueError, match="name"):
        jg.define(name, "|1,1>")
    assert jg.definitions == {}


def test_definitions_cannot_use_each_other(measured):
    """The error has the expression to write instead, and the other definitions still work."""
    jg = measured(({"x": 0}, pair_of(1, 1)))
    jg.define("ratio", "|1,1> / |2,0>")
    with pytest.raises(ValueError, match=r"'ratio' is a definition.*\(\|1,1> / \|2,0>\)"):
        jg.define("twice", "2 * ratio")
    assert jg.results_table("ratio")["ratio"] == [1]
    assert [*jg.definitions] == ["ratio"]


def test_definitions_cannot_have_names_that_others_use(measured):
    """The other definition keeps its meaning, in whichever order the two are made."""
    jg = measured(({"x": 0}, {"results": pair_of(1, 1), "g2": 0.5}))
    jg.define("twice", "2 * g2")
    with pytest.raises(ValueError, match="definition of 'twice' uses 'g2'"):
        jg.define("g2", "|1,1>")
    jg.define("g3", "1 - g2")
    jg.define("g3", "1 - g2 / 2")
    assert jg.results_table(["twice", "g3"])[0] == {"twice": 1, "g3": 0.75}


def test_unknown_states_are_an_error_that_names_the_nearest(measured):
    """A state that no job has is an error in tables, datasets and plots alike."""
    jg = measured(({"x": 0}, pair_of(1, 1)))
    message = r"No result contains the state \|3,0>.*\|2,0>"
    with pytest.raises(UnknownColumnError, match=message):
        jg.results_table("p(|3,0>)")
    jg.define("lost", "1 - |3,0>")
    for call in (jg.results_table, jg.to_xarray, lambda: jg.plot("lost")):
        with pytest.raises(UnknownColumnError, match=message):
            call()
    for name in ("global_pref", "global_perf"):  # no job has them
        jg.define("lost", f"|1,1> * {name}")
        for call in (jg.results_table, jg.to_xarray, lambda: jg.plot("lost")):
            with pytest.raises(UnknownColumnError, match=rf"no quantity '{name}'.*samples"):
                call()
    jg.define("lost", "|1,1> * samples")
    assert jg.results_table("lost")["lost"] == [1]
    assert jg.to_xarray().lost.values == [1]
    assert jg.plot("lost").get_ylabel() == "lost"
    jg.define("lost", None)
    with pytest.raises(TypeError, match="must be a string"):
        jg.define("lost", 3)


def test_definitions_have_no_values_while_their_states_may_still_come(measured, scripted):
    """Early in a run, tables and datasets have gaps, and a plot has nothing to draw."""
    jg = measured(({"x": 0}, pair_of(1, 1)))
    jg.define("lost", "1 - |3,0>")
    body = {"command": "sample_count", "max_samples": 100}
    jg.add(RemoteJob(body, platform="sim:x", url=scripted.url), labels={"x": 1})
    assert jg.results_table("lost")["lost"] == [None, None]
    assert jg.to_xarray().lost.isnull().all()
    with pytest.raises(ValueError, match="nothing to draw"):
        jg.plot("lost")
    jg.run_parallel()
    scripted.tell(jg[1].id, "completed", shots=1000)
    scripted.results[jg[1].id] = {"results": json.dumps({"results": counts_of(**{"|3,0>": 4})})}
    jg.refresh()
    assert jg.results_table("lost")["lost"] == [1, 0]
