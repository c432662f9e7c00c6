"""A receiver that crashes: whatever it answered with 2xx is on disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest
from waiting import WITHIN_S, eventually

from cli.processes import Processes
from cli.services import Ports, Services, sandbox_environment
from store.database import open_database
from store.inbox import Inbox

pytestmark = pytest.mark.long

SENDERS = 4
ENOUGH = 150
ROUNDS = 3


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    ports = Ports.free()
    with Processes(tmp_path / "log") as processes:
        environment = sandbox_environment(tmp_path, ports)
        yield Services.of(processes, tmp_path, ports, environment)


def send(services: Services, numbers: Iterator[int], taken: list[str]) -> None:
    """Deliver one order's event after the other until nobody answers; keeps what got a 2xx."""
    url = f"http://127.0.0.1:{services.ports.receiver}/webhooks/bigcommerce/default"
    headers = {"X-Causeway-Secret": services.environment["CAUSEWAY_WEBHOOKS__SECRET"]}
    with httpx.Client(headers=headers, timeout=WITHIN_S) as client:
        for number in numbers:
            event = {"scope": "store/order/created", "data": {"type": "order", "id": number}}
            try:
                answer = client.post(url, json=event)
            except httpx.TransportError:
                return
            if answer.is_success:
                taken.append(str(number))


def test_whatever_got_a_2xx_survives_the_end_of_the_receiver(services: Services) -> None:
    numbers, taken = count(1), list[str]()
    for _ in range(ROUNDS):
        services.start_receiver()
        services.processes.wait_ready("receiver", within_s=WITHIN_S)
        wanted = len(taken) + ENOUGH
        senders = [
            threading.Thread(target=send, args=(services, numbers, taken)) for _ in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        assert eventually(lambda n=wanted: len(taken) >= n)

        services.processes.kill("receiver")

        for sender in senders:
            sender.join()

    database = open_database(services.environment["CAUSEWAY_DATABASE_URL"])
    assert Inbox(database).states("default", "orders", taken) == dict.fromkeys(taken, "due")
    database.close()
