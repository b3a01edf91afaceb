"""Show one group, or the list of all groups, live in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobgroup.dashboard.widget import Dashboard, mimebundle

__all__ = ["Dashboard", "mimebundle"]


def __getattr__(name: str) -> Any:
    if name in __all__:  # a session without a widget needs no widget imports
        from jobgroup.dashboard import widget

        return getattr(widget, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
