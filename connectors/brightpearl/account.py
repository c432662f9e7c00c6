"""What an account has besides orders, notes and stock.

Contacts, payments, products and prices, statuses, codes, methods, lists, webhook subscriptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import ValidationError

from connectors.brightpearl.account_models import (
    Channel,
    Contact,
    ContactRow,
    Currency,
    OrderStatus,
    PaymentMethod,
    PaymentRow,
    PriceList,
    ProductPrices,
    ProductRow,
    ShippingMethod,
    TaxCode,
    TrackedProduct,
    UnreadableContact,
    Warehouse,
    Webhook,
)
from connectors.brightpearl.api import Api, by_id, chunks, id_set, new_or_changed
from connectors.documents import broken_field
from core.errors import NotFoundError
from core.ids import email_key, sku_key

CONTACTS = "/contact-service/contact-search"
PAYMENTS = "/accounting-service/customer-payment-search"
WEBHOOKS = "/integration-service/webhook"
CONTACT = "/contact-service/contact"
EMAIL_COLUMNS = (
    ("primaryEmail", "primary_email"),
    ("secondaryEmail", "secondary_email"),
    ("tertiaryEmail", "tertiary_email"),
)
"""Of a search for contacts, and what our model calls them."""


class Contacts(Api):
    """Contacts of an account. Searches are compared, never trusted."""

    def list_contacts(self, updated_since: datetime | None = None) -> Iterator[ContactRow]:
        """All contacts, or those created or changed since; one that is both may come twice."""
        for changes in new_or_changed(updated_since):
            yield from self._search(CONTACTS, ContactRow, **changes)

    def list_contacts_of(self, ids: Iterable[str]) -> Iterator[ContactRow]:
        """The contacts of these ids that exist, 200 to a question."""
        for part in chunks(ids):
            wanted = set(part)
            rows = self._search(CONTACTS, ContactRow, contactId=id_set(part))
            yield from (row for row in rows if row.contact_id in wanted)

    def get_contacts(self, ids: Iterable[str]) -> Iterator[Contact | UnreadableContact]:
        """Those of these contacts that exist, with their addresses; 200 to a request."""

        def read(part: Sequence[str]) -> list[Contact | UnreadableContact]:
            path = f"{CONTACT}/{id_set(part)}"
            try:
                answer = self._send("GET", path, params={"includeOptional": "postalAddresses"})
            except NotFoundError:
                return []
            return [_contact(row) for row in self._field(answer, "response", list)]

        yield from self._together(ids, read)

    def list_contacts_with(self, email: str) -> list[ContactRow]:
        """Contacts with exactly this address as any of their three, in any case; each once."""
        found: dict[str, ContactRow] = {}
        for column, attribute in EMAIL_COLUMNS:
            for row in self._search(CONTACTS, ContactRow, **{column: email}):
                if email_key(getattr(row, attribute)) == email_key(email):
                    found[row.contact_id] = row
        return list(found.values())

    def get_contact_documents(self, ids: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        """Everything the account says of these contacts, as sent: for the person themselves."""
        included = {"includeOptional": "customFields,postalAddresses"}
        for part in chunks(ids):
            try:
                answer = self._send("GET", f"{CONTACT}/{id_set(part)}", params=included)
            except NotFoundError:
                continue
            yield from self._field(answer, "response", list)

    def list_tags(self) -> dict[str, str]:
        """Names of the tags that contacts can have, by id."""
        found = self._field(self._send("GET", "/contact-service/tag"), "response", dict)
        return {one: str(row.get("tagName", "")) for one, row in by_id(found).items()}

    def find_contacts(self, email: str) -> list[ContactRow]:
        """Contacts with exactly this address, as primary one, else as second or third one.

        The search finds parts of addresses and is case-insensitive: equality is checked here.
        Who of several is meant (an address is not unique) is for the caller to say.
        """
        for column, attribute in EMAIL_COLUMNS:
            rows = self._search(CONTACTS, ContactRow, **{column: email})
            same = [row for row in rows if email_key(getattr(row, attribute)) == email_key(email)]
            if same:
                return same
        return []


def _contact(document: Any) -> Contact | UnreadableContact:  # noqa: ANN401 - their JSON
    try:
        return Contact.model_validate(document)
    except ValidationError as error:
        contact_id = str(document.get("contactId") or "") if isinstance(document, dict) else ""
        return UnreadableContact(contact_id, *broken_field(error))


class Payments(Api):
    """What customers paid. There is no GET by id: everything is a search."""

    def list_payments(self, order_ids: Iterable[str]) -> Iterator[PaymentRow]:
        """Customer payments of these orders, 200 orders to a question."""

        def read(part: Sequence[str]) -> list[PaymentRow]:
            rows = self._search(PAYMENTS, PaymentRow, orderId=id_set(part))
            return [row for row in rows if row.order_id in part]

        yield from self._together(order_ids, read)

    def find_payments(self, transaction_ref: str) -> list[PaymentRow]:
        """Customer payments that carry exactly this reference."""
        rows = self._search(PAYMENTS, PaymentRow, transactionRef=transaction_ref)
        return [row for row in rows if row.transaction_ref == transaction_ref]


class Reference(Api):
    """Reference data of an account: rarely changes, a request each."""

    def list_order_statuses(
        self, order_type: Literal["SO", "SC"] | None = "SO"
    ) -> list[OrderStatus]:
        """Statuses of sales orders, of sales credits, or of all types: each belongs to one."""
        rows = self._all("/order-service/order-status", OrderStatus)
        return [row for row in rows if order_type in {None, row.order_type_code}]

    def list_tax_codes(self) -> list[TaxCode]:
        """Tax codes with their rates."""
        return self._all("/accounting-service/tax-code", TaxCode)

    def list_channels(self) -> list[Channel]:
        """Sales channels."""
        return self._all("/product-service/channel", Channel)

    def list_warehouses(self) -> list[Warehouse]:
        """Warehouses."""
        return self._all("/warehouse-service/warehouse", Warehouse)

    def get_default_location(self, warehouse_id: str) -> str:
        """Id of the location that goods of a warehouse come to by default.

        Raises: NotFoundError for a warehouse that does not exist.
        """
        answer = self._send("GET", f"/warehouse-service/warehouse/{warehouse_id}/location/default")
        return str(self._field(answer, "response", int | str))

    def list_shipping_methods(self) -> list[ShippingMethod]:
        """Shipping methods."""
        return self._all("/warehouse-service/shipping-method", ShippingMethod)

    def list_price_lists(self) -> list[PriceList]:
        """Price lists."""
        return self._all("/product-service/price-list", PriceList)

    def list_payment_methods(self) -> list[PaymentMethod]:
        """Payment methods."""
        return self._all("/accounting-service/payment-method", PaymentMethod)

    def list_currencies(self) -> list[Currency]:
        """Currencies of the account."""
        return list(self._search("/accounting-service/currency-search", Currency))

    def get_server_time(self) -> datetime | None:
        """Brightpearl's clock, from the headers of one cheap answer."""
        return self._send("GET", "/accounting-service/tax-code").server_time


