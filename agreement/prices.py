"""Does the store ask the account's prices? Pure: from both systems' own states.

A product of the account is compared where the store has its SKU, in any case: what a variant costs,
or its product where the variant has no price of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

State = Mapping[str, Any]
CENT = Decimal("0.01")


def compare_prices(store: State, account: State, price_list: int) -> dict[str, list[str]]:
    """What differs of each SKU that both have, by its SKU; nothing of one that agrees.

    In: `variants` of the store's state, `products` of the account's; the list whose prices without
    tax the catalogue is to have. They are compared to the cent; a SKU without one is left out.
    """
    variants = {_key(one["sku"]): one for one in store["variants"].values() if one["sku"]}
    found: dict[str, list[str]] = {}
    for product in account["products"].values():
        sku = product["document"].get("identity", {}).get("sku", "")
        variant = variants.get(_key(sku))
        wanted = product["prices"].get(str(price_list), {}).get("1")
        if not sku or variant is None or wanted is None:
            continue
        actual, desired = _cents(variant["price"]), _cents(wanted)
        text = f"{actual} in the store, {desired} in the account"
        found[sku] = [] if actual == desired else [text]
    return found


def _cents(amount: object) -> Decimal:
    return Decimal(str(amount)).quantize(CENT)


def _key(sku: str) -> str:
    return sku.strip().casefold()
