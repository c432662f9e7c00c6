"""Addresses as the API takes and gives them, and the address book.

Addresses of the book exist before contacts do.
"""

from dataclasses import replace
from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Incoming, Routes, answer, done
from sandbox.brightpearl.records import Address, Contact, PostalAddress
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.kit.routing import Reply

routes = Routes()
READ_LIMIT = 200


class PostalLinesIn(Incoming):
    """The lines of an address; country as alpha-3 (documented) or alpha-2 (seen)."""

    address_line1: str | None = None
    address_line2: str | None = None
    address_line3: str | None = None
    address_line4: str | None = None
    postal_code: str | None = None
    country_iso_code: str | None = None
    country_id: int | None = None

    def to_address(self) -> Address:
        """The address with its country checked.

        Raises: Refusal 400 for a country the account does not know.
        """
        return Address(
            line1=self.address_line1 or "",
            line2=self.address_line2 or "",
            line3=self.address_line3 or "",
            line4=self.address_line4 or "",
            postal_code=self.postal_code or "",
            country=alpha_3(self.country_iso_code, self.country_id),
        )


class AddressIn(PostalLinesIn):
    """An address inside an order body, with the person and how to reach them."""

    address_full_name: str | None = None
    company_name: str | None = None
    telephone: str | None = None
    mobile_telephone: str | None = None
    fax: str | None = None
    email: str | None = None

    def to_address(self) -> Address:
        """The address with its country checked.

        Raises: Refusal 400 for a country the account does not know.
        """
        return replace(
            super().to_address(),
            full_name=self.address_full_name or "",
            company=self.company_name or "",
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
    return replace(
        entry.address if entry is not None else Address(),
        full_name=f"{contact.first_name} {contact.last_name}".strip(),
        company=contact.organisation,
        telephone=contact.telephones.get("PRI", ""),
        mobile=contact.telephones.get("MOB", ""),
        fax=contact.telephones.get("FAX", ""),
        email=contact.emails.get("PRI", ""),
    )


def _texts(address: Address) -> dict[str, str]:
    return {
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


def flat_document(address: Address) -> dict[str, Any]:
    """Address of the sales-order shape: set fields only, country as alpha-3 and id."""
    document: dict[str, Any] = dict(_texts(address))
    entry = reference.countries().get(address.country)
    if entry is not None:
        document |= {"countryId": entry[0], "countryIsoCode": entry[2]}
    return {name: value for name, value in document.items() if value}


def party_document(address: Address, contact_id: int | None = None) -> dict[str, Any]:
    """Address of the parties shape: every text present, country as id, name, alpha-2, alpha-3."""
    document: dict[str, Any] = {} if contact_id is None else {"contactId": contact_id}
    document |= _texts(address)
    entry = reference.countries().get(address.country)
    if entry is not None:
        document |= {
            "country": entry[3],
            "countryId": entry[0],
            "countryIsoCode": entry[1],
            "countryIsoCode3": entry[2],
        }
    return document


class PostalAddressIn(PostalLinesIn):
    """An entry of the book. Line 1 is required; line 3 is the city, line 4 the state or county."""

    def to_address(self) -> Address:
        """The address.

        Raises: Refusal 400 without line 1 or for an unknown country.
        """
        if not self.address_line1:
            refuse("CONC-905", "addressLine1 is required")
        return super().to_address()


@routes("POST", "/contact-service/postal-address")
def create_address(account: Account, call: Call) -> Reply:
    """Answers the id."""
    address = call.read(PostalAddressIn).to_address()
    entry = PostalAddress(account.sequences.next("address"), address)
    account.addresses[entry.id] = entry
    return answer(entry.id)


@routes("PUT", "/contact-service/postal-address/{id}")
def replace_address(account: Account, call: Call) -> Reply:
    """Replaces the whole address."""
    entry = account.addresses.get(call.number("id"))
    if entry is None:
        not_found("No Postal Address Found")
    entry.address = call.read(PostalAddressIn).to_address()
    return done()


@routes("GET", "/contact-service/postal-address/{ids}")
def read_addresses(account: Account, call: Call) -> Reply:
    """The addresses of a set; 404 when there are none."""
    ids = call.id_set(limit=READ_LIMIT).among(account.addresses, account.addresses)
    if not ids:
        not_found("No Postal Address Found")
    return answer([address_document(account.addresses[number]) for number in ids])


def address_document(entry: PostalAddress) -> dict[str, Any]:
    """The resource; unset fields are left out."""
    address = entry.address
    document: dict[str, Any] = {
        "addressId": entry.id,
        "contactId": entry.contact_id,
        "addressLine1": address.line1,
        "addressLine2": address.line2,
        "addressLine3": address.line3,
        "addressLine4": address.line4,
        "postalCode": address.postal_code,
    }
    country = reference.countries().get(address.country)
    if country is not None:
        document |= {
            "countryId": country[0],
            "countryIsoCode2": country[1],
            "countryIsoCode": country[2],
        }
    return {name: value for name, value in document.items() if value}
