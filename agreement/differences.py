"""In what the two sides of one order differ. Pure.

A difference is allowed where an open review case names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from agreement.money import (
    ZERO,
    cents_between,
    given_back,
    gross_of,
    is_equal,
    paid_in,
    paid_out,
    received,
    refunded,
    refunds_of,
    tax_of,
)
from agreement.records import CANCELLED, OrderRecords, State

OFF = frozenset({5, 6})
"""The store's statuses of an order that is cancelled or declined."""
MONEY_BACK = frozenset({4, 14})
"""The store's statuses of an order that is refunded, wholly or in part."""
NEVER_PLACED = frozenset({0, 1})
"""The store's statuses of an order that its shopper has not finished, or not paid."""
IMPORTABLE = frozenset({11, 9, 8, 7, 10, 2, 3})
"""The store's statuses of orders that are imported, unless the settings say otherwise."""
UNDONE = "-UNDONE"
"""How the reference of a credit ends that undoes a whole order."""
ORDERS, SHIPMENTS, REFUNDS = "orders", "shipments", "refunds"
REFUSED = ("money", "sku", "rejected", "document", "tax_code", "payment_method", "order_status")
"""Classes of cases that keep a whole order back."""


class Kind(StrEnum):
    """What a difference is about."""

    DOUBLED = "doubled"
    MISSING = "missing"
    UNWANTED = "unwanted"
    CANCELLATION = "cancellation"
    AMOUNT = "amount"
    LINE = "line"
    NUMBER = "number"
    RECEIPT = "receipt"
    REFUND = "refund"
    SHIPMENT = "shipment"


@dataclass(frozen=True)
class Case:
    """An open case, or a decision to leave things as they are."""

    entity: str
    class_: str
    field: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.entity} {self.class_} {self.field}".rstrip()


@dataclass(frozen=True)
class Difference:
    """What differs, and which cases may name it."""

    kind: Kind
    text: str
    entity: str = ""
    """Whose cases may name it; empty: none may."""
    fields: Collection[str] = ()
    """Fields of review cases, or classes of others; none: any of the entity."""
    cents: int = 0
    """By how much money differs, where money does."""

    def is_named(self, cases: Collection[Case]) -> bool:
        """Whether one of these cases names it."""
        return any(
            case.entity == self.entity
            and (not self.fields or not {case.class_, case.field}.isdisjoint(self.fields))
            for case in cases
        )


def differences(
    records: OrderRecords,
    *,
    importable: Collection[int] = IMPORTABLE,
    by_hand: Collection[str] = (),
    is_decided: bool = False,
) -> Iterator[Difference]:
    """Everything in which both sides of an order differ.

    In: `by_hand` are shipments that store staff made; `is_decided`, a person has applied cases of
    it: units may be left out of a shipment then, and a credit be kept whose money was taken back.
    """
    yield from _doubled(records)
    order, sale = records.store, records.sale
    if order["is_deleted"]:
        return
    if sale is None:
        yield from _missing(records, importable)
        return
    if order["status_id"] in OFF or sale["status_id"] == CANCELLED:
        yield from _cancelled(records, sale)
    else:
        yield from _unwanted(records)
        yield from _contents(records)
        yield from _number(records, sale)
    yield from _receipts(records)
    yield from _credits(records, is_decided=is_decided)
    if not is_decided:
        yield from _shipped(records, by_hand)


def _doubled(records: OrderRecords) -> Iterator[Difference]:
    if len(records.sales) > 1:
        yield Difference(Kind.DOUBLED, f"{len(records.sales)} sales orders")
    credits_ = Counter(one["external_ref"] for one in records.credits if one["external_ref"])
    payments = Counter(p["transaction_ref"] for p in records.payments if p["transaction_ref"])
    for ref, count in [*credits_.items(), *payments.items()]:
        if count > 1:
            yield Difference(Kind.DOUBLED, f"{ref} exists {count} times")


def _missing(records: OrderRecords, importable: Collection[int]) -> Iterator[Difference]:
    status = records.store["status_id"]
    if records.was_deleted and status not in OFF:
        text = "the sales order was deleted"
        yield Difference(Kind.MISSING, text, ORDERS, {"deleted", *REFUSED})
    elif status in set(importable) - NEVER_PLACED and not records.was_deleted:
        yield Difference(Kind.MISSING, "there is no sales order", ORDERS)


def _unwanted(records: OrderRecords) -> Iterator[Difference]:
    status = records.store["status_id"]
    if status in NEVER_PLACED:
        text = f"there is a sales order, although the store's status is {status}"
        yield Difference(Kind.UNWANTED, text)


def _cancelled(records: OrderRecords, sale: State) -> Iterator[Difference]:
    """Both sides are to have cancelled it; a refunded one does not say whether it has."""
    in_store, in_account = records.store["status_id"], sale["status_id"]
    if in_account == CANCELLED and in_store in OFF | MONEY_BACK:
        return
    if in_account != CANCELLED and any(_undoes(one) for one in records.credits):
        return
    fields = {"intercept", "credit", "cancelled", "reopened", "split", "order_status", *REFUSED}
    text = f"the store's status is {in_store}, Brightpearl's {in_account}"
    yield Difference(Kind.CANCELLATION, text, ORDERS, fields)


def _undoes(credit: State) -> bool:
    """Whether a credit undoes a whole order."""
    return (credit["external_ref"] or "").endswith(UNDONE)


