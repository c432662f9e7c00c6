"""Both sandboxes for many tests one after the other, and work in them that needs no person."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from crashing import ready
from forked import Workers, workers
from world import World
from worlds import opened


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("crashes")) as both, pytest.MonkeyPatch.context() as patch:
        ready(both, patch)
        yield both


@pytest.fixture(scope="module")
def killed(world: World) -> Iterator[Workers]:
    with workers() as found:
        yield found


@pytest.fixture
def draw(request: pytest.FixtureRequest, drawn_by: str) -> Random:
    """Draws the same for the same seed and test."""
    return Random(f"{drawn_by} {request.node.name}")  # noqa: S311 - reproducible, not secret
