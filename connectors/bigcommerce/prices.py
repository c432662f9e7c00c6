"""Prices in the catalogue and in price lists. Source: API, Catalog V3 and Price Lists V3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any
from urllib.parse import quote

from connectors.bigcommerce.api import PAGE, Api, takes_rows, url_parts
from connectors.bigcommerce.price_models import (
    CataloguePricesBody,
    PricedProduct,
    PricedVariant,
    PriceList,
    PriceRecord,
    PriceRecordBody,
    RecordKey,
    RefusedRecordsError,
)
from connectors.documents import RequestBody
from core.errors import RejectedError
from core.prices import CATALOGUE_FIELDS

LISTS = "/v3/pricelists"
VARIANT_FIELDS = ",".join(("product_id", "sku", *CATALOGUE_FIELDS, "option_values"))
PRODUCT_FIELDS = ",".join(CATALOGUE_FIELDS)
NO_PRICES = dict.fromkeys(CATALOGUE_FIELDS)
ONE_AT_A_TIME = Lock()
"""Held while records are written: the store takes one request of that kind at a time."""


class Prices(Api):
    """Prices of a store; that of a simple product is its product's, not its variant's."""

    def list_price_lists(self) -> list[PriceList]:
        """All price lists. Raises: ConfigError where the store's plan has none."""
        return [self._one(PriceList, answer, row) for answer, row in self._all_data(LISTS)]

    def create_price_list(self, name: str) -> PriceList:
        """A new, empty list. Raises: RejectedError for a name that another one has."""
        answer = self._send("POST", LISTS, content={"name": name})
        return self._one(PriceList, answer, self._field(answer, "data"))

    def list_price_records(
        self, price_list_id: str, variant_ids: Iterable[str]
    ) -> list[PriceRecord]:
        """The records of these variants in a list, 250 to a request."""
        path = f"{LISTS}/{price_list_id}/records"
        return [
            self._one(PriceRecord, answer, row)
            for part in url_parts(sorted(set(variant_ids), key=int), at_most=PAGE)
            for answer, row in self._all_data(
                path, **{"variant_id:in": ",".join(part), "include": "bulk_pricing_tiers"}
            )
        ]

    def list_priced_variants(
        self, skus: Iterable[str], *, with_products: bool = True
    ) -> list[PricedVariant]:
        """Variants with these SKUs, in any case, and their prices; 250 to a request.

        An SKU with a comma cannot be asked for together with others: each is asked for alone.
        In: whether the products of simple ones are read as well, which have their prices.
        """
        wanted = {sku.casefold(): sku for sku in skus if sku}
        together = (quote(sku, safe="") for sku in wanted.values() if "," not in sku)
        queries = [f"sku:in={','.join(part)}" for part in url_parts(together, at_most=PAGE)]
        queries += [f"sku={quote(sku, safe='')}" for sku in wanted.values() if "," in sku]
        listed = [
            self._one(PricedVariant, answer, row)
            for query in queries
            for answer, row in self._all_data(
                "/v3/catalog/variants", query=query, include_fields=VARIANT_FIELDS
            )
        ]
        found = [one for one in listed if one.sku.casefold() in wanted]
        base = [one.product_id for one in found if one.is_base] if with_products else []
        products = {one.id: one.prices for one in self._priced_products(base)}
        return [
            one.model_copy(update={**NO_PRICES, **products.get(one.product_id, {})})
            if one.is_base
            else one
            for one in found
        ]

    def _priced_products(self, product_ids: Iterable[str]) -> Iterator[PricedProduct]:
        for part in url_parts(sorted(set(product_ids), key=int), at_most=PAGE):
            asked = {"id:in": ",".join(part), "include_fields": PRODUCT_FIELDS}
            for answer, row in self._all_data("/v3/catalog/products", **asked):
                yield self._one(PricedProduct, answer, row)

    @takes_rows(10)
    def update_product_prices(self, bodies: Sequence[CataloguePricesBody]) -> list[str]:
        """Change prices of 1 to 10 products, harmless to repeat; their ids.

        Raises: RejectedError, which does not say for which one; OutcomeUnknownError; ValueError.
        """
        answer = self._send("PUT", "/v3/catalog/products", content=_wire(bodies))
        self._field(answer, "data", list)
        return [str(body.id) for body in bodies]

    @takes_rows(50)
    def update_variant_prices(self, bodies: Sequence[CataloguePricesBody]) -> list[str]:
        """The same of 1 to 50 variants. Raises: as above."""
        answer = self._send("PUT", "/v3/catalog/variants", content=_wire(bodies))
        self._field(answer, "data", list)
        return [str(body.id) for body in bodies]

    @takes_rows(1000)
    def upsert_price_records(self, bodies: Sequence[PriceRecordBody]) -> list[str | RejectedError]:
        """Set 1 to 1000 records of any lists, harmless to repeat.

        Out: in the order given, the variant's id, or why just this record was refused; the others
        are kept. Raises: OutcomeUnknownError; RejectedError for all of them; ValueError.
        """
        rows = _wire(bodies)
        with ONE_AT_A_TIME:
            refused: Mapping[RecordKey, RejectedError] = {}
            try:
                self._field(self._send("PUT", f"{LISTS}/records", content=rows), "data")
            except RefusedRecordsError as error:
                if not error.by_record:
                    raise
                refused = error.by_record
        keys = ((str(b.price_list_id), str(b.variant_id), b.currency) for b in bodies)
        return [refused.get(key) or key[1] for key in keys]

    def delete_price_record(self, price_list_id: str, variant_id: str, currency: str) -> None:
        """Take one record out of a list; one that is gone already is no error."""
        query = f"variant_id:in={int(variant_id)}&currency={quote(currency, safe='')}"
        self._send("DELETE", f"{LISTS}/{price_list_id}/records", query=query)


def _wire(bodies: Sequence[RequestBody]) -> list[dict[str, Any]]:
    return [body.wire() for body in bodies]
