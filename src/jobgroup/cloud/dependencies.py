"""What is optional: saying which extra installs it."""

from __future__ import annotations

import importlib.util


def require(extra: str, *modules: str) -> None:
    """See that modules are installed, importing none; ImportError names the extra to install."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise ImportError(
                f"The embedded cloud needs {module}, which is not installed:"
                f' pip install "jobgroup[{extra}]"'
            )
