"""Sales credit rows from a refund's items, adding up to what BigCommerce gave back.

BigCommerce states total and tax of a refund, not of its parts: they are shared over the parts by
what these were sold for, to the cent. Source: fact sheet, reading refunds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from core.frames import frame
from core.money import ZERO, shared_out, two_places
from core.refunds import CREDIT_ROWS
from core.refusals import REFUSALS, release_remedy
from mappings.credit_parts import Part, PartsError, parts_of

Record = Mapping[str, Any]
RefundKey = tuple[str, str]


@dataclass(frozen=True)
class CreditRows:
    """CREDIT_ROWS of the refunds that add up, REFUSALS of those that do not.

    Still to be filled by the mapping: `tax_code` and `nominal_code` of rows that undo no row of
    the sales order, and `condition`.
    """

    rows: pd.DataFrame
    refusals: pd.DataFrame


def credit_rows(refunds: pd.DataFrame, items: pd.DataFrame, sold: pd.DataFrame) -> CreditRows:
    """A row per item (several, where it was sold in several); per refund they add up exactly.

    In: REFUNDS, REFUND_ITEMS, SOLD_ROWS. A refund without items gave back tax alone.

    An order is refused as a whole: class `row` (the sales order has no row for an item) or `money`
    (the amounts contradict each other).
    """
    of_items: dict[RefundKey, list[Record]] = defaultdict(list)
    for item in _records(items):
        of_items[item["order_id"], item["refund_id"]].append(item)
    of_sold: dict[str, list[Record]] = defaultdict(list)
    for row in _records(sold):
        of_sold[row["order_id"]].append(row)
    rows: list[dict[str, Any]] = []
    refusals: list[dict[str, str]] = []
    for refund in _records(refunds):
        order_id, refund_id = refund["order_id"], refund["refund_id"]
        try:
            parts = parts_of(refund, of_items[order_id, refund_id], of_sold[order_id])
            rows.extend(_rows(refund, parts))
        except PartsError as unfit:
            refusals.append(_refusal(order_id, refund_id, unfit))
    return CreditRows(frame(rows, CREDIT_ROWS), frame(refusals, REFUSALS))


def _rows(refund: Record, parts: Sequence[Part]) -> Iterator[dict[str, Any]]:
    amounts = _amounts(parts, two_places(refund["total_amount"]))
    taxes = _taxes(parts, amounts, two_places(refund["total_tax"]))
    for sequence, (part, amount, tax) in enumerate(zip(parts, amounts, taxes, strict=True), 1):
        yield {
            "order_id": refund["order_id"],
            "refund_id": refund["refund_id"],
            "row_ref": part.ref,
            "sold_ref": part.sold_ref,
            "kind": part.kind,
            "product_id": part.product_id,
            "name": part.name,
            "quantity": part.quantity,
            "rate_percent": None if part.tax_code else ZERO,
            "tax_code": part.tax_code,
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


def _refusal(order_id: str, refund_id: str, unfit: PartsError) -> dict[str, str]:
    return {
        "key": order_id,
        "class": unfit.class_,
        "field": unfit.field,
        "value": f"refund {refund_id}",
        "reason": f"refund {refund_id}: {unfit}",
        "remedy": release_remedy(unfit.remedy, unfit.class_, key=order_id),
    }


def _records(rows: pd.DataFrame) -> Iterator[Record]:
    """Rows as mappings; unlike core.frames.records, amounts keep their None without a copy."""
    names = [str(name) for name in rows.columns]
    columns = [rows[name].tolist() for name in rows.columns]
    return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