def _contents(records: OrderRecords) -> Iterator[Difference]:
    order = records.store
    fields = {"edit", "differs", "emptied", *REFUSED}
    currency = order["default_currency_code"]
    for one in records.family:
        if one["currency_code"] != currency:
            text = f"the store says {currency}, Brightpearl {one['currency_code']}"
            yield Difference(Kind.AMOUNT, text, ORDERS, fields)
    amounts = (
        ("", Decimal(order["total_inc_tax"]), gross_of(records.family)),
        (" tax", Decimal(order["total_tax"]), tax_of(records.family)),
    )
    for what, in_store, in_account in amounts:
        if not is_equal(in_store, in_account):
            text = f"the store says {in_store} {currency}{what}, Brightpearl {in_account}"
            cents = cents_between(in_store, in_account)
            yield Difference(Kind.AMOUNT, text, ORDERS, fields, cents)
    units: Counter[str] = Counter()
    for one in records.family:
        for row in one["rows"].values():
            if row["external_ref"]:
                units[row["external_ref"]] += int(Decimal(row["quantity"]))
    for line in order["lines"]:
        count = units[str(line["id"])]
        if count != line["quantity"]:
            text = f"line {line['id']}: {line['quantity']} in the store, {count} in Brightpearl"
            yield Difference(Kind.LINE, text, ORDERS, fields)


def _number(records: OrderRecords, sale: State) -> Iterator[Difference]:
    known = str(records.store["external_order_id"] or "")
    if known != str(sale["id"]):
        text = f"the store knows it as {known or 'nothing'}, Brightpearl's number is {sale['id']}"
        yield Difference(Kind.NUMBER, text, ORDERS)


def _receipts(records: OrderRecords) -> Iterator[Difference]:
    paid, in_account = paid_in(records.store), received(records)
    if not is_equal(paid, in_account):
        text = f"{paid} was paid, Brightpearl has receipts of {in_account}"
        cents = cents_between(paid, in_account)
        fields = {"receipt", "deleted", *REFUSED}
        if not Decimal(records.store["paid"]):  # nothing says what came in for the change
            fields.add("balance")
        yield Difference(Kind.RECEIPT, text, ORDERS, fields, cents)


def _credits(records: OrderRecords, *, is_decided: bool) -> Iterator[Difference]:
    """One credit for each refund that gave money back, paid out to the cent."""
    left = [one for one in records.live_credits if not _undoes(one)]
    for refund in refunds_of(records.store):
        amount = refunded(refund)
        credit = _credit_of(records.key, refund, left)
        if credit is None:
            text = f"refund {refund['id']} over {amount} has no credit"
            yield Difference(Kind.REFUND, text, REFUNDS, cents=cents_between(amount, ZERO))
            continue
        left.remove(credit)
        gross, out = gross_of([credit]), paid_out(records, credit)
        if not is_equal(gross, amount):
            text = f"refund {refund['id']} is over {amount}, its credit over {gross}"
            yield Difference(Kind.REFUND, text, REFUNDS, cents=cents_between(amount, gross))
        elif not is_equal(out, given_back(refund)):
            text = f"credit {credit['id']} is over {gross}, {out} was paid out"
            cents = cents_between(given_back(refund), out)
            yield Difference(Kind.REFUND, text, REFUNDS, cents=cents)
    for credit in left:
        if not (is_decided and not paid_out(records, credit)):
            text = f"credit {credit['id']} has no refund"
            yield Difference(
                Kind.REFUND, text, REFUNDS, cents=cents_between(ZERO, gross_of([credit]))
            )


def _credit_of(key: str, refund: State, credits_: Collection[State]) -> State | None:
    """The credit with the refund's reference, else one of staff's over the same amount."""
    ref = f"BC-{key}-R{refund['id']}"
    by_ref = [one for one in credits_ if one["external_ref"] == ref]
    by_amount = [
        one
        for one in credits_
        if not one["external_ref"] and is_equal(gross_of([one]), refunded(refund))
    ]
    return next(iter([*by_ref, *by_amount]), None)


def _shipped(records: OrderRecords, by_hand: Collection[str]) -> Iterator[Difference]:
    """What left Brightpearl's warehouses is shipped in the store, whatever staff ship besides."""
    left = units_left(records)
    ours: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    for shipment in records.store["shipments"]:
        for item in shipment["items"]:
            ref, units = str(item["order_product_id"]), item["quantity"]
            sent[ref] += units
            ours[ref] += units if str(shipment["id"]) not in by_hand else 0
    lines = {str(line["id"]): line for line in records.lines}
    without_address = {ref for ref, line in lines.items() if not line["address_id"]}
    shipped = {ref: line["quantity_shipped"] for ref, line in lines.items()}
    for ref in {**left, **ours}:
        in_store = shipped.get(ref, sent[ref])  # of a line that was dropped, its shipments say it
        if ref not in without_address and not ours[ref] <= left[ref] <= in_store:
            text = f"line {ref}: {left[ref]} units left, the store says {in_store} shipped"
            yield Difference(Kind.SHIPMENT, f"{text}, {ours[ref]} of them by us", SHIPMENTS)


def units_left(records: OrderRecords) -> Counter[str]:
    """Units that left by order line; a row of staff's own counts for the line with its SKU."""
    rows = {row["id"]: row for one in records.family for row in one["rows"].values()}
    lines = {line["sku"]: str(line["id"]) for line in records.lines}
    left: Counter[str] = Counter()
    for note in records.shipped:
        for row_id, parts in note["rows"].items():
            row = rows.get(int(row_id), {"external_ref": "", "sku": ""})
            ref = row["external_ref"] or lines.get(row["sku"]) or f"row {row_id}"
            left[ref] += sum(int(part[1]) for part in parts)
    return left
