"""Where jobs run: finds the provider that speaks a cloud's language."""

from __future__ import annotations

from jobgroup.providers.registry import GROUP, QUANDELA, check_installed, installed, provider_for

__all__ = ["GROUP", "QUANDELA", "check_installed", "installed", "provider_for"]
