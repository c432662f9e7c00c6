"""Both sides of a batch, now: the store's orders, and what left of them in Brightpearl."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from connectors.bigcommerce.models import Order
from connectors.brightpearl.models import SalesOrder, Unreadable
from core.frames import frame
from core.ids import note_of, sku_key
from core.shipments import NOTES, UNITS
from mappings.tables import Table
from store.ledger import UNKNOWN, Entry
from store.links import Link
from tasks.bigcommerce.orders import read_details, read_orders
from tasks.brightpearl.goods_notes import (
    Note,
    is_of_order,
    read_notes_of_orders,
    readable,
    unreadable_notes,
)
from tasks.brightpearl.reference import find_products
from tasks.brightpearl.sales_orders import ORDERS, AgreedOrder, Owners
from tasks.policy import RETRIED, step
from tasks.reconciler.cases import Outcome
from tasks.reconciler.connections import Connections
from tasks.reconciler.run import Run
from tasks.shipments.frames import Desired, Found, desired_parts
from tasks.shipments.matching import needs_shipments
from tasks.shipments.placement import Placed, Placement, Rows, place, rows_of
from tasks.shipments.scope import Scope
from tasks.shipments.state import AgreedShipments, ShippingState, added, part_ref

CREATED = {"create shipment", "ship"}
"""The ledger's actions that create a shipment; `ship` in entries of the first versions."""
NOT_SHIPPED = (
    "a unit left for a line without a shipping address (collected, or downloaded): the store gets "
    "no shipment of it; where that matters, set the order's status in BigCommerce by hand"
)


@dataclass(frozen=True)
class Read:
    """A batch as it was read."""

    found: Found
    states: Mapping[str, ShippingState]
    """By order, of those that go on."""
    skipped: tuple[Outcome, ...]


@dataclass
class NoteReader:
    """The notes of some orders, and where their units belong; more is read as it is needed."""

    connections: Connections
    owners: Owners
    skus: Table
    """Renamed SKUs."""
    agreed: Mapping[str, AgreedOrder]
    """What the order sync agreed on, by order."""
    notes: dict[str, dict[str, Note]] = field(default_factory=dict)
    """Notes that were read, by order and key, whether they left or not."""
    broken: dict[str, Unreadable] = field(default_factory=dict)
    """Notes that break the model, by key."""

    def read_all(self, order_ids: Iterable[str]) -> None:
        """Read all notes of these orders and of their back orders, in the fewest requests."""
        wanted = set(order_ids)
        if not wanted:
            return
        order_of = self.owners.order_of
        self.owners.add_back_orders(wanted)
        ids = [one for one, owner in order_of.items() if owner in wanted]
        found = read_notes_of_orders(self.owners.brightpearl, ids)
        self.broken |= {key: one for key, one in found.items() if isinstance(one, Unreadable)}
        self.notes |= {order_id: {} for order_id in wanted}
        for key, note in readable(found).items():
            if is_of_order(note):
                self.notes[order_of[note.order_id]][key] = note

    def shipped(self, order_id: str) -> dict[str, Note]:
        """The notes of an order that left, of those that were read."""
        return {key: note for key, note in self.notes.get(order_id, {}).items() if note.is_shipped}

    def existing(self, order_ids: Iterable[str]) -> set[str]:
        """Those of these orders that still exist in Brightpearl."""
        ids = {one: key for key in order_ids for one in self.owners.sales_order_ids(key)}
        self.owners.read(ids)
        return {order_id for one, order_id in ids.items() if one in self.owners.sales_orders}

    def place(
        self, orders: Iterable[Order], states: Mapping[str, ShippingState]
    ) -> dict[str, tuple[Rows, Placement]]:
        """The units of notes that left, on the lines of their orders; reads the sales orders.

        Notes that were not read keep the units that were agreed on.
        """
        orders = [order for order in orders if self.shipped(order.id)]
        self._read_unknown(order.id for order in orders)
        has_stock = self._has_stock(order.id for order in orders)
        found = {}
        for order in orders:
            agreed = self.agreed.get(order.id, AgreedOrder())
            rows = rows_of(order, agreed, self._sales_orders(order.id), self.skus, has_stock)
            state = states[order.id]
            others = [p.note_units for p in state.agreed.parts if not state.has_read(p.note_key)]
            notes = self.shipped(order.id).values()
            found[order.id] = rows, place(order, rows, notes, added(others))
        return found

    def _sales_orders(self, order_id: str) -> Sequence[SalesOrder]:
        read = self.owners.sales_orders
        return [read[one] for one in self.owners.sales_order_ids(order_id) if one in read]

    def _read_unknown(self, order_ids: Iterable[str]) -> None:
        """Read sales orders with rows on notes that nothing was agreed on."""
        unknown: list[str] = []
        for order_id in order_ids:
            agreed = self.agreed.get(order_id, AgreedOrder())
            known = {row.row_id for row in agreed.rows.values()}
            notes = self.shipped(order_id).values()
            unknown += [note.order_id for note in notes if note.rows.keys() - known]
        self.owners.read(unknown)
        self.owners.find(unknown)

    def _has_stock(self, order_ids: Iterable[str]) -> dict[str, bool]:
        """Whether components of bundles have stock, by SKU as compared."""
        keys = {
            sku_key(row.sku)
            for order_id in order_ids
            for order in self._sales_orders(order_id)
            for row in order.rows
            if row.is_bundle_child and row.sku
        }
        products = find_products(self.connections, keys) if keys else {}
        return {key: product.stock_tracked for key, product in products.items()}


