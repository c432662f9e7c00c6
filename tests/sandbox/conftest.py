"""Both sandboxes behind real sockets, started once for all tests here."""

from collections.abc import Iterator

import pytest

from sandbox.serve import Running, running
from sandbox.world import Plan


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[Running]:
    """A generated catalogue, no orders, no limits; tests must not count on what others left."""
    with running(Plan(limits="off"), tls=True) as both:
        yield both
