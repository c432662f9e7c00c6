"""No test reaches the network, and nothing that is imported or computed needs it."""

import pkgutil
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from network import NetworkError, without_sockets
from waiting import WITHIN_S

import intelligence

SUPPORT = Path(__file__).parent / "support"
ALONE = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
from network import allow_loopback_only, without_sockets
allow_loopback_only()
with without_sockets():
    for name in sys.argv[2:]:
        importlib.import_module(name)
    from intelligence.addresses import Address, check_address
    from intelligence.contact_details import check_email, check_phone
    from intelligence.errors import Problem, triage
    from intelligence.lookups import suggest_value
    from intelligence.mapping import Source, suggest
    from intelligence.products import Item, rank
    check_address(Address("1 High St", "Reno", "NV", "89501", "US"))
    check_email("ann@gmial.com")
    check_phone("775 555 0100", "US")
    triage([Problem("something that no rule knows", "bp", "400")])
    suggest("order", [Source("billing.city")])
    suggest_value("payment_methods", "Stripe", {"CARD": "Credit card"})
    rank([Item("1", "Oak chair")], [Item("2", "Chair of oak")])
    print("done")
"""


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_beyond_this_machine_is_refused(host: str) -> None:
    with pytest.raises(NetworkError, match=host):
        socket.create_connection((host, 9), timeout=WITHIN_S)


def test_a_name_of_the_network_is_not_asked_for() -> None:
    with pytest.raises(httpx.ConnectError, match="would ask for the name"):
        httpx.get("https://api.bigcommerce.com/", timeout=WITHIN_S)


def test_without_sockets_this_machine_is_refused_as_well() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        without_sockets(),
        pytest.raises(NetworkError),
    ):
        socket.create_connection(server.getsockname(), timeout=WITHIN_S)


def test_intelligence_is_imported_and_works_in_a_process_without_sockets() -> None:
    modules = [f"intelligence.{one.name}" for one in pkgutil.iter_modules(intelligence.__path__)]
    modules += ["cli.main", "receiver.app", "flows.orders", "tasks.orders.checks"]

    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", ALONE, str(SUPPORT), *modules],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )

    assert (ran.stdout.strip(), ran.returncode) == ("done", 0), ran.stderr
