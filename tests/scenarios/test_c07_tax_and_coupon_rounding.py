"""C7: every order re-sums to the cent, in total and for each tax class.

Given three pieces of 9.99 with a coupon of 3.33 off the order, split over lines of two tax classes,
with prices that contain tax and with prices that do not, a hundred generated orders in both kinds
of store, and two thousand more that only pass through the mappings. When they are imported, then
the rows' net and tax add up to BigCommerce's total, the tax of each class is BigCommerce's own, and
at most one order in a thousand needs a row for a cent that no rule explains. Where the store's own
figures differ by a few cents, one row of at most 0.05 carries them and the day's tie-out names it;
beyond that nothing is imported.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import orjson
import pytest
from stories import (
    ORDERS,
    account_money,
    cases,
    cents,
    run,
    second_pass,
    store_money,
    store_order,
)
from tax_tables import codes_of
from world import PAIR, World

from connectors.bigcommerce.models import Order, OrderLine, TaxRow
from flows.money import audit_money
from mappings.order_rows import Rows, needs_taxes, order_rows
from sandbox.bigcommerce import generator
from sandbox.bigcommerce.consignments import order_document
from sandbox.bigcommerce.store import Store
from sandbox.bigcommerce.taxes_api import tax_documents
from sandbox.world import Plan, build
from tasks.bigcommerce.order_frames import order_frames, tax_rows

PERCENT = {"T20": 20, "T5": 5, "T0": 0}
CODES = codes_of(*map(str, PERCENT.values()))
WHOLE = frozenset({"consignments.line_items", "fees"})
CAP, ROUNDING = Decimal("0.05"), "7900"
GENERATED = 100
COUPON = {"code": "THREE33", "type": "per_order", "amount": "3.33"}


@dataclass
class Story:
    """The orders, and the report of the run that imported them."""

    world: World
    named: list[str] = field(default_factory=list)
    generated: list[str] = field(default_factory=list)
    cents_off: str = ""
    too_far: str = ""
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def imported(self) -> list[str]:
        """Those that stand in Brightpearl; what was declined or is unpaid does not."""
        refs = {one.external_ref for one in self.world.sales_orders}
        return [key for key in [*self.named, *self.generated] if f"BC-{key}" in refs]


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    for system in ("bigcommerce", "brightpearl"):
        for sku, rate in (("STANDARD", "20"), ("REDUCED", "5")):
            product = {"sku": sku, "name": sku, "tax_rate_percent": rate, "stock": 100}
            getattr(world, system)("products", **product)
    story = Story(world)
    for inclusive in (True, False):
        pieces = [{"sku": "STANDARD", "quantity": 2}, {"sku": "REDUCED", "quantity": 1}]
        story.named.append(
            world.place(
                lines=[{**piece, "price": "9.99"} for piece in pieces],
                coupons=[COUPON],
                tax_inclusive=inclusive,
            )
        )
        world.switch("bigcommerce", tax_inclusive=inclusive)
        story.generated += map(str, world.bigcommerce("orders", generate=GENERATED // 2)["ids"])
    story.cents_off, story.too_far = (
        world.place(lines=[{"sku": "STANDARD", "price": "9.99"}]) for _ in range(2)
    )
    adjust(world, story.cents_off, "0.02")
    adjust(world, story.too_far, "0.06")
    story.report = run(
        world, ORDERS, *story.named, *story.generated, story.cents_off, story.too_far
    )
    return story


def adjust(world: World, key: str, by: str) -> None:
    """The store's total differs by a few cents from the sum of its parts; so does what was paid."""
    order = store_order(world, key)
    order.totals = replace(order.totals, inc=order.totals.inc + Decimal(by))
    for row in order.transactions:
        row.amount += Decimal(by)
    order.cache.clear()


def store_taxes(world: World, key: str) -> dict[int, int]:
    """The tax at each rate, by BigCommerce's own tax rows; fees have none."""
    answer = world.http.get(
        f"{world.sandbox.bigcommerce_url}/stores/sandbox/v2/orders/{key}/taxes",
        params={"details": "true", "limit": 250},
        headers={"X-Auth-Token": "sandbox-access-token"},
    )
    taxes: Counter[int] = Counter()
    for row in answer.json():
        taxes[int(Decimal(row["rate"]))] += cents(row["line_amount"])
    for fee in store_order(world, key).fees:
        taxes[int(fee.rate)] += cents(fee.cost.tax)
    return {rate: tax for rate, tax in taxes.items() if tax}


def account_taxes(world: World, key: str) -> dict[int, int]:
    taxes: Counter[int] = Counter()
    for row in world.sales_order(key).rows.values():
        taxes[PERCENT[row.tax_code]] += cents(row.tax)
    return {rate: tax for rate, tax in taxes.items() if tax}


def rounding_rows(world: World, key: str) -> list[Any]:
    rows = world.sales_order(key).rows.values()
    return [row for row in rows if row.nominal_code == ROUNDING]


