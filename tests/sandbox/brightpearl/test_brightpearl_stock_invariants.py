"""Whatever is done in whatever order, stock stays sane."""

import contextlib
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from sandbox.brightpearl import order_state, reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.back_orders import BackOrder, split
from sandbox.brightpearl.records import Address, Order, OrderRow
from sandbox.brightpearl.refusals import Refusal
from sandbox.brightpearl.sales_orders import place
from sandbox.brightpearl.staff_credits import Receipt, StaffCredit, create_credit, receive_goods
from sandbox.brightpearl.staff_goods import StaffShipment, ship
from sandbox.brightpearl.staff_orders import OrderEdit, edit
from sandbox.brightpearl.staff_stock import StockChange, change_stock
from sandbox.brightpearl.staff_suppliers import DropShipment, drop_ship_goods
from sandbox.kit.clock import Clock

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
OPENING = 12
ENOUGH = 3
WHICH = st.integers(0, 11)
HAS_ORDERS, HAS_CREDITS, HAS_NOTES = (
    lambda self: bool(self._orders("SO")),
    lambda self: bool(self._orders("SC")),
    lambda self: bool(self.account.goods_out),
)
WAREHOUSE = st.sampled_from(list(reference.WAREHOUSES))
STAGE = st.sampled_from(["created", "packed", "shipped"])


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
    """Orders of one product, and everything that can be done to them."""

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
        clock = Clock()
        clock.freeze(NOON)
        self.account = Account(catalogue, clock)
        self.product_id = self.account.products_by_sku["MUG"][0]
        change_stock(self.account, StockChange(sku="MUG", delta=6, warehouse_id=3))

    def _try(self, act: Any, shape: Any, **wanted: Any) -> Any:
        """A refused change must change nothing; the invariants are checked afterwards."""
        with contextlib.suppress(Refusal):
            return act(self.account, shape.model_validate(wanted))

    def _orders(self, type_code: str) -> list[Order]:
        return [o for o in self.account.orders.values() if o.type_code == type_code]

    def _chosen(self, which: int, type_code: str) -> Order:
        """One of the orders of a type, of which there are some."""
        orders = self._orders(type_code)
        return orders[which % len(orders)]

    def _note(self, which: int) -> int:
        notes = list(self.account.goods_out)
        return notes[which % len(notes)]

    @rule(units=st.integers(1, 8))
    def order(self, units: int) -> None:
        place(self.account, _order(self.account, self.product_id, units))

    @precondition(HAS_ORDERS)
    @rule(which=WHICH, name=st.sampled_from(["allocate", "allocate", "release", "cancel"]))
    def handle(self, which: int, name: str) -> None:
        self._try(edit, OrderEdit, order_id=self._chosen(which, "SO").id, **{name: True})

    @precondition(HAS_CREDITS)
    @rule(which=WHICH, name=st.sampled_from(["cancel", "delete"]))
    def handle_credit(self, which: int, name: str) -> None:
        self._try(edit, OrderEdit, order_id=self._chosen(which, "SC").id, **{name: True})

    @precondition(lambda self: len(self._orders("SO")) > ENOUGH)
    @rule(which=WHICH)
    def delete(self, which: int) -> None:
        self._try(edit, OrderEdit, order_id=self._chosen(which, "SO").id, delete=True)

    @precondition(HAS_ORDERS)
    @rule(which=WHICH, units=st.integers(1, 8))
    def change_quantity(self, which: int, units: int) -> None:
        rows = [{"sku": "MUG", "quantity": units}]
        self._try(edit, OrderEdit, order_id=self._chosen(which, "SO").id, rows=rows)

    @precondition(HAS_CREDITS)
    @rule(which=WHICH, units=st.integers(1, 8))
    def change_credit(self, which: int, units: int) -> None:
        rows = [{"sku": "MUG", "quantity": units}]
        self._try(edit, OrderEdit, order_id=self._chosen(which, "SC").id, rows=rows)

    @precondition(HAS_ORDERS)
    @rule(which=WHICH, units=st.integers(1, 4), warehouse=WAREHOUSE, stage=STAGE)
    def send(self, which: int, units: int, warehouse: int, stage: str) -> None:
        parcel = {"warehouse_id": warehouse, "rows": {"MUG": units}, "stage": stage}
        self._try(ship, StaffShipment, order_id=self._chosen(which, "SO").id, **parcel)

    @precondition(HAS_ORDERS)
    @rule(which=WHICH, units=st.integers(1, 4), leave=st.booleans(), destroy=st.booleans())
    def supply(self, which: int, units: int, *, leave: bool, destroy: bool) -> None:
        wanted = {"rows": {"MUG": units}, "leave": leave, "destroy": destroy}
        self._try(drop_ship_goods, DropShipment, order_id=self._chosen(which, "SO").id, **wanted)

    @precondition(HAS_NOTES)
    @rule(which=WHICH, change=st.sampled_from([{"unship": True}, {"destroy": True}]))
    def undo(self, which: int, change: dict[str, bool]) -> None:
        self._try(ship, StaffShipment, note_id=self._note(which), **change)

    @precondition(HAS_NOTES)
    @rule(which=WHICH, stage=STAGE)
    def bring(self, which: int, stage: str) -> None:
        self._try(ship, StaffShipment, note_id=self._note(which), stage=stage)

    @precondition(HAS_ORDERS)
    @rule(which=WHICH, units=st.integers(1, 4))
    def split(self, which: int, units: int) -> None:
        order = self._chosen(which, "SO")
        before = (order.net, sum(row.quantity for row in order.rows.values()))
        done = self._try(split, BackOrder, order_id=order.id, rows={"MUG": units})
        child = self.account.orders[done["back_order_id"]] if done else None
        parts = [part for part in (order, child) if part is not None]
        after = sum(row.quantity for part in parts for row in part.rows.values())
        assert (sum(part.net for part in parts), after) == before

    @precondition(HAS_ORDERS)
    @rule(which=WHICH, units=st.integers(1, 4))
    def credit(self, which: int, units: int) -> None:
        rows = [{"sku": "MUG", "quantity": units}]
        self._try(create_credit, StaffCredit, order_id=self._chosen(which, "SO").id, rows=rows)

    @precondition(HAS_CREDITS)
    @rule(which=WHICH, units=st.integers(1, 4), warehouse=WAREHOUSE, quarantine=st.booleans())
    def take_back(self, which: int, units: int, warehouse: int, *, quarantine: bool) -> None:
        where = {"warehouse_id": warehouse, "quarantine": quarantine, "rows": {"MUG": units}}
        self._try(receive_goods, Receipt, order_id=self._chosen(which, "SC").id, **where)

    @rule(delta=st.integers(-6, 6), warehouse=WAREHOUSE)
    def count_stock(self, delta: int, warehouse: int) -> None:
        self._try(change_stock, StockChange, sku="MUG", delta=delta, warehouse_id=warehouse)

    @precondition(lambda self: any(level.quarantined for level in self._levels().values()))
    @rule(units=st.integers(1, 2), warehouse=WAREHOUSE)
    def clear(self, units: int, warehouse: int) -> None:
        change = {"release_quarantined": units, "warehouse_id": warehouse}
        self._try(change_stock, StockChange, sku="MUG", **change)

    @rule(how=st.sampled_from(["reopen", "remake"]), kept=st.booleans())
    def decide(self, how: str, *, kept: bool) -> None:
        self.account.switches.unshipping = how
        self.account.switches.deleted_note_restores_reservation = kept

    def _levels(self) -> dict[int, Any]:
        return self.account.stock[self.product_id]

    def _moved(self, warehouse: int, location: int | None = None) -> int:
        return sum(
            movement.quantity
            for movement in self.account.movements.values()
            if movement.warehouse_id == warehouse and location in (None, movement.location_id)
        )

    @invariant()
    def stock_is_never_short(self) -> None:
        for level in self._levels().values():
            assert level.on_hand >= 0
            assert level.allocated >= 0
            assert level.quarantined >= 0

    @invariant()
    def what_is_allocated_is_reserved_or_on_a_note_that_is_still_here(self) -> None:
        taken = dict.fromkeys(self._levels(), 0)
        for held in self.account.reservations.values():
            assert held.rows
            assert held.order_id in self.account.orders
            taken[held.warehouse_id] += sum(units for _, units in held.rows.values())
        for note in self.account.goods_out.values():
            if not note.shipped:
                units = sum(part[1] for parts in note.rows.values() for part in parts)
                taken[note.warehouse_id] += units
        assert taken == {number: level.allocated for number, level in self._levels().items()}

    @invariant()
    def stock_in_hand_is_the_opening_and_all_movements(self) -> None:
        for number, level in self._levels().items():
            opening = OPENING if number == reference.DEFAULT_WAREHOUSE else 0
            assert level.in_stock == opening + self._moved(number)
            location = reference.QUARANTINE_LOCATIONS[number]
            assert level.quarantined == self._moved(number, location)

    @invariant()
    def no_order_holds_more_than_it_asks_for(self) -> None:
        for order in self.account.orders.values():
            held = order_state.reserved_units(self.account, order)
            settled = order_state.settled_units(self.account, order)
            for row in order.rows.values():
                assert held.get(row.id, 0) + settled.get(row.id, 0) <= row.quantity

    @invariant()
    def statuses_say_what_the_books_say(self) -> None:
        for order in self.account.orders.values():
            shown = (order.stock_status, order.allocation_status, order.shipping_status)
            order_state.refresh(self.account, order)
            assert shown == (order.stock_status, order.allocation_status, order.shipping_status)


TestWarehouse = pytest.mark.filterwarnings("error")(Warehouse.TestCase)
TestWarehouse.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
