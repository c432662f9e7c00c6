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
from core.refusals import Refusal
from tasks.bigcommerce.orders import OrderStatus
from tasks.brightpearl.documents import Row, row_fields
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.orders.desired import DesiredOrder, Rules
from tasks.orders.matching import ActualOrder, Comparison, RowChange
from tasks.orders.operations import (
    AddNote,
    Changes,
    DeleteGoodsOutNote,
    OrderOperation,
    OrderProgress,
    Removal,
)
from tasks.reconciler.agreed import Owner, merge
from tasks.reconciler.cases import digest, review

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
class UpdateRows(OrderOperation):
    """Rows that change, all in one request."""

    row_changes: tuple[RowChange, ...]
    rows: tuple[Row, ...]
    """As they are to be, in the same order."""
    kind = "change rows"

    def describe(self) -> str:
        return ", ".join(f"change row {change.ref}" for change in self.row_changes)

    def message(self, record: OrderProgress) -> Message:
        updates = [
            RowUpdate(id=int(change.row_id), external_ref=row.row_ref, **row_fields(row))
            for change, row in zip(self.row_changes, self.rows, strict=True)
        ]
        return messages.update_rows(f"rows:{record.key}", record.order_id_bp, updates)

    def changes(self) -> Changes:
        return _before_and_after(self.row_changes)


@dataclass(frozen=True)
class DeleteRow(Removal):
    """A row that the store's order does not have any more."""

    change: RowChange
    kind = "drop row"

    def describe(self) -> str:
        return f"drop row {self.change.ref}"

    def message(self, record: OrderProgress) -> Message:
        label = f"drop:{record.key}:{self.change.row_id}"
        return messages.delete_row(label, record.order_id_bp, self.change.row_id)

    def changes(self) -> Changes:
        return _before_and_after([self.change])


@dataclass(frozen=True)
class AddRow(OrderOperation):
    """A row that comes later. It has no reference at first, so it is not sent twice.

    The next read of the order finds a row whose answer was lost.
    """

    change: RowChange
    row: Row
    kind = "add row"
    is_repeatable = False

    def describe(self) -> str:
        return f"add row {self.change.ref}"

    def message(self, record: OrderProgress) -> Message:
        fields = row_fields(self.row)
        row = RowAdd(**fields | {"net": two_places(self.row.net), "tax": two_places(self.row.tax)})
        label = f"add:{record.key}:{self.change.ref}"
        return messages.add_row(label, record.order_id_bp, row)

    def changes(self) -> Changes:
        return _before_and_after([self.change])


@dataclass(frozen=True)
class NameRows(OrderOperation):
    """Our references for rows that were added without one."""

    rows: Mapping[str, Row]
    """By row id."""
    kind = "name rows"

    def describe(self) -> str:
        return ""

    def message(self, record: OrderProgress) -> Message:
        updates = [
            RowUpdate(id=int(row_id), external_ref=row.row_ref, **row_fields(row))
            for row_id, row in self.rows.items()
        ]
        return messages.update_rows(f"refs:{record.key}", record.order_id_bp, updates)


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
    case = review(
        KINDS[why],
        digest(*(tuple(one.values()) for one in described), method),
        f"sales order {actual.order_id_bp} and the store's order differ "
        f"({_difference(desired, actual)}): {why}",
        {"rows": described, "shipping_method": method} if may_apply else {},
    )
    if may_apply and rules.approves(desired.order_id, case):
        notes = tuple(DeleteGoodsOutNote(note_id) for note_id in actual.unsent_notes)
        return Edit((*notes, *amendment))
    holds = rows.is_store_changed and actual.has_notes and not actual.is_shipped
    return Edit(cases=(case,), holds=holds)


def total_difference(desired: DesiredOrder, actual: ActualOrder) -> str:
    """How far the order's totals differ, in words; "" when they agree to the cent."""
    is_equal = two_places(desired.total_inc_tax) == two_places(actual.gross)
    return "" if is_equal else _difference(desired, actual)


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
        "discard it.",
    )


def address_note(desired: DesiredOrder) -> AddNote:
    """The note with the address that staff have to enter; the address itself is only in it."""
    return AddNote(
        "address",
        f"The delivery address was changed in BigCommerce. It is now: "
        f"{desired.delivery.in_one_line}",
        {"delivery": "changed"},
    )


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
    ref = desired.external_ref
    if back_orders:
        orders = ", ".join(back_orders)
        return review(
            "deleted",
            digest(ref, orders),
            f"the sales order {ref} was deleted in Brightpearl, and its back orders {orders} still "
            "exist; cancel or delete them as well, then it can be created anew",
            {},
        )
    return review(
        "deleted",
        digest(ref),
        f"the sales order {ref} was deleted in Brightpearl; it is not created again by itself",
        {"create": f"order {desired.order_id} anew"},
    )


def _difference(desired: DesiredOrder, actual: ActualOrder) -> str:
    return describe_difference(desired.total_inc_tax, actual.gross, desired.currency_code)


def _amendment(
    desired: DesiredOrder,
    changes: Sequence[RowChange],
    method: str,
    actual: ActualOrder,
) -> tuple[OrderOperation, ...]:
    """Every change of an order's rows: those that change together, others one by one."""
    rows = {row.row_ref: row for row in desired.rows}
    changed = tuple(c for c in changes if c.before is not None and c.after is not None)
    update = UpdateRows(changed, tuple(rows[change.ref] for change in changed))
    return (
        *([update] if changed else ()),
        *(
            DeleteRow(change) if change.after is None else AddRow(change, rows[change.ref])
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


def _before_and_after(
    changes: Sequence[RowChange],
) -> Changes:
    described = [change.describe() for change in changes]
    return (
        {one["row"]: one["before"] for one in described},
        {one["row"]: one["after"] for one in described},
    )
