"""Both sides of a batch, now: the store's orders as they stand, shipped notes as frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.bigcommerce.client import plan_ranges
from connectors.bigcommerce.models import Missing, Order, Unreadable
from core.frames import frame
from core.ids import note_of
from core.shipments import NOTES, UNITS
from store.ledger import Entry, Ledger
from store.links import Links
from tasks.claim import Run
from tasks.orders.extract import read_range, unreadable
from tasks.orders.memory import Memory
from tasks.outcome import Aside
from tasks.policy import PATIENT, step
from tasks.shipments.desired import Found
from tasks.shipments.family import ORDERS
from tasks.shipments.goods import Goods
from tasks.shipments.memory import ShipmentMemory, added, part_ref
from tasks.shipments.notes import Named, Note, key_of, refuse_unreadable
from tasks.shipments.placing import Placed, Placement, Rows
from tasks.shipments.standing import Read, Standing

LOOKS = 3
"""How often an order is looked for that a note names and the store does not show."""
NOT_THERE = Aside("not imported", "not in Brightpearl: nothing of it can leave")
NO_ADDRESS = (
    "a unit left for a line without a shipping address (collected, or downloaded): the store is "
    "told nothing of it; where that matters, set the order's status in BigCommerce by hand"
)
ECHO = Aside("unchanged", "unchanged: the store says what it was told")


def extract_shipments(run: Run, named: Named) -> Read:
    """The orders of the batch, and what left of them.

    Raises: TransientError, ConfigError, ContractError.
    """
    orders, asides = _read_store(run, named)
    standings, agreed = _recall(run, orders, named)
    for key, standing in list(standings.items()):
        if aside := _set_aside(standing, named):
            asides[key] = aside
            del standings[key], orders[key]
    found, standings = read_goods(run, named, orders, standings, agreed)
    return Read(found, standings, asides)


def _read_store(run: Run, named: Named) -> tuple[dict[str, Order], dict[str, Aside]]:
    """The store's orders in the fewest requests."""
    ids = [key for key in run.batch.keys if not note_of(key)]
    ranges = [read_range.submit(run, id_range) for id_range in plan_ranges(ids)]
    orders: dict[str, Order] = {}
    asides = dict(named.asides)
    for document in [one for future in ranges for one in future.result()]:
        if isinstance(document, Missing):
            asides[document.order_id] = _missing(run.batch.tries(document.order_id))
        elif isinstance(document, Unreadable):
            run.refuse(unreadable(document))
        else:
            orders[document.id] = document
    return orders, asides


def _missing(tries: int) -> Aside:
    if tries < LOOKS:
        return Aside("again", "not found in BigCommerce yet")
    return Aside("gone", "not in BigCommerce")


def _recall(
    run: Run, orders: Mapping[str, Order], named: Named
) -> tuple[dict[str, Standing], dict[str, Memory]]:
    """The orders beside what our memory and the ledger say of them; what the order sync agreed."""
    linked = Links(run.world.database)
    told = linked.get(run.report.pair, run.entity, list(orders))
    agreed = linked.get(run.report.pair, ORDERS, list(orders))
    for links in (told, agreed):
        named.family.order_of.update({link.id_bp: key for key, link in links.items()})
    unsure = _unsure(run, list(orders))
    standings = {
        key: replace(
            Standing.of(order, ShipmentMemory.of(told.get(key)), _first(named.family.of(key))),
            unsure=unsure.get(key, ()),
            looked=None if key in named.whole else named.looked.get(key, frozenset()),
        )
        for key, order in orders.items()
    }
    return standings, {key: Memory.of(link) for key, link in agreed.items()}


def _unsure(run: Run, order_ids: Sequence[str]) -> dict[str, tuple[Entry, ...]]:
    entries = Ledger(run.world.database).open_intents(run.report.pair, run.entity, order_ids)
    found: dict[str, tuple[Entry, ...]] = {}
    for entry in entries:
        found[entry.key] = (*found.get(entry.key, ()), entry)
    return found


def _first(ids: Sequence[str]) -> str:
    return ids[0] if ids else ""


def _set_aside(standing: Standing, named: Named) -> Aside | None:
    """Why nothing is to be done about an order, as far as that can be told without Brightpearl."""
    if not standing.order_id_bp:
        return NOT_THERE
    is_quiet = standing.memory.is_quiet and not standing.unsure
    if standing.order_id in named.hinted and is_quiet and standing.is_as_told:
        return ECHO
    return None


