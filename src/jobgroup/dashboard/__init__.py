"""The dashboard: a job group, or all of them, live in a notebook."""

from jobgroup.dashboard.widget import Dashboard, mimebundle

__all__ = ["Dashboard", "mimebundle"]
