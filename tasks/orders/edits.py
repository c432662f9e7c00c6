"""A sales order that exists and differs from the store's order: amended, or left to a person. Pure.

Only what the store changed travels; what staff changed in Brightpearl is never undone unless a
person approves it. Nothing is amended once goods are on a note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.brightpearl import messages
from connectors.brightpearl.messages import Message
from connectors.brightpearl.models import RowAdd, RowUpdate
from core.money import describe_difference, two_places
from core.refusals import DISCARD, Refusal
from mappings.rules import Owner
from tasks.bigcommerce.orders import OrderStatus
from tasks.brightpearl.sales_orders import AgreedOrder, Row, row_fields
from tasks.orders.consignments import ADDRESSES
from tasks.orders.frames import DesiredOrder
from tasks.orders.matching import ActualOrder, Comparison, RowChange
from tasks.orders.operations import (
    AddNote,
    AddTexts,
    Changes,
    DeleteGoodsOutNote,
    OrderOperation,
    OrderProgress,
    Rules,
)
from tasks.reconciler.agreed import merge
from tasks.reconciler.cases import REVIEW, digest, review

ON_NOTE = "its goods are on a goods-out note already"
SHIPPED = "goods have left"
INVOICED = "it is invoiced"
SPLIT = "part of it is in a back order"
ACCOUNT_CHANGED = "it was changed in Brightpearl, and the store's order was not"
BOTH_CHANGED = "both were changed since they agreed last"
EMPTIED = "the store's order has no lines left; cancel it there if it is not wanted"
KINDS = {
    ON_NOTE: "edit",
    SHIPPED: "edit",
    INVOICED: "edit",
    SPLIT: "edit",
    ACCOUNT_CHANGED: "differs",
    BOTH_CHANGED: "differs",
    EMPTIED: "emptied",
}
"""Why a difference is not simply amended, and the kind of the case that it makes."""
OWNERS: dict[str, Owner] = {"shipping_method_id": "brightpearl"}
"""Fields of a sales order that both sides may change, and whose value wins if both did."""


@dataclass(frozen=True)
class RowOperation(OrderOperation):
    """Rows that become others than they are."""

    row_changes: tuple[RowChange, ...]
    rows: tuple[Row, ...] = ()
    """As they are to be, in the same order."""

    def describe(self) -> str:
        verb = self.kind.partition(" ")[0]
        return ", ".join(f"{verb} row {change.ref}" for change in self.row_changes)

    def changes(self) -> Changes:
        described = [change.describe() for change in self.row_changes]
        return (
            {one["row"]: one["before"] for one in described},
            {one["row"]: one["after"] for one in described},
        )


@dataclass(frozen=True)
class UpdateRows(RowOperation):
    """Rows that change, all in one request."""

    kind = "change rows"

    def message(self, record: OrderProgress) -> Message:
        ids = [change.row_id for change in self.row_changes]
        return _update_rows("rows", record, dict(zip(ids, self.rows, strict=True)))


@dataclass(frozen=True)
class DeleteRow(RowOperation):
    """A row that the store's order does not have any more."""

    kind = "drop row"
    takes_away = True

    def message(self, record: OrderProgress) -> Message:
        (change,) = self.row_changes
        label = f"drop:{record.key}:{change.row_id}"
        return messages.delete_row(label, record.order_id_bp, change.row_id)


@dataclass(frozen=True)
class AddRow(RowOperation):
    """A row that comes later. It has no reference at first, so it is not sent twice.

    The next read of the order finds a row whose answer was lost.
    """

    kind = "add row"
    is_repeatable = False

    def message(self, record: OrderProgress) -> Message:
        (row,) = self.rows
        fields = row_fields(row) | {"net": two_places(row.net), "tax": two_places(row.tax)}
        del fields["external_ref"]  # single rows take none
        label = f"add:{record.key}:{row.row_ref}"
        return messages.add_row(label, record.order_id_bp, RowAdd(**fields))


