"""Fixtures of the reconciler's own tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from reconciling import Reconciler, reconciler


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Reconciler]:
    """A pair with an empty database, and clients that remember what they sent."""
    with reconciler(tmp_path) as made:
        yield made
