"""Provide the ``jobgroup`` command, which manages groups in terminals and scripts."""

from jobgroup.cli.main import main

__all__ = ["main"]
