"""A job for the documented example of another package's provider."""

from __future__ import annotations

from pathlib import Path

from jobgroup import RemoteJob

EXAMPLE = Path(__file__).parents[2] / "docs" / "providers" / "labcloud"


def job_of(cloud, provider="labcloud", **program):
    """Return a short job for a service on this machine."""
    body = {"payload": {"seconds": 0.05, **program}}
    return RemoteJob(body, platform="bench-1", url=cloud.url, provider=provider, name="mine")
