"""The way of an order, through every real part, and always twice."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from stories import approve, cases, reserved
from world import World

from core.errors import ConfigError
from core.times import utc_now
from flows.orders import sync_orders
from store.quarantine import Quarantine
from store.runs import Leases
from tasks.brightpearl.contacts import name_of
from tasks.reconciler.connections import connect, disconnect


def skus(world: World) -> list[str]:
    """SKUs with stock, the same in both systems."""
    account = world.sandbox.account
    return [
        product.sku
        for product in account.products.values()
        if product.stock_tracked and account.stock[product.id][2].on_hand >= 5
    ]


def lines(world: World, *quantities: int) -> list[dict[str, Any]]:
    return [
        {"sku": sku, "quantity": quantity}
        for sku, quantity in zip(skus(world), quantities, strict=False)
    ]


def total(world: World, key: str) -> Decimal:
    """What the store says the order costs."""
    answer = world.http.get(
        f"{world.sandbox.bigcommerce_url}/stores/sandbox/v2/orders/{key}",
        headers={"X-Auth-Token": "sandbox-access-token"},
    )
    return Decimal(answer.json()["total_inc_tax"])


def gross(order: Any) -> Decimal:
    return Decimal(order.net + order.tax)


def runs_twice_without_writing(world: World, *keys: str) -> bool:
    world.forget_requests()
    world.sync(*keys)
    return world.writes() == 0


def test_a_paid_order_is_created_paid_reserved_and_written_back(world: World) -> None:
    key = world.place(lines=lines(world, 2, 1), payment="captured")

    report = world.sync(key)

    order = world.sales_order(key)
    assert report["counts"]["created"] == 1
    assert gross(order) == total(world, key)
    assert order.payment_status == "PAID"
    assert order.allocation_status == "AAA"
    assert world.receipts(key) == [total(world, key)]
    assert world.states(key) == ["done"]
    assert runs_twice_without_writing(world, key)


def test_an_echo_of_our_own_word_costs_no_request_to_brightpearl(world: World) -> None:
    key = world.place(lines=lines(world, 1))
    world.sync(key)
    world.forget_requests()

    report = world.sync(key, source="webhook")

    assert report["counts"]["unchanged"] == 1
    assert world.requests("brightpearl") == {}


def test_shipping_that_is_taxed_at_two_rates_becomes_a_row_for_each(world: World) -> None:
    """Shipping to two countries is given as one amount; the order's tax rows have the rates."""
    first, second = lines(world, 1, 1)
    key = world.place(
        lines=[{**first, "address": 0}, {**second, "address": 1}],
        shipping=[
            {"to": {"country_iso2": "GB"}, "cost": "4.95"},
            {"to": {"country_iso2": "US"}, "cost": "12.00"},
        ],
    )

    report = world.sync(key)

    assert report["refused"] == []
    rows = {row.external_ref: row for row in world.sales_order(key).rows.values()}
    assert {ref for ref in rows if ref.startswith("shipping")} == {
        "shipping-at-20",
        "shipping-at-0",
    }
    assert rows["shipping-at-0"].net == Decimal("12.00")
    assert runs_twice_without_writing(world, key)


def test_many_orders_of_one_new_customer_make_one_contact(world: World) -> None:
    before = len(world.sandbox.account.contacts)
    shopper = {"email": "New.Person@example.com", "guest": True}
    keys = [world.place(lines=lines(world, 1), **shopper) for _ in range(4)]

    world.sync(*keys)

    assert len(world.sandbox.account.contacts) == before + 1
    assert len({world.sales_order(key).contact_id for key in keys}) == 1
    assert runs_twice_without_writing(world, *keys)


def test_a_customer_whom_another_run_is_creating_is_not_created_twice(world: World) -> None:
    key = world.place(lines=lines(world, 1), email="new@example.com")
    people = len(world.sandbox.account.contacts)
    leases, lease = (
        Leases(connect("default").database),
        f"contact default {name_of('new@example.com')}",
    )
    assert leases.acquire(lease, "another run", ttl_s=60, now=utc_now())
    world.sync(key)
    assert world.sales_orders == []
    assert len(world.sandbox.account.contacts) == people

    leases.release(lease, "another run")
    world.sync(key)
    assert world.states(key) == ["done"]
    assert len(world.sandbox.account.contacts) == people + 1


