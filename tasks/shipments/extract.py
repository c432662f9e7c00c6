"""Both sides of a batch, now: the store's orders, and what left of them in Brightpearl.

Events name goods notes; the work is done by order of the store.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.bigcommerce.models import Order
from connectors.brightpearl.models import Unreadable
from core.frames import frame
from core.ids import note_of, sku_key
from core.shipments import NOTES, UNITS
from mappings.tables import Table
from store.links import Links
from tasks.bigcommerce.orders import read_details, read_orders
from tasks.brightpearl import goods_notes
from tasks.brightpearl.goods_notes import Note
from tasks.brightpearl.reference import find_products
from tasks.brightpearl.sales_orders import ORDERS, AgreedOrder, Owners
from tasks.policy import RETRIED, step
from tasks.reconciler.cases import Outcome
from tasks.reconciler.connections import Connections
from tasks.reconciler.run import Run
from tasks.shipments.frames import ENTITY, AgreedShipments, DesiredPart, Found, ShippingState, added
from tasks.shipments.matching import needs_shipments
from tasks.shipments.placement import Placement, place, rows_of

SETTLED = {"", "done"}
"""States of an order's key in which nothing of it was left to do."""
NOT_SHIPPED = (
    "a unit left for a line without a shipping address (downloaded): the store gets "
    "no shipment of it; where that matters, set the order's status in BigCommerce by hand"
)


GONE = "gone from Brightpearl before the store had a shipment of it"
TRANSFER = "a transfer between warehouses"
FOREIGN = "of a sales order that does not come from the store"


