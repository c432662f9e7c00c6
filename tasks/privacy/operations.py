"""What is written to erase a person. No write is in doubt twice: all are harmless to repeat."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.account_models import AddressRow, PostalAddress
from tasks.brightpearl.contact_operations import (
    ContactProgress,
    PatchContact,
    ReplaceAddress,
    SetTag,
)
from tasks.reconciler.apply import Phase
from tasks.reconciler.operations import BigCommerceRow, Operation, RecordPlan
from tasks.reconciler.run import Run

ERASED_LINE = "-"
"""The street of what was erased: the first line of an address cannot be blank."""


@dataclass(frozen=True)
class DeleteCustomer(Operation[ContactProgress[RecordPlan]]):
    """The customer with the address book."""

    customer_id: str
    kind = "delete customer"

    def describe(self) -> str:
        return "customer deleted in BigCommerce"

    def write(self, _run: Run, _record: ContactProgress[RecordPlan]) -> BigCommerceRow:
        return BigCommerceRow(
            natural_key=self.customer_id,
            row=self.customer_id,
            send_rows=BigCommerce.delete_customers,
        )


def blank_address(address: AddressRow) -> ReplaceAddress:
    """An entry of the contact's address book; only the country stays."""
    blank = PostalAddress(line_1=ERASED_LINE, country_iso3=address.country_iso3 or None)
    return ReplaceAddress("postal", address.id, blank)


PHASES = (
    # A tag that stands for a customer group would make a customer anew.
    Phase((DeleteCustomer, ReplaceAddress, SetTag), together=True),
    # Last, because the person is found by the e-mail.
    Phase((PatchContact,), together=True),
)
