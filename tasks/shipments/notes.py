"""Goods notes behind keys, and the orders of the store that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.brightpearl.goods_note_models import DropShipNote, GoodsOutNote
from connectors.brightpearl.models import Unreadable
from core.frames import frame
from core.ids import DROP_SHIP, GOODS_OUT, note_key, note_of
from core.refusals import REFUSALS
from store.links import Links
from tasks.claim import Batch, Run
from tasks.connections import Connections
from tasks.outcome import Aside
from tasks.policy import PATIENT, patiently, step
from tasks.shipments.family import Family, find_owners
from tasks.shipments.memory import NOTES

Note = GoodsOutNote | DropShipNote
SETTLED = {"", "done"}
"""States of an order's key in which nothing of it was left to do."""


@dataclass(frozen=True)
class Named:
    """What the keys of a batch are about."""

    looked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By store order: the notes that keys named, whether they are still there or not."""
    notes: Mapping[str, Sequence[Note]] = field(default_factory=dict)
    """By store order: those of them that are there."""
    whole: frozenset[str] = frozenset()
    """Orders that were named themselves, or left undone before: all their notes are looked at."""
    hinted: frozenset[str] = frozenset()
    """Orders of which only the store says that something happened; it may be our own echo."""
    family: Family = field(default_factory=Family)
    asides: dict[str, Aside] = field(default_factory=dict)
    """By key."""


@step("identify-notes", PATIENT)
def identify(run: Run, batch: Batch) -> Named:
    """Whose notes the keys name. From here on the batch consists of the store's orders.

    Raises: TransientError, ConfigError, ContractError.
    """
    keys = [key for key in batch.keys if note_of(key)]
    own = [claim for claim in batch.claims if not note_of(claim.key)]
    family = Family()
    found = read_notes(run.world, keys)
    find_owners(run.world, (note.order_id for note in found.values() if is_sale(note)), family)
    refuse_unreadable(run, found, family)
    records = _remembered(run.world, [key for key in keys if key not in found])
    records |= {
        key: family.order_of[note.order_id]
        for key, note in found.items()
        if is_sale(note) and note.order_id in family.order_of
    }
    asides = {
        key: _stranger(note)
        for key in keys
        if key not in records and not isinstance(note := found.get(key), Unreadable)
    }
    before = run.take_over(records)
    taken = _by_order({key: owner for key, owner in records.items() if owner in before})
    return Named(
        looked=taken,
        notes={
            owner: readable(found[key] for key in looked if key in found)
            for owner, looked in taken.items()
        },
        whole=frozenset(claim.key for claim in own)
        | {key for key, was in before.items() if was not in SETTLED},
        hinted=frozenset(claim.key for claim in own if claim.source == "webhook") - before.keys(),
        family=family,
        asides=asides,
    )


def read_notes(world: Connections, keys: Sequence[str]) -> dict[str, Note | Unreadable]:
    """Notes by key, of both kinds in the fewest requests; one that is gone is not among them."""
    ids: dict[str, list[str]] = {GOODS_OUT: [], DROP_SHIP: []}
    for key in keys:
        kind, note_id = note_of(key) or ("", "")
        ids.setdefault(kind, []).append(note_id)
    found: dict[str, Note | Unreadable] = {}
    if ids[GOODS_OUT]:
        for note in patiently(lambda: world.brightpearl.get_goods_out(ids[GOODS_OUT])):
            found[note_key(GOODS_OUT, _id(note))] = note
    if ids[DROP_SHIP]:
        for drop in patiently(lambda: world.brightpearl.get_drop_ship(ids[DROP_SHIP])):
            found[note_key(DROP_SHIP, _id(drop))] = drop
    return found


def notes_of_orders(world: Connections, ids_bp: Sequence[str]) -> list[Note | Unreadable]:
    """All notes of both kinds of these sales orders."""
    if not ids_bp:
        return []
    return [
        *patiently(lambda: world.brightpearl.list_goods_out_of_orders(ids_bp)),
        *patiently(lambda: world.brightpearl.list_drop_ship_of_orders(ids_bp)),
    ]


def readable(found: Iterable[Note | Unreadable]) -> list[Note]:
    """The notes that keep to the model."""
    return [note for note in found if not isinstance(note, Unreadable)]


def key_of(note: Note | Unreadable) -> str:
    """The key that names a note."""
    if isinstance(note, Unreadable):
        return note_key(GOODS_OUT, note.record_id)
    return note_key(DROP_SHIP if isinstance(note, DropShipNote) else GOODS_OUT, note.id)


def is_sale(note: Note | Unreadable) -> bool:
    """Whether the note is a sales order's, and no transfer between warehouses."""
    is_transfer = isinstance(note, GoodsOutNote) and note.is_transfer
    return not is_transfer and note.order_id not in {"", "0"}


def refuse_unreadable(run: Run, found: Mapping[str, Note | Unreadable], family: Family) -> None:
    """Set notes aside that break the model: their orders, or they themselves if nobody knows."""
    run.refuse(
        frame(
            (
                {
                    "key": family.order_of.get(note.order_id, key),
                    "class": "document",
                    "field": note.field,
                    "value": "",
                    "reason": f"the field {note.field} of the goods note {note.record_id} is not "
                    f"what it should be: {note.reason}",
                    "remedy": "Open the note in Brightpearl and correct it, or enter the shipment "
                    "in BigCommerce by hand; then release it.",
                }
                for key, note in found.items()
                if isinstance(note, Unreadable)
            ),
            REFUSALS,
        )
    )


def _stranger(note: Note | Unreadable | None) -> Aside:
    if note is None:
        return Aside("gone", "gone from Brightpearl before anything was told of it")
    if not is_sale(note):
        return Aside("not ours", "a transfer between warehouses")
    return Aside("not ours", "of a sales order that does not come from the store")


def _id(note: Note | Unreadable) -> str:
    return note.record_id if isinstance(note, Unreadable) else note.id


def _remembered(world: Connections, keys: Sequence[str]) -> dict[str, str]:
    """The orders of notes that are gone and of which the store was told."""
    links = Links(world.database).find(world.pair.name, NOTES, keys)
    return {key: link.key_bc.partition("/")[0] for key, link in links.items()}


def _by_order(records: Mapping[str, str]) -> dict[str, frozenset[str]]:
    by_order: dict[str, set[str]] = {}
    for key, order_id in records.items():
        by_order.setdefault(order_id, set()).add(key)
    return {order_id: frozenset(keys) for order_id, keys in by_order.items()}
