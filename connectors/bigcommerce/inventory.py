"""Stock by location: read whole or in part, and adjusted. Source: API, Inventory V3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from connectors.bigcommerce.api import Api, url_parts
from connectors.bigcommerce.inventory_models import (
    InventorySettings,
    Kind,
    Location,
    StockChange,
    StockItem,
    TrackedProduct,
    UnreadableItem,
)
from connectors.documents import broken_field
from connectors.http import unreadable

ITEMS = "/v3/inventory/items"
PAGE = 1000
"""Rows of a page, and items asked for by name at once: the most that BigCommerce gives."""
MOST_CHANGES = 2000
METHODS: dict[Kind, str] = {"absolute": "PUT", "relative": "POST"}
Row = StockItem | UnreadableItem
_ITEM: TypeAdapter[StockItem] = TypeAdapter(StockItem)


class Inventory(Api):
    """What is on hand, and where. Products that keep no stock have no row."""

    def list_locations(self) -> list[Location]:
        """All places that hold stock, enabled or not."""
        rows = self._all_data("/v3/inventory/locations", limit=PAGE)
        return [self._one(Location, answer, row) for answer, row in rows]

    def list_inventory(self, location_ids: Sequence[str] = ()) -> Iterator[Row]:
        """The whole inventory, 1000 items to a request; at these locations or at all.

        Pages are counted by BigCommerce: an item may be missed or come twice when products come
        or go meanwhile.
        """
        asked = {"location_id:in": ",".join(location_ids)} if location_ids else {}
        for _, row in self._all_data(ITEMS, limit=PAGE, **asked):
            yield _item(row)

    def list_inventory_of_variants(
        self, variant_ids: Iterable[str], location_ids: Sequence[str] = ()
    ) -> Iterator[Row]:
        """The items of these variants, as many to a request as its URL holds, about 900.

        What keeps no stock, or is gone, does not come. Several variants that share the stock of
        their product come as one item without a `variant_id`.
        """
        ids = sorted({str(int(one)) for one in variant_ids}, key=int)
        for run in url_parts(ids, at_most=PAGE):
            wanted = {None, *run}
            for item in self._named("variant_id:in", run, location_ids):
                if isinstance(item, UnreadableItem) or item.variant_id in wanted:
                    yield item

    def list_inventory_of_skus(
        self, skus: Iterable[str], location_ids: Sequence[str] = ()
    ) -> Iterator[Row]:
        """The items with these SKUs, in any case; as many to a request as its URL holds.

        An SKU with a comma cannot be asked for, so it is not found: see `list_variants_named`.
        """
        askable = {sku.casefold(): sku for sku in skus if sku and "," not in sku}
        names = (quote(sku, safe="") for _, sku in sorted(askable.items()))
        for run in url_parts(names, at_most=PAGE):
            for item in self._named("sku:in", run, location_ids):
                if isinstance(item, UnreadableItem) or item.sku.casefold() in askable:
                    yield item

    def list_variants_named(self, sku: str) -> list[str]:
        """Ids of the variants with just this SKU: one with commas or outer blanks is found so."""
        rows = self._all_data("/v3/catalog/variants", sku=sku, include_fields="id")
        return [str(row.get("id", "")) for _, row in rows if row.get("id")]

    def list_untracked(self, product_ids: Iterable[str]) -> set[str]:
        """Those of these products that exist and keep no stock: shoppers buy without limit."""
        found: set[str] = set()
        for run in url_parts(sorted(set(product_ids), key=int), at_most=PAGE // 4):
            asked = {"id:in": ",".join(run), "include_fields": "inventory_tracking"}
            for answer, row in self._all_data(
                "/v3/catalog/products", limit=PAGE // 4, query="", **asked
            ):
                product = self._one(TrackedProduct, answer, row)
                found |= {product.id} if product.inventory_tracking == "none" else set()
        return found

    def adjust_stock(self, rows: Sequence[StockChange], *, kind: Kind, reason: str) -> str:
        """Set what is on hand, or add to it: one request; the id of the transaction.

        All or nothing. It is carried out seconds later, two absolute ones in any order: never
        have two under way for one item, and read later what became of it. Absolute is harmless to
        repeat, relative is not: after a lost answer read before adding again.

        Raises: RejectedStockError naming the items to blame; OutcomeUnknownError; RejectedError;
        ValueError for no rows or more than 2000.
        """
        if not 0 < len(rows) <= MOST_CHANGES:
            raise ValueError(f"stock is adjusted by 1 to {MOST_CHANGES} rows, not {len(rows)}")
        # Rows of one location stand together. Source: the vendor's guide on adjustments.
        ordered = sorted(rows, key=lambda row: int(row.location_id))
        body = {"reason": reason, "items": [row.wire() for row in ordered]}
        path = f"/v3/inventory/adjustments/{kind}"
        answer = self._send(METHODS[kind], path, content=body)
        number = answer.body.get("transaction_id") if isinstance(answer.body, dict) else None
        if not number:
            raise unreadable(answer, "with no transaction")
        return str(number)

    def get_inventory_settings(self) -> InventorySettings:
        """When orders take stock and give it back. Source: GET /v3/settings/inventory."""
        answer = self._send("GET", "/v3/settings/inventory")
        return self._one(InventorySettings, answer, self._field(answer, "data"))

    def _named(self, name: str, run: Sequence[str], location_ids: Sequence[str]) -> Iterator[Row]:
        """Items by name; the names are fit for a URL, where their commas stay as they are."""
        asked = {"location_id:in": ",".join(location_ids)} if location_ids else {}
        names = f"{name}={','.join(run)}"
        for _, row in self._all_data(ITEMS, limit=PAGE, query=names, **asked):
            yield _item(row)


def _item(row: dict[str, Any]) -> Row:
    try:
        return _ITEM.validate_python(row)
    except ValidationError as error:
        identity = row.get("identity") if isinstance(row, dict) else None
        named = identity if isinstance(identity, dict) else {}
        names = ("sku", "product_id", "variant_id")
        sku, product_id, variant_id = (str(named.get(name) or "") for name in names)
        return UnreadableItem(sku, product_id, *broken_field(error), variant_id)
