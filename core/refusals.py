"""Rows that may not travel on: which columns a frame of refusals has, and how a remedy reads."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # commands that only read mappings need no frames, hence no pandas
    from core.frames import Schema

REFUSALS: Schema = {
    "key": "text",
    "class": "text",
    "field": "text",
    "value": "text",
    "reason": "text",
    "remedy": "text",
}
"""Refused rows, one per record and reason. `key` names the record, such as an order's id or a SKU;
`class` the kind of reason (sku, order_status, tax_code, channel, currency, shipping_method,
payment_method, money, document …); `value` what is wrong, so that all records that wait for the
same thing can be released together."""


@dataclass(frozen=True)
class Refusal:
    """Why a record waits for a person, and what that person can do."""

    class_: str
    field: str
    value: str
    reason: str
    remedy: str
    detail: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Of a review case: the proposed plan, in words and numbers, without personal data."""


def sentence(text: str) -> str:
    """The text as a sentence: with a full stop, unless it is empty or has its end."""
    bare = text.strip()
    return bare if not bare or bare.endswith((".", "!", "?", ":")) else f"{bare}."


def in_words(class_: str, value: str, reason: str, remedy: str) -> str:
    """Why records wait and what to do, as sentences; what is empty is left out."""
    about = " ".join(filter(None, (class_, value)))
    return " ".join(filter(None, (f"{about}:" if about else "", sentence(reason), remedy)))


CLASSES = frozenset(
    (
        *("address", "brand", "bundle", "by_hand", "card", "carrier", "category", "channel"),
        *("company", "condition", "contact", "country", "credit_terms", "currency"),
        *("customer_group", "deleted", "differs", "document", "failing", "image", "line_kind"),
        *("location", "money", "order", "order_status", "payment", "payment_method", "price"),
        *("price_list", "product_type", "provider", "rejected", "review", "row"),
        *("shipping_method", "sku", "structure", "tax_class", "tax_code", "tracking"),
        *("unexpected", "warehouse"),
    )
)
"""What a refusal may be about. Mapping files of an installation may have others."""
PERHAPS = " Perhaps what is meant: "
"""Before the end of a remedy that names what is like the value; no part of a command."""
BY_RECORD = frozenset({"document", "money"})
"""Classes of what is wrong with one record alone: it is released by its key."""


def release_command(
    class_: str = "",
    *,
    value: str = "",
    key: str = "",
    entity: str = "",
    apply: bool = False,
) -> str:
    """The command that releases quarantined records: all of a `value`, or the one of a `key`."""
    parts = ["causeway quarantine release"]
    if apply:
        parts.append("--apply")
    options = {"entity": entity, "class": class_, "value": value, "key": key}
    parts.extend(f"--{name} {shlex.quote(text)}" for name, text in options.items() if text)
    return " ".join(parts)


DISCARD = 'causeway quarantine discard ID --reason "…"'
"""The command that leaves things as they are; the id is known once the entry is kept."""

EXPORT = "causeway quarantine export ID"
"""The command that writes what a bug report needs."""


def with_id(remedy: str, entry_id: int) -> str:
    """The remedy of an entry that is kept, its commands with its id."""
    for command in (DISCARD, EXPORT):
        remedy = remedy.replace(command, command.replace("ID", str(entry_id)))
    return remedy


def list_command(class_: str, value: str) -> str:
    """The command that shows what waits for the same thing."""
    named = f" --value {shlex.quote(value)}" if value else ""
    return f"causeway quarantine list --class {class_}{named}"


def release_remedy(action: str, class_: str, *, value: str = "", key: str = "") -> str:
    """What to do, and the command that then releases what waits for it.

    Everything that waits for the same `value` is released together. Where there is no value, or
    the class is about one record alone, the record is released by its `key`.
    """
    if value and not (key and class_ in BY_RECORD):
        return f"{action}, then: {release_command(class_, value=value)}"
    return f"{action}, then: {release_command(class_, key=key)}"
