"""Flows of products, both ways; `paths/products.py` is the way of one product."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.paths import products
from flows.scheduled import audit_flow, sweep_flow, sync_flow
from flows.stock import reconcile_stock
from tasks.products.entity import PRODUCTS, reconcile
from tasks.reconciler.run import concluded

sync_products = sync_flow(products)


@flow(name="reconcile-products", flow_run_name="reconcile-products {pair}", persist_result=False)
async def reconcile_products(
    pair: str = "default", *, dry_run: bool = False, with_stock: bool = False
) -> dict[str, Any]:
    """Compare all products of both sides and bring them into agreement.

    Args:
        pair: Which store and account, by the name that the settings give them.
        dry_run: Only show what would be written; nothing is written.
        with_stock: Compare all stock afterwards, so that the two never run at once.

    Raises: ConfigError, ContractError.
    """
    document = reconcile(pair, dry_run=dry_run)
    if with_stock:
        await reconcile_stock(pair, dry_run=dry_run)
    return concluded(document, document["summary"])


sweep_products = sweep_flow(PRODUCTS, sync_products)
audit_products = audit_flow(PRODUCTS)
