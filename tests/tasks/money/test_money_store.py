"""The store's documents as figures: they add up, and are those of the rows that were imported."""

from __future__ import annotations

import json
from decimal import Decimal

import orjson
import pytest

from connectors.bigcommerce.models import Order, OrderLine
from core.settings import OrderSettings
from mappings.bundle import load_bundle
from sandbox.bigcommerce import generator
from sandbox.bigcommerce.basket import Basket
from sandbox.bigcommerce.consignments import order_document
from sandbox.bigcommerce.placing import place
from sandbox.bigcommerce.store import Store
from sandbox.world import Plan, build
from tasks.money.sides import Figure, kind_of
from tasks.money.store import paid_by_status, store_orders

WHOLE = frozenset({"consignments.line_items", "fees"})


@pytest.fixture(scope="module")
def store() -> Store:
    return build(Plan(limits="off", seed=7)).store


def documents(store: Store) -> list[Order]:
    orders = []
    for placed in store.orders.values():
        raw = order_document(placed, store.switches, WHOLE, as_object=True)
        order = Order.model_validate(json.loads(orjson.dumps(raw), parse_float=Decimal))
        lines = [OrderLine.model_validate(d) for d in order.consignments.line_documents()]
        orders.append(order.model_copy(update={"lines": tuple(lines)}))
    return orders


def test_the_figures_of_every_order_add_up_to_its_total(store: Store) -> None:
    generator.generate(store, 200)
    orders = documents(store)
    sales = store_orders(orders, load_bundle(), OrderSettings())
    assert len(sales) == len(orders) >= 200
    for order in orders:
        figures = sales[order.id].figures
        assert figures[Figure.SOLD] - figures[Figure.DISCOUNTED] == figures[Figure.GOODS]
        nets = (figures[name] for name in (Figure.GOODS, Figure.SHIPPED, Figure.ROUNDING))
        assert sum(nets) + figures[Figure.TAXED] == figures[Figure.TOTAL] == order.total_inc_tax
        assert figures[Figure.TAXED] == order.total_tax
        assert not sales[order.id].unsplit_class
    discounted = [o for o in orders if o.discount_amount + o.coupon_discount]
    assert discounted
    assert all(sales[o.id].figures[Figure.DISCOUNTED] > 0 for o in discounted)


def test_orders_that_are_no_sale_are_recognised(store: Store) -> None:
    line = {"name": "Engraving", "custom": True, "price": "5.00"}
    ids = {
        status: place(store, Basket.model_validate({"lines": [line], "status_id": status})).id
        for status in (0, 4, 5, 6, 11, 13)
    }
    sales = store_orders(documents(store), load_bundle(), OrderSettings())
    sold = {status for status, number in ids.items() if sales[str(number)].is_sold}
    assert sold == {4, 11, 13}


def test_an_unpaid_order_is_covered_as_far_as_store_credit_and_certificates_go(
    store: Store,
) -> None:
    basket = {
        "lines": [{"name": "Engraving", "custom": True, "price": "50.00"}],
        "gift_certificate": "10.00",
        "payment": "pending",
        "payment_method": "Bank deposit",
    }
    number = place(store, Basket.model_validate(basket)).id
    order = next(one for one in documents(store) if one.id == str(number))
    assert paid_by_status(order) == Decimal(10)
    paid = order.model_copy(update={"payment_status": "paid"})
    assert paid_by_status(paid) == order.total_inc_tax


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        ("1042", "goods"),
        ("", "goods"),
        ("shipping", "shipped"),
        ("shipping-at-20", "shipped"),
        ("fee-12", "shipped"),
        ("wrapping", "shipped"),
        ("rounding", "rounding"),
    ],
)
def test_a_row_is_goods_unless_its_reference_says_otherwise(ref: str, kind: str) -> None:
    assert kind_of(ref) == kind
