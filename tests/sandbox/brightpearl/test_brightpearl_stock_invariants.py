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

from sandbox.brightpearl import order_state, reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.back_orders import BackOrder, split
from sandbox.brightpearl.records import Address, Order, OrderRow
from sandbox.brightpearl.refusals import Refusal
from sandbox.brightpearl.sales_orders import place
from sandbox.brightpearl.staff import StockChange, change_stock
from sandbox.brightpearl.staff_credits import Receipt, StaffCredit, create_credit, receive_goods
from sandbox.brightpearl.staff_goods import Shipment, ship
from sandbox.brightpearl.staff_orders import OrderEdit, edit

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
OPENING = 12
WHICH = st.integers(0, 5)
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

    def _try(self, act: Any, shape: Any, **wanted: Any) -> Any:
        """Whatever the account refuses must change nothing; the invariants look afterwards."""
        with contextlib.suppress(Refusal):
            return act(self.account, shape.model_validate(wanted))

    def _chosen(self, which: int, type_code: str) -> Order | None:
        """The order so many places down the list, or None."""
        orders = [o for o in self.account.orders.values() if o.type_code == type_code]
        return orders[which] if which < len(orders) else None

    @rule(units=st.integers(1, 8))
    def order(self, units: int) -> None:
        place(self.account, _order(self.account, self.product_id, units))

    @rule(
        which=WHICH,
        kind=st.sampled_from(["SO", "SC"]),
        name=st.sampled_from(["allocate", "release", "delete", "cancel"]),
    )
    def handle(self, which: int, kind: str, name: str) -> None:
        if (kind == "SO" or name != "allocate") and (order := self._chosen(which, kind)):
            self._try(edit, OrderEdit, order_id=order.id, **{name: True})

    @rule(which=WHICH, kind=st.sampled_from(["SO", "SC"]), units=st.integers(1, 8))
    def change_quantity(self, which: int, kind: str, units: int) -> None:
        if order := self._chosen(which, kind):
            self._try(edit, OrderEdit, order_id=order.id, rows=[{"sku": "MUG", "quantity": units}])

    @rule(which=WHICH, units=st.integers(1, 4), warehouse=WAREHOUSE, stage=STAGE)
    def send(self, which: int, units: int, warehouse: int, stage: str) -> None:
        if order := self._chosen(which, "SO"):
            parcel = {"warehouse_id": warehouse, "rows": {"MUG": units}}
            self._try(ship, Shipment, order_id=order.id, stage=stage, **parcel)

    @rule(which=WHICH, change=st.sampled_from([{"unship": True}, {"destroy": True}]))
    def undo(self, which: int, change: dict[str, bool]) -> None:
        if which < len(self.account.goods_out):
            self._try(ship, Shipment, note_id=list(self.account.goods_out)[which], **change)

    @rule(which=WHICH, stage=STAGE)
    def bring(self, which: int, stage: str) -> None:
        if which < len(self.account.goods_out):
            self._try(ship, Shipment, note_id=list(self.account.goods_out)[which], stage=stage)

    @rule(which=WHICH, units=st.integers(1, 4))
    def split(self, which: int, units: int) -> None:
        if order := self._chosen(which, "SO"):
            before = (order.net, sum(row.quantity for row in order.rows.values()))
            done = self._try(split, BackOrder, order_id=order.id, rows={"MUG": units})
            child = self.account.orders[done["back_order_id"]] if done else None
            parts = [part for part in (order, child) if part is not None]
            after = sum(row.quantity for part in parts for row in part.rows.values())
            assert (sum(part.net for part in parts), after) == before

    @rule(which=WHICH, units=st.integers(1, 4))
    def credit(self, which: int, units: int) -> None:
        if order := self._chosen(which, "SO"):
            rows = [{"sku": "MUG", "quantity": units}]
            self._try(create_credit, StaffCredit, order_id=order.id, rows=rows)

    @rule(which=WHICH, units=st.integers(1, 4), warehouse=WAREHOUSE, apart=st.booleans())
    def take_back(self, which: int, units: int, warehouse: int, *, apart: bool) -> None:
        if order := self._chosen(which, "SC"):
            where = {"warehouse_id": warehouse, "quarantine": apart}
            self._try(receive_goods, Receipt, order_id=order.id, rows={"MUG": units}, **where)

    @rule(delta=st.integers(-6, 6), released=st.integers(0, 2), warehouse=WAREHOUSE)
    def count_stock(self, delta: int, released: int, warehouse: int) -> None:
        change = {"delta": delta, "release_quarantined": released, "warehouse_id": warehouse}
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
            apart = reference.QUARANTINE_LOCATIONS[number]
            assert level.quarantined == self._moved(number, apart)

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
TestWarehouse.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