def extract_shipments(run: Run, scope: Scope) -> Read:
    """The orders of the batch, and what left of them.

    Raises: TransientError, ConfigError, ContractError.
    """
    orders, missing = read_orders(run, [key for key in run.batch.keys if not note_of(key)])
    links = run.links.get(run.pair, ORDERS, list(orders))
    states = _states(run, orders, scope, links.values())
    skipped = {key: outcome for key, one in states.items() if (outcome := _skip(one, scope))}
    states = {key: state for key, state in states.items() if key not in skipped}
    reader = NoteReader(
        run.connections,
        scope.owners,
        run.bundle.table("skus"),
        {key: AgreedOrder.of(link) for key, link in links.items()},
    )
    found, states = read_goods(run, scope, reader, [orders[key] for key in states], states)
    return Read(found, states, (*scope.skipped, *missing, *skipped.values()))


@step("read-goods", RETRIED)
def read_goods(
    run: Run,
    scope: Scope,
    reader: NoteReader,
    orders: Sequence[Order],
    states: Mapping[str, ShippingState],
) -> tuple[Found, dict[str, ShippingState]]:
    """The notes that left, their units on the orders' lines; and how much of each order was read.

    An order whose named notes do not fit is read in full: units that seem too many may come from a
    note that was taken back meanwhile.
    """
    states = dict(states)
    reader.notes = {key: dict(notes) for key, notes in scope.notes.items() if key in states}
    reader.read_all(key for key, state in states.items() if state.notes_read is None)
    placed = reader.place(orders, states)
    doubtful = {
        key
        for key, (rows, placement) in placed.items()
        if states[key].notes_read is not None
        and _is_doubtful(states[key], rows, reader.shipped(key), placement)
    }
    if doubtful:
        reader.read_all(doubtful)
        states |= {key: replace(states[key], notes_read=None) for key in doubtful}
        again = reader.place([order for order in orders if order.id in doubtful], states)
        placed = {key: one for key, one in placed.items() if key not in doubtful} | again
    states |= _deleted(reader, states)
    not_shipped = sum(placement.not_shipped for _, placement in placed.values())
    run.report.notes.update({NOT_SHIPPED: not_shipped} if not_shipped else {})
    refusals = unreadable_notes(reader.broken, scope.owners.order_of)
    placements = {key: placement for key, (_, placement) in placed.items()}
    return _found(reader, placements, refusals), states


def read_shipments(
    run: Run, desired: Desired, states: Mapping[str, ShippingState]
) -> dict[str, ShippingState]:
    """The orders of the batch that were not refused, with their shipments where it takes them.

    They are listed, a request an order, only where they are needed (see `needs_shipments`).

    Raises: TransientError, ConfigError.
    """
    refused = run.refused_keys
    states = {key: state for key, state in states.items() if key not in refused}
    parts = desired_parts(desired)
    listed = [key for key, state in states.items() if needs_shipments(state, parts.get(key, ()))]
    shipments = read_details(run, listed, run.bigcommerce.list_shipments, "shipments")
    return {
        key: replace(state, shipments=tuple(shipments[key]), creations=_creations(run, key))
        if key in shipments
        else state
        for key, state in states.items()
        if key in shipments or key not in listed
    }


