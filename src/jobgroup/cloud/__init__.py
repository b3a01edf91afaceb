"""Provide the embedded cloud: a local server with Quandela Cloud's REST API.

It runs jobs with Perceval. The demo, the notebooks and the tests use it, and you can test a script
on it before you spend credits. This package imports only `jobgroup.decoding` from jobgroup. It
imports large packages only when a cloud starts.
"""

from jobgroup.cloud.server import EmbeddedCloud

__all__ = ["EmbeddedCloud"]
