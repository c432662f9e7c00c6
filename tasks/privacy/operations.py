"""What is written to erase a person. No write is in doubt twice: all are harmless to repeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl import messages
from connectors.brightpearl.account_models import AddressRow, PostalAddress
from tasks.reconciler.apply import Phase
from tasks.reconciler.operations import (
    BigCommerceRow,
    BrightpearlWrite,
    Operation,
    Progress,
    RecordPlan,
)
from tasks.reconciler.run import Run

ERASED_LINE = "-"
"""The street of what was erased: the first line of an address cannot be blank."""


@dataclass(frozen=True)
class DeleteCustomer(Operation[Progress[RecordPlan]]):
    """The customer with the address book."""

    customer_id: str
    kind = "delete customer"

    def describe(self) -> str:
        return "customer deleted in BigCommerce"

    def write(self, _run: Run, _record: Progress[RecordPlan]) -> BigCommerceRow:
        return BigCommerceRow(
            natural_key=self.customer_id,
            row=self.customer_id,
            send_rows=BigCommerce.delete_customers,
        )


@dataclass(frozen=True)
class BlankAddress(Operation[Progress[RecordPlan]]):
    """An entry of the contact's address book; only the country stays."""

    address: AddressRow
    kind = "blank postal address"

    def describe(self) -> str:
        return "postal address blanked in Brightpearl"

    def write(self, _run: Run, record: Progress[RecordPlan]) -> BrightpearlWrite:
        blank = PostalAddress(line_1=ERASED_LINE, country_iso3=self.address.country_iso3 or None)
        label = f"{record.key}:{self.address.id}"
        return BrightpearlWrite(
            natural_key=self.address.id,
            message=messages.replace_address(label, self.address.id, blank),
        )


@dataclass(frozen=True)
class TakeTag(Operation[Progress[RecordPlan]]):
    """A tag of the contact: one that stands for a customer group would make a customer anew."""

    contact_id: str
    tag_id: str
    kind = "take tag off contact"

    def describe(self) -> str:
        return f"tag {self.tag_id} taken off"

    def write(self, _run: Run, record: Progress[RecordPlan]) -> BrightpearlWrite:
        label = f"{record.key}:t{self.tag_id}"
        return BrightpearlWrite(
            natural_key=f"{self.contact_id}/{self.tag_id}",
            message=messages.tag_contact(label, self.contact_id, self.tag_id, is_on=False),
        )


@dataclass(frozen=True)
class BlankContact(Operation[Progress[RecordPlan]]):
    """Fields of a contact; last, because the person is found by the e-mail."""

    contact_id: str
    fields: Mapping[str, Any]
    kind = "blank contact"

    def describe(self) -> str:
        return f"contact: {', '.join(sorted(self.fields))}"

    def write(self, _run: Run, record: Progress[RecordPlan]) -> BrightpearlWrite:
        return BrightpearlWrite(
            natural_key=self.contact_id,
            after={"fields": sorted(self.fields)},
            message=messages.patch_contact(f"{record.key}:e", self.contact_id, self.fields),
        )


PHASES = (
    Phase((DeleteCustomer, BlankAddress, TakeTag), together=True),
    Phase((BlankContact,), together=True),
)
