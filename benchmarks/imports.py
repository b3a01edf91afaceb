"""The time of `import jobgroup` in a new interpreter, and modules that it must not import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from measure import KEPT
from report import Line, Result, Variant

OPTIONAL = ("perceval", "starlette", "uvicorn", "pandas", "IPython", "anywidget", "ipywidgets")
SOURCE = """
import json, sys, time
began = time.perf_counter()
import {0}
seconds = time.perf_counter() - began
print(json.dumps([seconds, sum(m in sys.modules for m in {1})]))
"""


def lines(*, quick: bool) -> Iterator[Line]:
    """Yield the single line."""
    yield Line(
        "import jobgroup",
        Variant(import_time, ("jobgroup",)),
        {"import httpx": Variant(import_time, ("httpx",))},
        {} if quick else {"import perceval": Variant(import_time, ("perceval",))},
        reach=1.5,
    )


def import_time(module: str) -> Result:
    """Measure the import time, and count the optional modules that it imports."""
    source = SOURCE.format(module, OPTIONAL)
    # compiled once, as an installed package is
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = os.environ[KEPT]
    for _ in range(2):
        command = [sys.executable, "-c", source]
        out = subprocess.check_output(command, text=True, env=environment)
    seconds, optional = json.loads(out)
    return Result(seconds, {"optional modules": optional})
