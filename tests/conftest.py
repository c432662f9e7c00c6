"""What holds for all tests: no engine calls home, nothing leaves this machine, no clock judges.

Properties draw the same examples in every run, so that a test fails because of a change and not
by chance. `make test-fresh` draws new ones by a seed, which it prints and takes back as SEED.
"""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from network import allow_loopback_only

from core.engines import leave_out_costly_imports, silence_telemetry

pytest_plugins = ["worlds"]
CLIENT = "public client"
"""The property in which a test says which client it ran."""
CLIENT_TEST = "test_a_public_client"

silence_telemetry()
allow_loopback_only()
leave_out_costly_imports()
# Engines and sandboxes stay in memory to the end: collecting among them costs a tenth.
gc.set_threshold(50_000, 20, 100)
# Slow is not failed: neither what an example takes nor drawing it.
SLOWLY: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, database=None, **SLOWLY)
settings.register_profile("fresh", derandomize=False, database=None, **SLOWLY)
settings.load_profile("same")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let `make test-fresh` find what draws by chance and is no property of hypothesis."""
    for item in items:
        if isinstance(item, pytest.Function) and "drawn_by" in item.fixturenames:
            item.add_marker("draws")


@pytest.fixture(autouse=True)
def _retries_without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is tried again is tried at once: what is tested is whether, not when."""
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture(scope="session")
def drawn_by(pytestconfig: pytest.Config) -> str:
    """The seed of this run's examples; the same in every run but those that draw new ones."""
    return str(pytestconfig.getoption("--hypothesis-seed") or 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which public clients ran against the sandboxes, and why others did not."""
    ran, missing = set(), set()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and CLIENT_TEST in report.nodeid:
                ran |= {text for name, text in report.user_properties if name == CLIENT}
                if report.skipped and isinstance(report.longrepr, tuple):
                    missing.add(f"{report.nodeid.partition('[')[2][:-1]}: {report.longrepr[2]}")
    if ran or missing:
        terminalreporter.section("public clients against the sandboxes over TLS")
        for line in sorted(map(str, ran | missing)):
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"{len(ran)} public clients ran, {len(missing)} did not")
