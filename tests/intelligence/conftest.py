"""Nothing here needs the network, not even of this machine."""

from collections.abc import Iterator

import pytest
from network import without_sockets


@pytest.fixture(autouse=True)
def no_sockets() -> Iterator[None]:
    with without_sockets():
        yield
