"""One world for each scenario: its orders live side by side, as they do in a real store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from world import World
from worlds import opened


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Both sandboxes with documented quirks, no throttling, an empty database."""
    with opened(tmp_path_factory.mktemp("scenario")) as both:
        yield both
