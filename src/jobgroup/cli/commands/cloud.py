"""``jobgroup cloud``: the embedded cloud, served on this machine."""

from __future__ import annotations

from jobgroup.cloud.command import add_arguments, run

__all__ = ["HELP", "add_arguments", "run"]

HELP = "serve an embedded cloud on this machine"
