"""How the money of an order to several addresses is shared out among its sales orders. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from connectors.brightpearl.models import Address
from core.money import ZERO
from tasks.brightpearl.sales_orders import AgreedOrder, AgreedRow, Payment, Row
from tasks.orders.consignments import parts_of, shares
from tasks.orders.frames import Consignment, DesiredOrder, StoreOrder

PLACED = datetime(2026, 3, 1, 12, tzinfo=UTC)
AMOUNTS = st.decimals(min_value="0.01", max_value="999.99", places=2)


def order(nets: Sequence[Decimal], paid: Sequence[Decimal]) -> DesiredOrder:
    """An order of one line for each address, without tax, and what was paid for it."""
    rows = tuple(
        Row(str(n), "product", "1001", "Shirt", 1, "T0", net, ZERO, "4000", n)
        for n, net in enumerate(nets, 1)
    )
    return DesiredOrder(
        order_id="1",
        external_ref="BC-1",
        ref="1",
        placed_at=PLACED,
        tax_on="2026-03-01",
        status_id="2",
        channel_id="3",
        warehouse_id="2",
        price_list_id="4",
        price_mode_code="EXC",
        currency_code="GBP",
        exchange_rate=None,
        shipping_method_id="6",
        status_id_after="9",
        email_key="a@example.com",
        total_inc_tax=sum(nets, ZERO),
        person=None,
        billing=Address(),
        delivery=Address(),
        rows=rows,
        payments=tuple(
            Payment(f"BC-1-{n}", "BC", "RECEIPT", amount, "GBP", PLACED)
            for n, amount in enumerate(paid, 1)
        ),
        store=StoreOrder("11", "", 0),
        units={},
        address_ids={},
        consignments=tuple(
            Consignment(row.row_ref, f"BC-1-A{row.row_ref}", "6", Address(), (row,))
            for row in rows[1:]
        ),
    )


@given(st.lists(AMOUNTS, min_size=1, max_size=5), st.lists(AMOUNTS, max_size=4))
def test_shares_add_up_to_each_payment_and_pay_no_further_sales_order_more_than_it_costs(
    nets: list[Decimal], paid: list[Decimal]
) -> None:
    desired = order(nets, paid)
    booked: defaultdict[str, Decimal] = defaultdict(Decimal)
    payments: defaultdict[str, Decimal] = defaultdict(Decimal)
    for address_id, share in shares(desired, AgreedOrder()):
        assert share.amount > 0
        booked[address_id] += share.amount
        payments[share.transaction_ref.partition("-A")[0]] += share.amount

    assert payments == {one.transaction_ref: one.amount for one in desired.payments}
    costs = {part.address_id: part.rows[0].net for part in parts_of(desired, None)}
    assert all(booked[key] <= costs[key] for key in costs if key)
    if sum(paid) >= sum(nets):
        assert all(booked[key] == costs[key] for key in costs if key)


@given(st.lists(AMOUNTS, min_size=2, max_size=5), st.lists(AMOUNTS, min_size=1, max_size=4))
def test_a_price_that_changes_later_moves_no_money_that_was_shared_out(
    nets: list[Decimal], paid: list[Decimal]
) -> None:
    desired = order(nets, paid)
    agreed = AgreedOrder(
        rows={row.row_ref: AgreedRow(row_id=row.row_ref, net=row.net) for row in desired.rows}
    )
    dearer = order([net + 1 for net in nets], paid)

    assert shares(dearer, agreed) == shares(desired, AgreedOrder())


def test_money_in_another_currency_stays_on_the_first_sales_order() -> None:
    desired = order([Decimal(10), Decimal(5)], [Decimal(15)])
    euros = replace(desired.payments[0], currency_code="EUR")

    assert shares(replace(desired, payments=(euros,)), AgreedOrder()) == [("", euros)]
