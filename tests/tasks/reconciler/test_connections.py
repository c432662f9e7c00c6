"""What a pair's runs share in a process."""

from __future__ import annotations

import threading

import pytest
from world import PAIR, World
from worlds import world

from tasks.reconciler.connections import Connections, connect, disconnect

__all__ = ["world"]
THREADS = 8


@pytest.mark.usefixtures("world")
def test_threads_that_connect_at_once_share_connections() -> None:
    disconnect()
    start, found = threading.Barrier(THREADS), list[Connections]()

    def begin() -> None:
        start.wait()
        found.append(connect(PAIR))

    threads = [threading.Thread(target=begin) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(one) for one in found}) == 1


def test_a_refusal_seen_by_one_priority_is_seen_by_all(world: World) -> None:
    world.fault("brightpearl", {"kind": "unauthorized", "times": 1})
    client = connect(PAIR).brightpearl

    with pytest.raises(Exception, match="401"):
        client.at(client.priority).get_server_time()

    assert "401" in client.observed.refusal
    client.get_server_time()
    assert not client.observed.refusal
