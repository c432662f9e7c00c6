"""A client's priority: chosen by its caller, over one budget for the account."""

import httpx
import pytest

from connectors import budget
from connectors.budget import Budget, Priority
from tests.connectors.conftest import Script, bigcommerce, brightpearl
from tests.connectors.test_budget import StoppedTime


def half_used(request: httpx.Request) -> httpx.Response:
    """An answer of either system: 75 of 150, or 100 of 200, requests are left for 30 seconds."""
    headers = {
        "x-rate-limit-requests-left": "75",
        "x-rate-limit-requests-quota": "150",
        "x-rate-limit-time-reset-ms": "30000",
        "brightpearl-requests-remaining": "100",
        "brightpearl-next-throttle-period": "30000",
    }
    return httpx.Response(200, json={"data": [], "response": []}, headers=headers)


def test_a_client_without_a_chosen_priority_has_the_highest():
    assert bigcommerce(Script(half_used)).priority is Priority.ORDERS


def test_a_view_has_its_own_priority_and_leaves_the_client_as_it_was():
    client = bigcommerce(Script(half_used))

    view = client.at(Priority.BACKFILL)

    assert (client.priority, view.priority) == (Priority.ORDERS, Priority.BACKFILL)
    assert view.at(Priority.STOCK).priority is Priority.STOCK


def test_all_priorities_of_an_account_share_one_budget():
    client = bigcommerce(Script(half_used))

    client.at(Priority.STOCK).list_channels()
    client.at(Priority.CATALOGUE).list_channels()

    assert client.usage().sent == 2
    assert client.at(Priority.STOCK).usage() == client.usage()


@pytest.mark.parametrize(
    ("make", "account", "call"),
    [
        (bigcommerce, ("http://bc.test", "sandbox"), "list_channels"),
        (brightpearl, ("http://bp.test/public-api", "sandbox"), "list_tax_codes"),
    ],
)
def test_a_backfill_waits_for_the_next_window_where_an_order_is_still_sent(
    make, account, call, monkeypatch
):
    time = StoppedTime()
    budgets = {account: Budget(clock=time.clock, wait=time.wait)}
    monkeypatch.setattr(budget, "_budgets", budgets)
    client = make(Script(half_used))
    getattr(client, call)()

    getattr(client.at(Priority.ORDERS), call)()
    assert time.waits == []
    getattr(client.at(Priority.BACKFILL), call)()
    assert time.waits
    assert max(time.waits) <= 30.05
