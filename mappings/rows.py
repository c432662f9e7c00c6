"""Sales order rows from an order's lines and charges, adding up to BigCommerce's totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from core.frames import frame
from core.money import ZERO, two_places
from core.orders import ROWS
from core.refusals import REFUSALS, release_remedy
from mappings.balance import ApartError, Balanced, Part, Totals, balance
from mappings.parts import Unfit, order_parts
from mappings.rates import Amounts, may_be_a_blend, plain, taxed_at_several

Record = Mapping[str, Any]
MONEY = {
    "class": "money",
    "field": "total_inc_tax",
    "value": "",
    "remedy": "Compare the order's lines, discounts and taxes in BigCommerce and correct them "
    "there, or raise the rounding cap (CAUSEWAY_ORDERS__ROUNDING_CAP)",
}
"""Refusal of an order whose amounts contradict each other; the reason names the difference."""


@dataclass(frozen=True)
class Rows:
    """ROWS of the orders that add up, REFUSALS of those that do not.

    Still to be filled by the mapping: `product_id`, `tax_code`, `nominal_code` (which only the
    rounding row has already).
    """

    rows: pd.DataFrame
    refusals: pd.DataFrame
    rounded: int
    """Orders that carry a rounding row."""


def order_rows(  # noqa: PLR0913 - the four frames of an order and three decisions of the merchant
    orders: pd.DataFrame,
    lines: pd.DataFrame,
    charges: pd.DataFrame,
    taxes: pd.DataFrame,
    *,
    cap: Decimal,
    rounding_nominal_code: str,
    rates: Sequence[Decimal],
) -> Rows:
    """A row per line and per charge that costs something; per order they add up exactly.

    In: ORDERS, LINES, CHARGES, TAXES (the last only for the orders of `needs_taxes`); `rates` in
    percent, those that have a tax code. Discounts are in the lines' rows; gift certificates and
    store credit used are payments and leave no row. A negative fee stays a row of its own, with a
    negative net. Where a cent remains, one rounding row of at most `cap` carries it, without tax.

    An order is refused as a whole: class `tax_code` (no rate explains a row), `sku` (a catalogue
    line without one), `document` (an amount is missing or impossible) or `money` (the amounts
    contradict each other beyond `cap`).
    """
    of_lines, of_charges, of_taxes = _by_order(lines), _by_order(charges), _by_order(taxes)
    known = [plain(rate) for rate in rates]
    rows: list[dict[str, Any]] = []
    refusals: list[dict[str, Any]] = []
    rounded = 0
    for order in _records(orders):
        ref = order["order_id"]
        try:
            parts = order_parts(of_lines[ref], of_charges[ref], of_taxes[ref], known)
            totals = _totals(order)
            balanced = balance(parts, totals, cap)
        except Unfit as unfit:
            refusals.extend(_refusal(ref, refusal) for refusal in unfit.refusals)
            continue
        except ApartError as apart:
            refusals.append(_refusal(ref, {**MONEY, "reason": str(apart)}))
            continue
        rounded += bool(balanced.rounding)
        rows.extend(_rows_of(ref, parts, balanced, rounding_nominal_code))
    return Rows(frame(rows, ROWS), frame(refusals, REFUSALS), rounded)


def needs_taxes(
    orders: pd.DataFrame, lines: pd.DataFrame, charges: pd.DataFrame | None = None
) -> list[str]:
    """Ids of the orders whose lines and charges alone do not tell the tax per rate.

    In: ORDERS, LINES, CHARGES. These are orders with a discount on lines of two or more non-zero
    rates, and those with a charge whose tax is a blend of its lines' rates: how much tax there was
    at each rate stands only in BigCommerce's tax rows (one request per order).
    """
    discounted = {
        order["order_id"]
        for order in _records(orders)
        if (order["discount_amount"] or ZERO) + (order["coupon_discount"] or ZERO) > ZERO
    }
    amounts: dict[str, list[Amounts]] = defaultdict(list)
    for line in _records(lines):
        if line["discounted_total_inc_tax"] not in (None, line["total_inc_tax"]):
            discounted.add(line["order_id"])
        if (told := _amounts(line, int(line["quantity"]))) is not None:
            amounts[line["order_id"]].append(told)
    needed = {ref for ref in discounted if taxed_at_several(amounts[ref])}
    for charge in [] if charges is None else _records(charges):
        of_lines = amounts[charge["order_id"]]
        told = _amounts(charge, len(of_lines))
        if told is not None and may_be_a_blend(told, of_lines):
            needed.add(charge["order_id"])
    return [str(ref) for ref in orders["order_id"] if ref in needed]


def _amounts(row: Record, pieces: int) -> Amounts | None:
    ex_tax, tax = row["total_ex_tax"], row["total_tax"]
    return None if ex_tax is None or tax is None else (ex_tax, tax, pieces)


def _rows_of(
    order_id: str, parts: Sequence[Part], balanced: Balanced, rounding_nominal_code: str
) -> Iterator[dict[str, Any]]:
    amounts = zip(parts, balanced.nets, balanced.taxes, strict=True)
    for sequence, (part, net, tax) in enumerate(amounts, start=1):
        yield {
            "order_id": order_id,
            "row_ref": part.ref,
            "kind": part.kind,
            "sku_key": part.sku_key,
            "name": part.name,
            "quantity": part.quantity,
            "rate_percent": part.rate,
            "net": two_places(net),
            "tax": two_places(tax),
            "sequence": sequence,
        }
    if balanced.rounding:
        yield {
            "order_id": order_id,
            "row_ref": "rounding",
            "kind": "rounding",
            "name": "Rounding",
            "quantity": 1,
            "rate_percent": ZERO,
            "net": two_places(balanced.rounding),
            "tax": two_places(ZERO),
            "nominal_code": rounding_nominal_code,
            "sequence": len(parts) + 1,
        }


def _totals(order: Record) -> Totals:
    missing = [name for name in ("total_inc_tax", "total_tax") if order[name] is None]
    if missing:
        raise Unfit.document(missing[0], "the order has no such amount")
    return Totals(
        inc_tax=order["total_inc_tax"],
        tax=order["total_tax"],
        discounts=(order["discount_amount"] or ZERO) + (order["coupon_discount"] or ZERO),
        currency_code=order["currency_code"],
        inclusive=bool(order["is_tax_inclusive"]),
    )


def _refusal(order_id: str, refusal: Mapping[str, str]) -> dict[str, str]:
    """A REFUSALS record; its remedy ends with the command that releases what waited for it.

    What is wrong with one order alone is released by its key, anything else by the value that
    many may wait for.
    """
    remedy = release_remedy(
        refusal["remedy"], refusal["class"], value=refusal["value"], key=order_id
    )
    return {"key": order_id, **refusal, "remedy": remedy}


def _by_order(rows: pd.DataFrame) -> dict[str, list[Record]]:
    grouped: dict[str, list[Record]] = defaultdict(list)
    for row in _records(rows):
        grouped[row["order_id"]].append(row)
    return grouped


def _records(rows: pd.DataFrame) -> Iterator[Record]:
    """Rows as mappings; unlike core.frames.records, amounts keep their None without a copy."""
    names = [str(name) for name in rows.columns]
    columns = [rows[name].tolist() for name in rows.columns]
    return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
