"""Sales credit rows from a refund's items, adding up to what BigCommerce gave back.

BigCommerce gives total and tax of a refund, not of its parts: they are shared over the parts by
what these were sold for, to the cent. Where it does not give the tax, that is as it was sold.
Source: fact sheet, reading refunds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pandas as pd

from core.frames import frame, records, records_by
from core.money import CENT, ZERO, shared_out, two_places
from core.refunds import CREDIT_ROWS
from core.refusals import REFUSALS, release_remedy

Record = Mapping[str, Any]
RefundKey = tuple[str, str]
CHARGES = ("shipping", "handling", "fee")
"""Refunded by an amount, which may be with or without tax."""
NAMES = {
    "wrapping": "Gift wrapping",
    "shipping": "Shipping",
    "handling": "Handling",
    "fee": "Fee",
    "order": "Refund",
    "tax": "Tax",
}
"""What a row is called that undoes none, and charges whose row has no name."""


@dataclass(frozen=True)
class CreditRows:
    """CREDIT_ROWS of the refunds that add up, REFUSALS of those that do not.

    Still to be filled by the mapping: `tax_code` and `nominal_code` of rows that undo no row of
    the sales order, and `condition`.
    """

    rows: pd.DataFrame
    refusals: pd.DataFrame


class PartsError(Exception):
    """The refund cannot become rows: what is wrong with it, and what helps."""

    def __init__(self, class_: str, field: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.class_ = class_
        self.field = field
        self.remedy = remedy

    @staticmethod
    def money(reason: str) -> PartsError:
        """Amounts that contradict each other."""
        remedy = "Enter the sales credit in Brightpearl by hand, under the order"
        return PartsError("money", "total_amount", reason, remedy)


@dataclass(frozen=True)
class Part:
    """A row of the credit before it has its cents."""

    ref: str
    kind: str
    worth: Decimal
    """What it was sold for, or what was asked for; with tax."""
    quantity: int = 1
    is_fixed: bool = False
    """Whether `worth` is the amount itself."""
    is_guess: bool = False
    """Whether BigCommerce does not state the units, so that `worth` is only a weight."""
    tax_share: Decimal = ZERO
    """Tax as a part of the amount with tax, by the row that it undoes."""
    sold_ref: str = ""
    product_id: str = ""
    name: str = ""
    tax_code: str = ""
    nominal_code: str = ""
    reason: str = ""


def credit_rows(refunds: pd.DataFrame, items: pd.DataFrame, sold: pd.DataFrame) -> CreditRows:
    """A row per item (several, where it was sold in several); per refund they add up exactly.

    In: REFUNDS, REFUND_ITEMS, SOLD_ROWS. A refund without items gave back tax alone.

    An order is refused as a whole: class `row` (the sales order has no row for an item) or `money`
    (the amounts contradict each other).
    """
    of_items: dict[RefundKey, list[Record]] = defaultdict(list)
    for item in records(items):
        of_items[item["order_id"], item["refund_id"]].append(item)
    of_sold = records_by(sold, "order_id")
    rows: list[dict[str, Any]] = []
    refusals: list[dict[str, str]] = []
    for refund in records(refunds):
        order_id, refund_id = refund["order_id"], refund["refund_id"]
        try:
            parts = parts_of(refund, of_items[order_id, refund_id], of_sold.get(order_id, []))
            rows.extend(_rows(refund, parts))
        except PartsError as error:
            refusals.append(_refusal(order_id, refund_id, error))
    return CreditRows(frame(rows, CREDIT_ROWS), frame(refusals, REFUSALS))


def parts_of(refund: Record, items: Sequence[Record], sold: Sequence[Record]) -> list[Part]:
    """The parts of one refund. In: REFUNDS, REFUND_ITEMS and SOLD_ROWS rows.

    Raises: PartsError.
    """
    if not items:
        return [_tax_alone(two_places(refund["total_amount"]), sold)]
    found = [part for item in items for part in _parts(item, sold)]
    return _numbered(_weighed(found, refund))


def _parts(item: Record, sold: Sequence[Record]) -> Iterator[Part]:
    kind, reason = item["kind"], item["reason"]
    if kind == "tax":
        yield replace(_tax_alone(two_places(item["requested"] or ZERO), sold), reason=reason)
        return
    if kind == "order":
        worth = two_places(item["requested"] or ZERO)
        yield Part("order", kind, worth, is_fixed=True, name=NAMES[kind], reason=reason)
        return
    rows = _undone(item, sold)
    weights = [_gross(row) for row in rows]
    whole = sum(weights, ZERO)
    for row, weight in zip(rows, weights, strict=True):
        share = weight / whole if whole else Decimal(1) / len(rows)
        ref = row["row_ref"] or item["sold_ref"]
        yield Part(
            ref=ref,
            kind="custom" if kind == "product" and not row["product_id"] else kind,
            worth=_worth(item, row, share),
            quantity=int(item["quantity"]) if kind == "product" else 1,
            is_guess=kind == "wrapping",
            tax_share=row["tax"] / weight if weight else ZERO,
            sold_ref=ref,
            product_id=row["product_id"],
            name="" if row["product_id"] else _name(item, row),
            tax_code=row["tax_code"],
            nominal_code=row["nominal_code"],
            reason=reason,
        )


def _worth(item: Record, row: Record, share: Decimal) -> Decimal:
    """The row's share of what was asked for, or of what the units were sold for.

    Where nobody says, what the row itself says.
    """
    stated: Decimal | None = item["requested"] if item["kind"] in CHARGES else item["worth"]
    if stated is not None:
        return stated * share
    units = row["quantity"] if item["kind"] == "product" else 0
    return _gross(row) * item["quantity"] / units if units else _gross(row)


def _name(item: Record, row: Record) -> str:
    return str(row["name"] or item["name"] or NAMES.get(item["kind"], item["kind"]))


def _undone(item: Record, sold: Sequence[Record]) -> list[Record]:
    """Rows of the sales order that an item undoes: one, or one per rate of a charge.

    A line whose row staff replaced is found by its SKU among the rows that staff made.
    """
    ref = item["sold_ref"]
    rows = [row for row in sold if row["row_ref"] == ref or row["row_ref"].startswith(f"{ref}-at-")]
    if not rows and item["sku_key"]:
        rows = [r for r in sold if not r["row_ref"] and r["sku_key"] == item["sku_key"]][:1]
    if not rows:
        what = f"line {ref}" if item["kind"] == "product" else ref
        raise PartsError(
            "row",
            "item_id",
            f"the sales order has no row for {what}",
            "Enter the sales credit in Brightpearl by hand under the order, or give the order that "
            "row again",
        )
    return rows


def _weighed(parts: Sequence[Part], refund: Record) -> list[Part]:
    """The parts with what was asked for charges read with tax, or without, as fits the total.

    BigCommerce does not say which it is: amounts are in the order's price terms as a rule.
    """
    total = two_places(refund["total_amount"])
    with_tax, without = _filled(parts, total), _filled([_with_tax(part) for part in parts], total)
    readings = [with_tax, without] if refund["is_tax_inclusive"] else [without, with_tax]

    def difference(reading: Sequence[Part]) -> Decimal:
        off = abs(total - sum((part.worth for part in reading), ZERO))
        return off if off > CENT * len(reading) else ZERO

    return min(readings, key=difference)


def _filled(parts: Sequence[Part], total: Decimal) -> list[Part]:
    """Parts whose units are not known take what the others leave."""
    weights = sum((part.worth for part in parts if part.is_guess), ZERO)
    rest = total - sum((part.worth for part in parts if not part.is_guess), ZERO)
    if not weights or rest <= ZERO:
        return list(parts)
    return [
        replace(part, worth=rest * part.worth / weights) if part.is_guess else part
        for part in parts
    ]


def _with_tax(part: Part) -> Part:
    if part.kind not in CHARGES or part.tax_share >= 1:
        return part
    return replace(part, worth=part.worth / (1 - part.tax_share))


def _tax_alone(amount: Decimal, sold: Sequence[Record]) -> Part:
    """Tax without goods, under the code that bears most of the order's tax."""
    taxed: Counter[str] = Counter()
    for row in sold:
        taxed[row["tax_code"]] += row["tax"]
    (code, tax), *_ = [*taxed.most_common(1), ("", ZERO)]
    return Part(
        "tax", "tax", amount, is_fixed=True, name=NAMES["tax"], tax_code=code if tax else ""
    )


