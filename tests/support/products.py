"""Both systems' products, for tests of the product sync."""

from __future__ import annotations

import asyncio
from typing import Any

from world import PAIR, World

from flows.products import audit_products, reconcile_products, sync_products
from sandbox.bigcommerce.records import Product, Variant


def sync(world: World, *keys: str, source: str = "notice", dry_run: bool = False) -> dict[str, Any]:
    """One run over these keys, and whatever else is due."""
    world.due(*keys, entity="products", source=source)
    return asyncio.run(sync_products.fn(pair=PAIR, dry_run=dry_run))


def reconcile(*, dry_run: bool = False) -> dict[str, Any]:
    return asyncio.run(reconcile_products.fn(pair=PAIR, dry_run=dry_run))


def audit() -> dict[str, Any]:
    return asyncio.run(audit_products.fn(pair=PAIR))


def made(world: World, **product: Any) -> str:
    """A product that staff make in Brightpearl; its key."""
    return f"product:{world.brightpearl('products', **product)['product_id']}"


def in_store(world: World, sku: str) -> tuple[Product, Variant]:
    """The store's product with a SKU, and its variant."""
    store = world.sandbox.store
    variant = store.variant(sku)
    assert variant is not None, sku
    return store.products[variant.product_id], variant


def in_account(world: World, sku: str) -> Any:
    """Brightpearl's product with a SKU."""
    account = world.sandbox.account
    (number,) = account.products_by_sku[sku]
    return account.products[number]


def group(world: World, name: str, sizes: dict[str, str], **fields: Any) -> list[str]:
    """Products of one name that are a group in Brightpearl. In: SKUs by size. Out: their keys."""
    return [
        made(world, name=name, sku=sku, variations={"Size": size}, **fields)
        for size, sku in sizes.items()
    ]
