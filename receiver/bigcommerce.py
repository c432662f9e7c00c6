"""BigCommerce's webhooks: are they genuine, and which keys do they name? Pure.

Source: webhook guide; signatures by the Standard Webhooks convention.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.ids import LARGEST_ID, STORE_PRODUCT

SECRET_HEADER = "x-causeway-secret"  # noqa: S105 - the header's name, not a secret
TOLERANCE_S = 300.0
"""How old a signed delivery may be. Not asked of one that carries our own secret: BigCommerce
repeats deliveries for two days, and acting on an old one is harmless."""

ORDERS = ("orders",)
CUSTOMERS = ("customers",)
CHANGED = {"created", "updated", "deleted"}
"""What of the events of customers is about their data; others are about logins and cards."""
REFUNDED = (4, 14)
"""Status ids of an order that was refunded, wholly or in part."""

Named = Mapping[str, list[str]]
"""Keys by entity."""


@dataclass(frozen=True)
class Secrets:
    """What a genuine delivery to one pair shows."""

    client_secret: str
    shared: tuple[str, ...]
    """Our own secrets, one of which is sent along as a header of the subscription."""


def is_genuine(headers: Mapping[str, str], body: bytes, secrets: Secrets, now: datetime) -> bool:
    """Whether the delivery shows the shared secret, a valid signature, or both.

    A wrong one of either kind spoils the delivery; header names are lower-case.
    """
    if not could_be_genuine(headers, secrets):
        return False
    if "webhook-signature" in headers and not _is_signed(headers, body, secrets.client_secret):
        return False
    return bool(secrets.shared) or _is_fresh(headers, now)


def could_be_genuine(headers: Mapping[str, str], secrets: Secrets) -> bool:
    """Whether the headers alone do not spoil the delivery: only then its body is worth reading."""
    if secrets.shared:
        return is_known(headers, secrets)
    return "webhook-signature" in headers


def is_known(headers: Mapping[str, str], secrets: Secrets) -> bool:
    """Whether the delivery shows one of our own secrets."""
    shown = headers.get(SECRET_HEADER)
    return shown is not None and any(_same(shown, one) for one in secrets.shared)


def keys_of(event: Mapping[str, Any]) -> tuple[Named, str] | None:
    """Keys by entity and the source of an event; None for a scope that no entity subscribes to.

    Raises: KeyError, TypeError or ValueError when the id is missing or no number.
    """
    scope, data = str(event["scope"]), event["data"]
    if not isinstance(data, Mapping):
        raise TypeError("data is not an object")
    if scope.startswith("store/order/transaction/"):
        # Money may have moved without any change of the order itself: read in full.
        entities = ("orders", "refunds") if data.get("transaction_type") == "refund" else ORDERS
        return _named(entities, data["order_id"]), "transaction"
    if scope.startswith("store/order/metafield/"):
        return None
    if scope.startswith("store/order/refund/") or _is_refunded(scope, data):
        return _named(("orders", "refunds"), data["id"]), "webhook"
    if scope.startswith("store/order/"):
        return _named(ORDERS, data["id"]), "webhook"
    if scope.startswith("store/shipment/"):
        return _named(("orders", "shipments"), data["orderId"]), "webhook"
    named = _customer(scope, data) or _product(scope, data)
    return (named, "webhook") if named else None


def _customer(scope: str, data: Mapping[str, Any]) -> Named:
    """The customer whose data or address book changed."""
    if scope.startswith("store/customer/address/"):
        return _named(CUSTOMERS, data["address"]["customer_id"])
    is_ours = scope.removeprefix("store/customer/") in CHANGED
    return _named(CUSTOMERS, data["id"]) if is_ours else {}


def _product(scope: str, data: Mapping[str, Any]) -> Named:
    """The product that changed; none where only its stock did."""
    kind, _, event = scope.removeprefix("store/").partition("/")
    if event not in CHANGED or kind not in {"product", "sku"}:
        return {}
    number = data["id"] if kind == "product" else data["sku"]["product_id"]
    return {"products": [f"{STORE_PRODUCT}{_number(number)}"]}


def _is_refunded(scope: str, data: Mapping[str, Any]) -> bool:
    """Whether the status says that money went back: an echo of a refund that may be news."""
    status = data.get("status") if scope == "store/order/statusUpdated" else None
    return isinstance(status, dict) and status.get("new_status_id") in REFUNDED


def _named(entities: Iterable[str], order_id: object) -> Named:
    return {entity: [_number(order_id)] for entity in entities}


def _number(value: object) -> str:
    number = int(str(value))
    if not 0 < number <= LARGEST_ID:
        raise ValueError("not an id")
    return str(number)


def _same(shown: str, known: str) -> bool:
    return hmac.compare_digest(shown.encode(), known.encode())


def _is_signed(headers: Mapping[str, str], body: bytes, client_secret: str) -> bool:
    identity = headers.get("webhook-id", "")
    moment = headers.get("webhook-timestamp", "")
    message = f"{identity}.{moment}.".encode() + body
    expected = hmac.new(client_secret.encode(), message, hashlib.sha256).digest()
    return any(
        hmac.compare_digest(_decoded(part.removeprefix("v1,")), expected)
        for part in headers["webhook-signature"].split()
        if part.startswith("v1,")
    )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # also of characters beyond ASCII, which anybody may send
        return b""


def _is_fresh(headers: Mapping[str, str], now: datetime) -> bool:
    try:
        sent_at = float(headers.get("webhook-timestamp", ""))
    except ValueError:
        return False
    return abs(now.timestamp() - sent_at) <= TOLERANCE_S
