"""What a refund's items are parts of: the rows they undo, and what they are worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from core.money import CENT, ZERO, two_places

Record = Mapping[str, Any]
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

    A line whose row staff replaced is found by its SKU among the rows that are not ours.
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
