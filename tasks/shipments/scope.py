"""What the keys of a batch are about: events name goods notes, work is done by order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.brightpearl.models import Unreadable
from core.ids import note_of
from tasks.brightpearl.goods_notes import (
    Note,
    is_of_order,
    read_notes,
    readable,
    unreadable_notes,
)
from tasks.brightpearl.sales_orders import Owners
from tasks.policy import RETRIED, step
from tasks.reconciler.cases import Outcome
from tasks.reconciler.run import Run
from tasks.shipments.state import GOODS_NOTES

SETTLED = {"", "done"}
"""States of an order's key in which nothing of it was left to do."""


@dataclass(frozen=True)
class Scope:
    """Which orders of the store a batch is about, and how much of each is to be read."""

    named: Mapping[str, frozenset[str]]
    """By order: keys of the notes that were named, whether these still exist or not."""
    notes: Mapping[str, Mapping[str, Note]]
    """By order: those of them that exist, by key."""
    in_full: frozenset[str]
    """Orders that were named themselves, or left undone before: all their notes are read."""
    hinted: frozenset[str]
    """Orders of which only the store says that something changed; it may be our own echo."""
    owners: Owners
    skipped: tuple[Outcome, ...]
    """What becomes of notes that are not ours."""


@step("identify-orders", RETRIED)
def identify_orders(run: Run) -> Scope:
    """Whose notes the keys name. From here on the batch consists of the store's orders.

    Raises: TransientError, ConfigError, ContractError.
    """
    keys = [key for key in run.batch.keys if note_of(key)]
    own = [claim for claim in run.batch.claims if not note_of(claim.key)]
    owners = Owners(run.connections, run.brightpearl)
    notes = read_notes(run.brightpearl, keys)
    of_orders = {key: note for key, note in notes.items() if is_of_order(note)}
    owners.find(note.order_id for note in of_orders.values())
    run.refuse(unreadable_notes(notes, owners.order_of))
    order_of = _linked(run, [key for key in keys if key not in notes])
    order_of |= {
        key: owners.order_of[note.order_id]
        for key, note in of_orders.items()
        if note.order_id in owners.order_of
    }
    skipped = [
        _not_ours(key, notes.get(key))
        for key in keys
        if key not in order_of and not isinstance(notes.get(key), Unreadable)
    ]
    states = run.rekey(order_of)
    named: dict[str, set[str]] = defaultdict(set)
    for key, order_id in order_of.items():
        if order_id in states:
            named[order_id].add(key)
    known = readable(notes)
    return Scope(
        named={order_id: frozenset(of) for order_id, of in named.items()},
        notes={
            order_id: {key: known[key] for key in of if key in known}
            for order_id, of in named.items()
        },
        in_full=frozenset(claim.key for claim in own)
        | {order_id for order_id, state in states.items() if state not in SETTLED},
        hinted=frozenset(claim.key for claim in own if claim.source == "webhook") - states.keys(),
        owners=owners,
        skipped=tuple(skipped),
    )


def _linked(run: Run, keys: list[str]) -> dict[str, str]:
    """The orders of notes that are gone, and of which the store has a shipment."""
    links = run.links.find(run.pair, GOODS_NOTES, keys)
    return {key: link.key_bc.partition("/")[0] for key, link in links.items()}


def _not_ours(key: str, note: Note | Unreadable | None) -> Outcome:
    if note is None:
        return Outcome(key, "gone", "gone from Brightpearl before the store had a shipment of it")
    if not is_of_order(note):
        return Outcome(key, "not ours", "a transfer between warehouses")
    return Outcome(key, "not ours", "of a sales order that does not come from the store")
