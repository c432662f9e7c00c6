"""Thousands of orders: a read that names its orders visits no others, and misses nothing recent."""

from datetime import UTC, datetime

import pytest


class Unread(dict):
    """A book that may be looked up in, but not read from cover to cover."""

    def __iter__(self):
        raise AssertionError("the whole book was read")

    keys = values = items = __iter__


@pytest.fixture
def shelves(api):
    """Two orders with a note and a payment each, in books that nobody may read through."""
    for ref in ("BC-1", "BC-2"):
        order_id = api.order(ref)
        api.reserve(order_id)
        api.ship(api.goods_out(order_id, quantity=1).value)
        api.pay(order_id, ref=f"tx-{ref}")
    for name in ("orders", "goods_out", "goods_in", "payments", "movements"):
        setattr(api.account, name, Unread(getattr(api.account, name)))
    return api


FIRST = 100_001


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (f"/order-service/sales-order/{FIRST}", {}),
        (f"/order-service/order/{FIRST}-100200", {}),
        ("/order-service/order-search", {"orderTypeId": "1", "externalRef": "BC-1"}),
        ("/order-service/order-search", {"parentOrderId": str(FIRST)}),
        ("/order-service/order-search", {"orderTypeId": "1", "updatedOn": "2026-07-01T12:00:00Z/"}),
        ("/order-service/sales-order-search", {"updatedOn": "2026-07-01/"}),
        ("/order-service/sales-order-search", {"customerRefs": "BC-1,BC-2"}),
        (f"/warehouse-service/order/{FIRST}/goods-note/goods-out", {}),
        (f"/warehouse-service/order/{FIRST}/goods-note/goods-out/40001-40100", {}),
        (f"/warehouse-service/order/{FIRST}/goods-note/drop-ship", {}),
        ("/warehouse-service/goods-note/goods-out-search", {"orderId": str(FIRST)}),
        ("/warehouse-service/goods-in-search", {"userBatchReference": "R-1"}),
        ("/accounting-service/customer-payment-search", {"transactionRef": "tx-BC-1"}),
        ("/accounting-service/customer-payment-search", {"orderId": str(FIRST)}),
        (f"/accounting-service/sale-payment-total/{FIRST}", {}),
    ],
)
def test_a_read_that_names_its_orders_visits_no_others(shelves, path, query):
    assert shelves.call("GET", path, **query).status in {200, 207}


def test_writes_visit_no_other_orders(shelves):
    child = shelves.order_body("BC-3", parentId=FIRST, customer={"id": 201})
    child["billing"] = {"contactId": 201}
    shelves.account.contacts = Unread(shelves.account.contacts)

    assert shelves.call("POST", "/order-service/sales-order", child).status == 200
    assert shelves.call("POST", "/order-service/sales-credit", child).status == 200
    assert shelves.call("OPTIONS", f"/order-service/sales-order/{FIRST}").value["getUris"]


def found(api, **query):
    rows = api.call("GET", "/order-service/order-search", **query).rows
    return [row["orderId"] for row in rows]


def test_changed_orders_are_found_from_the_moment_on_and_sorted_by_id(api, clock):
    first, second, third = api.order("A"), api.order("B"), api.order("C")
    clock.advance(60)
    api.pay(third, ref="c")
    clock.advance(60)
    api.pay(first, ref="a")

    assert found(api, updatedOn="2026-07-01T12:01:00Z/") == [first, third]
    assert found(api, updatedOn="2026-07-01T12:01:30Z/") == [first]
    assert found(api, updatedOn="/2026-07-01T12:01:30Z") == [third]
    assert found(api, createdOn="2026-07-01T12:00:00Z/") == [first, second, third]
    assert found(api, createdOn="2026-07-01T12:00:01Z/") == []


def test_nothing_is_missed_after_the_clock_was_turned_back(api, clock):
    late = api.order("A")
    api.pay(late, ref="a")
    clock.freeze(datetime(2026, 6, 1, tzinfo=UTC))
    early = api.order("B")
    api.pay(early, ref="b")

    assert found(api, updatedOn="2026-06-15/") == [late]
    assert found(api, createdOn="2026-06-15/") == [late]
    assert found(api, updatedOn="2026-05-15/") == [late, early]


def test_a_custom_field_may_count_as_a_change(api, clock):
    api.account.switches.custom_fields_bump_updated_on = True
    order_id = api.order()
    clock.advance(60)

    patch = [{"op": "add", "path": "/PCF_GIFTMSG", "value": "Hi"}]
    api.call("PATCH", f"/order-service/order/{order_id}/custom-field", patch)

    assert found(api, updatedOn="2026-07-01T12:00:30Z/") == [order_id]
