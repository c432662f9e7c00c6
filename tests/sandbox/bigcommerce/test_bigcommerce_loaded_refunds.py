"""Cancelling invoices of Online Retail files, made as refunds of the orders they undo."""

from decimal import Decimal

import pytest
from reference_material import REAL_ORDERS, needs_real_orders

from sandbox.bigcommerce.controls import place_orders, state
from sandbox.bigcommerce.staff import OrderEdit, edit
from sandbox.bigcommerce.staff_refunds import act
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.online_retail import load
from sandbox.kit.clock import Clock

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
ORDERS = (
    ("500001", "22465", "10", "08:00", "2.50"),
    ("500001", "22466", "2", "08:00", "1.00"),
    ("500001", "POST", "1", "08:00", "18.00"),
    ("500002", "22465", "4", "09:00", "2.50"),
    ("500002", "M", "1", "09:00", "7.00"),
)


@pytest.fixture
def read(tmp_path):
    def read(*rows: tuple[str, ...]) -> Store:
        lines = [
            f"{number},{code},THING {code},{quantity},2011-11-14 {time}:00,{price},"
            f"{customer[0] if customer else '18211.0'},United Kingdom"
            for number, code, quantity, time, price, *customer in (*ORDERS, *rows)
        ]
        file = tmp_path / "orders.csv"
        file.write_text("\n".join([HEADER, *lines]), "utf-8")
        store = Store(load([file]), Clock())
        store.unplaced = list(load([file]).orders)
        return store

    return read


def played(store: Store) -> list[tuple[str, float, int]]:
    """Order reference, amount and kind of each refund, all orders being placed."""
    place_orders(store, {"next": 10})
    made = act(store, {"next": 10})["refunds"]
    return [
        (
            store.orders[row["order_id"]].external_id,
            row["total_amount"],
            row["items"][0]["item_type"],
        )
        for row in made
    ]


def test_a_cancelled_line_refunds_the_latest_order_that_has_it(read):
    assert played(read(("C1", "22465", "-3", "10:00", "2.50"))) == [("500002", 9, "PRODUCT")]


def test_an_order_placed_later_is_never_undone(read):
    assert played(read(("C1", "22465", "-3", "08:30", "2.50"))) == [("500001", 9, "PRODUCT")]


def test_one_order_for_all_rows_is_preferred_to_several(read):
    store = read(("C1", "22465", "-4", "10:00", "2.50"), ("C1", "22466", "-2", "10:00", "1.00"))

    assert played(store) == [("500001", 14.4, "PRODUCT")]


def test_an_invoice_over_two_orders_refunds_both(read):
    store = read(("C1", "22465", "-12", "10:00", "2.50"))

    assert played(store) == [("500002", 12, "PRODUCT"), ("500001", 24, "PRODUCT")]


def test_carriage_discount_and_manual_rows_find_their_part(read):
    store = read(
        ("C1", "POST", "-1", "10:00", "18.00"),
        ("C2", "D", "-1", "10:01", "5.00"),
        ("C3", "M", "-1", "10:02", "7.00"),
        ("C4", "M", "-1", "10:03", "4.00"),
    )

    assert played(store) == [
        ("500001", 21.6, "SHIPPING"),
        ("500002", 6, "ORDER"),
        ("500002", 8.4, "PRODUCT"),
        ("500002", 4.8, "ORDER"),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("C1", "22465", "-3", "10:00", "2.50", ""), "it names no customer"),
        (("C1", "22465", "-3", "07:00", "2.50"), "no earlier order of the customer"),
        (("C1", "22465", "-3", "10:00", "2.50", "9"), "no earlier order of the customer"),
        (("C1", "22465", "-15", "10:00", "2.50"), "more than is left"),
        (("C1", "22465", "-3", "10:00", "2.60"), "another price"),
        (("C1", "99999", "-3", "10:00", "2.50"), "never bought"),
        (("C1", "S", "-1", "10:00", "2.50"), "never bought"),
        (("C1", "POST", "-1", "10:00", "18.01"), "more than is left"),
        (("C1", "D", "-1", "10:00", "500"), "more than is left"),
        (("C1", "22465", "3", "10:00", "2.50"), "no cancellation"),
        (("C1", "22465", "-3", "10:00", "0"), "no cancellation"),
    ],
)
def test_what_matches_nothing_is_named_with_the_reason(read, row, reason):
    store = read(row)

    source = state(store)["source"]
    assert reason in source["not_matched"]["C1"]
    assert sum(source["cancelling_invoices_not_matched"].values()) == 1
    assert (source["cancelling_invoices_matched"], played(store)) == (0, [])


def test_what_one_invoice_undid_is_gone_for_the_next(read):
    rows = [(f"C{n}", "22466", "-1", f"10:0{n}", "1.00") for n in range(3)]

    source = state(read(*rows))["source"]

    assert source["cancelling_invoices_matched"] == 2
    assert list(source["not_matched"]) == ["C2"]


def test_refunds_wait_for_their_orders_and_are_made_once(read):
    store = read(("C1", "22466", "-1", "10:00", "1.00"), ("C2", "22465", "-4", "11:00", "2.50"))
    assert act(store, {"next": 5})["ids"] == []
    place_orders(store, {"next": 1})

    first = act(store, {"next": 5})
    place_orders(store, {"next": 1})
    second = act(store, {"invoices": ["C2", "C1", "C9"]})

    assert (len(first["ids"]), first["left"], len(second["ids"]), second["left"]) == (1, 1, 1, 0)
    assert state(store)["counts"]["refunds_not_made_yet"] == 0
    assert first["refunds"][0]["reason"] == "Invoice C1"


def test_a_refund_that_the_store_refuses_by_then_is_named(read):
    store = read(("C1", "22466", "-2", "10:00", "1.00"))
    place_orders(store, {"next": 2})
    number = next(iter(store.orders))
    edit(store, OrderEdit.model_validate(
        {"order_id": number, "lines": [{"sku": "22466", "quantity": 1}]}))  # fmt: skip

    answer = act(store, {"next": 1})

    assert answer["ids"] == []
    assert "1 pieces too few" in answer["refused"]["C1"]
    assert "C1" in state(store)["source"]["refunds_refused"]


def test_shipping_is_asked_for_in_the_terms_of_the_store(read):
    store = read(("C1", "POST", "-1", "10:00", "18.00"))
    store.switches.refund_amounts = "inc_tax"

    assert played(store) == [("500001", 21.6, "SHIPPING")]


@pytest.mark.long
@needs_real_orders
def test_five_real_days_are_refunded_to_the_cent():
    catalogue = load(REAL_ORDERS)
    store = Store(catalogue, Clock())
    store.unplaced = list(catalogue.orders)
    place_orders(store, {"next": len(catalogue.orders)})

    answer = act(store, {"next": 1000})

    source = state(store)["source"]
    unmatched = sum(source["cancelling_invoices_not_matched"].values())
    assert source["cancelling_invoices_matched"] + unmatched == 116
    assert source["cancelling_invoices_matched"] == 20
    assert (len(answer["ids"]), answer["left"], answer["refused"]) == (21, 0, {})
    expected = sum(
        (refund.shipping_ex_tax + refund.amount_ex_tax
         + sum((line.price_ex_tax * line.quantity for line in refund.lines), Decimal(0)))
        for refund in catalogue.refunds
    )  # fmt: skip
    net = sum(
        Decimal(str(row["total_amount"])) - Decimal(str(row["total_tax"]))
        for row in answer["refunds"]
    )
    assert 0 <= net - expected <= Decimal("0.2") * expected
