"""Ids are strings inside. These are the ones that more than one room has to agree on."""

from __future__ import annotations

import unicodedata

ENTITIES = ("orders", "refunds", "shipments", "stock", "products", "prices", "customers")
"""What a key can name; the same words the commands use."""


def sku_key(sku: str) -> str:
    """The form in which SKUs are compared: trimmed, case-folded, NFC. Never sent anywhere.

    BigCommerce treats SKUs as unique whatever their case (fact sheet of the catalog, SKU field).
    """
    return unicodedata.normalize("NFC", sku).strip().casefold()


def email_key(email: str) -> str:
    """The form in which e-mail addresses are compared: trimmed, case-folded, NFC."""
    return unicodedata.normalize("NFC", email).strip().casefold()


def external_ref(order_id_bc: str) -> str:
    """The reference under which Brightpearl keeps one BigCommerce order."""
    return f"BC-{order_id_bc}"
