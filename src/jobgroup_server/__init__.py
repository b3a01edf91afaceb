"""Serve the dashboard without a kernel: as a Jupyter Server extension, or alone.

Jupyter Server imports this package at each start, so nothing here imports jobgroup until a browser
needs it.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jobgroup_server.extension import JobgroupExtension

    return [{"module": "jobgroup_server.extension", "app": JobgroupExtension}]