def _numbered(parts: Sequence[Part]) -> list[Part]:
    """References made unique: an item may come twice in one refund."""
    seen: Counter[str] = Counter()
    numbered = []
    for part in parts:
        seen[part.ref] += 1
        ref = part.ref if seen[part.ref] == 1 else f"{part.ref}-{seen[part.ref]}"
        numbered.append(replace(part, ref=ref))
    return numbered


def _gross(row: Record) -> Decimal:
    gross: Decimal = row["net"] + row["tax"]
    return gross


def _rows(refund: Record, parts: Sequence[Part]) -> Iterator[dict[str, Any]]:
    amounts = _amounts(parts, two_places(refund["total_amount"]))
    sold = [
        amount if part.kind == "tax" else two_places(amount * part.tax_share)
        for part, amount in zip(parts, amounts, strict=True)
    ]
    tax = refund["total_tax"]
    taxes = sold if tax is None else _taxes(parts, amounts, two_places(tax))
    # No tax on what was sold with tax: the code of the sale would say otherwise.
    is_untaxed = any(sold) and not any(taxes)
    for sequence, (part, amount, tax) in enumerate(zip(parts, amounts, taxes, strict=True), 1):
        code = "" if is_untaxed and part.tax_share else part.tax_code
        yield {
            "order_id": refund["order_id"],
            "refund_id": refund["refund_id"],
            "row_ref": part.ref,
            "sold_ref": part.sold_ref,
            "kind": part.kind,
            "product_id": part.product_id,
            "name": part.name,
            "quantity": part.quantity,
            "rate_percent": None if code else ZERO,
            "tax_code": code,
            "net": amount - tax,
            "tax": tax,
            "nominal_code": part.nominal_code,
            "sequence": sequence,
            "reason": part.reason,
        }


