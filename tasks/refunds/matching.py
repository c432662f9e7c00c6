"""Both sides of a batch of refunds, and which sales credit belongs to which refund. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
from core.ids import credit_ref, external_ref, sku_key
from core.money import ZERO, two_places
from mappings.tables import Table, comparable
from store.links import Link
from tasks.bigcommerce.refunds import gave_nothing, is_empty, link_key
from tasks.reconciler.agreed import Agreed, fingerprint

_MARK = re.compile(r"\bBrightpearl credit (\d+)\b")
NO_METHODS = Table("payment_methods", ())
ON_ITS_WAY = frozenset({"due", "claimed"})
"""States of an order's own key in which it is about to be imported."""


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
            f"{refund.total_amount}|{0 if refund.total_tax is None else refund.total_tax}",
            *(f"{i.item_type}|{i.item_id}|{i.quantity}|{i.requested_amount}" for i in refund.items),
            *(f"{p.id}|{p.provider_id}|{p.amount}|{p.is_declined}" for p in refund.payments),
        ]
    )


def is_agreed(refunds: Sequence[Refund], links: Mapping[str, Link]) -> bool:
    """Whether an order's refunds all read as they did when both sides agreed: our own echo."""
    known = [(one, AgreedRefund.of(links.get(link_key(one.order_id, one.id)))) for one in refunds]
    return bool(refunds) and all(
        agreed.agreed == fingerprint_of(one) and agreed.refund_count <= len(refunds)
        for one, agreed in known
    )


