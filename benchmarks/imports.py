"""What `import jobgroup` takes in a new interpreter, and what must not come with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

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
    """The one line."""
    yield Line(
        "import jobgroup",
        Variant(import_time, ("jobgroup",)),
        {"import httpx": Variant(import_time, ("httpx",))},
        {} if quick else {"import perceval": Variant(import_time, ("perceval",))},
        reach=1.5,
    )


def import_time(module: str) -> Result:
    """Seconds of the import, and how many modules came along that are optional to jobgroup."""
    source = SOURCE.format(module, OPTIONAL)
    out = subprocess.check_output([sys.executable, "-c", source], text=True)
    seconds, optional = json.loads(out)
    return Result(seconds, {"optional modules": optional})