@dataclass(frozen=True)
class NameRows(OrderOperation):
    """Our references for rows that were added without one."""

    rows: Mapping[str, Row]
    """By row id."""
    kind = "name rows"

    def describe(self) -> str:
        return ""

    def message(self, record: OrderProgress) -> Message:
        return _update_rows("refs", record, self.rows)


@dataclass(frozen=True)
class SetShippingMethod(OrderOperation):
    """Another shipping method."""

    before: str
    after: str
    kind = "change shipping method"

    def describe(self) -> str:
        return f"shipping method {self.after}"

    def message(self, record: OrderProgress) -> Message:
        label = f"method:{record.key}"
        return messages.patch_order(label, record.order_id_bp, shipping_method_id=int(self.after))

    def changes(self) -> Changes:
        return {"shipping_method_id": self.before}, {"shipping_method_id": self.after}


@dataclass(frozen=True)
class Edit:
    """What is to be written, and what a person has to decide."""

    operations: tuple[OrderOperation, ...] = ()
    cases: tuple[Refusal, ...] = ()
    holds: bool = False
    """Whether the pick has to wait for the decision."""


def plan_edit(
    desired: DesiredOrder,
    rows: Comparison,
    actual: ActualOrder,
    agreed: AgreedOrder,
    rules: Rules,
) -> Edit:
    """What becomes of rows and shipping method that differ."""
    method = _new_method(desired, actual, agreed)
    if not rows.changes and not method:
        return Edit()
    amendment = _amendment(desired, rows.changes, method, actual)
    why = _why_not(rows, actual) if desired.has_goods else EMPTIED
    if not why:
        return Edit(amendment)
    if not rows.changes:
        return Edit()  # a carrier alone is no case: the note says how it goes
    may_apply = desired.has_goods and not (
        actual.is_invoiced or actual.is_shipped or actual.back_orders
    )
    described = [change.describe() for change in rows.changes]
    totals = describe_difference(desired.total_inc_tax, actual.gross, desired.currency_code)
    case = review(
        KINDS[why],
        digest(*(tuple(one.values()) for one in described), method),
        f"sales order {actual.order_id_bp} and the store's order differ ({totals}): {why}",
        {"rows": described, "shipping_method": method} if may_apply else {},
    )
    if may_apply and rules.approves(desired.order_id, case):
        notes = tuple(DeleteGoodsOutNote(note_id) for note_id in actual.unsent_notes)
        return Edit((*notes, *amendment))
    holds = rows.is_store_changed and actual.has_notes and not actual.is_shipped
    return Edit(cases=(case,), holds=holds)


def address_case(desired: DesiredOrder, actual: ActualOrder, agreed: AgreedOrder) -> Refusal | None:
    """A delivery address that the store changed: no documented call changes it in Brightpearl."""
    wanted = desired.delivery_hash
    if not agreed.delivery or wanted in {agreed.delivery, actual.delivery}:
        return None
    return Refusal(
        "address",
        "delivery",
        f"address {digest(wanted)}",
        f"the delivery address was changed in BigCommerce; sales order {actual.order_id_bp} has "
        "the old one, and a note with the new one",
        "Enter the new delivery address in Brightpearl: the next comparison closes this case. Or "
        f"leave the old one: {DISCARD}.",
    )


def addresses_case(desired: DesiredOrder, actual: ActualOrder | None) -> Refusal | None:
    """An order to several addresses, of which a sales order has one: staff decide what goes where.

    Once something is on a goods-out note, or in a back order, they have.
    """
    goes = desired.store.destinations
    if not goes or (actual and (actual.has_notes or actual.is_shipped or actual.back_orders)):
        return None
    return Refusal(
        REVIEW,
        ADDRESSES,
        f"addresses {digest(goes)}",
        "the order goes to several addresses or by several methods, and a sales order has one; its "
        "note says what goes where",
        "In Brightpearl, make a goods-out note for each address, or split off a back order for "
        "each: the next comparison closes this case. Or send it as it is: causeway quarantine "
        "discard.",
    )