def _states(
    run: Run, orders: Mapping[str, Order], scope: Scope, order_links: Iterable[Link]
) -> dict[str, ShippingState]:
    """The orders, with what our links and the ledger say of them."""
    owners, keys = scope.owners, list(orders)
    links = run.links.get(run.pair, run.entity, keys)
    owners.add([*links.values(), *order_links])
    open_writes: dict[str, list[Entry]] = defaultdict(list)
    for entry in run.ledger.open_intents(run.pair, run.entity, keys):
        open_writes[entry.key].append(entry)
    return {
        key: replace(
            ShippingState.of(
                order,
                AgreedShipments.of(links.get(key)),
                next(iter(owners.sales_order_ids(key)), ""),
            ),
            open_writes=tuple(open_writes[key]),
            notes_read=None if key in scope.in_full else scope.named.get(key, frozenset()),
        )
        for key, order in orders.items()
    }


def _skip(state: ShippingState, scope: Scope) -> Outcome | None:
    """What becomes of an order of which nothing is to be read in Brightpearl."""
    key = state.order_id
    if not state.order_id_bp:
        return Outcome(key, "not imported", "not in Brightpearl: nothing of it can leave")
    if key in scope.hinted and state.agreed.is_at_rest and state.is_as_agreed:
        return Outcome(key, "unchanged", "unchanged: the store has what was agreed on")
    return None


def _deleted(reader: NoteReader, states: Mapping[str, ShippingState]) -> dict[str, ShippingState]:
    """Orders whose notes went with the sales order that staff deleted: nothing is taken back."""
    absent = [
        key
        for key, state in states.items()
        if {part.note_key for part in state.read_parts} - reader.shipped(key).keys()
    ]
    existing = reader.existing(absent)
    return {key: replace(states[key], is_gone=True) for key in absent if key not in existing}


def _is_doubtful(
    state: ShippingState, rows: Rows, notes: Mapping[str, Note], placement: Placement
) -> bool:
    """Whether what the named notes say by themselves is not to be trusted."""
    known = {part.ref for part in state.agreed.parts}
    new = [one for one in placement.placed if part_ref(one.note_key, one.address_id) not in known]
    units = added({one.line_id: one.units} for one in new)
    is_too_many = any(count > state.left.get(line_id, 0) for line_id, count in units.items())
    return is_too_many or any(note.rows.keys() & rows.components for note in notes.values())


def _found(
    reader: NoteReader, placements: Mapping[str, Placement], refusals: pd.DataFrame
) -> Found:
    notes: list[dict[str, Any]] = []
    units: list[dict[str, Any]] = []
    for order_id, placement in placements.items():
        for key, address_id, placed in _parts(placement):
            ref = {"order_id": order_id, "part_ref": part_ref(key, address_id)}
            note = reader.notes[order_id][key]
            notes.append(
                {
                    **ref,
                    "note_key": key,
                    "address_id": address_id,
                    "note_kind": (note_of(key) or ("", ""))[0],
                    "note_id": note.id,
                    "order_id_bp": note.order_id,
                    "warehouse_id": getattr(note, "warehouse_id", ""),
                    "shipping_method_id": note.shipping_method_id,
                    "reference": placement.references[key],
                    "shipped_at": note.shipped_at,
                    "qty": sum(one.units for one in placed),
                }
            )
            units += [
                {**ref, "row_id": one.row_id, "line_id": one.line_id, "qty": one.units}
                for one in placed
            ]
    return Found(refusals, notes=frame(notes, NOTES), units=frame(units, UNITS))


def _parts(placement: Placement) -> Iterator[tuple[str, str, list[Placed]]]:
    """What each note sends to each address; units without a line go with the note's first part."""
    parts: dict[str, dict[str, list[Placed]]] = {}
    for one in sorted(placement.placed, key=lambda one: not one.line_id):
        of_note = parts.setdefault(one.note_key, {})
        address_id = one.address_id if one.line_id else next(iter(of_note), "")
        of_note.setdefault(address_id, []).append(one)
    for key, by_address in parts.items():
        for address_id, placed in by_address.items():
            yield key, address_id, placed


def _creations(run: Run, order_id: str) -> tuple[Entry, ...]:
    """What the ledger says of shipments that we created, or may have created."""
    history = run.ledger.history(run.pair, run.entity, order_id)
    possible = {None, UNKNOWN, "written"}
    return tuple(one for one in history if one.action in CREATED and one.outcome in possible)
