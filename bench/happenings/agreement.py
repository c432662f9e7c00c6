"""Do both sides of one order agree? Judged from the sandboxes, never from what the syncs remember.

A difference is allowed where an open case names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .sides import CANCELLED, CREDIT_CANCELLED, REF, Seen, State

ZERO = Decimal(0)
CENT = Decimal("0.01")
OFF, MONEY_BACK = {5, 6}, {4, 14}
IMPORTABLE = {11, 9, 8, 7, 10, 2, 3}
MONEY_IN = {"RECEIPT", "CAPTURE"}

ORDERS, SHIPMENTS, REFUNDS = "orders", "shipments", "refunds"


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
    """What differs, and which cases name it."""

    text: str
    named_by: Mapping[str, Collection[str]]
    """By entity: fields of review cases, or classes of others; none named: any."""

    def is_named(self, cases: Sequence[Case]) -> bool:
        """Whether one of these cases names it."""
        for case in cases:
            fields = self.named_by.get(case.entity)
            if fields is not None and (not fields or {case.class_, case.field} & set(fields)):
                return True
        return False


REFUSED = ("money", "sku", "rejected", "document", "tax_code", "payment_method", "order_status")
"""Classes that keep a whole order back."""


def differences(
    seen: Seen, by_hand: Collection[str] = (), *, is_decided: bool = False
) -> Iterator[Difference]:
    """Everything in which both sides differ.

    In: `by_hand` are shipments that store staff made; `is_decided`, a person has applied cases of
    it: units may be left out of a shipment then, and a credit stand whose money was taken back.
    """
    yield from _doubles(seen)
    order, sale = seen.store, seen.sale
    if order["is_deleted"]:
        return
    if sale is None:
        yield from _missing(seen)
        return
    if order["status_id"] in OFF or sale["status_id"] == CANCELLED:
        yield from _called_off(seen, sale)
    else:
        yield from _contents(seen)
    yield from _receipts(seen)
    yield from _credits(seen, is_decided=is_decided)
    if not is_decided:
        yield from _shipped(seen, by_hand)


def _doubles(seen: Seen) -> Iterator[Difference]:
    if len(seen.sales) > 1:
        yield Difference(f"{len(seen.sales)} sales orders", {})
    refs = Counter(one["external_ref"] for one in seen.credits if one["external_ref"])
    paid = Counter(p["transaction_ref"] for p in seen.payments if p["transaction_ref"])
    for ref, count in [*refs.items(), *paid.items()]:
        if count > 1:
            yield Difference(f"{ref} is there {count} times", {})


def _missing(seen: Seen) -> Iterator[Difference]:
    status = seen.store["status_id"]
    if seen.was_deleted and status not in OFF:
        yield Difference("the sales order was deleted", {ORDERS: {"deleted", *REFUSED}})
    elif status in IMPORTABLE and not seen.was_deleted:
        yield Difference("there is no sales order", {ORDERS: ()})


def _called_off(seen: Seen, sale: State) -> Iterator[Difference]:
    """Both sides are to have called it off; one that is refunded says nothing of it."""
    status, there = seen.store["status_id"], sale["status_id"]
    if there == CANCELLED and status in OFF | MONEY_BACK:
        return
    if there != CANCELLED and _is_undone(seen):
        return
    fields = {"intercept", "credit", "cancelled", "reopened", "split", "order_status", *REFUSED}
    text = f"the store's status is {status}, Brightpearl's {there}"
    yield Difference(text, {ORDERS: fields})


def _is_undone(seen: Seen) -> bool:
    """Whether a credit undid the whole order."""
    return any((one["external_ref"] or "").endswith("-UNDONE") for one in seen.credits)


def _contents(seen: Seen) -> Iterator[Difference]:
    order = seen.store
    named = {ORDERS: {"edit", "differs", "emptied", *REFUSED}}
    gross, tax = _totals(seen.family)
    wanted = Decimal(order["total_inc_tax"]), Decimal(order["total_tax"])
    if abs(gross - wanted[0]) >= CENT or abs(tax - wanted[1]) >= CENT:
        yield Difference(f"the store says {wanted}, Brightpearl {(gross, tax)}", named)
    units: Counter[str] = Counter()
    for one in seen.family:
        for row in one["rows"].values():
            if row["external_ref"]:
                units[row["external_ref"]] += int(Decimal(row["quantity"]))
    for line in order["lines"]:
        there = units[str(line["id"])]
        if there != line["quantity"]:
            text = f"line {line['id']}: {line['quantity']} in the store, {there} in Brightpearl"
            yield Difference(text, named)


def _totals(orders: Sequence[State]) -> tuple[Decimal, Decimal]:
    rows = [row for one in orders for row in one["rows"].values()]
    tax = sum((Decimal(row["tax"]) for row in rows), ZERO)
    return sum((Decimal(row["net"]) for row in rows), ZERO) + tax, tax


def _receipts(seen: Seen) -> Iterator[Difference]:
    """Money that came in. What staff booked by hand is theirs."""
    order = seen.store
    sales = {one["id"] for one in seen.family}
    received = sum(
        (
            Decimal(p["amount_paid"])
            for p in seen.payments
            if p["order_id"] in sales
            and p["type_code"] in MONEY_IN
            and p["transaction_ref"].startswith(f"{REF}{seen.key}-")
        ),
        ZERO,
    )
    paid = Decimal(order["paid"])
    if abs(paid - received) >= CENT:
        named = {ORDERS: {"receipt", "deleted", *REFUSED}}
        yield Difference(f"{paid} came in, receipts say {received}", named)


def _credits(seen: Seen, *, is_decided: bool) -> Iterator[Difference]:
    """One credit for each refund that gave money back, paid out to the cent."""
    named: Mapping[str, Collection[str]] = {REFUNDS: ()}
    standing = [one for one in seen.credits if one["status_id"] != CREDIT_CANCELLED]
    free = [one for one in standing if not (one["external_ref"] or "").endswith("-UNDONE")]
    for refund in seen.store["refunds"]:
        amount = Decimal(str(refund["total_amount"]))
        answers = [payment["is_declined"] for payment in refund["payments"]]
        if None in answers or (answers and all(answers)) or not amount:
            continue
        ref = f"{REF}{seen.key}-R{refund['id']}"
        own = [one for one in free if one["external_ref"] == ref] or [
            one for one in free if not one["external_ref"] and _totals([one])[0] == amount
        ]
        if not own:
            yield Difference(f"refund {refund['id']} over {amount} has no credit", named)
            continue
        free.remove(own[0])
        gross, out = _totals([own[0]])[0], _paid_out(seen, own[0])
        if abs(gross - amount) >= CENT:
            yield Difference(f"refund {refund['id']}: {amount}, its credit {gross}", named)
        elif abs(out - _money_back(refund)) >= CENT:
            yield Difference(f"credit {own[0]['id']}: {gross}, paid out {out}", named)
    for one in free:
        if not (is_decided and not _paid_out(seen, one)):
            yield Difference(f"credit {one['id']} has no refund", named)


def _money_back(refund: State) -> Decimal:
    back = (Decimal(str(p["amount"])) for p in refund["payments"] if not p["is_declined"])
    return sum(back, ZERO)


def _paid_out(seen: Seen, credit: State) -> Decimal:
    return sum(
        (
            Decimal(p["amount_paid"])
            for p in seen.payments
            if p["order_id"] == credit["id"] and p["type_code"] == "PAYMENT"
        ),
        ZERO,
    )


def _shipped(seen: Seen, by_hand: Collection[str]) -> Iterator[Difference]:
    """What left Brightpearl's warehouses stands in the store; what staff ship there is theirs."""
    named: Mapping[str, Collection[str]] = {SHIPMENTS: ()}
    left = _left(seen)
    told: Counter[str] = Counter()
    for shipment in seen.store["shipments"]:
        if str(shipment["id"]) not in by_hand:
            for item in shipment["items"]:
                told[str(item["order_product_id"])] += item["quantity"]
    sent = {str(line["id"]): line["quantity_shipped"] for line in seen.lines if line["address_id"]}
    nowhere = {str(line["id"]) for line in seen.lines if not line["address_id"]}
    for ref in {**left, **told}:
        if ref not in nowhere and not told[ref] <= left[ref] <= sent.get(ref, 0):
            text = f"line {ref}: {left[ref]} left, shipments say {sent.get(ref, 0)}"
            yield Difference(f"{text}, {told[ref]} of them ours", named)


def _left(seen: Seen) -> Counter[str]:
    """Units that left by order line; a row of staff's own counts for the line with its SKU."""
    rows = {row["id"]: row for one in seen.family for row in one["rows"].values()}
    lines = {line["sku"]: str(line["id"]) for line in seen.lines}
    left: Counter[str] = Counter()
    for note in seen.shipped:
        for row_id, parts in note["rows"].items():
            row = rows.get(int(row_id), {"external_ref": "", "sku": ""})
            ref = row["external_ref"] or lines.get(row["sku"]) or f"row {row_id}"
            left[ref] += sum(int(part[1]) for part in parts)
    return left