def _amounts(parts: Sequence[Part], total: Decimal) -> list[Decimal]:
    """Each part's amount with tax, in cents, adding up to `total`.

    What was asked for as an amount stays as it is; the others share the rest. Where that cannot be
    (BigCommerce gave back less than was asked for), all parts share the total.
    """
    fixed = [part.worth if part.is_fixed else ZERO for part in parts]
    rest = total - sum(fixed, ZERO)
    others = [ZERO if part.is_fixed else part.worth for part in parts]
    if rest < ZERO or (rest and all(part.is_fixed for part in parts)):
        return shared_out(total, [part.worth for part in parts])
    free = [i for i, part in enumerate(parts) if not part.is_fixed]
    amounts = list(fixed)
    for i, share in zip(free, shared_out(rest, [others[i] for i in free]), strict=True):
        amounts[i] = share
    return amounts


def _taxes(parts: Sequence[Part], amounts: Sequence[Decimal], tax: Decimal) -> list[Decimal]:
    """Each part's tax in cents, adding up to `tax`: by the rate at which the part was sold.

    Raises: PartsError when more tax, or less than none, is left for a part than it can bear.
    """
    alone = [
        amount if part.kind == "tax" else ZERO for part, amount in zip(parts, amounts, strict=True)
    ]
    rest = tax - sum(alone, ZERO)
    weights = [
        ZERO if part.kind == "tax" else amount * part.tax_share
        for part, amount in zip(parts, amounts, strict=True)
    ]
    if rest and not any(weights):
        raise PartsError.money(f"{rest} of tax was given back on what was sold without tax")
    shares = shared_out(rest, weights) if rest else [ZERO] * len(parts)
    taxes = [own + share for own, share in zip(alone, shares, strict=True)]
    for part, amount, share in zip(parts, amounts, taxes, strict=True):
        if not ZERO <= share <= amount:
            raise PartsError.money(f"row {part.ref} of {amount} would have {share} of tax")
    return taxes


def _refusal(order_id: str, refund_id: str, error: PartsError) -> dict[str, str]:
    return {
        "key": order_id,
        "class": error.class_,
        "field": error.field,
        "value": f"refund {refund_id}",
        "reason": f"refund {refund_id}: {error}",
        "remedy": release_remedy(error.remedy, error.class_, key=order_id),
    }
