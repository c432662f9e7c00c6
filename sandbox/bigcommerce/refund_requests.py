"""What refund quotes and refunds are asked with. Fields that nobody knows are passed over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.bigcommerce.aftersales import ZERO, Adjustment, RefundItem
from sandbox.bigcommerce.formats import read_money
from sandbox.bigcommerce.pricing import cents
from sandbox.bigcommerce.refund_amounts import BY_AMOUNT, BY_PIECES, RefundRefused
from sandbox.bigcommerce.refund_tenders import STORE_CREDIT, Option

REASON, DESCRIPTION = 1000, 255
INVALID = "JSON data is missing or invalid"
Body = Mapping[str, Any]


@dataclass(slots=True)
class Asked:
    """A request, read."""

    items: list[RefundItem] = field(default_factory=list)
    tax_adjustment: Decimal = ZERO
    override: tuple[Decimal, Decimal] | None = None
    payments: list[tuple[str, Decimal, bool | None]] = field(default_factory=list)
    """Provider, amount, and whether offline where that is said."""


def read(body: Body, *, is_refund: bool) -> Asked:
    """A request for a quote, or for a refund with its payments.

    Raises: RefundRefused that names the field.
    """
    rows = body.get("items", [])
    if not isinstance(rows, list):
        raise RefundRefused(INVALID, "items")
    asked = Asked([_item(row, f"items.{place}") for place, row in enumerate(rows)])
    if body.get("tax_adjustment_amount"):
        name = "tax_adjustment_amount"
        asked.tax_adjustment = _amount(body, name, name)
    if bool(asked.items) == bool(asked.tax_adjustment):
        raise RefundRefused(INVALID, "items")
    if is_refund:
        asked.payments = _payments(body)
        asked.override = _override(body.get("merchant_calculated_override"))
    return asked


def _item(row: object, path: str) -> RefundItem:
    if not isinstance(row, dict):
        raise RefundRefused(INVALID, path)
    kind, item_id = row.get("item_type"), row.get("item_id")
    if kind not in BY_PIECES | BY_AMOUNT:
        raise RefundRefused(INVALID, f"{path}.item_type")
    if type(item_id) is not int:
        raise RefundRefused(INVALID, f"{path}.item_id")
    item = RefundItem(str(kind), item_id, reason=_text(row, "reason", REASON, path))
    if kind in BY_AMOUNT:
        item.requested = _amount(row, "amount", f"{path}.amount")
        return item
    quantity = row.get("quantity")
    if type(quantity) is not int or quantity < 1:
        raise RefundRefused(INVALID, f"{path}.quantity")
    item.quantity = quantity
    if kind == "PRODUCT":
        item.adjustments = _adjustments(row.get("adjustments") or [], f"{path}.adjustments")
    return item


def _adjustments(rows: object, path: str) -> tuple[Adjustment, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RefundRefused(INVALID, path)
    made = []
    for place, row in enumerate(rows):
        amount = read_money(row.get("amount"))
        if amount is None or amount > 0 or amount != cents(amount):
            raise RefundRefused(INVALID, f"{path}.{place}.amount")
        description = _text(row, "description", DESCRIPTION, f"{path}.{place}")
        made.append(Adjustment(amount, description))
    return tuple(made)


def _text(row: Body, name: str, longest: int, path: str) -> str:
    text = row.get(name) or ""
    if not isinstance(text, str) or len(text) > longest:
        raise RefundRefused(INVALID, f"{path}.{name}")
    return text


def _amount(row: Body, name: str, path: str, least: Decimal = Decimal("0.01")) -> Decimal:
    value = row.get(name)
    amount = None if isinstance(value, str) else read_money(value)
    if amount is None or amount < least or amount != cents(amount):
        raise RefundRefused(INVALID, path)
    return amount


def _payments(body: Body) -> list[tuple[str, Decimal, bool | None]]:
    rows = body.get("payments")
    if not isinstance(rows, list) or not rows:
        raise RefundRefused(INVALID, "payments")
    found: list[tuple[str, Decimal, bool | None]] = []
    for place, row in enumerate(rows):
        path = f"payments.{place}"
        if not isinstance(row, dict) or not isinstance(row.get("provider_id"), str):
            raise RefundRefused(INVALID, f"{path}.provider_id")
        offline = row.get("offline")
        if offline is not None and not isinstance(offline, bool):
            raise RefundRefused(INVALID, f"{path}.offline")
        found.append((row["provider_id"], _amount(row, "amount", f"{path}.amount"), offline))
    return found


def _override(given: object) -> tuple[Decimal, Decimal] | None:
    if given is None:
        return None
    path = "merchant_calculated_override"
    if not isinstance(given, dict):
        raise RefundRefused(INVALID, path)
    total = _amount(given, "total_amount", f"{path}.total_amount")
    tax = _amount(given, "total_tax", f"{path}.total_tax", least=-total)
    if tax > total:
        raise RefundRefused(INVALID, f"{path}.total_tax")
    return total, tax


def chosen(
    asked: Asked, alternatives: Sequence[Sequence[Option]], *, is_guest: bool
) -> Sequence[Option]:
    """The alternative that the payments are equal to.

    Raises: RefundRefused when there is none.
    """
    wants_credit = any(provider == STORE_CREDIT for provider, _, _ in asked.payments)
    has_credit = any(option.provider_id == STORE_CREDIT for way in alternatives for option in way)
    if is_guest and wants_credit and not has_credit:
        raise RefundRefused("A guest has no store credit to refund to.")
    for way in alternatives:
        if _equals(asked, way):
            return way
    raise RefundRefused("The payments are not those of a refund quote.", "payments")


def _equals(asked: Asked, way: Sequence[Option]) -> bool:
    wanted = sorted(asked.payments, key=lambda payment: payment[0])
    options = sorted(way, key=lambda option: option.provider_id)
    return len(wanted) == len(options) and all(
        (provider, amount) == (option.provider_id, option.amount)
        and offline in {None, option.is_offline}
        for (provider, amount, offline), option in zip(wanted, options, strict=True)
    )
