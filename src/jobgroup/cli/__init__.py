"""The command ``jobgroup``: groups of jobs in a terminal, in scripts, and in tmux for days."""

from jobgroup.cli.main import main

__all__ = ["main"]
