"""What an order that is in Brightpearl still lacks: receipts and stock. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.brightpearl import messages
from connectors.brightpearl.goods_note_models import GoodsOutNote
from connectors.brightpearl.stock_models import ReservedProduct
from core.errors import CausewayError, RejectedError
from core.money import two_places
from core.refusals import Refusal
from core.words import counted
from tasks.bigcommerce.order_frames import RECEIPT
from tasks.brightpearl.goods_notes import LEFT_BEFORE
from tasks.brightpearl.sales_orders import AgreedOrder, Payment, new_payment
from tasks.orders.consignments import Part, parts_of, shares
from tasks.orders.frames import DesiredOrder, Units
from tasks.orders.matching import ActualOrder
from tasks.orders.operations import OrderProgress, Rules
from tasks.policy import with_retries
from tasks.reconciler.cases import digest, review
from tasks.reconciler.operations import BrightpearlWrite, Operation
from tasks.reconciler.run import Run

RESERVE_PART = "reserve stock of one address"
"""Ledger's name of a reservation after which its order may still have others to get."""


@dataclass(frozen=True)
class CreateReceipt(Operation[OrderProgress]):
    """Money that came in. Brightpearl refuses a second payment of one reference and method."""

    payment: Payment
    address_id: str = ""
    """Of a share on the sales order of a further address."""
    kind = "create receipt"

    def describe(self) -> str:
        return f"receipt {self.payment.amount} {self.payment.currency_code}"

    def write(self, _run: Run, record: OrderProgress) -> BrightpearlWrite:
        payment = self.payment
        return BrightpearlWrite(
            natural_key=payment.transaction_ref,
            after={"amount": str(payment.amount), "currency": payment.currency_code},
            message=new_payment(payment, record.sales_order_id(self.address_id)),
        )

    def absorb(self, run: Run, record: OrderProgress, error: CausewayError) -> CausewayError | None:
        if not isinstance(error, RejectedError):
            return error
        ref = self.payment.transaction_ref
        found = with_retries(lambda: run.brightpearl.find_payments(ref))
        if not found:
            return error
        order_id = record.sales_order_id(self.address_id)
        if any(payment.order_id == order_id for payment in found):
            return None
        return RejectedError(
            f"The receipt {ref} is on sales order {found[0].order_id}, not on {order_id}.",
            remedy="Delete it there in Brightpearl.",
            code="receipt",
        )


@dataclass(frozen=True)
class ReserveStock(Operation[OrderProgress]):
    """Stock to reserve in one warehouse; read again afterwards, for a part is not reported."""

    units: Units
    replaces: bool = False
    """The order has a reservation already, which is to grow."""
    address_id: str = ""
    """Of the sales order of a further address."""
    kind = "reserve stock"

    def describe(self) -> str:
        return f"reserve {counted(sum(units for _, units in self.units.values()), 'unit')}"

    def write(self, _run: Run, record: OrderProgress) -> BrightpearlWrite:
        row_ids = record.existing.row_ids
        products = [
            ReservedProduct(product_id=int(product_id), row_id=int(row_ids[ref]), quantity=units)
            for ref, (product_id, units) in self.units.items()
            if ref in row_ids
        ]
        label = record.label("reserve", self.address_id)
        order_id = record.sales_order_id(self.address_id)
        message = (
            messages.set_reservation(label, order_id, products)
            if self.replaces
            else messages.reserve(label, order_id, record.desired.warehouse_id, products)
        )
        return BrightpearlWrite(
            natural_key=label,
            action=RESERVE_PART if record.desired.consignments else self.kind,
            after={"units": sum(product.quantity for product in products)},
            is_repeatable=self.replaces,
            message=message,
        )

    def absorb(self, run: Run, record: OrderProgress, error: CausewayError) -> CausewayError | None:
        del run, record
        return None if isinstance(error, RejectedError) else error


