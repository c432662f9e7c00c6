"""Products with their variants and parts: read and written. Source: API, Catalog V3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.bigcommerce.api import Api, takes_rows, url_parts
from connectors.bigcommerce.catalog_models import (
    Brand,
    Category,
    OptionValue,
    StoreProduct,
    StoreVariant,
    VariantRef,
)
from connectors.http import Answer, unreadable
from core.ids import sku_key
from core.times import to_iso

PRODUCTS, VARIANTS = "/v3/catalog/products", "/v3/catalog/variants"
PAGE = 250
"""Rows of one answer; those of a write stand at its method. Source: fact sheet, batch limits."""
PARTS = "variants,custom_fields"
Row = Mapping[str, Any]


class Catalog(Api):
    """The store's products. Stock is never read or written here: see `Inventory`."""

    def list_catalog(self) -> Iterator[StoreProduct]:
        """All products with their variants, 250 to a request."""
        for answer, row in self._all_data(PRODUCTS, limit=PAGE, include=PARTS):
            yield self._one(StoreProduct, answer, row)

    def list_catalog_of(self, product_ids: Iterable[str]) -> Iterator[StoreProduct]:
        """Those of these products that exist, 250 to a request."""
        for part in url_parts(sorted(set(product_ids), key=int), at_most=PAGE):
            asked = {"id:in": ",".join(part), "include": PARTS}
            for answer, row in self._all_data(PRODUCTS, limit=PAGE, **asked):
                yield self._one(StoreProduct, answer, row)

    def list_changed_products(self, since: datetime, until: datetime | None = None) -> list[str]:
        """Ids of the products that changed since a moment (until another one)."""
        asked = {"date_modified:min": to_iso(since), "include_fields": "id"}
        asked |= {"date_modified:max": to_iso(until)} if until else {}
        rows = self._all_data(PRODUCTS, limit=PAGE, **asked)
        return [str(row["id"]) for _, row in rows if row.get("id")]

    def find_variants(self, skus: Iterable[str]) -> Iterator[VariantRef]:
        """The variants with these SKUs, in any case, 250 to a request.

        A SKU with a comma is asked for alone. Source: `sku:in` works, the description lacks it.
        """
        askable = {sku_key(sku): sku for sku in skus if sku}
        listed = (quote(sku, safe="") for sku in askable.values() if "," not in sku)
        queries = [f"sku:in={','.join(part)}" for part in url_parts(listed, at_most=PAGE)]
        queries += [f"sku={quote(sku, safe='')}" for sku in askable.values() if "," in sku]
        fields = "id,product_id,sku"
        for query in queries:
            for answer, row in self._all_data(
                VARIANTS, limit=PAGE, query=query, include_fields=fields
            ):
                found = self._one(VariantRef, answer, row)
                if sku_key(found.sku) in askable and found.product_id not in {"", "0"}:
                    yield found

    def create_product(self, body: Row) -> StoreProduct:
        """A product with all of its variants, whose options are made of their labels.

        Raises: RejectedError, for example 409 for a name or a SKU that another product has.
        """
        answer = self._send("POST", PRODUCTS, content=dict(body))
        return self._one(StoreProduct, answer, self._field(answer, "data"))

    @takes_rows(10)
    def update_products(self, rows: Sequence[Row]) -> list[StoreProduct]:
        """Change up to ten products, each named by its `id`; as they are then, in this sequence.

        Raises: RejectedError for all of them: the answer does not say which one is to blame.
        """
        answer = self._send("PUT", PRODUCTS, content=[dict(row) for row in rows])
        found = {
            product.id: product
            for row in self._field(answer, "data", list)
            for product in [self._one(StoreProduct, answer, row)]
        }
        return _in_sequence(answer, [found.get(str(row["id"])) for row in rows])

    @takes_rows(50)
    def write_variants(self, rows: Sequence[Row]) -> list[StoreVariant]:
        """Change up to fifty variants by their `id`, or add those without one.

        A variant that is new has `product_id`, `sku` and the ids of its `option_values`.

        Raises: RejectedError for all of them.
        """
        answer = self._send("PUT", VARIANTS, content=[dict(row) for row in rows])
        written = [
            self._one(StoreVariant, answer, row) for row in self._field(answer, "data", list)
        ]
        by_id = {one.id: one for one in written}
        by_sku = {sku_key(one.sku): one for one in written}
        found = [
            by_id.get(str(row["id"])) if "id" in row else by_sku.get(sku_key(row["sku"]))
            for row in rows
        ]
        return _in_sequence(answer, found)

    def update_variant(self, product_id: str, variant_id: str, fields: Row) -> StoreVariant:
        """Change one variant alone: a SKU that is part of another one was refused in a batch.

        Raises: RejectedError, NotFoundError.
        """
        path = f"{PRODUCTS}/{product_id}/variants/{variant_id}"
        answer = self._send("PUT", path, content=dict(fields))
        return self._one(StoreVariant, answer, self._field(answer, "data"))

    def create_option_value(self, product_id: str, option_id: str, label: str) -> OptionValue:
        """One more value of an option. Raises: RejectedError."""
        path = f"{PRODUCTS}/{product_id}/options/{option_id}/values"
        answer = self._send("POST", path, content={"label": label, "sort_order": 0})
        made = self._field(answer, "data", dict)
        return self._one(OptionValue, answer, {**made, "option_id": option_id})

    def set_custom_field(self, product_id: str, field_id: str, name: str, value: str) -> None:
        """Another value of a custom field; without an id a new one, without a value none."""
        path = f"{PRODUCTS}/{product_id}/custom-fields"
        body = {"name": name, "value": value}
        if not field_id:
            self._field(self._send("POST", path, content=body), "data")
        elif value:
            self._field(self._send("PUT", f"{path}/{field_id}", content=body), "data")
        else:
            self._send("DELETE", f"{path}/{field_id}")

    def list_images(self, product_id: str) -> dict[str, str]:
        """The files of a product's images, by the image's id."""
        rows = self._all_data(f"{PRODUCTS}/{product_id}/images", limit=PAGE)
        return {str(row["id"]): str(row.get("image_file") or "") for _, row in rows}

    def create_image(self, product_id: str, body: Row) -> str:
        """One more image, which BigCommerce fetches; its id.

        Raises: RejectedError where nothing can be fetched.
        """
        answer = self._send("POST", f"{PRODUCTS}/{product_id}/images", content=dict(body))
        return str(self._field(answer, "data", dict).get("id", ""))

    def delete_image(self, product_id: str, image_id: str) -> None:
        """Take an image away. Raises: NotFoundError when it is gone already."""
        self._send("DELETE", f"{PRODUCTS}/{product_id}/images/{image_id}")

    def assign_channels(self, rows: Sequence[tuple[str, int]]) -> None:
        """Sell products on channels. In: (product id, channel id). Never two at once."""
        body = [{"product_id": int(one), "channel_id": channel} for one, channel in rows]
        self._send("PUT", f"{PRODUCTS}/channel-assignments", content=body)

    def list_tax_classes(self) -> list[str]:
        """Ids of the tax classes; the default one may be missing. Source: GET /v2/tax_classes."""
        rows = self._all_rows("/v2/tax_classes")
        return [str(row["id"]) for row in rows]

    def list_brands(self) -> list[Brand]:
        """All brands. Source: GET /v3/catalog/brands."""
        rows = self._all_data("/v3/catalog/brands", include_fields="id,name")
        return [self._one(Brand, answer, row) for answer, row in rows]

    def list_categories(self) -> list[Category]:
        """All categories. Source: GET /v3/catalog/categories."""
        rows = self._all_data("/v3/catalog/categories", include_fields="id,parent_id,name")
        return [self._one(Category, answer, row) for answer, row in rows]

    def create_category(self, name: str, parent_id: int) -> Category:
        """A category; `parent_id` 0 for the top. Raises: RejectedError for a name that is taken."""
        body = {"name": name, "parent_id": parent_id}
        answer = self._send("POST", "/v3/catalog/categories", content=body)
        return self._one(Category, answer, self._field(answer, "data"))


def _in_sequence(answer: Answer, found: Sequence[Any]) -> list[Any]:
    if None in found:
        raise unreadable(answer, "without one of the records that were written")
    return list(found)
