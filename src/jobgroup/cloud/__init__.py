"""The embedded cloud: a loopback server of Quandela Cloud's REST API that runs jobs with Perceval.

Demo, notebooks and tests use it, and you can rehearse a script on it before you spend credits. It
imports nothing of jobgroup but `jobgroup.decoding`, and nothing heavy before it starts.
"""

from jobgroup.cloud.server import EmbeddedCloud

__all__ = ["EmbeddedCloud"]
