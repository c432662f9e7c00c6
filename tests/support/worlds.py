"""Fixtures of real flows over real HTTP against both sandboxes; only the processes are one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from databases import new_database
from waiting import WITHIN_S
from world import World

from connectors.http import trusted
from sandbox.serve import running
from tasks.reconciler.connections import disconnect


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    """A Prefect server of the tests' own."""
    from prefect.settings import (  # noqa: PLC0415 - most suites need no engine, and it is slow
        PREFECT_LOGGING_TO_API_ENABLED,
        temporary_settings,
    )
    from prefect.testing.utilities import (  # noqa: PLC0415 - the same
        prefect_test_harness,
    )

    with (
        prefect_test_harness(server_startup_timeout=WITHIN_S),
        temporary_settings({PREFECT_LOGGING_TO_API_ENABLED: False}),
    ):
        yield


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Both sandboxes with documented quirks, no throttling, an empty database."""
    with opened(tmp_path) as both:
        yield both


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """Both sandboxes and a pair with an empty database, until the block ends."""
    with running() as sandbox, pytest.MonkeyPatch.context() as patch:
        settings = {
            "DATABASE_URL": new_database(folder),
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
            patch.setenv(f"CAUSEWAY_{name}", value)
        disconnect()
        # A connection that a slow test left idle may be closed by the server as it is used again.
        limits = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(timeout=WITHIN_S, limits=limits, verify=trusted()) as http:
            yield World(sandbox, http)
        disconnect()
