"""Choose between the documented behavior and that of Perceval 1.x."""

from __future__ import annotations

import os
from typing import Final

VARIABLE: Final = "JOBGROUP_COMPATIBILITY"
"""Environment variable with the choice for a whole process."""

_RELEASES: Final = ("1.x",)

_chosen: str | None = None


def set_compatibility(release: str | None) -> None:
    """Let parallel runs behave as in Perceval 1.1 to 1.3, for the rest of this process.

    With "1.x", `JobGroup.run_parallel` and `rerun_failed_parallel` have ``wait=True`` by default:
    they wait for free slots if the plan is full, and return when their jobs have ended. The
    environment variable `JOBGROUP_COMPATIBILITY` does the same.

    Args:
        release: "1.x"; None for the choice of the environment variable or, without one, for the
            documented behavior.

    Raises:
        ValueError: the release is neither "1.x" nor None.
    """
    global _chosen  # noqa: PLW0603  # one choice for the process
    _chosen = None if release is None else _checked(release, "release")


def waits_by_default() -> bool:
    """Return whether parallel runs wait for the end of their jobs by default.

    Raises:
        ValueError: the environment variable has an invalid value.
    """
    chosen = _chosen or os.environ.get(VARIABLE)
    return bool(chosen) and _checked(chosen, VARIABLE) == "1.x"


def _checked(release: str | None, name: str) -> str:
    if release not in _RELEASES:
        raise ValueError(f"{name} must be {' or '.join(map(repr, _RELEASES))}, got {release!r}.")
    return release
