"""A client's priority: chosen by its caller, over one budget for the account."""

import httpx

from connectors.budget import Priority
from tests.connectors.conftest import Script, bigcommerce


def test_a_client_that_nobody_gave_a_priority_has_the_highest():
    assert bigcommerce(Script(httpx.Response(200))).priority is Priority.ORDERS


def test_a_view_sends_at_its_own_priority_and_leaves_the_client_as_it_was():
    client = bigcommerce(Script(httpx.Response(200)))

    view = client.at(Priority.BACKFILL)

    assert (client.priority, view.priority) == (Priority.ORDERS, Priority.BACKFILL)
    assert view.at(Priority.STOCK).priority is Priority.STOCK


def test_all_priorities_of_an_account_share_one_budget():
    client = bigcommerce(Script(httpx.Response(200, json={"data": []})))

    client.at(Priority.BACKFILL).list_channels()
    client.at(Priority.CATALOGUE).list_channels()

    assert client.usage().sent == 2
    assert client.at(Priority.STOCK).usage() == client.usage()
