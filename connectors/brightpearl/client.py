"""Brightpearl over HTTP: models in and out. Each request is sent once; tasks decide on retries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from connectors.brightpearl.answers import judge, meter
from connectors.brightpearl.idsets import chunks, id_set
from connectors.brightpearl.messages import Message, envelope, outcomes
from connectors.brightpearl.models import (
    ContactRow,
    Currency,
    Named,
    NoteRow,
    OrderRef,
    OrderStatus,
    PaymentMethod,
    PaymentRow,
    ProductRow,
    Reservation,
    SalesOrder,
    TaxCode,
    Unreadable,
    Webhook,
)
from connectors.brightpearl.search import search
from connectors.budget import Lane, Usage, budget_of
from connectors.documents import Document, broken_field
from connectors.http import Answer, Http, System
from core.errors import CausewayError, ConfigError, ContractError, NotFoundError, RejectedError
from core.ids import email_key, sku_key
from core.settings import BrightpearlSettings
from core.times import to_iso

SALES_ORDERS = 1
"""The order type of sales orders; an order search finds all four types unless told."""
D = TypeVar("D", bound=Document)


class Brightpearl:
    """One account. Thread-safe."""

    def __init__(
        self,
        settings: BrightpearlSettings,
        *,
        lane: Lane = "orders",
        reads_at_once: int = 6,
        writes_at_once: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._lane = lane
        self._http = Http(
            System(
                "Brightpearl",
                f"{settings.api_url.rstrip('/')}/{settings.account}",
                {
                    "brightpearl-app-ref": settings.app_ref,
                    "brightpearl-account-token": settings.account_token.get_secret_value(),
                },
                judge,
                meter,
            ),
            budget_of(
                settings.api_url,
                settings.account,
                reads_at_once=reads_at_once,
                writes_at_once=writes_at_once,
            ),
            transport,
        )

    def usage(self) -> Usage:
        """Requests sent to this account by this process so far."""
        return self._http.budget.usage()

    # --- writes

    def send(self, messages: Sequence[Message]) -> dict[str, Any | CausewayError]:
        """Carry out 1 to 10 writes in one request; the outcome of each by its label.

        What concerns the request as a whole is raised; what concerns one message is its outcome.

        Raises: TransientError, OutcomeUnknownError, ConfigError, ContractError.
        """
        if len(messages) > 1:
            body = envelope(messages)
            answer = self._http.send("POST", "/multi-message", lane=self._lane, content=body)
            return outcomes(messages, answer)
        (message,) = messages
        try:
            answer = self._http.send(
                message.method, message.uri, lane=self._lane, content=message.body
            )
        except ConfigError:
            raise
        except RejectedError as refused:
            return {message.label: refused}
        return {message.label: (answer.body or {}).get("response")}

    # --- orders

    def get_sales_orders(self, ids: Iterable[str]) -> list[SalesOrder | Unreadable]:
        """Sales orders by id, 200 to a request; one that is gone is simply not among them."""
        found: list[SalesOrder | Unreadable] = []
        for part in chunks(ids):
            answer = self._get(f"/order-service/sales-order/{id_set(part)}")
            found.extend(_sales_order(row) for row in self._response(answer) or [])
        return found

    def find_sales_orders(self, external_ref: str) -> list[OrderRef]:
        """Sales orders that carry exactly this reference; the list is compared, not trusted."""
        rows = self._search(
            "/order-service/order-search",
            OrderRef,
            orderTypeId=SALES_ORDERS,
            externalRef=external_ref,
        )
        return [row for row in rows if row.external_ref == external_ref]

    def list_order_refs(
        self, placed_from: datetime, placed_to: datetime, instance_id: int
    ) -> Iterator[OrderRef]:
        """Sales orders of our own integration that were placed in a window."""
        rows = self._search(
            "/order-service/order-search",
            OrderRef,
            orderTypeId=SALES_ORDERS,
            installedIntegrationInstanceId=instance_id,
            placedOn=_window(placed_from, placed_to),
        )
        for row in rows:
            if row.instance_id == str(instance_id) and row.order_type_id == str(SALES_ORDERS):
                yield row

    def list_notes(self, order_id: str) -> Iterator[NoteRow]:
        """Notes of an order."""
        return self._search("/order-service/order-note-search", NoteRow, orderId=order_id)

    def get_reservation(self, order_id: str) -> Reservation | None:
        """What is reserved for an order; None when nothing is (they answer 404)."""
        try:
            answer = self._get(f"/warehouse-service/order/{order_id}/reservation")
        except NotFoundError:
            return None
        rows = self._response(answer) or []
        return self._one(Reservation, answer, rows[0]) if rows else None

    def on_hand(self, product_ids: Iterable[str]) -> dict[tuple[str, str], int]:
        """Units that may still be promised, by (warehouse id, product id).

        Only stock-tracked products may be asked for. A warehouse without the product is left out.
        """
        free: dict[tuple[str, str], int] = {}
        for part in chunks(product_ids, 100):
            answer = self._get(f"/warehouse-service/product-availability/{id_set(part)}")
            for product_id, levels in (self._response(answer) or {}).items():
                for warehouse_id, level in levels.get("warehouses", {}).items():
                    free[warehouse_id, product_id] = int(level["onHand"])
        return free

    # --- payments

    def list_payments(self, order_ids: Iterable[str]) -> Iterator[PaymentRow]:
        """Customer payments of these orders."""
        for part in chunks(order_ids):
            wanted = set(part)
            rows = self._search(
                "/accounting-service/customer-payment-search", PaymentRow, orderId=id_set(part)
            )
            yield from (row for row in rows if row.order_id in wanted)

    def find_payments(self, transaction_ref: str) -> list[PaymentRow]:
        """Customer payments that carry exactly this reference."""
        rows = self._search(
            "/accounting-service/customer-payment-search",
            PaymentRow,
            transactionRef=transaction_ref,
        )
        return [row for row in rows if row.transaction_ref == transaction_ref]

    # --- products and contacts

    def list_products(self, updated_since: datetime | None = None) -> Iterator[ProductRow]:
        """All products, or those created or changed since; one that is both may come twice."""
        for period in _periods(updated_since):
            yield from self._search("/product-service/product-search", ProductRow, **period)

    def find_products(self, sku: str) -> list[ProductRow]:
        """Products whose SKU is this one, letter case aside; compared, not trusted."""
        rows = self._search("/product-service/product-search", ProductRow, SKU=sku)
        return [row for row in rows if sku_key(row.sku) == sku_key(sku)]

    def list_contacts(self, updated_since: datetime | None = None) -> Iterator[ContactRow]:
        """All contacts, or those created or changed since; one that is both may come twice."""
        for period in _periods(updated_since):
            yield from self._search("/contact-service/contact-search", ContactRow, **period)

    def search_contacts(self, email: str) -> list[ContactRow]:
        """Contacts with exactly this address, as primary one, else as secondary one.

        The search finds parts of addresses and is case-insensitive: equality is checked here.
        """
        for column, attribute in (
            ("primaryEmail", "primary_email"),
            ("secondaryEmail", "secondary_email"),
        ):
            rows = self._search("/contact-service/contact-search", ContactRow, **{column: email})
            same = [row for row in rows if email_key(getattr(row, attribute)) == email_key(email)]
            if same:
                return same
        return []

    # --- reference data

    def order_statuses(self) -> list[OrderStatus]:
        """Statuses of sales orders."""
        rows = self._all("/order-service/order-status", OrderStatus)
        return [row for row in rows if row.order_type_code == "SO"]

    def tax_codes(self) -> list[TaxCode]:
        """Tax codes with their rates."""
        return self._all("/accounting-service/tax-code", TaxCode)

    def channels(self) -> list[Named]:
        """Sales channels."""
        return self._all("/product-service/channel", Named)

    def warehouses(self) -> list[Named]:
        """Warehouses."""
        return self._all("/warehouse-service/warehouse", Named)

    def shipping_methods(self) -> list[Named]:
        """Shipping methods."""
        return self._all("/warehouse-service/shipping-method", Named)

    def price_lists(self) -> list[Named]:
        """Price lists."""
        return self._all("/product-service/price-list", Named)

    def payment_methods(self) -> list[PaymentMethod]:
        """Payment methods."""
        return self._all("/accounting-service/payment-method", PaymentMethod)

    def currencies(self) -> list[Currency]:
        """Currencies of the account."""
        return list(self._search("/accounting-service/currency-search", Currency))

    # --- webhooks

    def list_webhooks(self) -> list[Webhook]:
        """Subscriptions of the account, those of other apps among them."""
        try:
            return self._all("/integration-service/webhook", Webhook)
        except NotFoundError:
            return []

    def create_webhook(self, body: Mapping[str, Any]) -> str:
        """Subscribe; the new id."""
        path = "/integration-service/webhook"
        answer = self._http.send("POST", path, lane=self._lane, content=dict(body))
        return str(self._response(answer))

    def delete_webhook(self, webhook_id: str) -> None:
        """Unsubscribe."""
        path = f"/integration-service/webhook/{webhook_id}"
        self._http.send("DELETE", path, lane=self._lane)

    def server_time(self) -> datetime | None:
        """Brightpearl's clock, as one cheap answer tells it."""
        return self._get("/accounting-service/tax-code").server_time

    # --- inside

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        return self._http.send("GET", path, lane=self._lane, params=params)

    def _search(self, path: str, model: type[D], **filters: Any) -> Iterator[D]:  # noqa: ANN401
        return search(self._get, path, model, filters)

    def _response(self, answer: Answer) -> Any:  # noqa: ANN401 - their JSON
        if not isinstance(answer.body, dict) or "response" not in answer.body:
            raise ContractError(f"Brightpearl answered {answer.what} without a response.")
        return answer.body["response"]

    def _all(self, path: str, model: type[D]) -> list[D]:
        answer = self._get(path)
        return [self._one(model, answer, row) for row in self._response(answer)]

    def _one(self, model: type[D], answer: Answer, row: object) -> D:
        try:
            return model.model_validate(row)
        except ValidationError as error:
            field, reason = broken_field(error)
            raise ContractError(
                f"Brightpearl answered {answer.what} with a {model.__name__} whose field "
                f"{field} is wrong: {reason}."
            ) from None


def _sales_order(row: dict[str, Any]) -> SalesOrder | Unreadable:
    try:
        return SalesOrder.model_validate(row)
    except ValidationError as error:
        return Unreadable(str(row.get("id", "")), *broken_field(error))


def _window(start: datetime, end: datetime) -> str:
    return f"{to_iso(start)}/{to_iso(end)}"


def _periods(since: datetime | None) -> list[dict[str, str]]:
    """Filters for what is new or changed: `updatedOn` stays empty until the first change."""
    if since is None:
        return [{}]
    period = f"{to_iso(since)}/"
    return [{"createdOn": period}, {"updatedOn": period}]