class Products(Api):
    """Products of an account, and what they cost."""

    def list_products(self, updated_since: datetime | None = None) -> Iterator[ProductRow]:
        """All products, or those created or changed since; one that is both may come twice."""
        for changes in new_or_changed(updated_since):
            yield from self._search("/product-service/product-search", ProductRow, **changes)

    def find_products(self, sku: str) -> list[ProductRow]:
        """Products that carry this SKU, whatever its case; the list is compared, not trusted."""
        rows = self._search("/product-service/product-search", ProductRow, SKU=sku)
        return [row for row in rows if sku_key(row.sku) == sku_key(sku)]

    def list_tracked(self, product_ids: Iterable[str]) -> dict[str, bool]:
        """Whether stock is kept of each of these products that exists, 200 to a request."""
        found: dict[str, bool] = {}
        for part in chunks(product_ids):
            try:
                answer = self._send("GET", f"/product-service/product/{id_set(part)}")
            except NotFoundError:
                continue
            for row in self._field(answer, "response", list):
                product = self._one(TrackedProduct, answer, row)
                found[product.id] = product.is_tracked
        return found

    def list_prices(
        self, product_ids: Iterable[str], price_list_ids: Iterable[str]
    ) -> Iterator[ProductPrices]:
        """The prices of these products in these lists, without tax, 200 products to a request.

        A list in which a product has no price comes without quantities.
        """
        lists = id_set(price_list_ids)

        def read(part: Sequence[str]) -> list[ProductPrices]:
            path = f"/product-service/product-price/{id_set(part)}/price-list/{lists}"
            try:
                answer = self._send("GET", path)
            except NotFoundError:
                return []
            rows = self._field(answer, "response", list)
            return [self._one(ProductPrices, answer, row) for row in rows]

        yield from self._together(product_ids, read)

    def get_unit_prices(self, product_ids: Iterable[str], price_list_id: str) -> dict[str, Decimal]:
        """The price of a single unit by product id; a product without one is left out."""
        return {
            product.product_id: listed.by_quantity[min(listed.by_quantity)]
            for product in self.list_prices(product_ids, [price_list_id])
            for listed in product.lists
            if listed.price_list_id == price_list_id and listed.by_quantity
        }


class Webhooks(Api):
    """Subscriptions of the account. There is no update: delete and create anew.

    Source: API reference, integration-service/webhook.
    """

    def list_webhooks(self) -> list[Webhook]:
        """All of them, those of other apps too; none at all is answered with 404."""
        try:
            return self._all(WEBHOOKS, Webhook)
        except NotFoundError:
            return []

    def create_webhook(self, body: Mapping[str, Any]) -> str:
        """Subscribe; the new id. Raises: RejectedError, for example for a template (`INTC-057`)."""
        answer = self._send("POST", WEBHOOKS, content=dict(body))
        return str(self._field(answer, "response", int | str))

    def delete_webhook(self, webhook_id: str) -> None:
        """Unsubscribe. Raises: NotFoundError when it is gone already."""
        self._send("DELETE", f"{WEBHOOKS}/{webhook_id}")
