"""Fixtures and settings that every room's tests share."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.controlplane.fixtures"]

# Machines differ and are shared: no test may fail because one was slow.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")
