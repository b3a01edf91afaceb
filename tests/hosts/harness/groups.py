"""Notebook cells that create a group on an embedded cloud, without Perceval."""

from pathlib import Path

CLOUD = """
from jobgroup import Dashboard, JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud

cloud = EmbeddedCloud(prewarm=False, max_concurrent={concurrent})
cloud.start()
set_token(cloud.token, url=cloud.url)

def job(duration_s=0.0, **parameters):
    body = {{"command": "sample_count", "parameters": {{"duration_s": duration_s, **parameters}}}}
    return RemoteJob(body, platform="test:timer", url=cloud.url, name="timer")
"""


def cloud(*, concurrent: int = 8) -> str:
    """Return the cell that starts the cloud and defines `job`."""
    return CLOUD.format(concurrent=concurrent)


def group(name: str, *jobs: str) -> str:
    """Return the cell that creates `jg` from expressions of jobs, each with its own label phi."""
    listed = ", ".join(f"({each}, {{}}, {{'phi': {i / 10}}})" for i, each in enumerate(jobs))
    return f"jg = JobGroup({name!r})\njg.add_many([{listed}])"


def busy_until(gate: Path) -> str:
    """Return the cell that keeps the kernel busy until a file exists."""
    waiting = f"while not pathlib.Path({str(gate)!r}).exists():\n    time.sleep(0.05)"
    return f"import pathlib, time\n{waiting}"