def test_an_unknown_sku_waits_in_quarantine_and_all_others_go_on(world: World) -> None:
    good = world.place(lines=lines(world, 1))
    sku = skus(world)[-1]
    world.http.delete(world.control("brightpearl", f"products/{sku}"))
    bad = [world.place(lines=[{"sku": sku, "quantity": 1}]) for _ in range(2)]

    report = world.sync(good, *bad)

    (refused,) = report["refused"]
    assert (refused["class"], refused["records"]) == ("sku", 2)
    assert refused["value"].casefold() == sku.casefold()
    assert refused["remedy"]
    assert world.states(good, *bad) == ["done", "dead", "dead"]
    assert [order.external_ref for order in world.sales_orders] == [f"BC-{good}"]


def test_one_release_imports_all_that_waited_for_a_product(world: World) -> None:
    sku = skus(world)[-1]
    world.http.delete(world.control("brightpearl", f"products/{sku}"))
    keys = [world.place(lines=[{"sku": sku, "quantity": 1}]) for _ in range(3)]
    report = world.sync(*keys)
    world.brightpearl("products", sku=sku, name="Back again", stock=50)

    quarantine = Quarantine(connect("default").database)
    released = quarantine.release(
        "default", class_="sku", value=report["refused"][0]["value"], now=utc_now()
    )
    world.sync()

    assert sorted(released) == sorted(keys)
    assert world.states(*keys) == ["done"] * 3
    assert quarantine.list(pair="default") == []


@pytest.mark.parametrize(
    ("order", "class_"),
    [
        ({"channel_id": 3}, "channel"),
        ({"shipping": [{"method": "By pigeon", "cost": "3.00"}]}, "shipping_method"),
    ],
)
def test_a_code_nobody_mapped_refuses_that_order_by_class_and_value(
    world: World, order: dict[str, Any], class_: str
) -> None:
    key = world.place(lines=lines(world, 1), **order)

    report = world.sync(key)

    assert class_ in {refused["class"] for refused in report["refused"]}
    assert world.sales_orders == []


def test_an_order_that_is_not_paid_yet_is_parked_and_woken_by_its_event(world: World) -> None:
    key = world.place(lines=lines(world, 1), payment="pending", status_id=1)
    world.sync(key)
    assert world.states(key) == ["parked"]
    assert world.sales_orders == []

    world.bigcommerce("pay", order_id=int(key))
    world.bigcommerce("edit", order_id=int(key), status_id=11)
    world.sync(key, source="webhook")

    assert world.states(key) == ["done"]
    assert world.sales_order(key).payment_status == "PAID"


@pytest.mark.parametrize(
    ("payment", "rows"),
    [
        ("captured", [{"event": "settled", "of": "purchase"}]),
        ("authorized", [{"event": "settled", "of": "capture"}]),
        ("authorized", [{"event": "settled", "of": "authorization"}]),
        (
            "authorized",
            [{"event": "settled", "of": "capture"}, {"event": "settled", "of": "settled"}],
        ),
    ],
)
def test_a_chain_of_one_payment_is_one_receipt(
    world: World, payment: str, rows: list[dict[str, str]]
) -> None:
    key = world.place(lines=lines(world, 2, 1), payment=payment)
    if payment != "captured":
        world.bigcommerce("pay", order_id=int(key))
    amount = total(world, key)
    for row in rows:
        world.bigcommerce("pay", order_id=int(key), action="add", amount=str(amount), **row)

    world.sync(key)

    assert world.receipts(key) == [amount]
    assert cases(world, key) == []
    assert runs_twice_without_writing(world, key)


@pytest.mark.parametrize("row", [{"amount": "10.00"}, {"amount": "5.00", "currency": "USD"}])
def test_money_that_an_order_does_not_owe_is_booked_when_a_person_says_so(
    world: World, row: dict[str, str]
) -> None:
    key = world.place(lines=lines(world, 2, 1), payment="captured")
    world.bigcommerce("pay", order_id=int(key), action="add", **row)

    world.sync(key)

    assert world.receipts(key) == [total(world, key)]
    (case,) = cases(world, key)
    assert (case.field, "--apply" in case.remedy) == ("receipt", True)
    assert runs_twice_without_writing(world, key)
    approve(world, key)
    assert len(world.receipts(key)) == 2
    assert cases(world, key) == []


def test_an_authorisation_is_not_money(world: World) -> None:
    key = world.place(lines=lines(world, 1), payment="authorized", status_id=7)

    world.sync(key)

    assert world.sales_order(key).payment_status == "UNPAID"
    assert world.receipts(key) == []


