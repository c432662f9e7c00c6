"""What staff do with stock in the account's screens, and what a tester may make of its answers."""

from dataclasses import asdict
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import stamp
from sandbox.brightpearl.quarantine import release_quarantined
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.staff import Control, product_of
from sandbox.brightpearl.stock import correct, level
from sandbox.brightpearl.stock_records import OddKind, OddStock

MOST_UNITS = 10**9


class StockChange(Control):
    """`on_hand` sets what may be sold; `delta` adds or removes.

    `release_quarantined` first puts so many units that waited in quarantine on sale.
    """

    sku: str
    warehouse_id: int = reference.DEFAULT_WAREHOUSE
    on_hand: int | None = Field(default=None, ge=0, le=MOST_UNITS)
    delta: int = Field(default=0, ge=-MOST_UNITS, le=MOST_UNITS)
    release_quarantined: int = Field(default=0, ge=0)


def change_stock(account: Account, wanted: StockChange) -> dict[str, Any]:
    """Correct the stock of one product; answers the level afterwards."""
    product = product_of(account, wanted.sku)
    if wanted.warehouse_id not in reference.WAREHOUSES:
        not_found(f"There is no warehouse {wanted.warehouse_id}")
    if not product.stock_tracked:
        refuse("WHSC-902", f"Product {product.id} is not a stock tracked product")
    held = level(account, product.id, wanted.warehouse_id)
    if wanted.release_quarantined:
        units = wanted.release_quarantined
        release_quarantined(account, product.id, wanted.warehouse_id, units)
    delta = wanted.delta if wanted.on_hand is None else wanted.on_hand - held.on_hand
    if delta:
        correct(account, product.id, wanted.warehouse_id, delta, cause="staff")
    return {"product_id": product.id, "on_hand": held.on_hand, **asdict(held)}


def stock_by_sku(account: Account, skus: list[str]) -> dict[str, dict[str, list[int]]]:
    """`{sku: {warehouse: [in stock, on hand, allocated]}}`, of some SKUs or of all.

    Of several products with one SKU the first is shown; what has no SKU or no stock is left out.
    """
    shown = {}
    books, stock = account.products, account.stock
    for sku in skus or account.products_by_sku:
        ids = account.products_by_sku.get(sku)
        if ids and books[ids[0]].stock_tracked:
            shown[sku] = {
                str(number): [held.in_stock, held.on_hand, held.allocated]
                for number, held in stock.get(ids[0], {}).items()
            }
    return shown


def journal(account: Account) -> list[dict[str, Any]]:
    """Every change of what is on hand, oldest first; only the latest when there are very many."""
    every = account.products | account.deleted_products
    return [
        {
            "at": stamp(change.at, account.utc),
            "product_id": change.product_id,
            "sku": every[change.product_id].sku,
            "warehouse_id": change.warehouse_id,
            "before": change.before,
            "after": change.after,
            "cause": change.cause,
        }
        for change in account.stock_journal
    ]


class OddAnswer(Control):
    """One oddity in the availability of a product; see `OddStock` for the kinds."""

    sku: str | None = None
    product_id: int | None = None
    kind: OddKind = "value"
    field: str = "onHand"
    value: Any = None
    warehouse_id: int | None = None


def set_odd_answers(account: Account, wanted: list[OddAnswer]) -> None:
    """Make these, and only these, products' availability odd from now on.

    Raises: Refusal 404 for an unknown product; then nothing changes.
    """
    answers: dict[int, list[OddStock]] = {}
    for item in wanted:
        key = item.product_id if item.product_id is not None else item.sku or ""
        odd = OddStock(item.kind, item.field, item.value, item.warehouse_id)
        answers.setdefault(product_of(account, key).id, []).append(odd)
    account.odd_stock = answers


def odd_answers(account: Account) -> list[dict[str, Any]]:
    """The oddities in force."""
    return [
        {"product_id": number, **asdict(odd)}
        for number, listed in account.odd_stock.items()
        for odd in listed
    ]