def amounts_by(parts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Amounts added up by their names, to the cent."""
    found: dict[str, Decimal] = {}
    for name, amount in parts:
        found[name] = found.get(name, ZERO) + two_places(amount)
    return found


@dataclass(frozen=True)
class Sale:
    """A sales order, with the back orders that staff split off it."""

    document: SalesOrder
    back_orders: tuple[SalesOrder, ...] = ()

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

    @property
    def paid_out(self) -> Decimal:
        """What was paid, whoever booked it."""
        return sum((row.amount for row in self.payments if row.payment_type == "PAYMENT"), ZERO)

    @property
    def is_paid_out(self) -> bool:
        """Whether all of it was paid, whoever booked it."""
        return self.paid_out >= self.document.total.gross

    @property
    def tenders(self) -> Mapping[str, Decimal]:
        """What staff paid out, by payment method."""
        return amounts_by(
            (one.method_code, one.amount)
            for one in self.payments
            if one.payment_type == "PAYMENT"
            and one.amount
            and not one.transaction_ref.startswith(external_ref(""))
        )

    def is_of(self, order_id: str, refund_id: str) -> bool:
        """Whether we made it for this refund."""
        return self.document.external_ref == credit_ref(order_id, refund_id)

    def undoes_all(self, order_id: str) -> bool:
        """Whether the order sync made it over a whole order, after that was cancelled."""
        return self.document.external_ref == external_ref(order_id)


class Likeness(StrEnum):
    """By what a credit of staff may be the same return as a refund."""

    UNITS = "units"
    AMOUNT = "amount"
    NONE = "none"


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

    @property
    def is_paid_by_staff(self) -> bool:
        """Whether staff booked the money of their own credit themselves."""
        return bool(
            self.is_staffs and not self.agreed.payments and self.credit and self.credit.is_paid_out
        )

    def is_booked(self, transaction_ref: str) -> bool:
        """Whether a payout is on the credit: ours, or what staff booked in the place of ours."""
        if self.credit is None:
            return False
        is_replaced = transaction_ref in self.agreed.payments and self.credit.is_paid_out
        return transaction_ref in self.credit.paid or is_replaced


@dataclass(frozen=True)
class Undone:
    """A credit whose refund is gone, or gave no money back in the end."""

    refund_id: str
    credit: Credit
    agreed: AgreedRefund


@dataclass(frozen=True)
class RefundedOrder:
    """One order of the store that is in Brightpearl, with its refunds and credits."""

    id: str
    """The store's."""
    sale: Sale
    refunds: Sequence[Refund] = ()
    """In the order of their ids."""
    credits: Sequence[Credit] = ()
    """In the order of their ids."""
    order: Order | None = None
    """Read where it has refunds, or credits that staff made."""
    links: Mapping[str, Link] = field(default_factory=dict)
    """What the links keep of refunds and credits, by `link_key`."""
    created: Mapping[str, str] = field(default_factory=dict)
    """Ids of the credits that the ledger says were created, by external reference."""
    notes: Sequence[GoodsOutNote] = ()
    """Goods-out notes; read where a refund is not settled yet, as the two that follow."""
    reserved: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Units reserved by row id, by Brightpearl's order id."""
    has_stock: Mapping[str, bool] = field(default_factory=dict)
    """Whether products have stock, by Brightpearl's id, as far as that is known."""
    absent: frozenset[str] = frozenset()
    """Refunds that have a credit and are certainly not in the store any more."""
    contact_id: str = ""
    """Whose credit a new one is: the sales order's contact, or who has its e-mail now."""
    currencies: Mapping[str, str] = field(default_factory=dict)
    """In which the gateway paid, by transaction id; read where it may not be the order's."""
    methods: Table = NO_METHODS
    """Brightpearl's payment methods by BigCommerce's providers."""
    left: Collection[str] = ()
    """Credits of staff that a person decided to leave as they are."""

    @cached_property
    def matched(self) -> list[MatchedRefund]:
        """The refunds in the order of their ids, each with its credit.

        A credit belongs to a refund by its link, by its reference, or by the refund's reason. Where
        none does, one that no refund has and that returns the same is taken for the same return:
        staff often credit here and refund there by hand. A credit that undoes a whole order, after
        it was cancelled, takes the money of all its refunds.
        """
        taken = self._taken()
        found: list[MatchedRefund] = []
        for refund in self.refunds:
            is_linked, agreed = link_key(self.id, refund.id) in self.links, self.agreed(refund.id)
            was_created = is_linked or credit_ref(self.id, refund.id) in self.created
            credit, state = self._own(refund) or taken.get(refund.id), _state(refund, agreed)
            is_deleted = credit is None and was_created and not agreed.is_undone
            if is_deleted and state is State.SETTLED:
                state = State.WANTED
            found.append(MatchedRefund(refund, agreed, state, credit, is_deleted))
        return found

    @property
    def unclaimed(self) -> list[Credit]:
        """Credits that no refund has, less those that are cancelled or that a sync made."""
        claimed = {one.credit.id for one in self.matched if one.credit}
        ours = external_ref(self.id)
        return [
            credit
            for credit in self._free
            if credit.id not in claimed and credit.document.external_ref.partition("-R")[0] != ours
        ]

    @property
    def without_refund(self) -> list[Undone]:
        """Credits whose refund gave nothing back or is not listed, less those dealt with before."""
        alive = {one.id for one in self.refunds if one.is_pending or not gave_nothing(one)}
        found = (
            Undone(refund_id, credit, self.agreed(refund_id))
            for credit in self.credits
            if not credit.is_cancelled
            for refund_id in self._refunds_of(credit)
        )
        return [one for one in found if not (one.refund_id in alive or one.agreed.is_undone)]

    @property
    def undone(self) -> list[Undone]:
        """Credits whose refund was taken back: one that no list shows was looked up by itself."""
        certain = {refund.id for refund in self.refunds} | self.absent
        return [one for one in self.without_refund if one.refund_id in certain]

    @property
    def lacks_credit(self) -> bool:
        """Whether a refund calls for a credit that does not exist."""
        return any(one.state is State.WANTED and one.credit is None for one in self.matched)

    @property
    def has_open_units(self) -> bool:
        """Whether a refund of units is not settled."""
        return any(
            self.agreed(refund.id).agreed != fingerprint_of(refund)
            for refund in self.refunds
            if any(item.item_type == "PRODUCT" for item in refund.items)
        )

    def agreed(self, refund_id: str) -> AgreedRefund:
        """What was agreed on about one refund."""
        return AgreedRefund.of(self.links.get(link_key(self.id, refund_id)))

    def _taken(self) -> Mapping[str, Credit]:
        """Free credits by the refunds they are taken for: by lines and units, then by amount."""
        wanted = [
            one
            for one in self.refunds
            if link_key(self.id, one.id) not in self.links
            and not self._own(one)
            and _state(one, self.agreed(one.id)) is State.WANTED
        ]
        free = [one for one in self._free if one.id not in self.left]
        found: dict[str, Credit] = {}
        for likeness in (Likeness.UNITS, Likeness.AMOUNT):
            for refund in (one for one in wanted if one.id not in found):
                for credit in free:
                    if credit.undoes_all(self.id) or self._likeness(refund, credit) is likeness:
                        found[refund.id] = credit
                        free = [c for c in free if c is not credit or c.undoes_all(self.id)]
                        break
        return found

    def _likeness(self, refund: Refund, credit: Credit) -> Likeness:
        """By what a credit of staff may be the same return as a refund; the amount is the same.

        Units that are named on both sides and differ are two returns. So is what somebody paid out
        already, unless the same units went back by the same tenders.
        """
        if two_places(credit.document.total.gross) != two_places(refund.total_amount):
            return Likeness.NONE
        returned, credited = self._units_of(refund), self._units_in(credit)
        is_paid = bool(credit.tenders)
        if returned == credited and (not is_paid or self._went_back_by(refund, credit.tenders)):
            return Likeness.UNITS
        return Likeness.NONE if is_paid or (returned and credited) else Likeness.AMOUNT

    def _units_of(self, refund: Refund) -> Mapping[str, int]:
        """Units that a refund returns, by product; by name of what is none."""
        skus = {line.id: sku_key(line.sku) for line in self.order.lines} if self.order else {}
        found: Counter[str] = Counter()
        for item in refund.items:
            if item.item_type == "PRODUCT":
                sku = skus.get(item.item_id)
                rows = [row for _, row in self.sale.rows_of(item.item_id)]
                rows += [row for _, row in self.sale.rows if sku and sku_key(row.sku) == sku]
                ids = [row.product_id or comparable(row.name) for row in rows]
                found[ids[0] if ids else f"line {item.item_id}"] += item.quantity
        return found

    def _units_in(self, credit: Credit) -> Mapping[str, int]:
        """Units that a credit returns, by product; by name of a line without one."""
        lines = (row for _, row in self.sale.rows if row.external_ref.isdecimal())
        names = {comparable(row.name) for row in lines if not row.product_id}
        found: Counter[str] = Counter()
        for row in credit.document.rows:
            if not (row.is_bundle_child or row.parent_row_id):
                name = comparable(row.name)
                key = row.product_id or (name if name in names else "")
                found[key] += int(row.quantity) if key else 0
        return +found

    def _went_back_by(self, refund: Refund, tenders: Mapping[str, Decimal]) -> bool:
        """Whether a refund went back by these methods; one outside of the store may be any."""
        payments = [one for one in refund.payments if not one.is_declined]
        codes = [self.methods.get(one.provider_id) or "" for one in payments]
        if all(code or one.offline for code, one in zip(codes, payments, strict=True)):
            found = amounts_by(zip(codes, (one.amount for one in payments), strict=True))
            return found == tenders or (
                "" in found and sum(found.values()) == sum(tenders.values())
            )
        return False

    @cached_property
    def _free(self) -> list[Credit]:
        """Credits that no refund has; one that undoes the whole order is free for all of them."""
        taken = {own.id for refund in self.refunds if (own := self._own(refund))}
        return [
            credit
            for credit in self.credits
            if not credit.is_cancelled
            and (
                credit.undoes_all(self.id)
                or (credit.id not in taken and not self._refunds_of(credit))
            )
        ]

    def _own(self, refund: Refund) -> Credit | None:
        link = self.links.get(link_key(self.id, refund.id))
        marked = _MARK.search(" ".join(refund.reasons))
        ids = {link.id_bp if link else "", marked.group(1) if marked else ""}
        for credit in self.credits:
            if credit.id in ids or (not link and credit.is_of(self.id, refund.id)):
                return credit
        return None

    def _refunds_of(self, credit: Credit) -> list[str]:
        """The refunds that a credit is linked with, else the one that its reference names."""
        linked = [
            key.partition("/")[2] for key, one in self.links.items() if one.id_bp == credit.id
        ]
        prefix, ref = credit_ref(self.id, ""), credit.document.external_ref
        return linked or ([ref.removeprefix(prefix)] if ref.startswith(prefix) else [])


def mark(credit_id: str) -> str:
    """What a refund says of the credit that it was made for; it is found again by it."""
    return f"Brightpearl credit {credit_id}"


def _state(refund: Refund, agreed: AgreedRefund) -> State:
    if refund.is_pending:
        return State.PENDING
    if gave_nothing(refund) or is_empty(refund):
        return State.NOTHING
    return State.SETTLED if agreed.agreed == fingerprint_of(refund) else State.WANTED
