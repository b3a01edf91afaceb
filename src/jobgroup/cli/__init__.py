"""The ``jobgroup`` command, which manages groups of jobs in terminals and scripts."""

from jobgroup.cli.main import main

__all__ = ["main"]
