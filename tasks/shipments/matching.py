"""Which shipment in the store is which part of a note: by address, units and tracking. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.bigcommerce.shipment_models import Shipment
from store.ledger import Entry
from tasks.shipments.memory import FIELDS, Part
from tasks.shipments.plan_models import Wanted
from tasks.shipments.standing import Standing

CUSTOM = {"", "custom"}
"""What the store shows for a provider that nobody named."""


def is_same(part: Part, one: Wanted) -> bool:
    """Whether a remembered part could stand for another note."""
    return part.address_id == one.address_id and part.whole == one.said


@dataclass(frozen=True)
class Recovered:
    """A shipment that an earlier run made and does not know of: it died, or heard no answer."""

    entry: Entry
    """The ledger's row."""
    part: Part


def recovered(standing: Standing) -> list[Recovered]:
    """Our own shipments in the store that our memory lacks.

    The ledger names them, or says what was sent when no answer came: then address, units and
    tracking tell. A part has one shipment: it was sent again only because the one before was gone,
    so what else looks like that one is somebody else's.
    """
    known = {part.shipment_id: part.ref for part in standing.memory.parts}
    left = {one.id: one for one in standing.shipments or () if one.id not in known}
    there = {known[one.id] for one in standing.shipments or () if one.id in known}
    found: list[Recovered] = []
    latest_first = sorted(standing.made, key=lambda entry: entry.id, reverse=True)
    for entry in sorted(latest_first, key=lambda entry: not entry.written_id):
        if entry.natural_key in there:
            continue
        note_key, _, address_id = entry.natural_key.partition("/")
        told = {name: entry.after[name] for name in FIELDS if entry.after.get(name)}
        made = Wanted(note_key, address_id, entry.after.get("units", {}), {}, told)
        named = left.get(entry.written_id)
        shipment = named if entry.written_id else best(made, left.values())
        if shipment:
            del left[shipment.id]
            there.add(entry.natural_key)
            found.append(Recovered(entry, made.part(shipment.id, shipment.units)))
    return found


def best(one: Wanted, foreign: Iterable[Shipment]) -> Shipment | None:
    """The shipment that is this part: by tracking number, or where one side has none."""
    number = plain(one.told.get("tracking_number"))
    fitting = [
        (plain(shipment.tracking_number) != number, shipment)
        for shipment in foreign
        if shipment.order_address_id == one.address_id
        and shipment.units == one.said
        and (not number or plain(shipment.tracking_number) in {number, ""})
    ]
    found = min(fitting, key=lambda pair: pair[0], default=None)
    return found[1] if found else None


def blank_fields(shipment: Shipment, one: Wanted) -> dict[str, str]:
    """What a shipment that staff made does not say yet, where it lacks the number itself."""
    if plain(shipment.tracking_number) or not one.told.get("tracking_number"):
        return {}
    return {name: text for name, text in one.told.items() if getattr(shipment, name) in CUSTOM}


def is_edited(shipment: Shipment, part: Part, name: str) -> bool:
    """Whether staff changed a field of a shipment since it was told."""
    there, told = plain(getattr(shipment, name)), plain(part.told.get(name))
    return there != told and not (there in CUSTOM and told == "")


def is_to_be_looked_at(parts: Iterable[Part], wanted: Iterable[Wanted]) -> bool:
    """Whether shipments that exist are to say something else, or to stand for other notes."""
    by_ref = {one.ref: one for one in wanted}
    known = {part.ref: part for part in parts}
    late = any(ref in known and news(known[ref].told, one.told) for ref, one in by_ref.items())
    return late or bool(by_ref.keys() - known.keys() and known.keys() - by_ref.keys())


def news(told: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """What is to be told now and was not told before; what is gone is not taken back."""
    return {name: text for name, text in now.items() if text != told.get(name, "")}


def plain(number: str | None) -> str:
    """A tracking number as compared: without spaces, whatever its case."""
    return "".join((number or "").split()).casefold()