def test_a_shortage_is_a_note_on_the_order_and_is_filled_when_stock_comes_in(world: World) -> None:
    sku = skus(world)[0]
    world.brightpearl("stock", sku=sku, on_hand=1, warehouse_id=2)
    key = world.place(lines=[{"sku": sku, "quantity": 3}])

    report = world.sync(key)

    order = world.sales_order(key)
    assert report["counts"]["short of stock"] == 1
    assert order.allocation_status == "APA"
    notes = [note.text for note in world.sandbox.account.notes.values()]
    assert any("2 short" in note for note in notes)
    assert world.states(key) == ["parked"]
    assert runs_twice_without_writing(world, key)

    world.brightpearl("stock", sku=sku, on_hand=9, warehouse_id=2)
    world.sync(key)
    assert world.sales_order(key).allocation_status == "AAA"
    assert world.states(key) == ["done"]


def test_what_an_order_lacks_is_reserved_though_the_rest_is_on_a_goods_out_note(
    world: World,
) -> None:
    sku = skus(world)[0]
    world.brightpearl("stock", sku=sku, on_hand=1, warehouse_id=2)
    key = world.place(lines=[{"sku": sku, "quantity": 3}])
    world.sync(key)
    (row,) = (row.id for row in world.sales_order(key).rows.values() if row.sku == sku)
    world.brightpearl("ship", external_ref=f"BC-{key}", rows={str(row): 1}, leave=False)
    world.brightpearl("stock", sku=sku, on_hand=9, warehouse_id=2)

    world.sync(key)

    assert reserved(world, key) == {sku: 2}
    assert runs_twice_without_writing(world, key)


def test_a_half_done_order_is_completed_and_not_repeated(world: World) -> None:
    key = world.place(lines=lines(world, 2))
    rule = {"kind": "http_503", "method": "POST", "path": "customer-payment", "rate": 1.0}
    world.fault("brightpearl", {**rule, "times": 40})
    world.sync(key)
    world.fault("brightpearl")

    world.sync(key)

    assert len(world.sales_orders) == 1
    assert world.sales_order(key).payment_status == "PAID"
    assert world.duplicates() == {}


def test_a_preview_shows_the_plan_and_writes_nothing(world: World) -> None:
    key = world.place(lines=lines(world, 2))
    world.forget_requests()

    report = asyncio.run(sync_orders.fn(pair="default", dry_run=True, keys=[key]))

    assert report["preview"][0]["outcome"] == "created"
    assert world.writes() == 0
    assert world.sales_orders == []


def test_a_wrong_token_fails_the_run_at_once_and_keys_stay_due(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.place(lines=lines(world, 1))
    monkeypatch.setenv("CAUSEWAY_BRIGHTPEARL__ACCOUNT_TOKEN", "wrong-token-xyz")
    disconnect()

    with pytest.raises(ConfigError) as caught:
        world.sync(key)

    assert "wrong-token-xyz" not in str(caught.value)
    assert "__ACCOUNT_TOKEN" in str(caught.value)
    assert world.states(key) == ["due"]


def test_a_multi_message_outage_falls_back_to_single_calls(world: World) -> None:
    keys = [world.place(lines=lines(world, 1)) for _ in range(3)]
    world.fault(
        "brightpearl",
        {"kind": "http_503", "method": "POST", "path": "multi-message", "rate": 1.0},
    )

    world.sync(*keys)
    # People have no natural key: they are looked up before each goes once more, by itself.
    world.sync(*keys)

    assert world.states(*keys) == ["done"] * 3
    assert world.duplicates() == {}


@pytest.mark.parametrize("path", ["sales-order", "multi-message", "customer-payment", "contact"])
def test_a_lost_answer_doubles_nothing(world: World, path: str) -> None:
    keys = [world.place(lines=lines(world, 1)) for _ in range(2)]
    people = len(world.sandbox.account.contacts)
    world.fault(
        "brightpearl",
        {"kind": "lost_answer", "method": "POST", "path": path, "rate": 1.0, "times": 1},
    )
    world.sync(*keys)
    world.fault("brightpearl")
    world.sync(*keys)

    assert world.states(*keys) == ["done", "done"]
    assert world.duplicates() == {}
    assert [len(world.receipts(key)) for key in keys] == [1, 1]
    emails = {world.sales_order(key).contact_id for key in keys}
    assert len(world.sandbox.account.contacts) == people + len(emails)


def test_a_document_that_breaks_the_model_is_quarantined_with_its_field(world: World) -> None:
    good, bad = (world.place(lines=lines(world, 1)) for _ in range(2))
    world.fault(
        "bigcommerce",
        {
            "kind": "null_fields",
            "method": "GET",
            "path": f"/v2/orders/{bad}$",
            "rate": 1.0,
            "fields": ["total_inc_tax"],
        },
    )

    world.sync(bad)
    world.fault("bigcommerce")
    world.sync(good)

    assert world.states(bad) == ["dead"]
    assert [order.external_ref for order in world.sales_orders] == [f"BC-{good}"]
