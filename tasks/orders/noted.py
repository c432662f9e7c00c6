"""Goods of a batch's orders that are on goods notes: which notes, and how many units by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from connectors.brightpearl.goods_note_models import GoodsOutNote
from connectors.brightpearl.models import Unreadable
from core.ids import external_ref
from tasks.claim import Run
from tasks.orders.desired import Desired
from tasks.orders.rules import OFF, Rules
from tasks.orders.states import ActualOrder, Note
from tasks.policy import patiently


def in_question(
    desired: Desired, orders: Mapping[str, ActualOrder], differing: Collection[str], rules: Rules
) -> dict[str, str]:
    """Orders that may be called off or amended: reference by their id.

    Their notes are asked for in any case: an order's status says nothing of notes over products
    without stock. In: references of orders whose rows differ from the store's.
    """
    statuses = dict(zip(desired.orders["order_id"], desired.orders["status_id"], strict=True))
    approved = {order_id for order_id, _ in rules.approved}
    return {
        order.order_id_bp: ref
        for ref, order in orders.items()
        if not order.is_cancelled
        and (
            ref in differing
            or statuses.get(key := ref.removeprefix(external_ref("")), "") in OFF
            or key in approved
        )
    }


def with_notes(
    run: Run, orders: dict[str, ActualOrder], wanted: Mapping[str, str]
) -> dict[str, ActualOrder]:
    """The orders, with the goods-out notes of those in question. In: reference by their id."""
    if not wanted:
        return orders
    notes: dict[str, list[Note]] = defaultdict(list)
    for note in patiently(lambda: run.world.brightpearl.list_goods_out_of_orders(wanted)):
        if isinstance(note, GoodsOutNote):
            known = Note(note.id, note.is_shipped, note.is_picked)
            notes[wanted[note.order_id]].append(known)
    return {
        ref: replace(
            order,
            notes=tuple(notes[ref]),
            has_notes=True,
            is_shipped=order.is_shipped or any(note.is_shipped for note in notes[ref]),
        )
        if ref in notes
        else order
        for ref, order in orders.items()
    }


def with_noted_units(run: Run, orders: dict[str, ActualOrder]) -> dict[str, ActualOrder]:
    """The orders, with the units on notes of those of which something is neither held nor sent."""
    waiting = {
        order.order_id_bp: ref
        for ref, order in orders.items()
        if order.allocation == "part" and order.has_notes and not order.is_cancelled
    }
    if not waiting:
        return orders
    brightpearl = run.world.brightpearl
    notes = (
        *patiently(lambda: brightpearl.list_goods_out_of_orders(waiting)),
        *patiently(lambda: brightpearl.list_drop_ship_of_orders(waiting)),
    )
    unclear = {note.order_id for note in notes if isinstance(note, Unreadable)}
    noted: dict[str, Counter[str]] = {ref: Counter() for ref in waiting.values()}
    for note in notes:
        if not isinstance(note, Unreadable):
            noted[waiting[note.order_id]].update(note.rows)
    known = {} if "" in unclear else noted
    return {
        ref: replace(order, noted=known[ref])
        if ref in known and order.order_id_bp not in unclear
        else order
        for ref, order in orders.items()
    }
