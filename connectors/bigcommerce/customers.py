"""Customers, their addresses and groups. Source: REST Management API, Customers V3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from connectors.bigcommerce.api import Api, takes_rows, url_parts
from connectors.bigcommerce.customer_models import (
    MOST,
    Account,
    AddressBody,
    Customer,
    CustomerAddress,
    CustomerBody,
    CustomerGroup,
    UnreadableCustomer,
)
from connectors.documents import RequestBody, broken_field
from core.ids import email_key
from core.times import to_iso

CUSTOMERS, ADDRESSES = "/v3/customers", "/v3/customers/addresses"
PAGE = 250
WITH_ADDRESSES: Mapping[str, str] = {"include": "addresses"}
Found = Customer | UnreadableCustomer
SENT_AS = ("address1", "address2", "city", "state_or_province", "postal_code", "country_code")
"""By what an answer's address is known to be one that was sent."""


class Customers(Api):
    """Accounts of shoppers. Up to ten are written at once, or none of them.

    Nothing keeps an account from being created twice but its e-mail, which is unique in any case:
    after a lost answer look it up by `find_customers`.
    """

    def list_customers(
        self, *, modified_since: datetime | None = None, created_since: datetime | None = None
    ) -> Iterator[Found]:
        """All customers with their addresses, or those new or changed since.

        A change of an address alone may not count as one.
        """
        asked = dict(WITH_ADDRESSES)
        for name, since in (("date_modified", modified_since), ("date_created", created_since)):
            if since is not None:
                asked[f"{name}:min"] = to_iso(since)
        yield from self._customers(asked)

    def get_customers(self, ids: Iterable[str]) -> Iterator[Found]:
        """Those of these customers that exist, with all their addresses; 250 to a request."""
        for part in url_parts(sorted(set(ids), key=int), at_most=PAGE):
            yield from self._customers({"id:in": ",".join(part), **WITH_ADDRESSES})

    def list_accounts(self, ids: Iterable[str]) -> Iterator[Account]:
        """When the accounts of these customers were made; 250 to a request."""
        for part in url_parts(sorted(set(ids), key=int), at_most=PAGE):
            for answer, row in self._all_data(CUSTOMERS, **{"id:in": ",".join(part)}):
                yield self._one(Account, answer, row)

    def find_customers(self, emails: Iterable[str]) -> Iterator[Found]:
        """Customers with one of these e-mails, in any case; as many as a URL holds.

        An e-mail with a comma cannot be asked for.
        """
        keys = {email_key(email) for email in emails if "," not in email}
        for part in url_parts((quote(key, safe="") for key in sorted(keys)), at_most=PAGE):
            for found in self._customers(WITH_ADDRESSES, query=f"email:in={','.join(part)}"):
                if isinstance(found, UnreadableCustomer) or email_key(found.email) in keys:
                    yield found

    @takes_rows(MOST)
    def create_customers(self, bodies: Sequence[CustomerBody]) -> list[str]:
        """Register 1 to 10 with their addresses; the ids, in the order given. No mail is sent.

        Raises: RejectedError when one of them is refused, such as for an e-mail that is taken: it
        does not say which one, and none is registered; OutcomeUnknownError; ValueError.
        """
        found = {email_key(row.email): row.id for row in self._write("POST", CUSTOMERS, bodies)}
        return [found.get(email_key(body.email or ""), "") for body in bodies]

    @takes_rows(MOST)
    def update_customers(self, bodies: Sequence[CustomerBody]) -> list[str]:
        """Change what is set of 1 to 10, harmless to repeat; their ids.

        Raises: RejectedError as for new ones; OutcomeUnknownError; ValueError.
        """
        self._write("PUT", CUSTOMERS, bodies)
        return [str(body.id) for body in bodies]

    @takes_rows(MOST)
    def create_addresses(self, bodies: Sequence[AddressBody]) -> list[str]:
        """Add 1 to 10 entries to address books; their ids, "" for one that is dropped.

        Which is one that the customer has already; so this is harmless to repeat.

        Raises: RejectedError for all of them; OutcomeUnknownError; ValueError.
        """
        rows = self._addresses("POST", bodies)
        found = {(row.customer_id, *(getattr(row, n) for n in SENT_AS)): row.id for row in rows}
        keys = ((str(b.customer_id), *(getattr(b, n) or "" for n in SENT_AS)) for b in bodies)
        return [found.get(key, "") for key in keys]

    @takes_rows(MOST)
    def update_addresses(self, bodies: Sequence[AddressBody]) -> list[str]:
        """Change 1 to 10 entries of address books; their ids, "" for one that is dropped.

        Which is one that would be like another entry of the customer.

        Raises: RejectedError for all of them; OutcomeUnknownError; ValueError.
        """
        found = {row.id for row in self._addresses("PUT", bodies)}
        return [str(body.id) if str(body.id) in found else "" for body in bodies]

    def list_customer_documents(self, ids: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        """Everything the store says of these customers, as sent: for the person themselves."""
        included = {"include": "addresses,storecredit,attributes,formfields"}
        for part in url_parts(sorted(set(ids), key=int), at_most=PAGE):
            for _, row in self._all_data(CUSTOMERS, **{"id:in": ",".join(part), **included}):
                yield row

    @takes_rows(MOST)
    def delete_customers(self, ids: Sequence[str]) -> list[str]:
        """Delete 1 to 10 with their addresses; their ids. One that is gone already is no error.

        Their orders stay, as those of guests.
        """
        self._send("DELETE", CUSTOMERS, query=f"id:in={','.join(str(int(one)) for one in ids)}")
        return list(ids)

    def list_customer_groups(self) -> list[CustomerGroup]:
        """All groups. Source: GET /v2/customer_groups."""
        rows = self._all_rows("/v2/customer_groups")
        return [CustomerGroup.model_validate(row) for row in rows]

    def _customers(self, asked: Mapping[str, Any], query: str = "") -> Iterator[Found]:
        """Customers whose addresses are all there: a list may cut them short."""
        for _, row in self._all_data(CUSTOMERS, query=query, **asked):
            try:
                customer = Customer.model_validate(row)
            except ValidationError as error:
                yield UnreadableCustomer(str(row.get("id") or ""), *broken_field(error))
                continue
            if len(customer.addresses) < customer.address_count:
                listed = self._all_data(ADDRESSES, **{"customer_id:in": customer.id})
                book = [self._one(CustomerAddress, answer, one) for answer, one in listed]
                customer = customer.model_copy(update={"addresses": tuple(book)})
            yield customer

    def _addresses(self, method: str, bodies: Sequence[AddressBody]) -> list[CustomerAddress]:
        answer = self._send(method, ADDRESSES, content=_wire(bodies))
        rows = self._field(answer, "data", list)
        return [self._one(CustomerAddress, answer, row) for row in rows]

    def _write(self, method: str, path: str, bodies: Sequence[CustomerBody]) -> list[Customer]:
        answer = self._send(method, path, content=_wire(bodies))
        return [self._one(Customer, answer, row) for row in self._field(answer, "data", list)]


def _wire(bodies: Sequence[RequestBody]) -> list[dict[str, Any]]:
    return [body.wire() for body in bodies]
