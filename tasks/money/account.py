"""Brightpearl's side of a day: sales orders by our references, 200 to a request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from connectors.brightpearl.account_models import PaymentRow
from connectors.brightpearl.models import OrderRef, SalesOrder, Unreadable
from core.ids import external_ref
from core.money import ZERO, two_places
from store.links import Links
from tasks.brightpearl.sales_orders import AROUND
from tasks.brightpearl.sales_orders import AgreedOrder as Memory
from tasks.money.credits import CreditReads, read_credits
from tasks.money.day import Day
from tasks.money.sides import (
    PAID,
    AccountSide,
    Booking,
    Figures,
    StoreSide,
    cents,
    kind_of,
    own_money,
    receipt_name,
    total_of,
)
from tasks.policy import PATIENT, patiently, step
from tasks.reconciler.connections import Connections, connect, current_bundle

RECEIVED = {"RECEIPT": 1, "CAPTURE": 1, "PAYMENT": -1}
"""Payment types that move money, and which way as seen from a sales order."""


@step("read-account", PATIENT)
def read_account(pair: str, day: Day, store: StoreSide) -> AccountSide:
    """Sales orders of the store's orders, and those that name an order which the day lacks.

    Searches give 500 rows a request, orders and payments come 200 to one. Raises: TransientError,
    ConfigError, ContractError.
    """
    world = connect(pair)
    reads = Reads(world, current_bundle(world).table("account_statuses").get("cancelled") or "")
    reads.find(day, store)
    bookings = reads.with_back_orders(reads.bookings(), store)
    owners = reads.owners({one.order_id for one in store.refunds} - set(store.sales))
    found = read_credits(
        CreditReads(
            world, day, store, {id_: b.order_id for b in bookings.values() for id_ in b.ids}
        )
    )
    return AccountSide(
        bookings=reads.with_payments(_less_undone(bookings, found.undone)),
        credits=found.credits,
        owners=owners,
        unreadable=frozenset(reads.broken | found.broken),
    )


@dataclass
class Reads:
    """What was read so far."""

    world: Connections
    cancelled: str
    """Status id of a sales order that was called off; "" where the table has none."""
    keys: dict[str, str] = field(default_factory=dict)
    """BigCommerce's order id by Brightpearl's."""
    memories: dict[str, Memory] = field(default_factory=dict)
    """By BigCommerce's order id."""
    broken: set[str] = field(default_factory=set)

    def find(self, day: Day, store: StoreSide) -> None:
        """Which sales orders are of the day's orders: by our memory, and by what they carry."""
        pair = self.world.pair
        ids = [*store.sales, *store.unreadable]
        links = Links(self.world.database).get(pair.name, "orders", ids)
        self.keys = {link.id_bp: key for key, link in links.items()}
        self.memories = {key: Memory.of(link) for key, link in links.items()}
        rows = patiently(
            lambda: list(
                self.world.brightpearl.list_order_refs(
                    day.starts_at - AROUND, day.ends_at + AROUND, pair.brightpearl.instance_id
                )
            )
        )
        wanted, reach = set(ids), store.reach
        self.keys |= {
            row.order_id: key
            for row in rows
            if (key := key_of(row.external_ref))
            and (key in wanted or _may_be_of(row, key, day, reach))
        }

    def bookings(self) -> dict[str, Booking]:
        """Sales orders by BigCommerce's order id, copies added up.

        Cancelled ones only count where there is no other.
        """
        found: dict[str, list[SalesOrder]] = defaultdict(list)
        for document in self._read(self.keys):
            found[self.keys[document.id]].append(document)
        return {key: self._booking(key, documents) for key, documents in found.items()}

    def with_back_orders(
        self, bookings: Mapping[str, Booking], store: StoreSide
    ) -> dict[str, Booking]:
        """Orders that are worth less than in the store, with what staff moved into back orders."""
        short = {
            booking.ids[0]: key
            for key, booking in bookings.items()
            if (sale := store.sales.get(key))
            and not booking.is_cancelled
            and booking.figures["total"] < sale.figures["total"]
        }
        found = dict(bookings)
        if not short:
            return found
        refs = patiently(lambda: list(self.world.brightpearl.list_child_refs(short)))
        for child in self._read({row.order_id: short.get(row.parent_id, "") for row in refs}):
            key = short.get(child.parent_id, "")
            if key and not self._is_off(child):
                found[key] = _joined(found[key], child, self._figures(key, child))
        return found

    def with_payments(self, bookings: Mapping[str, Booking]) -> dict[str, Booking]:
        """Orders with the money that was received for them."""
        owners = {
            id_: key
            for key, booking in bookings.items()
            if not booking.is_cancelled
            for id_ in booking.ids
        }
        if not owners:
            return dict(bookings)
        paid: dict[str, dict[str, Decimal]] = defaultdict(dict)
        for row in patiently(lambda: list(self.world.brightpearl.list_payments(owners))):
            key = owners[row.order_id]
            _receive(paid[key], row, bookings[key].currency_code)
        return {
            key: replace(
                booking,
                receipts=paid.get(key, {}),
                figures={**booking.figures, PAID: own_money(paid.get(key, {}))},
            )
            for key, booking in bookings.items()
        }

    def owners(self, order_ids: set[str]) -> dict[str, Booking]:
        """Sales orders of orders that were placed on another day, as far as our memory has them."""
        links = Links(self.world.database).get(self.world.pair.name, "orders", sorted(order_ids))
        ids = {link.id_bp: key for key, link in links.items()}
        return {ids[one.id]: self._booking(ids[one.id], [one]) for one in self._read(ids)}

    def _read(self, keys: Mapping[str, str]) -> list[SalesOrder]:
        if not keys:
            return []
        documents = patiently(lambda: self.world.brightpearl.get_sales_orders(keys))
        self.broken |= {
            keys.get(one.order_id, "") for one in documents if isinstance(one, Unreadable)
        } - {""}
        return [one for one in documents if isinstance(one, SalesOrder)]

    def _booking(self, key: str, documents: Sequence[SalesOrder]) -> Booking:
        live = [one for one in documents if not self._is_off(one)]
        shown = sorted(live or documents[:1], key=lambda one: int(one.id))
        first = shown[0]
        copies = [one for one in shown if one.parent_id not in {order.id for order in shown}]
        figures = total_of(self._figures(key, one) for one in shown)
        return Booking(
            order_id=key,
            ids=tuple(one.id for one in shown),
            currency_code=first.currency_code,
            figures={**figures, "orders": Decimal(len(copies))},
            copies=len(copies),
            is_cancelled=not live,
            channel_id=first.channel_id,
            placed_on=first.placed_on,
        )

    def _is_off(self, order: SalesOrder) -> bool:
        """Also by its status: an account may know no status of its own that cancels."""
        return order.is_cancelled or (bool(self.cancelled) and order.status_id == self.cancelled)

    def _figures(self, key: str, order: SalesOrder) -> dict[str, Decimal]:
        memory = self.memories.get(key, Memory())
        refs = {row.row_id: ref for ref, row in memory.rows.items()}
        kinds = {"shipped": ZERO, "rounding": ZERO, "goods": ZERO}
        for row in order.rows:
            if not row.is_bundle_child:
                kinds[kind_of(row.external_ref or refs.get(row.id, ""))] += row.net
        kinds["goods"] = order.total.net - kinds["shipped"] - kinds["rounding"]
        figures = {**kinds, "taxed": order.total.tax, "total": order.total.gross}
        return {"orders": Decimal(1), **cents(figures)}