def addresses_note(desired: DesiredOrder, agreed: AgreedOrder) -> AddTexts:
    """What goes to which address; the addresses themselves are only in it."""
    goes = desired.store.destinations
    text = f"This order goes to several addresses:\n{goes}"
    return AddTexts("addresses", text, {}, is_known=bool(agreed.status_bc))


def address_note(desired: DesiredOrder) -> AddNote:
    """The note with the address that staff have to enter; the address itself is only in it."""
    to = desired.delivery
    lines = (to.line_1, to.line_2, to.line_3, to.line_4, to.post_code, to.country_iso3)
    address = ", ".join(part for part in (to.full_name, to.company, *lines) if part)
    text = f"The delivery address was changed in BigCommerce. It is now: {address}"
    return AddNote("address", text, {"delivery": "changed"})


def dispute_case(desired: DesiredOrder, actual: ActualOrder) -> Refusal | None:
    """A chargeback: shown on both sides, and never credited by itself."""
    if desired.store.status is not OrderStatus.DISPUTED:
        return None
    return review(
        "dispute",
        digest(actual.order_id_bp),
        f"the shopper disputes the payment of the order; sales order {actual.order_id_bp} is left "
        "as it is until the store's status changes",
        {},
    )


def deleted_case(desired: DesiredOrder, back_orders: Sequence[str] = ()) -> Refusal:
    """An order that staff deleted in Brightpearl while it is open in the store.

    One of which back orders are left would be there twice in part: it is not proposed anew.
    """
    ref, orders = desired.external_ref, ", ".join(back_orders)
    if back_orders:
        reason = (
            f"the sales order {ref} was deleted in Brightpearl, and its back orders {orders} still "
            "exist; cancel or delete them as well, then it can be created anew"
        )
        return review("deleted", digest(ref, orders), reason, {})
    reason = f"the sales order {ref} was deleted in Brightpearl; it is not created again by itself"
    return review("deleted", digest(ref), reason, {"create": f"order {desired.order_id} anew"})


def _amendment(
    desired: DesiredOrder,
    changes: Sequence[RowChange],
    method: str,
    actual: ActualOrder,
) -> tuple[OrderOperation, ...]:
    """Every change of an order's rows: those that change together, others one by one."""
    rows = {row.row_ref: row for row in desired.rows}
    changed = tuple(one for one in changes if one.before is not None and one.after is not None)
    update = UpdateRows(changed, tuple(rows[change.ref] for change in changed))
    return (
        *([update] if changed else ()),
        *(
            DeleteRow((change,)) if change.after is None else AddRow((change,), (rows[change.ref],))
            for change in changes
            if change.after is None or change.before is None
        ),
        *([SetShippingMethod(actual.shipping_method_id, method)] if method else ()),
    )


def _why_not(rows: Comparison, actual: ActualOrder) -> str:
    """Why the difference is not simply amended; "" where it is."""
    if rows.is_account_changed:
        return BOTH_CHANGED if rows.is_store_changed else ACCOUNT_CHANGED
    if actual.is_invoiced:
        return INVOICED
    if actual.is_shipped:
        return SHIPPED
    if actual.has_notes:
        return ON_NOTE
    return SPLIT if actual.back_orders else ""


def _new_method(desired: DesiredOrder, actual: ActualOrder, agreed: AgreedOrder) -> str:
    """The shipping method, where only the store changed it; "" where it stays."""
    if not desired.shipping_method_id or not agreed.rows:
        return ""
    merged = merge(
        base={"shipping_method_id": agreed.shipping_method_id},
        bigcommerce={"shipping_method_id": desired.shipping_method_id},
        brightpearl={"shipping_method_id": actual.shipping_method_id},
        owners=OWNERS,
    )
    method: str = merged.for_brightpearl.get("shipping_method_id", "")
    return method


def _update_rows(name: str, record: OrderProgress, rows: Mapping[str, Row]) -> Message:
    """Rows as they are to be, with our references. In: rows by Brightpearl's id."""
    updates = [RowUpdate(id=row_id, **row_fields(row)) for row_id, row in rows.items()]
    return messages.update_rows(f"{name}:{record.key}", record.order_id_bp, updates)
