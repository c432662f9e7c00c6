"""SKUs that the two systems call differently."""

from __future__ import annotations

from collections import defaultdict

from core.ids import sku_key
from mappings.tables import Table


class SkuNames:
    """How the account calls the store's SKUs, and the other way round: the table `skus`."""

    def __init__(self, skus: Table) -> None:
        self._skus = skus
        self._renamed = {sku_key(row.value) for row in skus.rows}
        self._store_skus: dict[str, list[str]] = defaultdict(list)
        for row in skus.rows:
            self._store_skus[sku_key(row.becomes)].append(sku_key(row.value))

    def in_account(self, store_sku: str) -> str:
        """What Brightpearl calls a SKU of the store (as compared)."""
        return self._skus.get(store_sku) or store_sku

    def in_store(self, account_sku: str) -> list[str]:
        """SKUs, as compared, under which the store sells a SKU of Brightpearl."""
        own = sku_key(account_sku)
        same = [] if own in self._renamed else [own]
        return [*same, *(one for one in self._store_skus.get(own, ()) if one not in same)]
