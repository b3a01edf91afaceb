"""The embedded cloud: a loopback server of Quandela Cloud's contract that really runs the jobs.

Demo, notebooks and tests run on it, and so can a script before it spends credits. It stands apart:
it imports nothing of the rest of jobgroup, and nothing heavy before it starts.
"""

from jobgroup.cloud.server import EmbeddedCloud, serve

__all__ = ["EmbeddedCloud", "serve"]
