"""Whatever is done in whatever order, stock stays sane."""

import contextlib
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sandbox.brightpearl import order_state
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.records import Address, Order, OrderRow
from sandbox.brightpearl.refusals import Refusal
from sandbox.brightpearl.sales_orders import place
from sandbox.brightpearl.staff import StockChange, change_stock
from sandbox.brightpearl.staff_goods import Shipment, ship
from sandbox.brightpearl.staff_orders import OrderEdit, edit

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
OPENING = 12


def _order(account: Account, product_id: int, units: int) -> Order:
    row = OrderRow(
        id=account.sequences.next("row"),
        product_id=product_id,
        name="Mug",
        sku="MUG",
        quantity=Decimal(units),
        tax_code="T20",
        net=Decimal(10),
        tax=Decimal(2),
        nominal_code="4000",
        sequence=10,
    )
    fixed: dict[str, Any] = {
        "customer_address": Address(),
        "billing_address": Address(),
        "delivery_address": Address(),
    }
    return Order(
        id=account.sequences.next("order"),
        type_code="SO",
        contact_id=1,
        status_id=2,
        warehouse_id=2,
        channel_id=1,
        currency_code="GBP",
        exchange_rate=Decimal(1),
        price_list_id=2,
        price_mode="EXC",
        placed_on=NOON,
        tax_date=NOON,
        created_on=NOON,
        billing_contact_id=1,
        rows={row.id: row},
        **fixed,
    )


class Warehouse(RuleBasedStateMachine):
    """Orders of one product, and everything that can happen to them."""

    @initialize()
    def open(self) -> None:
        product = SimpleNamespace(
            sku="MUG",
            name="Mug",
            price_ex_tax=Decimal(10),
            tax_rate_percent=Decimal(20),
            weight_kg=Decimal(1),
            stock=OPENING,
        )
        catalogue = SimpleNamespace(products=[product])
        self.account = Account(catalogue, SimpleNamespace(now=lambda: NOON))
        self.product_id = self.account.products_by_sku["MUG"][0]
        self.placed: list[int] = []

    def _try(self, act: Any, wanted: Any) -> None:
        """Whatever the account refuses must change nothing; the invariants look afterwards."""
        with contextlib.suppress(Refusal):
            act(self.account, wanted)

    @rule(units=st.integers(1, 8))
    def order(self, units: int) -> None:
        order = _order(self.account, self.product_id, units)
        place(self.account, order)
        self.placed.append(order.id)

    @rule(which=st.integers(0, 5), name=st.sampled_from(["allocate", "release", "delete"]))
    def handle(self, which: int, name: str) -> None:
        if which < len(self.placed):
            wanted = {"order_id": self.placed[which], name: True}
            self._try(edit, OrderEdit.model_validate(wanted))

    @rule(which=st.integers(0, 5), units=st.integers(1, 8))
    def change_quantity(self, which: int, units: int) -> None:
        if which < len(self.placed) and (order := self.account.orders.get(self.placed[which])):
            for row_id in order.rows:
                wanted = {"order_id": order.id, "rows": [{"id": row_id, "quantity": units}]}
                self._try(edit, OrderEdit.model_validate(wanted))

    @rule(which=st.integers(0, 5), units=st.integers(1, 4), leaves=st.booleans())
    def send(self, which: int, units: int, leaves: bool) -> None:
        if which < len(self.placed) and (order := self.account.orders.get(self.placed[which])):
            rows = dict.fromkeys(order.rows, units)
            wanted = {"order_id": order.id, "rows": rows, "leave": leaves}
            self._try(ship, Shipment.model_validate(wanted))

    @rule(delta=st.integers(-6, 6))
    def count_stock(self, delta: int) -> None:
        self._try(change_stock, StockChange(sku="MUG", delta=delta))

    @invariant()
    def stock_is_never_short(self) -> None:
        level = self.account.stock[self.product_id][2]
        assert level.in_stock >= level.allocated >= 0

    @invariant()
    def what_is_allocated_is_reserved_or_on_a_note_that_is_still_here(self) -> None:
        reserved = sum(
            units
            for reservation in self.account.reservations.values()
            for _, units in reservation.rows.values()
        )
        noted = sum(
            units
            for note in self.account.goods_out.values()
            if not note.shipped
            for parts in note.rows.values()
            for _, units, _ in parts
        )
        assert self.account.stock[self.product_id][2].allocated == reserved + noted

    @invariant()
    def stock_in_hand_is_the_opening_and_all_movements(self) -> None:
        moved = sum(movement.quantity for movement in self.account.movements.values())
        assert self.account.stock[self.product_id][2].in_stock == OPENING + moved

    @invariant()
    def no_order_holds_more_than_it_asks_for(self) -> None:
        for order in self.account.orders.values():
            held = order_state.reserved_units(self.account, order)
            noted = order_state.noted_units(self.account, order)
            for row in order.rows.values():
                assert held.get(row.id, 0) + noted.get(row.id, 0) <= row.quantity


TestWarehouse = pytest.mark.filterwarnings("error")(Warehouse.TestCase)
TestWarehouse.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
