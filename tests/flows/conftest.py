"""Real flows over real HTTP against both sandboxes: `world` of tests/support."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from world import World

from mappings.bundle import SHIPPED
from tasks.reconciler.connections import disconnect


@pytest.fixture
def tables(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lookup tables of an installation with mappings of its own."""
    copy = tmp_path / "mappings"
    shutil.copytree(SHIPPED, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(copy))
    disconnect()
    return copy / "tables"
