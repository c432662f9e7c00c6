"""Products as documents, and what they are sorted by. Source: API reference, product-service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connectors.brightpearl.account_models import ProductRow
from connectors.brightpearl.api import Api, id_set
from connectors.brightpearl.catalogue_models import (
    AccountCategory,
    AccountProduct,
    Named,
    ProductBody,
)
from connectors.brightpearl.messages import Message, new_id
from connectors.http import unreadable
from core.errors import NotFoundError

PRODUCT = "/product-service/product"


class Catalogue(Api):
    """The account's products, whole."""

    def list_catalogue(self, product_ids: Iterable[str]) -> Iterator[AccountProduct]:
        """Those of these products that exist, with their custom fields, 200 to a request."""

        def read(part: Sequence[str]) -> list[AccountProduct]:
            try:
                path = f"{PRODUCT}/{id_set(part)}"
                answer = self._send("GET", path, params={"includeOptional": "customFields"})
            except NotFoundError:
                return []
            return [
                self._one(AccountProduct, answer, row)
                for row in self._field(answer, "response", list)
            ]

        yield from self._together(product_ids, read)

    def list_product_ids(self) -> list[str]:
        """Ids of all products, in one request. Source: OPTIONS answers paths of existing ids."""
        answer = self._send("OPTIONS", PRODUCT)
        uris = self._field(answer, "response", dict).get("getUris")
        found: list[str] = []
        try:
            for uri in uris or []:
                for part in str(uri).rpartition("/")[2].replace(".", ",").split(","):
                    low, _, high = part.partition("-")
                    found += [str(one) for one in range(int(low), int(high or low) + 1)]
        except ValueError:
            raise unreadable(answer, "with what is no set of ids") from None
        return found

    def list_group(self, group_id: str) -> list[str]:
        """Ids of the products that form a group. Source: product-search, productGroupId."""
        rows = self._search("/product-service/product-search", ProductRow, productGroupId=group_id)
        return [row.product_id for row in rows]

    def list_brands(self) -> list[Named]:
        """All brands."""
        return self._all("/product-service/brand", Named)

    def list_product_types(self) -> list[Named]:
        """All product types."""
        return self._all("/product-service/product-type", Named)

    def list_categories(self) -> list[AccountCategory]:
        """All categories."""
        return self._all("/product-service/brightpearl-category", AccountCategory)


def create_product(label: str, body: ProductBody) -> Message:
    """Answers the id. SKUs are not unique there: look one up before it is made again."""
    return Message(label, "POST", PRODUCT, body.wire(), read=new_id)


def update_product(label: str, product_id: str, body: ProductBody) -> Message:
    """Change fields of a product; what is left out stays."""
    return Message(label, "PUT", f"{PRODUCT}/{product_id}", body.wire())


def set_identity(label: str, product_id: str, identity: dict[str, str]) -> Message:
    """SKU and barcodes of a product: those that are left out are removed."""
    return Message(label, "PUT", f"{PRODUCT}/{product_id}/identity", identity)
