"""docs/fields.md says what becomes of every field that BigCommerce's documents carry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import orjson
import pytest
from pydantic import AliasChoices, BaseModel

from connectors.bigcommerce.models import (
    Download,
    Fee,
    Order,
    OrderLine,
    Pickup,
    ShippingConsignment,
)
from connectors.bigcommerce.refund_models import Refund
from connectors.bigcommerce.shipment_models import Shipment
from sandbox.bigcommerce.api import Call
from sandbox.bigcommerce.basket import Basket
from sandbox.bigcommerce.gateway import ROUTER
from sandbox.bigcommerce.placing import place
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Catalogue, Product
from sandbox.kit.clock import Clock

PAGE = Path(__file__).parents[2] / "docs" / "fields.md"
STATEMENTS = {"carried", "in a note", "read", "left behind"}
MODELS: Mapping[str, tuple[type[BaseModel], ...]] = {
    "Order": (Order,),
    "Order line": (OrderLine,),
    "Shipping consignment": (ShippingConsignment,),
    "Pick-up consignment": (Pickup,),
    "Downloads and gift certificates": (Download,),
    "Fee": (Fee,),
    "Refund": (Refund,),
    "Shipment": (Shipment,),
}
"""By section of the page: what is read of the document."""
ELSEWHERE = {"consignments", "line_items", "fees", "lines"}
"""Parts that are documents with a section of their own."""
WHOLE = {"include": "consignments.line_items,fees", "consignment_structure": "object"}


def described() -> dict[str, dict[str, str]]:
    """The statement about each field, by section of the page."""
    found: dict[str, dict[str, str]] = {}
    section = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| `"):
            names, statement, _ = (cell.strip() for cell in line.strip("|").split("|"))
            of_section = found.setdefault(section, {})
            for name in re.findall(r"`([^`]+)`", names):
                assert name not in of_section, f"{section}: {name} stands there twice"
                of_section[name] = statement
    return found


def leaves(document: Any, prefix: str = "") -> Iterator[str]:
    """The names of a document's fields, those of its parts with a dot; a link is one field."""
    if isinstance(document, list):
        for one in document:
            yield from leaves(one, prefix)
    if isinstance(document, dict) and set(document) != {"url", "resource"}:
        for name, value in document.items():
            if name in ELSEWHERE:
                continue
            path = f"{prefix}.{name}" if prefix else name
            parts = list(leaves(value, path))
            yield from parts or [path]


def fields(*documents: Any) -> set[str]:
    """Fields of all of these, less parts that another one has in detail."""
    found = set(leaves(list(documents)))
    return {name for name in found if not any(one.startswith(f"{name}.") for one in found)}


class Shop:
    """A store of the sandbox, called without a server."""

    def __init__(self) -> None:
        clock = Clock()
        clock.freeze(datetime(2026, 7, 1, 12, tzinfo=UTC))
        products = [
            Product("MUG", "Blue mug", Decimal(10), stock=100),
            Product("PDF", "Pattern", Decimal(3), type="digital"),
        ]
        self.store = Store(Catalogue(products, []), clock, seed=7)

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        raw = b"" if body is None else orjson.dumps(body)
        reply = ROUTER.handle(self.store, Call(method, path, query, raw))
        assert reply.status in {200, 201}, reply.body
        is_raw = isinstance(reply.body, bytes)
        return orjson.loads(reply.body if is_raw else orjson.dumps(reply.body))

    def place(self, *lines: dict[str, Any], **basket: Any) -> dict[str, Any]:
        order = place(self.store, Basket.model_validate({"lines": list(lines), **basket}))
        found: dict[str, Any] = self.call("GET", f"/v2/orders/{order.id}", **WHOLE)
        return found


@pytest.fixture(scope="module")
def documents() -> dict[str, list[Any]]:
    """Documents of every kind, as full as the sandbox makes them, by section of the page."""
    shop = Shop()
    mug = {
        "sku": "MUG",
        "quantity": 3,
        "wrapping": "Paper",
        "wrapping_price": "2",
        "options": {"Engraving": "Eve"},
        "fields": {"Card": "Eve"},
    }
    asked = {"form_fields": {"PO number": "4711"}}
    sent = shop.place(
        mug,
        {"sku": "PDF"},
        {"name": "Gift card", "price": "50", "gift_certificate_for": "eve@example.com"},
        billing=asked,
        shipping=[{"to": asked, "handling": "1.50"}],
        coupons=[{"code": "TEN"}],
        fees=[{"name": "Small order"}],
    )
    collected = shop.place({"sku": "MUG"}, pickup={})
    (address,) = sent["consignments"]["shipping"]
    (line,) = address["line_items"]
    base = f"/v3/orders/{sent['id']}/payment_actions"
    items = [
        {"item_type": "PRODUCT", "item_id": line["id"], "quantity": 1, "reason": "Too many"},
        {"item_type": "SHIPPING", "item_id": address["id"], "amount": 1},
    ]
    quote = shop.call("POST", f"{base}/refund_quotes", {"items": items})["data"]
    payments = [
        {name: one[name] for name in ("provider_id", "amount", "offline")}
        for one in quote["refund_methods"][0]
    ]
    refund = shop.call("POST", f"{base}/refunds", {"items": items, "payments": payments})["data"]
    shipment = shop.call(
        "POST",
        f"/v2/orders/{sent['id']}/shipments",
        {
            "order_address_id": address["id"],
            "items": [{"order_product_id": line["id"], "quantity": 1}],
        },
    )
    orders = [sent, collected]
    consignments = [order["consignments"] for order in orders]
    parts = {
        "Shipping consignment": [one for part in consignments for one in part["shipping"]],
        "Pick-up consignment": [one for part in consignments for one in part["pickups"]],
        "Downloads and gift certificates": [
            one
            for part in consignments
            for one in (*part["downloads"], *part["email"]["gift_certificates"])
        ],
    }
    return {
        "Order": orders,
        "Order line": [
            line for many in parts.values() for one in many for line in one["line_items"]
        ],
        **parts,
        "Fee": sent["fees"],
        "Refund": [refund],
        "Shipment": [shipment],
    }


def read_fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The names of the fields that a model reads, those of its parts with a dot."""
    for own, field in model.model_fields.items():
        choices = field.validation_alias
        name = choices.choices[0] if isinstance(choices, AliasChoices) else field.alias or own
        if name in ELSEWHERE:
            continue
        path = f"{prefix}{name}"
        part = next(iter(_models(field.annotation)), None)
        yield from read_fields(part, f"{path}.") if part else [path]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not None or isinstance(annotation, UnionType):
        for one in get_args(annotation):
            yield from _models(one)


@pytest.mark.parametrize("section", MODELS)
def test_every_field_of_the_documents_has_a_statement(
    section: str, documents: dict[str, list[Any]]
) -> None:
    assert fields(*documents[section]) - set(described()[section]) == set()


@pytest.mark.parametrize("section", MODELS)
def test_what_is_left_behind_is_not_read_and_the_rest_is(section: str) -> None:
    statements = described()[section]
    assert set(statements.values()) <= STATEMENTS
    used = {name for model in MODELS[section] for name in read_fields(model)}
    stated = {name for name, statement in statements.items() if statement != "left behind"}
    assert stated == used
