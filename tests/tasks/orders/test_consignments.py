"""How the money of an order to several addresses is shared out among its sales orders. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from new_orders import LINE, NEW, PAID

from connectors.brightpearl.models import Address
from core.money import ZERO
from tasks.brightpearl.sales_orders import AgreedOrder, AgreedRow
from tasks.orders.consignments import parts_of, shares
from tasks.orders.frames import Consignment, DesiredOrder

AMOUNTS = st.decimals(min_value="0.01", max_value="999.99", places=2)


def order(nets: Sequence[Decimal], paid: Sequence[Decimal]) -> DesiredOrder:
    """An order of one line for each address, without tax, and what was paid for it."""
    rows = tuple(replace(LINE, row_ref=str(n), net=net, tax=ZERO) for n, net in enumerate(nets, 1))
    return replace(
        NEW,
        total_inc_tax=sum(nets, ZERO),
        rows=rows,
        payments=tuple(
            replace(PAID, transaction_ref=f"BC-1-{n}", amount=amount)
            for n, amount in enumerate(paid, 1)
        ),
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
