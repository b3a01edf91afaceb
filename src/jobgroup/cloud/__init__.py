"""The embedded cloud: a loopback server with Quandela Cloud's REST API that runs Perceval jobs.

The demo, the notebooks and the tests use it, and you can test a script on it before you spend
credits. From jobgroup it imports only `jobgroup.decoding`, and it imports nothing large before it
starts.
"""

from jobgroup.cloud.server import EmbeddedCloud

__all__ = ["EmbeddedCloud"]
