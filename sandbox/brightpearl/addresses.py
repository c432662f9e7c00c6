"""Addresses as the API takes and gives them."""

from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.records import Address, Contact, PostalAddress
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.routing import Incoming


class AddressIn(Incoming):
    """An address inside an order body; country as alpha-3 (documented) or alpha-2 (seen)."""

    address_full_name: str | None = None
    company_name: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    address_line3: str | None = None
    address_line4: str | None = None
    postal_code: str | None = None
    country_iso_code: str | None = None
    country_id: int | None = None
    telephone: str | None = None
    mobile_telephone: str | None = None
    fax: str | None = None
    email: str | None = None

    def to_address(self) -> Address:
        """The address with its country checked.

        Raises: Refusal 400 for a country the account does not know.
        """
        return Address(
            full_name=self.address_full_name or "",
            company=self.company_name or "",
            line1=self.address_line1 or "",
            line2=self.address_line2 or "",
            line3=self.address_line3 or "",
            line4=self.address_line4 or "",
            postal_code=self.postal_code or "",
            country=alpha_3(self.country_iso_code, self.country_id),
            telephone=self.telephone or "",
            mobile=self.mobile_telephone or "",
            fax=self.fax or "",
            email=self.email or "",
        )


def alpha_3(iso_code: str | None, country_id: int | None) -> str:
    """Alpha-3 of either form of country, empty when neither is given.

    Raises: Refusal 400 for an unknown one.
    """
    if iso_code:
        entry = reference.countries().get(iso_code)
        if entry is None:
            refuse("CMNC-905", f"Country {iso_code[:8]} is not known")
        return entry[2]
    if country_id:
        entry = reference.country_by_id(country_id)
        if entry is None:
            refuse("CMNC-905", f"Country {country_id} is not known")
        return entry[2]
    return ""


def order_address(contact: Contact, entry: PostalAddress | None) -> Address:
    """What an order shows of a contact when no address was sent with it."""
    base = entry.address if entry is not None else Address()
    return Address(
        full_name=f"{contact.first_name} {contact.last_name}".strip(),
        company=contact.organisation,
        line1=base.line1,
        line2=base.line2,
        line3=base.line3,
        line4=base.line4,
        postal_code=base.postal_code,
        country=base.country,
        telephone=contact.telephones.get("PRI", ""),
        mobile=contact.telephones.get("MOB", ""),
        fax=contact.telephones.get("FAX", ""),
        email=contact.emails.get("PRI", ""),
    )


def flat_document(address: Address) -> dict[str, Any]:
    """Address of the sales-order shape: set fields only, country as alpha-3 and id."""
    document: dict[str, Any] = {
        "addressFullName": address.full_name,
        "companyName": address.company,
        "addressLine1": address.line1,
        "addressLine2": address.line2,
        "addressLine3": address.line3,
        "addressLine4": address.line4,
        "postalCode": address.postal_code,
        "telephone": address.telephone,
        "mobileTelephone": address.mobile,
        "fax": address.fax,
        "email": address.email,
    }
    entry = reference.countries().get(address.country)
    if entry is not None:
        document["countryId"] = entry[0]
        document["countryIsoCode"] = entry[2]
    return {name: value for name, value in document.items() if value}


def party_document(address: Address, contact_id: int | None = None) -> dict[str, Any]:
    """Address of the parties shape: every text present, country as id, name, alpha-2, alpha-3."""
    document: dict[str, Any] = {} if contact_id is None else {"contactId": contact_id}
    document |= {
        "addressFullName": address.full_name,
        "companyName": address.company,
        "addressLine1": address.line1,
        "addressLine2": address.line2,
        "addressLine3": address.line3,
        "addressLine4": address.line4,
        "postalCode": address.postal_code,
        "telephone": address.telephone,
        "mobileTelephone": address.mobile,
        "fax": address.fax,
        "email": address.email,
    }
    entry = reference.countries().get(address.country)
    if entry is not None:
        document |= {
            "country": entry[3],
            "countryId": entry[0],
            "countryIsoCode": entry[1],
            "countryIsoCode3": entry[2],
        }
    return document
