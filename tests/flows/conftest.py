"""Real flows over real HTTP against both sandboxes; only the processes are one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prefect.testing.utilities import prefect_test_harness
from world import World

from sandbox.serve import running
from tasks import reference
from tasks.connections import disconnect


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    """A Prefect server of the tests' own."""
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def world(engine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Both sandboxes with documented quirks, no throttling, an empty database."""
    with running() as sandbox:
        settings = {
            "DATABASE_URL": f"sqlite:///{tmp_path}/causeway.db",
            "BIGCOMMERCE__API_URL": sandbox.bigcommerce_url,
            "BIGCOMMERCE__STORE_HASH": "sandbox",
            "BIGCOMMERCE__ACCESS_TOKEN": "sandbox-access-token",
            "BIGCOMMERCE__CLIENT_SECRET": "sandbox-client-secret",
            "BRIGHTPEARL__API_URL": sandbox.brightpearl_url,
            "BRIGHTPEARL__ACCOUNT": "sandbox",
            "BRIGHTPEARL__APP_REF": "causeway_app",
            "BRIGHTPEARL__ACCOUNT_TOKEN": "sandbox-account-token",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"CAUSEWAY_{name}", value)
        disconnect()
        reference.forget()
        with httpx.Client(timeout=60) as http:
            yield World(sandbox, http)
        disconnect()
