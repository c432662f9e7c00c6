"""Ids are strings inside. These are the ones that several packages have to agree on."""

from __future__ import annotations

import unicodedata

SYNCED = ("orders", "refunds", "shipments", "stock", "customers", "products", "prices")
"""Entities that this version syncs, as keys, commands and flows name them."""
FLOWS = (
    *(f"{verb}-{entity}" for entity in SYNCED for verb in ("sync", "sweep", "audit")),
    "recheck-orders",
    "reconcile-stock",
    "reconcile-products",
    "audit-money",
    "watch-activity",
    "find-duplicates",
    "tidy",
)
"""Flows by their names in Prefect. `flows/registry.py` has the flows; commands that only need their
names do not wait for the engine."""
EMAIL = r"[^@\s]+@[^@\s]+"
"""The form of an e-mail address, as far as both systems agree on it."""
GOODS_OUT, DROP_SHIP = "note", "drop"
"""The two kinds of notes by which goods leave, as their keys call them."""
LARGEST_ID = 10**12 - 1
"""No record of either system has a larger id, and no number of a payment card is as small."""
PRODUCT, VARIANT = "product:", "variant:"
"""How keys of stock begin that name Brightpearl's product or BigCommerce's variant, not a SKU."""
GROUP, STORE_PRODUCT = "group:", "store:"
"""How keys of products begin that name a group of Brightpearl, or a product of the store."""
STOCK_CONDITION = "stock:"
"""How conditions begin of what waits for units of a product."""
CONTACT_KEY = "contact:"
"""How keys begin that name a contact of Brightpearl: of an order's person, where an e-mail would
stand, and of customers."""
MERGE, UNMERGE = "merge:", "unmerge:"
"""How keys of customers begin that name two contacts of one person, as in `merge:201-305`: the one
that is kept and the other one, to be merged or to be separated again."""
ORDER_CONDITION = "order:"
"""How conditions begin of what waits for an order to be in Brightpearl."""


def text_key(text: str) -> str:
    """The form in which SKUs and e-mail addresses are compared: trimmed, case-folded, NFC.

    It is never sent anywhere. BigCommerce treats SKUs as unique whatever their case (fact sheet of
    the catalog, SKU field).
    """
    return unicodedata.normalize("NFC", text).strip().casefold()


sku_key = email_key = text_key


def contact_key(contact_id: str) -> str:
    """What stands in the place of an e-mail as compared, of an order that has only a contact."""
    return f"{CONTACT_KEY}{contact_id}"


def contact_id_of(key: str) -> str:
    """Brightpearl's contact id out of such a key; "" of an e-mail."""
    return key.removeprefix(CONTACT_KEY) if key.startswith(CONTACT_KEY) else ""


def merge_key(kept: str, merged: str, *, is_undone: bool = False) -> str:
    """The key of a merge of two contacts, or of its undoing: the one that is kept first."""
    return f"{UNMERGE if is_undone else MERGE}{kept}-{merged}"


def merge_of(key: str) -> tuple[str, str] | None:
    """The contacts of a key that merges two or undoes it, the kept one first; else None."""
    start = next((one for one in (MERGE, UNMERGE) if key.startswith(one)), "")
    kept, dash, merged = key.removeprefix(start).partition("-")
    is_merge = start and dash and kept.isdecimal() and merged.isdecimal()
    return (kept, merged) if is_merge else None


def stock_condition(product_id_bp: str, warehouse_id: str) -> str:
    """What a record waits for that lacks units of Brightpearl's product, such as `stock:1007@2`."""
    return f"{STOCK_CONDITION}{product_id_bp}@{warehouse_id}"


def order_condition(order_id_bc: str) -> str:
    """What a record waits for whose order is not in Brightpearl yet, such as `order:250`."""
    return f"{ORDER_CONDITION}{order_id_bc}"


def external_ref(order_id_bc: str) -> str:
    """The reference under which Brightpearl keeps one BigCommerce order."""
    return f"BC-{order_id_bc}"


def is_consignment(reference: str) -> bool:
    """Whether it is the reference of a sales order for a further address."""
    order_id, _, address_id = reference.partition("-A")
    return bool(address_id) and order_id == external_ref(order_id_of(reference))


def consignment_ref(reference: str, address_id: str) -> str:
    """The reference of what goes to a further address: of a sales order, or of a receipt on it."""
    return f"{reference}-A{address_id}" if address_id else reference


def note_key(kind: str, note_id: str) -> str:
    """The key of a goods-out or drop-ship note, until it is known whose order it is."""
    return f"{kind}-{note_id}"


def note_of(key: str) -> tuple[str, str] | None:
    """Kind and id of the note that a key names; None for a key that is an order's id."""
    kind, dash, note_id = key.partition("-")
    return (kind, note_id) if dash else None


def credit_ref(order_id_bc: str, refund_id: str) -> str:
    """The reference under which Brightpearl keeps the sales credit of one refund."""
    return f"{external_ref(order_id_bc)}-R{refund_id}"


def order_id_of(reference: str) -> str:
    """The BigCommerce order that a reference of ours names: of a sales order or of a credit.

    "" for a reference that is not ours.
    """
    head = external_ref("")
    order_id = reference.removeprefix(head).partition("-")[0]
    return order_id if reference.startswith(head) and order_id.isdecimal() else ""
