"""Do the store's products and the account's agree? Pure: from both systems' own states.

A product of the account is compared where the store has its SKU, in any case. Name and text are
those of a product by itself, or of a group that is one product of the store; weights are of a SKU.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

State = Mapping[str, Any]


def compare_products(store: State, account: State) -> dict[str, list[str]]:
    """What differs of each product that both have, by its SKU; nothing of one that agrees.

    In: `products` and `variants` of the store's state, `products` of the account's.
    """
    variants = {_key(one["sku"]): one for one in store["variants"].values() if one["sku"]}
    products = {one["id"]: one for one in store["products"].values()}
    found: dict[str, list[str]] = {}
    names: dict[int, set[str]] = defaultdict(set)
    for one in account["products"].values():
        document = one["document"]
        variant = variants.get(_key(document.get("identity", {}).get("sku", "")))
        if variant is not None:
            names[variant["product_id"]].add(_name(document))
    for one in account["products"].values():
        document = one["document"]
        sku = document.get("identity", {}).get("sku", "")
        variant = variants.get(_key(sku))
        if variant is not None:
            product = products[variant["product_id"]]
            is_one = len(names[product["id"]]) == 1
            found[sku] = _differences(document, product, variant, is_one=is_one)
    return found


def _differences(document: State, product: State, variant: State, *, is_one: bool) -> list[str]:
    stock = document.get("stock", {})
    weight = Decimal(str(stock.get("weight", {}).get("magnitude") or 0))
    texts: Sequence[tuple[str, str, str]] = (
        ("name", _plain(product["name"], document), _name(document)),
        ("description", product["details"].get("description", ""), _text(document)),
    )
    found = [name for name, one, other in texts if is_one and other and one != other]
    return [*found, *(["weight"] if weight and Decimal(str(variant["weight"])) != weight else [])]


def _plain(name: str, document: State) -> str:
    """A name of the store without the SKU, which may be an older one, that makes it unique."""
    bare, known = " ".join(name.split()), _name(document)
    return known if bare.startswith(f"{known} (") and bare.endswith(")") else bare


def _channel(document: State) -> State:
    found: State = (document.get("salesChannels") or [{}])[0]
    return found


def _name(document: State) -> str:
    return " ".join(str(_channel(document).get("productName", "")).split())


def _text(document: State) -> str:
    return str(_channel(document).get("description", {}).get("text", "")).strip()


def _key(sku: str) -> str:
    return sku.strip().casefold()