@step("read-goods", PATIENT)
def read_goods(
    run: Run,
    named: Named,
    orders: Mapping[str, Order],
    standings: Mapping[str, Standing],
    agreed: Mapping[str, Memory],
) -> tuple[Found, dict[str, Standing]]:
    """The notes that left, their units on the orders' lines; and what of each order was looked at.

    An order whose named notes do not fit is looked at in full: units that seem too many may come
    from a note that was taken back meanwhile.
    """
    goods = Goods(run.world, named.family, run.bundle.table("skus"), agreed)
    goods.notes = {key: list(notes) for key, notes in named.notes.items() if key in orders}
    goods.read_all_notes(key for key in orders if standings[key].looked is None)
    standings = dict(standings)
    placements = _place(goods, orders, standings)
    doubtful = {key for key, (rows, _) in placements.items() if standings[key].looked is not None}
    doubtful = {key for key in doubtful if _is_doubtful(goods, standings[key], *placements[key])}
    if doubtful:
        goods.read_all_notes(doubtful)
        standings |= {key: replace(standings[key], looked=None) for key in doubtful}
        placements |= _place(goods, {key: orders[key] for key in doubtful}, standings)
    standings |= _of_deleted(goods, standings)
    refuse_unreadable(run, goods.broken, named.family)
    not_shipped = sum(placement.not_shipped for _, placement in placements.values())
    run.report.notes.update({NO_ADDRESS: not_shipped} if not_shipped else {})
    return _frames(goods, {key: placement for key, (_, placement) in placements.items()}), standings


def _place(
    goods: Goods, orders: Mapping[str, Order], standings: Mapping[str, Standing]
) -> dict[str, tuple[Rows, Placement]]:
    rows = goods.rows(orders.values())
    return {key: (rows[key], goods.place(orders[key], rows[key], standings[key])) for key in rows}


def _of_deleted(goods: Goods, standings: Mapping[str, Standing]) -> dict[str, Standing]:
    """Orders whose notes went with the sales order that staff deleted: that takes nothing back."""
    absent = [
        key
        for key, standing in standings.items()
        if {part.note_key for part in standing.looked_parts} - {key_of(n) for n in goods.left(key)}
    ]
    there = goods.existing(absent)
    return {key: replace(standings[key], is_gone=True) for key in absent if key not in there}


def _is_doubtful(goods: Goods, standing: Standing, rows: Rows, placement: Placement) -> bool:
    """Whether what the named notes say by themselves is not to be trusted."""
    refs = {part.ref for part in standing.memory.parts}
    fresh = [p for p in placement.placed if part_ref(p.note_key, p.address_id) not in refs]
    room = {key: line.quantity - line.shipped for key, line in standing.lines.items()}
    too_many = any(
        units > room.get(line_id, 0)
        for line_id, units in added({p.line_id: p.units} for p in fresh).items()
    )
    in_bundles = any(
        row in rows.components for note in goods.left(standing.order_id) for row in note.rows
    )
    return too_many or in_bundles


def _frames(goods: Goods, placements: Mapping[str, Placement]) -> Found:
    notes: list[dict[str, Any]] = []
    units: list[dict[str, Any]] = []
    for order_id, placement in placements.items():
        by_key = {key_of(note): note for note in goods.notes[order_id]}
        for key, address_id, placed in _parts(placement):
            ref = {"order_id": order_id, "part_ref": part_ref(key, address_id)}
            row = _note(by_key[key], address_id, placement.references[key], placed)
            notes.append({**ref, **row})
            units += [
                {**ref, "row_id": p.row_id, "line_id": p.line_id, "qty": p.units} for p in placed
            ]
    return Found(frame(notes, NOTES), frame(units, UNITS))


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


def _note(note: Note, address_id: str, reference: str, placed: Sequence[Placed]) -> dict[str, Any]:
    key = key_of(note)
    return {
        "note_key": key,
        "address_id": address_id,
        "note_kind": (note_of(key) or ("", ""))[0],
        "note_id": note.id,
        "order_id_bp": note.order_id,
        "warehouse_id": getattr(note, "warehouse_id", ""),
        "shipping_method_id": note.shipping_method_id,
        "reference": reference,
        "shipped_at": note.shipped_at,
        "qty": sum(one.units for one in placed),
    }
