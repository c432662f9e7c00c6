"""Which shipment in the store is which part of a note, and what it is to say. Pure.

A shipment is matched by the ledger, or by address, units and tracking number.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.bigcommerce.shipment_models import Shipment
from store.ledger import UNKNOWN, Entry
from tasks.reconciler.agreed import Merged, merge
from tasks.shipments.frames import TRACKING, DesiredPart, Part, ShippingState

CREATED = {"create shipment", "ship"}
"""The ledger's actions that create a shipment; `ship` in entries of the first versions."""
CUSTOM = "custom"
"""What the store shows for a provider that nobody named."""


def recovered(state: ShippingState) -> list[tuple[Entry, Part]]:
    """Our own shipments in the store that the order's link lacks, each with its ledger's row.

    An earlier run created them and died, or got no answer. The ledger names them, or says what was
    sent: then they are matched by address, units and tracking. A part has one shipment: it was sent
    again only because the one before was gone, so another one like it is somebody else's.
    """
    refs = {part.shipment_id: part.ref for part in state.agreed.parts}
    unknown = {one.id: one for one in state.shipments or () if one.id not in refs}
    present = {refs[one.id] for one in state.shipments or () if one.id in refs}
    found: list[tuple[Entry, Part]] = []
    latest_first = [
        entry
        for entry in reversed(state.history)
        if entry.action in CREATED and entry.outcome in {None, UNKNOWN, "written"}
    ]
    for entry in sorted(latest_first, key=lambda entry: not entry.written_id):
        if entry.natural_key in present:
            continue
        note_key, _, address_id = entry.natural_key.partition("/")
        tracking = {name: entry.after[name] for name in TRACKING if entry.after.get(name)}
        sent = DesiredPart(note_key, address_id, entry.after.get("units", {}), {}, tracking)
        named = unknown.get(entry.written_id)
        shipment = named if entry.written_id else best_match(sent, unknown.values())
        if shipment:
            del unknown[shipment.id]
            present.add(entry.natural_key)
            found.append((entry, sent.agreed(shipment.id, shipment.units)))
    return found


def best_match(part: DesiredPart, shipments: Iterable[Shipment]) -> Shipment | None:
    """The shipment that is this part: by tracking number, or where one side has none."""
    number = _comparable(part.tracking.get("tracking_number", ""))
    fitting = [
        one
        for one in shipments
        if one.order_address_id == part.address_id
        and one.units == part.note_units
        and (not number or _comparable(one.tracking_number) in {number, ""})
    ]
    fitting.sort(key=lambda one: _comparable(one.tracking_number) != number)
    return next(iter(fitting), None)


def merge_tracking(part: Part, desired: DesiredPart, shipment: Shipment | None) -> Merged:
    """What a shipment is to say now, by what the note said before and what staff made of it.

    A shipment that was not listed says what it was given; what a note does not say any more stays.
    """
    if not part.shipment_id:
        return Merged()
    base = {name: part.tracking.get(name, "") for name in TRACKING}
    note = {**base, **desired.tracking}
    store = {
        name: _as_written(getattr(shipment, name), text, note[name]) if shipment else text
        for name, text in base.items()
    }
    return merge(base, store, note, TRACKING)


def needs_shipments(state: ShippingState, desired: Iterable[DesiredPart]) -> bool:
    """Whether an order's shipments have to be listed before it can be planned.

    They are where the lines differ from what was agreed on (staff shipped or took back), where an
    earlier run left work undone (it died, or got no answer), and where shipments that exist are to
    say something else or to stand for other notes, for staff may have changed them.
    """
    if not state.agreed.is_settled or not state.is_as_agreed:
        return True
    known = {part.ref: part for part in state.read_parts}
    wanted = {one.ref: one for one in desired}
    if wanted.keys() - known.keys() and known.keys() - wanted.keys():
        return True
    both = wanted.keys() & known.keys()
    return any(merge_tracking(known[ref], wanted[ref], None).for_bigcommerce for ref in both)


def _as_written(text: str, *known: str) -> str:
    """The text, in the form in which it is known where only case or spaces differ."""
    return next((one for one in known if _comparable(one) == _comparable(text)), text)


def _comparable(text: str) -> str:
    plain = "".join(text.split()).casefold()
    return "" if plain == CUSTOM else plain
