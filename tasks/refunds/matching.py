"""Both sides of a batch of refunds, and which sales credit belongs to which refund. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from pydantic import AliasChoices, Field

from connectors.bigcommerce.models import Order
from connectors.bigcommerce.refund_models import Refund
from connectors.brightpearl.account_models import PaymentRow
from connectors.brightpearl.goods_note_models import GoodsInNote, GoodsOutNote
from connectors.brightpearl.models import SalesCredit, SalesOrder, SalesOrderRow
from core.ids import credit_ref, external_ref
from core.money import two_places
from store.links import Link
from tasks.bigcommerce.refunds import gave_nothing, link_key
from tasks.reconciler.agreed import Agreed, fingerprint
from tasks.reconciler.outcomes import Outcome

_MARK = re.compile(r"\bBrightpearl credit (\d+)\b")
ON_ITS_WAY = frozenset({"due", "claimed"})
"""States of an order's own key in which it is about to be imported."""
TAX_RATE_SUFFIX = "-at-"
"""Ends the reference of a charge that is sold in several rows, one per tax rate."""


class AgreedRefund(Agreed):
    """One refund with its sales credit, as they were when we last wrote. Its link keeps it."""

    agreed: str = ""
    """Fingerprint of the refund; "" while something is left to do."""
    refund_count: int = Field(default=0, validation_alias=AliasChoices("refund_count", "beside"))
    """How many refunds the order had then, this one among them."""
    gross: Decimal = Decimal(0)
    """Of the credit, in the order's currency."""
    payments: dict[str, Decimal] = Field(default={})
    """What was paid out, by transaction reference."""
    returned: dict[str, int] = Field(default={}, validation_alias=AliasChoices("returned", "back"))
    """Units that had left and come back, by the reference of the sales order's row."""
    unsent: dict[str, int] = Field(default={})
    """Units that had not left: nothing is reserved for them any more."""
    is_closed: bool = False
    is_staffs: bool = False
    """Whether staff made the credit: its goods and its invoice are theirs."""
    is_undone: bool = False


def fingerprint_of(refund: Refund) -> str:
    """A refund as one short text: amounts, parts, and what became of each payment."""
    return fingerprint(
        [
            f"{refund.total_amount}|{refund.total_tax}",
            *(f"{i.item_type}|{i.item_id}|{i.quantity}|{i.requested_amount}" for i in refund.items),
            *(f"{p.id}|{p.provider_id}|{p.amount}|{p.is_declined}" for p in refund.payments),
        ]
    )


@dataclass(frozen=True)
class Sale:
    """A sales order, with the back orders that staff split off it."""

    document: SalesOrder
    back_orders: tuple[SalesOrder, ...] = ()

    @property
    def id(self) -> str:
        """Brightpearl's id of the sales order itself."""
        return self.document.id

    @property
    def orders(self) -> tuple[SalesOrder, ...]:
        """The sales order and its back orders."""
        return (self.document, *self.back_orders)

    @property
    def rows(self) -> Iterator[tuple[SalesOrder, SalesOrderRow]]:
        """Every row with the order that it belongs to, components of bundles among them."""
        for order in self.orders:
            for row in order.rows:
                yield order, row

    def rows_of(self, ref: str) -> list[tuple[SalesOrder, SalesOrderRow]]:
        """Rows that carry a reference of ours."""
        return [(order, row) for order, row in self.rows if row.external_ref == ref]

    def components(self, order: SalesOrder, row: SalesOrderRow) -> list[tuple[SalesOrderRow, int]]:
        """What a row is sent as, with units per unit of the row: itself, or a bundle's parts."""
        parts = [part for part in order.rows if part.parent_row_id == row.id]
        if not parts or not row.quantity:
            return [(row, 1)]
        return [(part, int(part.quantity / row.quantity)) for part in parts]


