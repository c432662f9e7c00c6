"""Which sales credit belongs to which refund, and whether anything is left to do. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.bigcommerce.refund_models import Refund
from core.ids import credit_ref, external_ref
from core.money import two_places
from core.refusals import Refusal
from core.settings import OrderSettings
from tasks.bigcommerce.refunds import counted, gave_nothing, link_key
from tasks.bigcommerce.statuses import FINAL
from tasks.policy import PURE, step
from tasks.reconciler.cases import refusal_rows
from tasks.reconciler.outcomes import Outcome, parked, retry, skipped
from tasks.reconciler.run import Run
from tasks.refunds import cases
from tasks.refunds.records import AgreedRefund, Credit, Sides, fingerprint_of

_MARK = re.compile(r"\bBrightpearl credit (\d+)\b")
ON_ITS_WAY = frozenset({"due", "claimed"})
"""States of an order's own key in which it is about to be imported."""


class State(StrEnum):
    """What a refund calls for."""

    PENDING = "pending"
    """The gateway owes an answer: nothing may be written."""
    NOTHING = "nothing"
    """No money went back."""
    SETTLED = "settled"
    WANTED = "wanted"
    """It has no credit yet, or something of it is missing."""


@dataclass(frozen=True)
class MatchedRefund:
    """One refund with the credit that is its own."""

    refund: Refund
    agreed: AgreedRefund
    state: State
    credit: Credit | None = None
    is_deleted: bool = False
    """Whether it had a credit that staff deleted."""

    @property
    def is_staffs(self) -> bool:
        """Whether the credit is one that was not made for this refund."""
        return self.credit is not None and not self.credit.is_of(
            self.refund.order_id, self.refund.id
        )


@dataclass(frozen=True)
class Undone:
    """A credit whose refund is gone, or gave no money back in the end."""

    refund_id: str
    credit: Credit
    agreed: AgreedRefund
    is_listed: bool
    """Whether the store still shows the refund."""


@dataclass(frozen=True)
class Matches:
    """A batch, matched."""

    sides: Sides
    refunds: Mapping[str, Sequence[MatchedRefund]] = field(default_factory=dict)
    """By order: those whose sales order is in Brightpearl and that nothing refused."""
    undone: Mapping[str, Sequence[Undone]] = field(default_factory=dict)
    """By order: credits whose refund was taken back, for certain."""
    skipped: Sequence[Outcome] = ()
    """What becomes of the orders that go no further."""


@step("match-refunds", PURE)
def match_batch(run: Run, sides: Sides) -> Matches:
    """Each refund with its credit. Orders without a sales order are skipped or refused."""
    outcomes = list(sides.store.skipped.values())
    refused: list[tuple[str, Refusal]] = []
    here: list[str] = []
    for order_id in sides.store.wanted:
        if order_id in run.refused_keys:
            continue
        if order_id in sides.account.sales:
            here.append(order_id)
            continue
        found = without_sale(sides, order_id, run.connections.pair.orders)
        if isinstance(found, Outcome):
            outcomes.append(found)
        else:
            refused.append((order_id, found))
    run.refuse(refusal_rows(refused))
    return Matches(
        sides,
        {key: match_refunds(sides, key) for key in here},
        {key: undone(sides, key) for key in here},
        outcomes,
    )


def without_sale(sides: Sides, order_id: str, settings: OrderSettings) -> Outcome | Refusal:
    """What becomes of the refunds of an order that Brightpearl does not have."""
    refunds = [one for one in counted(sides.store.refunds[order_id]) if one.total_amount]
    if not refunds:
        return skipped(order_id, "unchanged", "no refund was found: the status alone says so")
    if order_id in sides.account.deleted:
        return cases.of_deleted_order(order_id, len(refunds))
    if sides.account.order_states.get(order_id) in ON_ITS_WAY:
        return retry(order_id, "the order is on its way to Brightpearl")
    order = sides.store.orders[order_id]
    importable = order.status_id in settings.importable_statuses
    if not importable and (order.status_id in FINAL or order.is_deleted):
        return cases.of_order_never_imported(order, len(refunds))
    return parked(order_id, "the order has not reached Brightpearl", f"order:{order_id}")


def mark(credit_id: str) -> str:
    """What a refund says of the credit that it was made for; it is found again by it."""
    return f"Brightpearl credit {credit_id}"


