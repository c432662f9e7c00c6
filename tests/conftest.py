"""What holds for all tests: no engine calls home, and no property is judged by the clock."""

from __future__ import annotations

from hypothesis import settings

from core.settings import silence_telemetry

pytest_plugins = ["worlds"]

silence_telemetry()
settings.register_profile("causeway", deadline=None)
settings.load_profile("causeway")