def key_of(ref: str) -> str:
    """BigCommerce's order id that a reference of ours names; "" for any other reference."""
    key = ref.removeprefix(external_ref(""))
    return key if key != ref and key.isdecimal() else ""


def agreed_figures(memory: Memory) -> dict[str, Decimal]:
    """What both sides agreed on last, as far as it is remembered."""
    if not memory.rows:
        return {}
    found = {"shipped": ZERO, "rounding": ZERO, "goods": ZERO, "taxed": ZERO}
    for ref, row in memory.rows.items():
        found[kind_of(ref)] += two_places(row.net)
        found["taxed"] += two_places(row.tax)
    return {**found, "total": sum(found.values(), ZERO)}


def _may_be_of(row: OrderRef, key: str, day: Day, reach: tuple[int, int]) -> bool:
    """Whether an order that the store's day lacks may be of it all the same.

    Its number stands among the day's, or it was entered on the day.
    """
    among = reach[0] <= int(key) <= reach[1]
    return among or row.created_on is None or day.holds(row.created_on)


def _joined(booking: Booking, child: SalesOrder, figures: Figures) -> Booking:
    one = {"orders": booking.figures["orders"]}
    return replace(
        booking,
        ids=(*booking.ids, child.id),
        figures={**total_of([booking.figures, figures]), **one},
    )


def _less_undone(bookings: Mapping[str, Booking], undone: Figures) -> dict[str, Booking]:
    """Orders that a credit of ours undoes to the cent count as cancelled."""
    return {
        key: replace(booking, is_cancelled=True)
        if undone.get(key) == booking.figures["total"]
        else booking
        for key, booking in bookings.items()
    }


def _receive(receipts: dict[str, Decimal], row: PaymentRow, currency_code: str) -> None:
    """Add a payment by its reference; one of staff's own, which may hold anything, by its id."""
    sign = RECEIVED.get(row.payment_type, 0)
    if not sign or not row.amount:
        return
    known = row.transaction_ref.startswith(external_ref(""))
    ref = row.transaction_ref if known else f"payment {row.payment_id}"
    name = receipt_name(ref, row.currency_code, currency_code)
    receipts[name] = receipts.get(name, ZERO) + sign * two_places(row.amount)