@dataclass(frozen=True)
class Credit:
    """A sales credit with the money and the goods that were booked on it."""

    document: SalesCredit
    is_cancelled: bool
    payments: tuple[PaymentRow, ...] = ()
    received: tuple[GoodsInNote, ...] = ()

    @property
    def id(self) -> str:
        """Brightpearl's id of the credit."""
        return self.document.id

    @property
    def paid(self) -> Mapping[str, PaymentRow]:
        """Payments by transaction reference."""
        return {one.transaction_ref: one for one in self.payments if one.transaction_ref}

    def units_in(self) -> Mapping[str, int]:
        """Units that came back so far, by row id, whoever booked them."""
        units: dict[str, int] = {}
        for note in self.received:
            for row_id, quantity in note.rows.items():
                units[row_id] = units.get(row_id, 0) + quantity
        return units

    def is_of(self, order_id: str, refund_id: str) -> bool:
        """Whether we made it for this refund."""
        return self.document.external_ref == credit_ref(order_id, refund_id)

    def undoes_all(self, order_id: str) -> bool:
        """Whether the order sync made it over a whole order, after that was cancelled."""
        return self.document.external_ref == external_ref(order_id)


@dataclass(frozen=True)
class StoreSide:
    """The store's side of a batch, by BigCommerce's order id."""

    refunds: Mapping[str, Sequence[Refund]]
    """All of an order, in the order of their ids; none for an order that was never refunded."""
    orders: Mapping[str, Order]
    """Orders that have refunds, or credits that staff made."""
    links: Mapping[str, Link]
    """What the links keep of these refunds, by `link_key`."""
    skipped: Mapping[str, Outcome] = field(default_factory=dict)
    """Keys that need nothing, and why."""
    absent: frozenset[str] = frozenset()
    """Ids of refunds that have a credit and are certainly not in the store any more."""
    currencies: Mapping[str, str] = field(default_factory=dict)
    """In which the gateway paid, by transaction id; asked for where it may not be the order's."""

    @property
    def wanted(self) -> list[str]:
        """The orders that go on."""
        return [order_id for order_id in self.refunds if order_id not in self.skipped]


@dataclass(frozen=True)
class AccountSide:
    """Brightpearl's side of a batch, by BigCommerce's order id."""

    sales: Mapping[str, Sale]
    credits: Mapping[str, Sequence[Credit]]
    """In the order of their ids."""
    links: Mapping[str, Link]
    """What the links keep of refunds and credits, by `link_key`."""
    notes: Mapping[str, Sequence[GoodsOutNote]] = field(default_factory=dict)
    """Goods-out notes; of orders with refunds that are not settled yet."""
    reserved: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Units reserved by row id, by Brightpearl's order id."""
    has_stock: Mapping[str, bool] = field(default_factory=dict)
    """Whether products have stock, by Brightpearl's id, as far as that is known."""
    deleted: frozenset[str] = frozenset()
    """Orders whose sales order was in Brightpearl once and is gone."""
    order_states: Mapping[str, str] = field(default_factory=dict)
    """States of the orders' own keys in the inbox, where no sales order is linked."""

    def agreed(self, order_id: str, refund_id: str) -> AgreedRefund:
        """What both sides last agreed on about a refund."""
        return AgreedRefund.of(self.links.get(link_key(order_id, refund_id)))

    @cached_property
    def linked(self) -> Mapping[str, str]:
        """The refund's link key by credit id."""
        return {link.id_bp: key for key, link in self.links.items()}


@dataclass(frozen=True)
class Sides:
    """Both sides of a batch."""

    store: StoreSide
    account: AccountSide


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
    alive = {refund.id for refund in refunds if refund.is_pending or not gave_nothing(refund)}
    for credit in sides.account.credits.get(order_id, ()):
        refund_id = _refund_of(credit, sides, order_id)
        if not refund_id or refund_id in alive or credit.is_cancelled:
            continue
        agreed = sides.account.agreed(order_id, refund_id)
        if not agreed.is_undone:
            yield Undone(refund_id, credit, agreed)


def undone(sides: Sides, order_id: str) -> list[Undone]:
    """Credits whose refund was taken back: one that no list shows was asked for by itself."""
    certain = {refund.id for refund in sides.store.refunds[order_id]} | sides.store.absent
    return [one for one in without_refund(sides, order_id) if one.refund_id in certain]


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
