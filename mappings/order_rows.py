"""Sales order rows from an order's lines and charges, adding up to BigCommerce's totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from core.frames import frame, records, records_by
from core.money import ZERO, two_places
from core.orders import ROWS
from core.refusals import REFUSALS, release_remedy
from mappings.balance import Balanced, BalanceError, Part, Totals, balance
from mappings.tables import plain, row_to_add
from mappings.tax_codes import TaxCodes, key_text, named_place
from mappings.tax_rates import TaxRows, effective, fitting, rate_bounds, to_the_last_place

Record = Mapping[str, Any]
AMOUNTS = ("total_ex_tax", "total_inc_tax", "total_tax")
HEADER = (
    *("order_id", "total_inc_tax", "total_tax", "discount_amount", "coupon_discount"),
    *("currency_code", "is_tax_inclusive", "tax_place"),
)
"""Columns of ORDERS that say what the rows have to add up to."""
CHARGE_NAMES = {
    "shipping": "Shipping",
    "handling": "Handling",
    "wrapping": "Gift wrapping",
    "fee": "Fee",
}
"""What a charge is called on a sales order when BigCommerce gives it no name."""
GOODS, CERTIFICATE = "goods", "gift_certificate"
"""What a line may be, by the table of their kinds."""
LINE_KINDS = {"physical": GOODS, "digital": GOODS, "giftcertificate": CERTIFICATE}
"""The kinds of lines in mappings of earlier releases, which have no table of them."""
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


class UnusableOrderError(Exception):
    """The order cannot become rows; `refusals` say why, every reason found."""

    def __init__(self, refusals: list[dict[str, str]]) -> None:
        super().__init__("; ".join(refusal["reason"] for refusal in refusals))
        self.refusals = refusals


def order_rows(  # noqa: PLR0913 - the four frames of an order and three decisions of the merchant
    orders: pd.DataFrame,
    lines: pd.DataFrame,
    charges: pd.DataFrame,
    taxes: pd.DataFrame,
    *,
    cap: Decimal,
    rounding_nominal_code: str,
    codes: TaxCodes,
    kinds: Callable[[str], str | None] = LINE_KINDS.get,
) -> Rows:
    """A row per line and per charge that costs something; per order they add up exactly.

    In: ORDERS, LINES, CHARGES, TAXES (the last only for the orders of `needs_taxes`). Discounts
    are in the rows of what they were taken off; gift certificates and store credit used are
    payments and leave no row. A negative fee stays a row of its own, with a negative net. Where a
    cent remains, one rounding row of at most `cap` carries it, without tax.

    An order is refused as a whole: class `tax_code` (a row's rate has no code where it is taxed),
    `sku` (a catalogue line without one), `line_kind` (a line's kind is none of `kinds`), `document`
    (an amount is missing or impossible) or `money` (the amounts contradict each other beyond
    `cap`).
    """
    of_lines, of_charges, of_taxes = (records_by(of, "order_id") for of in (lines, charges, taxes))
    rows: list[dict[str, Any]] = []
    refusals: list[dict[str, str]] = []
    rounded = 0
    for order in records(orders, HEADER):
        ref = order["order_id"]
        try:
            parts = order_parts(
                order,
                of_lines.get(ref, []),
                of_charges.get(ref, []),
                of_taxes.get(ref, []),
                codes,
                kinds=kinds,
            )
            totals = Totals(
                inc_tax=order["total_inc_tax"],
                tax=order["total_tax"],
                discounts=(order["discount_amount"] or ZERO) + (order["coupon_discount"] or ZERO),
                currency_code=order["currency_code"],
                inclusive=bool(order["is_tax_inclusive"]),
            )
            balanced = balance(parts, totals, cap)
        except UnusableOrderError as unusable:
            refusals.extend(_refusal(ref, refusal) for refusal in unusable.refusals)
            continue
        except BalanceError as contradiction:
            refusals.append(_refusal(ref, {**MONEY, "reason": str(contradiction)}))
            continue
        rounded += bool(balanced.rounding)
        rows.extend(_rows_of(ref, parts, balanced, rounding_nominal_code))
    return Rows(frame(rows, ROWS), frame(refusals, REFUSALS), rounded)


def needs_taxes(
    orders: pd.DataFrame, lines: pd.DataFrame, charges: pd.DataFrame, codes: TaxCodes
) -> list[str]:
    """Ids of the orders whose lines and charges alone do not say the tax per rate.

    In: ORDERS, LINES, CHARGES. BigCommerce's tax rows (one request per order) say it where the
    amounts of a row are not explained by exactly one rate of its place in the table, or that rate
    is not enough to know the code, for a discount on lines of two or more non-zero rates, and for
    a charge whose tax is a blend of its lines' rates.
    """
    of_lines = records_by(lines, "order_id")
    of_charges = records_by(charges, "order_id")
    needed: list[str] = []
    for order in records(orders, HEADER):
        ref = order["order_id"]
        parts = [
            (_line if "line_id" in row else _charge)(row, order["tax_place"])
            for row in (*of_lines.get(ref, []), *of_charges.get(ref, []))
            # With money in it of which the tax is known.
            if row["total_ex_tax"] and None not in (row["total_tax"], row["total_inc_tax"])
        ]
        pieces = sum(part.is_line for part in parts)
        fits = [(part, _fitting(part, codes.rates(part.tax_place), pieces)) for part in parts]
        is_unclear = any(
            len(rates) != 1 or codes.needs_tax_rows(part.tax_place, rates[0])
            for part, rates in fits
        )
        discount = (order["discount_amount"] or ZERO) + (order["coupon_discount"] or ZERO)
        if is_unclear or _is_mixed(parts, discount):
            needed.append(ref)
    return needed


def _is_mixed(parts: Sequence[Part], discount: Decimal) -> bool:
    """Whether a discount, or one amount for several lines, hides how much tax is at which rate."""
    lines = [part for part in parts if part.is_line]
    is_discounted = discount > ZERO or any(
        line.after_discounts not in (None, line.inc_tax) for line in lines
    )
    taxed = [rate_bounds(line.ex_tax, line.tax, line.quantity) for line in lines if line.tax]
    is_several = bool(taxed) and max(low for low, _ in taxed) > min(high for _, high in taxed)
    # BigCommerce gives one amount for the wrapping of all lines, and one for the shipping to
    # all addresses: a rate that none of the lines has shows that it is a blend of theirs.
    may_blend = is_several or 0 < len(taxed) < len(lines)
    charged = [
        rate_bounds(part.ex_tax, part.tax, len(lines))
        for part in parts
        if may_blend and not part.is_line and part.tax
    ]
    return (is_discounted and is_several) or any(
        not any(low <= its[1] and its[0] <= high for its in taxed) for low, high in charged
    )


def order_parts(  # noqa: PLR0913 - as order_rows
    order: Record,
    lines: Sequence[Record],
    charges: Sequence[Record],
    taxes: Sequence[Record],
    codes: TaxCodes,
    *,
    kinds: Callable[[str], str | None],
) -> list[Part]:
    """One order's parts, lines first, in the order given; nothing for what costs nothing.

    A line of no pieces and no money (removed by staff) is left out, a free line is not: it has to
    be sent. In: LINES, CHARGES and TAXES rows of one order.

    Raises: UnusableOrderError with every reason found.
    """
    if refusals := list(_impossible(order, lines, charges)):
        raise UnusableOrderError(refusals)
    place = order["tax_place"]
    sold = [line for line in lines if line["quantity"] or line["total_inc_tax"]]
    of_kinds = [kinds(line["kind"]) for line in sold]
    of_lines = [
        _line(line, place, is_certificate=kind == CERTIFICATE)
        for line, kind in zip(sold, of_kinds, strict=True)
    ]
    refusals = [
        _of_unknown_kind(line)
        for line, kind in zip(sold, of_kinds, strict=True)
        if kind not in {GOODS, CERTIFICATE}
    ]
    refusals += [
        _without_sku(line)
        for line, part in zip(sold, of_lines, strict=True)
        if part.kind == "product" and part.quantity and not part.sku_key
    ]
    costing = [_charge(one, place) for one in charges if any(one[name] for name in AMOUNTS)]
    parts = TaxRows.of(taxes).assign(of_lines, costing)
    if not parts:
        what = "the order has no lines and no charges"
        raise UnusableOrderError([_document("lines", what)])
    refusals += _set_rates(parts, codes, len(sold))
    if refusals:
        raise UnusableOrderError(refusals)
    return parts


def _line(line: Record, place: str, *, is_certificate: bool = False) -> Part:
    is_product = not is_certificate and _is_of_catalogue(line)
    kind = "product" if is_product else "gift_certificate" if is_certificate else "custom"
    options = line["options"]
    full_name = f"{line['name']} ({options})" if options else line["name"]
    return Part(
        ref=line["line_id"],
        kind=kind,
        name="" if is_product and not options else full_name,
        sku_key=line["sku_key"],
        quantity=int(line["quantity"]),
        ex_tax=line["total_ex_tax"],
        inc_tax=line["total_inc_tax"],
        tax=line["total_tax"],
        after_discounts=line["discounted_total_inc_tax"],
        tax_place=line["tax_place"] or place,
    )


def _is_of_catalogue(line: Record) -> bool:
    return line["product_id"] not in ("", "0")


def _charge(charge: Record, place: str) -> Part:
    return Part(
        ref=charge["charge_id"],
        kind=charge["kind"],
        name=charge["name"] or CHARGE_NAMES.get(charge["kind"], charge["kind"].capitalize()),
        sku_key="",
        quantity=1,
        ex_tax=charge["total_ex_tax"],
        inc_tax=charge["total_inc_tax"],
        tax=charge["total_tax"],
        tax_place=place,
        is_line=False,
    )


def _impossible(
    order: Record, lines: Sequence[Record], charges: Sequence[Record]
) -> Iterator[dict[str, str]]:
    """Amounts and quantities that no order should have, or lack."""
    for row in (*lines, *charges):
        is_line = "line_id" in row
        what = f"line {row['line_id']}" if is_line else row["charge_id"]
        for name in (*AMOUNTS, "discounted_total_inc_tax") if is_line else AMOUNTS:
            if row[name] is None and name in AMOUNTS:
                yield _document(name, f"{what} has no such amount")
            elif is_line and _is_of_catalogue(row) and (row[name] or ZERO) < ZERO:
                yield _document(name, f"{what} has a negative amount", str(row[name]))
        if is_line and (row["quantity"] < 0 or (not row["quantity"] and row["total_inc_tax"])):
            what = f"{what} has an impossible quantity"
            yield _document("quantity", what, str(row["quantity"]))
    for name in ("total_inc_tax", "total_tax"):
        if order[name] is None:
            yield _document(name, "the order has no such amount")


def _document(field_name: str, reason: str, value: str = "") -> dict[str, str]:
    return {
        "class": "document",
        "field": field_name,
        "value": value,
        "reason": f"{reason} ({field_name})",
        "remedy": "Correct the order in BigCommerce",
    }


def _of_unknown_kind(line: Record) -> dict[str, str]:
    kind = line["kind"]
    return {
        "class": "line_kind",
        "field": "kind",
        "value": kind,
        "reason": f"line {line['line_id']} is of a kind that is not known",
        "remedy": row_to_add(kind, f"{GOODS} or {CERTIFICATE}", "line_kinds"),
    }


def _without_sku(line: Record) -> dict[str, str]:
    product = line["product_id"]
    return {
        "class": "sku",
        "field": "sku",
        "value": f"product {product}",
        "reason": f"line {line['line_id']} names BigCommerce product {product} without a SKU",
        "remedy": f"Give product {product} a SKU in BigCommerce and add it to the order again "
        "in place of that line",
    }


def _set_rates(parts: Sequence[Part], codes: TaxCodes, pieces: int) -> list[dict[str, str]]:
    """Give every part its rate; refusals for the parts that have none with a tax code.

    The rate is the one that BigCommerce's tax rows name. Of what they leave out, one that explains
    the amounts: where several do, the one that explains the last place of a tax that is not whole
    cents, else the one behind most of the order's money, else the closest.
    """
    reported = [part.reported_rate for part in parts if part.reported_rate is not None]
    options: list[list[Decimal]] = []
    for part in parts:
        if part.reported_rate is not None:
            options.append([part.reported_rate])
            continue
        rates = dict.fromkeys((*codes.rates(part.tax_place), *reported))
        options.append(_fitting(part, [*rates], pieces))
    certain = [(part, fits[0]) for part, fits in zip(parts, options, strict=True) if len(fits) == 1]
    money: dict[Decimal, Decimal] = defaultdict(Decimal)
    for part, rate in [one for one in certain if one[0].is_line] or certain:
        money[rate] += abs(part.ex_tax)
    preferred = max(money, key=lambda rate: money[rate], default=None)
    refusals = []
    for part, explaining in zip(parts, options, strict=True):
        is_reported = part.reported_rate is not None
        exact = to_the_last_place(explaining, part.ex_tax, part.tax, part.quantity)
        fits = explaining if is_reported or not exact else exact
        closest = fits[0] if fits else effective(part.ex_tax, part.tax, part.quantity)
        part.rate = preferred if preferred in fits else closest
        if not codes.code(part.tax_place, part.tax_class, part.rate):
            refusals.append(_without_code(part))
    return refusals


def _fitting(part: Part, rates: Sequence[Decimal], pieces: int) -> list[Decimal]:
    """Those of the rates that explain a part's amounts, the closest first.

    `pieces`: of how many rounded amounts a charge may be the sum.
    """
    quantity = part.quantity if part.is_line else max(pieces, 1)
    fits = fitting(rates, part.ex_tax, part.tax, quantity, is_sum=not part.is_line)
    # An automatic tax provider may give the tax after discounts, and amounts before them.
    return fits or fitting(rates, part.ex_tax, part.inc_tax - part.ex_tax, quantity)


def _without_code(part: Part) -> dict[str, str]:
    key, place = key_text(part.tax_place, part.rate), named_place(part.tax_place)
    called = ", ".join(filter(None, (part.tax_name, part.tax_class)))
    what = f"row {part.ref} is taxed at {plain(part.rate)} %"
    what += f" ({called})" if called else ""
    what += f" in {place}" if place else ""
    return {
        "class": "tax_code",
        "field": "total_tax",
        "value": key,
        "reason": f"{what}, which has no tax code",
        "remedy": f"Add `{key},<Brightpearl tax code>` to mappings/tables/tax_codes.csv",
    }


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
            "tax_place": part.tax_place,
            "tax_class": part.tax_class,
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
            "tax_place": parts[0].tax_place,
            "rate_percent": ZERO,
            "net": two_places(balanced.rounding),
            "tax": two_places(ZERO),
            "nominal_code": rounding_nominal_code,
            "sequence": len(parts) + 1,
        }


def _refusal(order_id: str, refusal: Mapping[str, str]) -> dict[str, str]:
    """A REFUSALS record; its remedy ends with the command that releases what waited for it.

    What is wrong with one order alone is released by its key, anything else by the value that
    many may wait for.
    """
    remedy = release_remedy(
        refusal["remedy"], refusal["class"], value=refusal["value"], key=order_id
    )
    return {"key": order_id, **refusal, "remedy": remedy}
