"""Customers against contacts: one contact each, and the same in it."""

from __future__ import annotations

from typing import Any

import pytest

from agreement.customers import compare_customers

TAGS = {1: 16, 2: 17}
CUSTOMER: dict[str, Any] = {
    "id": 3, "email": "Ann@x.com", "first_name": "A" * 40, "last_name": "Lee", "phone": "1",
    "group_id": 2,
}  # fmt: skip
CONTACT: dict[str, Any] = {
    "id": 9, "is_staff": False, "is_supplier": False, "emails": {"SEC": " ann@X.com"},
    "first_name": "A" * 32, "last_name": "Lee", "telephones": {"PRI": "1"}, "tags": [9, 17],
}  # fmt: skip


def compare(*contacts: dict[str, Any], **changed: Any) -> list[str]:
    store = {"customers": {"3": CUSTOMER | changed}}
    account = {"contacts": {str(n): one for n, one in enumerate(contacts)}}
    return compare_customers(store, account, TAGS)["3"]


def test_a_customer_agrees_with_the_one_contact_that_says_the_same() -> None:
    assert compare(CONTACT) == []
    assert compare(CONTACT, CONTACT | {"is_staff": True}) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"last_name": "Poe"}, ["last name"]),
        ({"phone": ""}, ["phone"]),
        ({"group_id": 0}, ["group"]),
        ({"email": "else@x.com"}, ["it has 0 contacts"]),
    ],
)
def test_what_differs_is_named(changed: dict[str, Any], expected: list[str]) -> None:
    assert compare(CONTACT, **changed) == expected


def test_two_contacts_are_one_too_many() -> None:
    assert compare(CONTACT, CONTACT | {"id": 10}) == ["it has 2 contacts"]