def test_the_coupon_of_3_33_over_two_tax_classes_re_sums_inc_and_ex_tax(story: Story) -> None:
    for key in story.named:
        order = store_order(story.world, key)
        assert cents(order.totals.inc) != 0
        assert sum(cents(d.amount) for line in order.lines for d in line.discounts) == 333
        assert account_money(story.world, key) == store_money(story.world, key)
        assert set(account_taxes(story.world, key)) == {20, 5}
    first, second = (store_order(story.world, key) for key in story.named)
    assert (first.is_inclusive, second.is_inclusive) == (True, False)
    assert cents(sum(line.total.inc for line in first.lines)) == 3 * 999


def test_every_imported_order_agrees_in_total_and_in_the_tax_of_each_class(story: Story) -> None:
    imported = story.imported
    assert len(imported) > 0.8 * GENERATED
    for key in imported:
        assert account_money(story.world, key) == store_money(story.world, key), key
        assert account_taxes(story.world, key) == store_taxes(story.world, key), key


def test_none_of_them_needs_a_row_for_a_cent(story: Story) -> None:
    assert [key for key in story.imported if rounding_rows(story.world, key)] == []


def test_cents_that_no_rule_explains_stand_in_one_row_and_in_the_tie_out(story: Story) -> None:
    world, key = story.world, story.cents_off
    (row,) = rounding_rows(world, key)
    assert (cents(row.net), cents(row.tax)) == (2, 0)
    assert account_money(world, key) == store_money(world, key)
    assert account_taxes(world, key) == store_taxes(world, key)
    today = store_order(world, key).created_at.astimezone(world.sandbox.account.zone).date()

    found = asyncio.run(audit_money.fn(PAIR, today.isoformat()))

    named = {one["name"]: one for one in found["differences"]}
    assert named[f"BC-{key}"]["reason"] == "rounding"
    assert named[f"BC-{key}"]["explained"] is True
    assert [name for name, one in named.items() if one["reason"] == "rounding"] == [f"BC-{key}"]


def test_beyond_five_cents_nothing_is_imported_and_the_difference_is_named(story: Story) -> None:
    (case,) = cases(story.world, story.too_far)
    assert case.class_ == "money"
    assert "0.06" in case.reason
    assert f"BC-{story.too_far}" not in {one.external_ref for one in story.world.sales_orders}
    assert story.report["counts"]["refused"] == 1


@pytest.mark.parametrize("rounds", ["line", "total"])
def test_a_thousand_orders_through_the_mappings_re_sum_with_the_tax_of_each_class(
    rounds: str,
) -> None:
    store = build(Plan(limits="off", seed=7)).store
    store.switches.tax_rounding = rounds
    orders = generator.generate(store, 1000)

    made = mapped(store, orders)

    assert list(made.refusals["reason"]) == []
    assert made.rounded <= len(orders) / 1000
    by_order = dict(iter(made.rows.groupby("order_id")))
    for order in orders:
        rows = by_order[str(order.id)]
        net, tax = sum(rows["net"]), sum(rows["tax"])
        assert cents(net + tax) == cents(order.totals.inc), order.id
        assert cents(tax) == cents(order.totals.tax), order.id
        if rounds == "line":
            assert by_rate(rows) == tax_by_rate(order), order.id


def mapped(store: Store, orders: list[Any]) -> Rows:
    """Rows of the orders, by the documents that the API would answer."""
    documents = [read(store, order) for order in orders]
    found = order_frames(documents, {})
    wanted = set(needs_taxes(found.orders, found.lines, found.charges, CODES))
    taxes = {
        str(order.id): [
            TaxRow.model_validate(decoded(row)) for row in tax_documents(order, details=True)
        ]
        for order in orders
        if str(order.id) in wanted
    }
    found = replace(order_frames(documents, {}), taxes=tax_rows(taxes))
    return order_rows(
        found.orders,
        found.lines,
        found.charges,
        found.taxes,
        cap=CAP,
        rounding_nominal_code=ROUNDING,
        codes=CODES,
    )


def read(store: Store, order: Any) -> Order:
    """One order, as our client reads it."""
    document = decoded(order_document(order, store.switches, WHOLE, as_object=True))
    found = Order.model_validate(document)
    lines = tuple(map(OrderLine.model_validate, found.consignments.line_documents()))
    return found.model_copy(update={"lines": lines})


def decoded(document: Any) -> Any:
    """As it arrives: JSON with exact decimals."""
    return json.loads(orjson.dumps(document, default=str), parse_float=Decimal)


def by_rate(rows: Any) -> dict[int, int]:
    taxes: Counter[int] = Counter()
    for rate, tax in zip(rows["rate_percent"], rows["tax"], strict=True):
        taxes[int(rate)] += cents(tax)
    return {rate: tax for rate, tax in taxes.items() if tax}


def tax_by_rate(order: Any) -> dict[int, int]:
    taxes: Counter[int] = Counter()
    for row in tax_documents(order, details=True):
        taxes[int(Decimal(row["rate"]))] += cents(row["line_amount"])
    for fee in order.fees:
        taxes[int(fee.rate)] += cents(fee.cost.tax)
    return {rate: tax for rate, tax in taxes.items() if tax}


def test_a_second_pass_writes_nothing(story: Story) -> None:
    assert second_pass(story.world, orders=[*story.imported, story.cents_off]) == 0
