"""Tests of NumPy's, pandas' and other scalars as labels, parameters and positions."""

from __future__ import annotations

import enum
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from swept import URL, counts, experiment

from jobgroup import JobGroup, RemoteJob
from jobgroup.group import engine_session


def test_labels_take_all_scalars():
    """NumPy's and pandas' values are numbers, missing values None, infinities numbers, dates ISO
    texts.
    """
    jg = JobGroup("labels")
    labels = {
        "np": np.int64(3),
        "f": np.float32(0.5),
        "long": np.longdouble(0.25),
        "nan": np.nan,
        "na": pd.NA,
        "nat": pd.NaT,
        "inf": np.inf,
        "below": -np.inf,
        "date": pd.Timestamp("2026-01-02T03:04:05"),
        "enum": enum.Enum("Colour", "RED").RED,
        "path": PurePosixPath("a/b"),
        "flag": np.True_,
    }
    jg.add(experiment(), labels=labels)
    assert jg[0].labels == {
        "np": 3,
        "f": 0.5,
        "long": 0.25,
        "nan": None,
        "na": None,
        "nat": None,
        "inf": float("inf"),
        "below": float("-inf"),
        "date": "2026-01-02T03:04:05",
        "enum": "RED",
        "path": "a/b",
        "flag": True,
    }


def test_bodies_and_positions_take_numpy_scalars():
    """Such scalars work in a body that was written without Perceval, and as the position of a
    job.
    """
    jg = JobGroup("numbers")
    body = {"command": "x", "t": np.arange(3)[1], "rate": np.float32(0.5), "list": np.arange(2)}
    jg.add(RemoteJob(body, "sim:slos", url=URL), n=np.int64(5))
    assert engine_session(jg).store.body(1)["payload"] == {
        "command": "x",
        "t": 1,
        "rate": 0.5,
        "list": [0, 1],
        "n": 5,
    }
    assert jg[np.int64(0)] == jg[0]
    assert counts(jg.repeat(np.int64(0), times=np.int64(1))) == (1, 1, 0, 0, 2)


def test_rerun_takes_numpy_scalars(scripted):
    """Such scalars work as new parameter values, and as the position of the job."""
    jg = JobGroup("numbers")
    body = {"command": "x", "max_shots": 100, "rate": 0.5}
    jg.add(RemoteJob(body, "sim:slos", url=scripted.url))
    jg.run_parallel()
    scripted.tell(jg[0].id, "error")
    jg.progress()
    jg.rerun(np.int64(0), params={"max_shots": np.int64(50), "rate": np.float64(0.25)})
    assert jg[0].attempts[-1].overrides == {"max_shots": [100, 50], "rate": [0.5, 0.25]}
