"""The address book: addresses exist before, and apart from, contacts."""

from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.addresses import alpha_3
from sandbox.brightpearl.records import Address, PostalAddress
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.routing import Call, Incoming, Routes, answer, done
from sandbox.kit.routing import Reply

routes = Routes()

READ_LIMIT = 200


class PostalAddressIn(Incoming):
    """Line 1 is required; line 3 is the city, line 4 the state or county."""

    address_line1: str | None = None
    address_line2: str | None = None
    address_line3: str | None = None
    address_line4: str | None = None
    postal_code: str | None = None
    country_iso_code: str | None = None
    country_id: int | None = None

    def to_address(self) -> Address:
        """The address.

        Raises: Refusal 400 without line 1 or for an unknown country.
        """
        if not self.address_line1:
            refuse("CONC-905", "addressLine1 is required")
        return Address(
            line1=self.address_line1,
            line2=self.address_line2 or "",
            line3=self.address_line3 or "",
            line4=self.address_line4 or "",
            postal_code=self.postal_code or "",
            country=alpha_3(self.country_iso_code, self.country_id),
        )


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
