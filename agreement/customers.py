"""Do the store's customers and the account's contacts agree? Pure: from both systems' own states.

A customer's contact is one that has its e-mail as one of three, in any case; there is one, and it
says the same. What is not the same in both systems by nature is brought to one form: names are at
most 32 characters in Brightpearl.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

State = Mapping[str, Any]
LONGEST_NAME = 32


def compare_customers(
    store: State, account: State, tags: Mapping[int, int]
) -> dict[str, list[str]]:
    """What differs of each customer, by its id; nothing of one that agrees.

    In: `customers` of the store's state and `contacts` of the account's; the tag that stands for
    each customer group.
    """
    by_email: dict[str, list[State]] = defaultdict(list)
    for contact in account["contacts"].values():
        if not (contact["is_staff"] or contact["is_supplier"]):
            for email in {_key(one) for one in contact["emails"].values()}:
                by_email[email].append(contact)
    return {
        str(customer["id"]): _differences(customer, by_email.get(_key(customer["email"]), []), tags)
        for customer in store["customers"].values()
    }


def _differences(customer: State, contacts: list[State], tags: Mapping[int, int]) -> list[str]:
    if len(contacts) != 1:
        return [f"it has {len(contacts)} contacts"]
    (contact,) = contacts
    group = {tag for tag in contact["tags"] if tag in tags.values()}
    both = {
        "first name": (customer["first_name"], contact["first_name"]),
        "last name": (customer["last_name"], contact["last_name"]),
        "phone": (customer["phone"], contact["telephones"].get("PRI", "")),
    }
    found = [name for name, (desired, actual) in both.items() if _text(desired) != _text(actual)]
    wanted = {tags[customer["group_id"]]} if customer["group_id"] in tags else set()
    return [*found, *(["group"] if group != wanted else [])]


def _text(text: str) -> str:
    return " ".join(text.split())[:LONGEST_NAME].strip()


def _key(email: str) -> str:
    return email.strip().casefold()
