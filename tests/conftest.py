"""What holds for all tests: no engine calls home, and no property is judged by the clock.

Properties draw the same examples in every run, so that a test fails because of a change and not
by chance. `make test-long` draws new ones by a seed, which it prints and takes back as SEED.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

from core.settings import silence_telemetry

pytest_plugins = ["worlds"]

silence_telemetry()
settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.register_profile("fresh", deadline=None, derandomize=False, database=None)
settings.load_profile("same")


@pytest.fixture(scope="session")
def drawn_by(pytestconfig: pytest.Config) -> str:
    """The seed of this run's examples; the same in every run but those that draw new ones."""
    return str(pytestconfig.getoption("--hypothesis-seed") or 0)
