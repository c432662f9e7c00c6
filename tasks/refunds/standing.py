"""How each refund of an order stands: which credit is its own, whether anything is left. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.bigcommerce.refund_models import Refund
from core.ids import credit_ref, external_ref
from core.money import two_places
from tasks.refunds.extract import Read
from tasks.refunds.memory import RefundMemory, fingerprint, link_key
from tasks.refunds.states import Actual, Credit

_MARK = re.compile(r"\bBrightpearl credit (\d+)\b")


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
class Standing:
    """One refund with the credit that is its own."""

    refund: Refund
    memory: RefundMemory
    state: State
    credit: Credit | None = None
    is_gone: bool = False
    """Whether it had a credit that staff deleted."""

    @property
    def is_staffs(self) -> bool:
        """Whether the credit is one that was not made for this refund."""
        ref = credit_ref(self.refund.order_id, self.refund.id)
        return self.credit is not None and self.credit.document.external_ref != ref


@dataclass(frozen=True)
class Undone:
    """A credit whose refund is gone, or gave no money back in the end."""

    refund_id: str
    credit: Credit
    memory: RefundMemory


def mark(credit_id: str) -> str:
    """What a refund says of the credit that it was made for; it is found again by it."""
    return f"Brightpearl credit {credit_id}"


def standings(read: Read, actual: Actual, order_id: str) -> list[Standing]:
    """The order's refunds in the order of their ids.

    A credit belongs to a refund by its link, by its reference, or by the refund's words. Where
    none does, one that nobody claims and that is worth just as much is taken for the same return:
    staff often credit here and refund there by hand. A credit that undoes a whole order, after it
    was called off, takes the money of all its refunds.
    """
    own = {refund.id: _own(refund, actual) for refund in read.refunds[order_id]}
    free = _unclaimed(read, actual, order_id)
    found: list[Standing] = []
    for refund in read.refunds[order_id]:
        link = actual.links.get(link_key(order_id, refund.id))
        memory = RefundMemory.of(link)
        credit, state = own[refund.id], _state(refund, memory)
        if credit is None and link is None and state is State.WANTED:
            credit = next((one for one in free if _fits(refund, one)), None)
            free = [one for one in free if one is not credit or undoes_all(one, order_id)]
        is_gone = credit is None and link is not None and not memory.is_undone
        if is_gone and state is State.SETTLED:
            state = State.WANTED
        found.append(Standing(refund, memory, state, credit, is_gone=is_gone))
    return found


def unclaimed(read: Read, actual: Actual, order_id: str) -> list[Credit]:
    """Credits of the order that no refund has, less those that are called off or ours."""
    claimed = {one.credit.id for one in standings(read, actual, order_id) if one.credit}
    return [
        credit
        for credit in _unclaimed(read, actual, order_id)
        if credit.id not in claimed and not _is_ours(credit, order_id)
    ]


def undone(read: Read, actual: Actual, order_id: str) -> Iterator[Undone]:
    """Credits whose refund was taken back, less those that were dealt with."""
    alive = {
        refund.id
        for refund in read.refunds[order_id]
        if refund.is_pending or not _is_declined(refund)
    }
    for credit in actual.credits.get(order_id, ()):
        refund_id = _refund_of(credit, actual, order_id)
        if not refund_id or refund_id in alive or credit.is_cancelled:
            continue
        memory = RefundMemory.of(actual.links.get(link_key(order_id, refund_id)))
        if not memory.is_undone:
            yield Undone(refund_id, credit, memory)


def _own(refund: Refund, actual: Actual) -> Credit | None:
    link = actual.links.get(link_key(refund.order_id, refund.id))
    marked = _MARK.search(" ".join([refund.reason, *(item.reason for item in refund.items)]))
    ids = {link.id_bp if link else "", marked.group(1) if marked else ""}
    ref = credit_ref(refund.order_id, refund.id)
    for credit in actual.credits.get(refund.order_id, ()):
        if credit.id in ids or (not link and credit.document.external_ref == ref):
            return credit
    return None


def _unclaimed(read: Read, actual: Actual, order_id: str) -> list[Credit]:
    """Credits that no refund has; one that undoes the whole order is there for all of them."""
    taken = {one.id for refund in read.refunds[order_id] if (one := _own(refund, actual))}
    return [
        credit
        for credit in actual.credits.get(order_id, ())
        if not credit.is_cancelled
        and (
            undoes_all(credit, order_id)
            or (credit.id not in taken and not _refund_of(credit, actual, order_id))
        )
    ]


def _refund_of(credit: Credit, actual: Actual, order_id: str) -> str:
    """The refund that a credit was made for or linked with; "" for none."""
    if (key := actual.linked.get(credit.id)) is not None:
        return key.partition("/")[2]
    prefix = credit_ref(order_id, "")
    ref = credit.document.external_ref
    return ref.removeprefix(prefix) if ref.startswith(prefix) else ""


def _is_ours(credit: Credit, order_id: str) -> bool:
    """Whether another sync made it, as one that undoes an order after it was called off."""
    ours = external_ref(order_id)
    return credit.document.external_ref.partition("-R")[0] == ours


def undoes_all(credit: Credit, order_id: str) -> bool:
    """Whether the order sync made it over a whole order, after that was called off."""
    return credit.document.external_ref == external_ref(order_id)


def _fits(refund: Refund, credit: Credit) -> bool:
    same = two_places(refund.total_amount) == two_places(credit.document.total.gross)
    return same or undoes_all(credit, refund.order_id)


def _state(refund: Refund, memory: RefundMemory) -> State:
    if refund.is_pending:
        return State.PENDING
    if _is_declined(refund) or not two_places(refund.total_amount):
        return State.NOTHING
    return State.SETTLED if memory.agreed == fingerprint(refund) else State.WANTED


def _is_declined(refund: Refund) -> bool:
    """Whether no payment of it went back."""
    return bool(refund.payments) and all(payment.is_declined for payment in refund.payments)


def counted(refunds: Sequence[Refund]) -> list[Refund]:
    """Refunds that gave money back, or may yet."""
    return [refund for refund in refunds if not _is_declined(refund)]