@dataclass
class NoteReader:
    """The notes of some orders, and where their units belong; more is read as it is needed."""

    connections: Connections
    skus: Table
    """Renamed SKUs."""
    owners: Owners
    agreed: defaultdict[str, AgreedOrder] = field(default_factory=lambda: defaultdict(AgreedOrder))
    """What the order sync agreed on, by order."""
    notes: defaultdict[str, dict[str, Note]] = field(default_factory=lambda: defaultdict(dict))
    """Notes that were read, by order and key, whether they left or not."""
    broken: dict[str, Unreadable] = field(default_factory=dict)
    """Notes that break the model, by key."""
    named: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Keys of the notes that events named, whether these still exist or not, by order. Of orders
    that were named themselves, or left undone before, every note is read."""
    hinted: Collection[str] = ()
    """Orders of which only the store says that something changed; it may be our own echo."""
    skipped: list[Outcome] = field(default_factory=list)
    """What becomes of notes that are not ours."""

    def states_of(self, orders: Mapping[str, Order]) -> dict[str, ShippingState]:
        """The orders, with what our links say of them."""
        links, pair = Links(self.connections.database), self.connections.pair.name
        shipped = links.get(pair, ENTITY, list(orders))
        imported = links.get(pair, ORDERS, list(orders))
        self.owners.add([*shipped.values(), *imported.values()])
        self.agreed |= {key: AgreedOrder.of(link) for key, link in imported.items()}
        of_order = self.owners.by_order()
        return {
            key: ShippingState(
                order,
                AgreedShipments.of(shipped.get(key)),
                next(iter(of_order.get(key, ())), ""),
            )
            for key, order in orders.items()
        }

    def read_all(self, order_ids: Iterable[str]) -> None:
        """Read all notes of these orders and of their back orders, in the fewest requests."""
        wanted = set(order_ids)
        if not wanted:
            return
        order_of = self.owners.order_of
        self.owners.add_back_orders(wanted)
        ids = [one for one, owner in order_of.items() if owner in wanted]
        found = goods_notes.read_notes_of_orders(self.connections.brightpearl, ids)
        self.notes |= {order_id: {} for order_id in wanted}
        for key, note in found.items():
            if isinstance(note, Unreadable):
                self.broken[key] = note
            elif goods_notes.is_of_order(note):
                self.notes[order_of[note.order_id]][key] = note

    def shipped(self, order_id: str) -> dict[str, Note]:
        """The notes of an order that left, of those that were read."""
        return {
            key: note
            for key, note in self.notes[order_id].items()
            if note.is_shipped and not goods_notes.left_before_import(note)
        }

    def place(self, states: Iterable[ShippingState]) -> dict[str, Placement]:
        """The units of notes that left, on the lines of their orders.

        Sales orders are read where notes name rows that nothing was agreed on. Notes that were not
        read keep the units that were agreed on.
        """
        left = {one.order.id: one for one in states if self.shipped(one.order.id)}
        unknown = [
            note.order_id
            for key in left
            for note in self.shipped(key).values()
            if note.rows.keys() - {row.row_id for row in self.agreed[key].rows.values()}
        ]
        self.owners.read(unknown)
        self.owners.find(unknown)
        read, of_order = self.owners.sales_orders, self.owners.by_order()
        sales_orders = {
            key: [read[one] for one in of_order.get(key, ()) if one in read] for key in left
        }
        # Whether components of bundles have stock, by SKU as compared.
        rows = [row for many in sales_orders.values() for one in many for row in one.rows]
        keys = {sku_key(row.sku) for row in rows if row.is_bundle_child and row.sku}
        products = find_products(self.connections, keys) if keys else {}
        has_stock = {key: product.stock_tracked for key, product in products.items()}
        found: dict[str, Placement] = {}
        for key, state in left.items():
            known = rows_of(state.order, self.agreed[key], sales_orders[key], self.skus, has_stock)
            others = [p.note_units for p in state.agreed.parts if not state.has_read(p.note_key)]
            found[key] = place(state.order, known, self.shipped(key).values(), added(others))
        return found


@step("identify-orders", RETRIED)
def identify_orders(run: Run) -> NoteReader:
    """Whose notes the keys name. From here on the batch consists of the store's orders.

    Raises: TransientError, ConfigError, ContractError.
    """
    connections = run.connections.at(run.priority)
    reader = NoteReader(connections, run.bundle.tables["skus"], Owners(connections))
    keys = [key for key in run.batch.keys if note_of(key)]
    own = {claim.key: claim.source for claim in run.batch.claims if not note_of(claim.key)}
    notes = goods_notes.read_notes(run.brightpearl, keys)
    reader.owners.find(note.order_id for note in notes.values() if goods_notes.is_of_order(note))
    owners = reader.owners.order_of
    run.refuse(goods_notes.unreadable_notes(notes, owners))
    # A note that is gone can no longer say whose it was; our link can, if the store has a shipment.
    gone = [key for key in keys if key not in notes]
    links = run.links.get(run.pair, goods_notes.GOODS_NOTES, gone, by="id_bp")
    order_of = {key: link.key_bc.partition("/")[0] for key, link in links.items()}
    for key in keys:
        note = notes.get(key)
        is_of_order = note is not None and goods_notes.is_of_order(note)
        if note and is_of_order and note.order_id in owners:
            order_of[key] = owners[note.order_id]
        elif note is None and key not in order_of:
            reader.skipped.append(Outcome(key, "gone", GONE))
        elif note and not isinstance(note, Unreadable):
            reader.skipped.append(Outcome(key, "not ours", FOREIGN if is_of_order else TRANSFER))
    states = run.rekey(order_of)
    in_full = {key for key, state in states.items() if state not in SETTLED} | own.keys()
    for key, order_id in order_of.items():
        if order_id not in in_full:
            reader.named[order_id].add(key)
        if isinstance(note := notes.get(key), Note):
            reader.notes[order_id][key] = note
    reader.hinted = {key for key, source in own.items() if source == "webhook"} - states.keys()
    return reader


def extract_shipments(run: Run, reader: NoteReader) -> Found:
    """The orders of the batch, and what left of them.

    Raises: TransientError, ConfigError, ContractError.
    """
    orders, absent = read_orders(run, [key for key in run.batch.keys if not note_of(key)])
    states: dict[str, ShippingState] = {}
    skipped = [*reader.skipped, *run.batch.missing(absent)]
    for key, state in reader.states_of(orders).items():
        if not state.order_id_bp:
            why = "not in Brightpearl: nothing of it can leave"
            skipped.append(Outcome(key, "not imported", why))
        elif key in reader.hinted and state.agreed.is_at_rest and state.is_as_agreed:
            why = "unchanged: the store has what was agreed on"
            skipped.append(Outcome(key, "unchanged", why))
        else:
            # What was collected stands in no link: all notes count.
            is_collected = bool(state.order.consignments.pickups)
            named = None if is_collected else reader.named.get(key)
            states[key] = replace(state, notes_read=named)
    return replace(read_goods(run, reader, states), skipped=tuple(skipped))


@step("read-goods", RETRIED)
def read_goods(run: Run, reader: NoteReader, states: Mapping[str, ShippingState]) -> Found:
    """The notes that left, their units on the orders' lines; and how much of each order was read.

    An order whose named notes do not fit is read in full: units that seem too many may come from a
    note that was taken back meanwhile.
    """
    reader.read_all(key for key, state in states.items() if state.notes_read is None)
    placed = reader.place(states.values())
    doubtful = {key for key, one in placed.items() if _is_doubtful(states[key], one)}
    in_full = {key: replace(states[key], notes_read=None) for key in doubtful}
    reader.read_all(doubtful)
    placed = {key: one for key, one in placed.items() if key not in doubtful}
    placed |= reader.place(in_full.values())
    if not_shipped := sum(one.not_shipped for one in placed.values()):
        run.report.notes[NOT_SHIPPED] += not_shipped
    states = {**states, **in_full}
    states |= {
        key: replace(states[key], collected=one.collected)
        for key, one in placed.items()
        if one.collected
    }
    return Found(
        goods_notes.unreadable_notes(reader.broken, reader.owners.order_of),
        notes=frame(note_rows(reader, placed), NOTES),
        units=frame((vars(unit) for one in placed.values() for unit in one.placed), UNITS),
        states=states | _deleted(reader, states),
    )


def read_shipments(
    run: Run, parts: Mapping[str, Sequence[DesiredPart]], states: Mapping[str, ShippingState]
) -> dict[str, ShippingState]:
    """The orders of the batch that were not refused, with their shipments where it takes them.

    They are listed, a request an order, only where they are needed (see `needs_shipments`).

    Raises: TransientError, ConfigError.
    """
    refused = run.refused_keys
    states = {key: state for key, state in states.items() if key not in refused}
    listed = [key for key, state in states.items() if needs_shipments(state, parts.get(key, ()))]
    shipments = read_details(run, listed, run.bigcommerce.list_shipments, "shipments")
    for key in listed:
        state = states.pop(key)
        if key in shipments:
            history = tuple(run.ledger.history(run.pair, run.entity, key))
            states[key] = replace(state, shipments=tuple(shipments[key]), history=history)
    return states


def _is_doubtful(state: ShippingState, placement: Placement) -> bool:
    """Whether what the named notes say by themselves is not to be trusted."""
    if state.notes_read is None:
        return False
    known = {part.ref for part in state.agreed.parts}
    new = added({one.line_id: one.qty} for one in placement.placed if one.part_ref not in known)
    is_too_many = any(count > state.left.get(line_id, 0) for line_id, count in new.items())
    return is_too_many or placement.has_components


def _deleted(reader: NoteReader, states: Mapping[str, ShippingState]) -> dict[str, ShippingState]:
    """Orders whose notes went with the sales order that staff deleted: nothing is taken back."""
    absent = [
        key
        for key, state in states.items()
        if {part.note_key for part in state.read_parts} - reader.shipped(key).keys()
    ]
    of_order = reader.owners.by_order() if absent else {}
    ids = {one: key for key in absent for one in of_order.get(key, ())}
    reader.owners.read(ids)
    existing = {ids[one] for one in ids.keys() & reader.owners.sales_orders.keys()}
    return {key: replace(states[key], is_gone=True) for key in absent if key not in existing}


def note_rows(reader: NoteReader, placements: Mapping[str, Placement]) -> Iterator[dict[str, Any]]:
    """NOTES of the parts of placed notes."""
    for order_id, placement in placements.items():
        parts: Counter[str] = Counter()
        for one in placement.placed:
            parts[one.part_ref] += one.qty
        for ref, qty in parts.items():
            key, _, address_id = ref.partition("/")
            note = reader.notes[order_id][key]
            yield {
                "order_id": order_id,
                "part_ref": ref,
                "note_key": key,
                "address_id": address_id,
                "note_kind": key.partition("-")[0],
                "note_id": note.id,
                "order_id_bp": note.order_id,
                "warehouse_id": getattr(note, "warehouse_id", ""),
                "shipping_method_id": note.shipping_method_id,
                "reference": placement.references[key],
                "shipped_at": note.shipped_at,
                "qty": qty,
            }