@dataclass(frozen=True)
class NoteWhatLeft(Operation[OrderProgress]):
    """Goods that had left before the import, on a goods-out note of their own.

    It has no natural key: a note that the order has already is that of an earlier try.
    """

    units: Units
    kind = "create goods-out note"

    def describe(self) -> str:
        units = sum(units for _, units in self.units.values())
        return f"note of {counted(units, 'unit')} that had left"

    def write(self, run: Run, record: OrderProgress) -> BrightpearlWrite | None:
        order_id, row_ids = record.order_id_bp, record.existing.row_ids
        if record.plan.actual is not None and (notes := _notes(run, order_id)):
            record.left_note_id = next((note.id for note in notes if not note.is_shipped), "")
            return None
        products = [
            ReservedProduct(product_id=int(product_id), row_id=int(row_ids[ref]), quantity=units)
            for ref, (product_id, units) in self.units.items()
        ]
        label, warehouse_id = f"left:{record.key}", record.desired.warehouse_id
        return BrightpearlWrite(
            natural_key=label,
            after={"units": sum(product.quantity for product in products)},
            is_repeatable=False,
            message=messages.create_goods_out(label, order_id, warehouse_id, products),
        )

    def find(self, run: Run, record: OrderProgress) -> str | None:
        notes = _notes(run, record.order_id_bp)
        return next((note.id for note in notes if not note.is_shipped), None)

    def apply(self, record: OrderProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.left_note_id = str(answer or "")

    def absorb(self, run: Run, record: OrderProgress, error: CausewayError) -> CausewayError | None:
        """Goods that are not in stock any more cannot be put on a note: the status says it."""
        del run, record
        return None if isinstance(error, RejectedError) else error


@dataclass(frozen=True)
class MarkNote(Operation[OrderProgress]):
    """What the note says of itself, so that no shipment is made of it."""

    kind = "mark goods-out note"

    def write(self, run: Run, record: OrderProgress) -> BrightpearlWrite | None:
        del run
        if not record.left_note_id:
            return None
        label = f"mark:{record.key}"
        message = messages.set_note_reference(label, record.left_note_id, LEFT_BEFORE)
        return BrightpearlWrite(natural_key=label, message=message)


@dataclass(frozen=True)
class ShipNote(Operation[OrderProgress]):
    """The note, left."""

    kind = "ship goods-out note"

    def write(self, run: Run, record: OrderProgress) -> BrightpearlWrite | None:
        if not record.left_note_id:
            return None
        for note in _notes(run, record.order_id_bp):
            if note.id == record.left_note_id:
                label = f"ship:{record.key}"
                message = messages.ship_goods_out(label, note.id, note.created_by, run.now())
                return BrightpearlWrite(natural_key=label, message=message)
        return None


def _notes(run: Run, order_id: str) -> list[GoodsOutNote]:
    notes = with_retries(lambda: run.brightpearl.list_goods_out_of_orders([order_id]))
    return [note for note in notes if isinstance(note, GoodsOutNote)]


def plan_receipts(
    desired: DesiredOrder, booked: Collection[str], agreed: AgreedOrder, rules: Rules
) -> tuple[list[CreateReceipt], list[Refusal]]:
    """Receipts to book, and the cases of those that one side does not have any more.

    In: the references of those that are booked. One that staff deleted is only booked once more
    after a person approved it, and so is one that is more than the order still owes, in another
    currency, or perhaps the money of one that is booked by a name which the store forgot.
    """
    known = set(agreed.receipts)
    wanted = {one.transaction_ref: (address_id, one) for address_id, one in shares(desired, agreed)}
    currency = desired.currency_code
    owed = two_places(desired.total_inc_tax + desired.paid_back) - sum(
        two_places(one.amount)
        for ref, (_, one) in wanted.items()
        if ref in booked and one.currency_code == currency
    )
    gone = sorted(known.intersection(booked) - set(wanted)) if desired.is_money_read else []
    missing: list[CreateReceipt] = []
    cases: list[Refusal] = []
    for ref, (address_id, payment) in wanted.items():
        if ref in booked:
            continue
        amount = f"{two_places(payment.amount)} {payment.currency_code}"
        is_own = payment.currency_code == currency
        reason = ""
        if ref in known:
            reason = (
                f"the receipt {ref} over {amount} is not on the sales order any more: it was "
                "deleted in Brightpearl, or is on an order that was deleted"
            )
        elif not is_own:
            reason = f"the receipt {ref} over {amount} is in another currency than its order"
        elif two_places(payment.amount) > owed:
            reason = f"the receipt {ref} over {amount} is more than the {owed} that is still owed"
        elif gone:
            reason = (
                f"the receipt {ref} over {amount} may be money that is booked already: the store "
                f"does not know of that behind {', '.join(gone)} any more"
            )
        case = review(RECEIPT, digest(ref), reason, {"receipt": ref, "amount": amount})
        if reason:
            cases.append(case)
        if not reason or rules.approves(desired.order_id, case):
            missing.append(CreateReceipt(payment, address_id))
            owed -= two_places(payment.amount) if is_own else 0
    for ref in gone:
        reason = (
            f"the store does not know of the money behind the receipt {ref} of order "
            f"{desired.order_id} any more; delete the receipt in Brightpearl, or find out where "
            "the money went"
        )
        cases.append(review(RECEIPT, digest(ref, "gone"), reason, {}))
    return missing, cases


def is_settled(desired: DesiredOrder, paid: Decimal, rules: Rules) -> bool:
    """Whether as much is paid as the order costs."""
    return abs(desired.total_inc_tax - paid) <= rules.amendment_cap


def balance_case(
    desired: DesiredOrder, paid: Decimal, agreed: AgreedOrder, rules: Rules
) -> Refusal | None:
    """An order that was paid in full and has been amended since, so that the money is not right."""
    total, before = desired.total_inc_tax, agreed.settled
    if before is None or abs(total - before) <= rules.amendment_cap:
        return None
    if is_settled(desired, paid, rules):
        return None
    owed = f"{two_places(abs(total - paid))} {desired.currency_code}"
    what = f"the shopper owes {owed}" if total > paid else f"{owed} too much was paid"
    return review(
        "balance",
        digest(two_places(total), two_places(paid)),
        f"the order was changed in BigCommerce after it was paid: it cost {two_places(before)} and "
        f"costs {two_places(total)} now, {two_places(paid)} is paid; {what}. Take or refund it in "
        "BigCommerce, or change the order back",
        {},
    )


def shortage(units: Units, actual: ActualOrder) -> dict[str, int]:
    """Units that a sales order lacks of what is wanted for it, by Brightpearl product id."""
    if not actual.knows_units_on_notes:
        return {}
    short: Counter[str] = Counter()
    for ref, count in not_allocated(units, actual).items():
        short[units[ref][0]] += count
    return dict(short)


def not_allocated(units: Units, actual: ActualOrder) -> dict[str, int]:
    """Units wanted for a sales order that are neither reserved nor on goods notes, by row."""
    if actual.allocation in {"all", "not required"}:
        return {}
    return {
        ref: wanted - reserved
        for ref, _, wanted, reserved in _to_reserve(units, actual)
        if wanted > reserved
    }


def plan_reservations(
    desired: DesiredOrder,
    actual: ActualOrder | None,
    free: Counter[tuple[str, str]],
    creating: Collection[str],
) -> tuple[ReserveStock, ...]:
    """Stock to reserve for each of an order's sales orders.

    In: address ids of those that are created with it.

    What it takes is taken from `free`, units by (warehouse id, product id): orders that are planned
    one after the other, in the sequence in which they were placed, are served in it.
    """
    planned = (
        ReserveStock(part.units, address_id=part.address_id)
        if part.address_id in creating
        else _plan_reservation(part, desired.warehouse_id, free)
        for part in parts_of(desired, actual)
        if part.units
    )
    return tuple(one for one in planned if one)


def short_of(desired: DesiredOrder, actual: ActualOrder) -> dict[str, int]:
    """Units that an order's sales orders lack, by Brightpearl product id."""
    short: Counter[str] = Counter()
    for part in parts_of(desired, actual):
        short.update(shortage(part.units, part.actual) if part.actual else {})
    return dict(short)


def unreserved(desired: DesiredOrder, actual: ActualOrder) -> dict[str, int]:
    """Units that an order's sales orders have neither reserved nor on goods notes, by row."""
    found: dict[str, int] = {}
    for part in parts_of(desired, actual):
        whole = {ref: count for ref, (_, count) in part.units.items()}
        found |= not_allocated(part.units, part.actual) if part.actual else whole
    return found


def _plan_reservation(
    part: Part, warehouse_id: str, free: Counter[tuple[str, str]]
) -> ReserveStock | None:
    """What to reserve; nothing where all is reserved or gone out, or none has come in since."""
    actual = part.actual
    if actual is None or not shortage(part.units, actual):
        return None
    units: dict[str, tuple[str, int]] = {}
    taken = 0
    for ref, product_id, wanted, reserved in _to_reserve(part.units, actual):
        place = warehouse_id, product_id
        more = max(0, min(wanted - reserved, free[place]))
        free[place] -= more
        taken += more
        if reserved + more:
            units[ref] = (product_id, reserved + more)
    replaces = actual.allocation == "part" and bool(actual.reserved)
    return ReserveStock(units, replaces=replaces, address_id=part.address_id) if taken else None


def _to_reserve(units: Units, actual: ActualOrder) -> Iterator[tuple[str, str, int, int]]:
    """Row reference, product, units wanted of it, and how many of them are reserved.

    Less what goods notes and back orders account for already. What a back order reserves is its own
    matter: it was made because the stock was not there.
    """
    row_ids, on_notes = actual.row_ids, actual.units_on_notes or {}
    for ref, (product_id, quantity) in units.items():
        row_id = row_ids.get(ref, "")
        wanted = quantity - on_notes.get(row_id, 0) - actual.moved.get(ref, 0)
        if wanted > 0:
            yield ref, product_id, wanted, actual.reserved.get(row_id, 0)
