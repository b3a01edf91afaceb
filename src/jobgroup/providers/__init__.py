"""Talk to clouds through providers."""

from __future__ import annotations

from jobgroup.providers.registry import GROUP, QUANDELA, check_installed, installed, provider_for

__all__ = ["GROUP", "QUANDELA", "check_installed", "installed", "provider_for"]