def match_refunds(sides: Sides, order_id: str) -> list[MatchedRefund]:
    """The order's refunds in the order of their ids, each with its credit.

    A credit belongs to a refund by its link, by its reference, or by the refund's reason. Where
    none does, one that no refund has and that is worth just as much is taken for the same return:
    staff often credit here and refund there by hand. A credit that undoes a whole order, after it
    was cancelled, takes the money of all its refunds.
    """
    refunds = sides.store.refunds[order_id]
    own = {refund.id: _own(refund, sides) for refund in refunds}
    free = _free(sides, order_id)
    found: list[MatchedRefund] = []
    for refund in refunds:
        link = sides.account.links.get(link_key(order_id, refund.id))
        agreed = AgreedRefund.of(link)
        credit, state = own[refund.id], _state(refund, agreed)
        if credit is None and link is None and state is State.WANTED:
            credit = next((one for one in free if _fits(refund, one)), None)
            free = [one for one in free if one is not credit or one.undoes_all(order_id)]
        is_deleted = credit is None and link is not None and not agreed.is_undone
        if is_deleted and state is State.SETTLED:
            state = State.WANTED
        found.append(MatchedRefund(refund, agreed, state, credit, is_deleted))
    return found


def unclaimed(sides: Sides, order_id: str) -> list[Credit]:
    """Credits of the order that no refund has, less those that are cancelled or ours."""
    claimed = {one.credit.id for one in match_refunds(sides, order_id) if one.credit}
    return [
        credit
        for credit in _free(sides, order_id)
        if credit.id not in claimed and not _is_ours(credit, order_id)
    ]


def without_refund(sides: Sides, order_id: str) -> Iterator[Undone]:
    """Credits whose refund gave nothing back or is not listed, less those dealt with before."""
    refunds = sides.store.refunds[order_id]
    listed = {refund.id for refund in refunds}
    alive = {refund.id for refund in refunds if refund.is_pending or not gave_nothing(refund)}
    for credit in sides.account.credits.get(order_id, ()):
        refund_id = _refund_of(credit, sides, order_id)
        if not refund_id or refund_id in alive or credit.is_cancelled:
            continue
        agreed = sides.account.agreed(order_id, refund_id)
        if not agreed.is_undone:
            yield Undone(refund_id, credit, agreed, is_listed=refund_id in listed)


def undone(sides: Sides, order_id: str) -> list[Undone]:
    """Credits whose refund was taken back: one that no list shows was asked for by itself."""
    return [
        one
        for one in without_refund(sides, order_id)
        if one.is_listed or one.refund_id in sides.store.absent
    ]


def _own(refund: Refund, sides: Sides) -> Credit | None:
    link = sides.account.links.get(link_key(refund.order_id, refund.id))
    marked = _MARK.search(" ".join(refund.reasons))
    ids = {link.id_bp if link else "", marked.group(1) if marked else ""}
    for credit in sides.account.credits.get(refund.order_id, ()):
        if credit.id in ids or (not link and credit.is_of(refund.order_id, refund.id)):
            return credit
    return None


def _free(sides: Sides, order_id: str) -> list[Credit]:
    """Credits that no refund has; one that undoes the whole order is free for all of them."""
    taken = {one.id for refund in sides.store.refunds[order_id] if (one := _own(refund, sides))}
    return [
        credit
        for credit in sides.account.credits.get(order_id, ())
        if not credit.is_cancelled
        and (
            credit.undoes_all(order_id)
            or (credit.id not in taken and not _refund_of(credit, sides, order_id))
        )
    ]


def _refund_of(credit: Credit, sides: Sides, order_id: str) -> str:
    """The refund that a credit was made for or linked with; "" for none."""
    if (key := sides.account.linked.get(credit.id)) is not None:
        return key.partition("/")[2]
    prefix = credit_ref(order_id, "")
    ref = credit.document.external_ref
    return ref.removeprefix(prefix) if ref.startswith(prefix) else ""


def _is_ours(credit: Credit, order_id: str) -> bool:
    """Whether a sync made it, such as the one that undoes an order after it was cancelled."""
    return credit.document.external_ref.partition("-R")[0] == external_ref(order_id)


def _fits(refund: Refund, credit: Credit) -> bool:
    same = two_places(refund.total_amount) == two_places(credit.document.total.gross)
    return same or credit.undoes_all(refund.order_id)


def _state(refund: Refund, agreed: AgreedRefund) -> State:
    if refund.is_pending:
        return State.PENDING
    if gave_nothing(refund) or not two_places(refund.total_amount):
        return State.NOTHING
    return State.SETTLED if agreed.agreed == fingerprint_of(refund) else State.WANTED
