"""Customers of the store and contacts of the account, for tests of their sync."""

from __future__ import annotations

import asyncio
from typing import Any

from world import PAIR, World

from flows.customers import sync_customers
from sandbox.bigcommerce.records import Customer
from sandbox.brightpearl.records import Contact
from store.links import Links
from tasks.customers.frames import ENTITY
from tasks.reconciler.connections import connect

ANN: dict[str, Any] = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"}
HOME: dict[str, Any] = {
    "street_1": "1 High St",
    "city": "Bath",
    "state": "Somerset",
    "zip": "BA1 5AN",
}
MILL: dict[str, Any] = {"line1": "2 Mill Road", "line3": "Leeds", "postal_code": "LS1"}


class People:
    """Both sides' people, and what they and staff do."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.acme = 0
        """The contact of a company that a table of the test names."""

    def register(self, **fields: Any) -> str:
        """A shopper registers; the customer's id."""
        return str(self.world.bigcommerce("customers", **fields)["id"])

    def edit(self, key: str, **fields: Any) -> None:
        """A shopper, or staff of the store, change an account."""
        self.world.bigcommerce("customers", id=int(key), **fields)

    def enter(self, **fields: Any) -> int:
        """Staff make a contact; its id."""
        return int(self.world.brightpearl("contacts", set=fields)["contact_id"])

    def change(self, contact_id: int, **fields: Any) -> None:
        """Staff change a contact."""
        self.world.brightpearl("contacts", contact_id=contact_id, set=fields)

    def sync(self, *keys: str, source: str = "webhook", **more: Any) -> dict[str, Any]:
        """One run of the flow over these keys, and whatever else is due."""
        self.world.due(*keys, source=source, entity=ENTITY)
        document: dict[str, Any] = asyncio.run(sync_customers.fn(pair=PAIR, **more))
        return document

    def quiet(self, *keys: str) -> bool:
        """Whether another run writes nothing."""
        self.world.forget_requests()
        self.sync(*keys)
        return self.world.writes() == 0

    def customer(self, key: str) -> Customer:
        return self.world.sandbox.store.customers[int(key)]

    @property
    def contacts(self) -> list[Contact]:
        return list(self.world.sandbox.account.contacts.values())

    def with_email(self, email: str) -> list[Contact]:
        """Contacts that have an e-mail, in any case."""
        return [
            one
            for one in self.contacts
            if email.casefold() in {known.strip().casefold() for known in one.emails.values()}
        ]

    def contact(self, key: str) -> Contact:
        """The contact that a customer is linked with."""
        link = Links(connect(PAIR).database).get(PAIR, ENTITY, [key])[key]
        return self.world.sandbox.account.contacts[int(link.id_bp)]

    def address(self, contact: Contact, use: str) -> tuple[str, ...]:
        """Lines and post code of one of a contact's addresses."""
        one = self.world.sandbox.account.addresses[contact.address_ids[use]].address
        return one.line1, one.line2, one.line3, one.line4, one.postal_code, one.country

    def state(self, key: str) -> str:
        """Of the key in the inbox."""
        return self.world.states(key, entity=ENTITY)[0]
