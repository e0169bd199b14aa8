"""Properties are about what is true, not about how fast a busy machine finds out."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("events", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("events")
