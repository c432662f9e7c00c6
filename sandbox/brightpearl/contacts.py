"""Contacts and postal addresses. E-mail addresses are not unique."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.addresses import address_document
from sandbox.brightpearl.api import (
    Call,
    Change,
    Incoming,
    Routes,
    answer,
    apply_all,
    done,
    operations,
    options_answer,
)
from sandbox.brightpearl.formats import stamp
from sandbox.brightpearl.records import Contact
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.kit.routing import Reply

routes = Routes()

PAGE = 200
NAME_LENGTH = 32


class AddressIdsIn(Incoming):
    """`postAddressIds`; all three kinds are needed (our reading)."""

    default: int = Field(alias="DEF")
    billing: int = Field(alias="BIL")
    delivery: int = Field(alias="DEL")


class EmailIn(Incoming):
    """One e-mail entry."""

    email: str


class CommunicationIn(Incoming):
    """`communication`."""

    emails: dict[str, EmailIn] = Field(default_factory=dict)
    telephones: dict[str, str | None] = Field(default_factory=dict)


class OrganisationIn(Incoming):
    """`organisation`."""

    name: str | None = None


class RelationshipIn(Incoming):
    """`relationshipToAccount`."""

    is_supplier: bool = False
    is_staff: bool = False


class MarketingIn(Incoming):
    """`marketingDetails`."""

    is_receive_email_newsletter: bool = False


class FinancialIn(Incoming):
    """`financialDetails`."""

    price_list_id: int | None = None
    currency_id: int | None = None
    credit_term_days: int = 0


class ContactIn(Incoming):
    """The body of `POST /contact-service/contact`."""

    salutation: str | None = Field(default=None, max_length=NAME_LENGTH)
    first_name: str = Field(max_length=NAME_LENGTH)
    last_name: str = Field(max_length=NAME_LENGTH)
    post_address_ids: AddressIdsIn
    communication: CommunicationIn = CommunicationIn()
    organisation: OrganisationIn = OrganisationIn()
    relationship_to_account: RelationshipIn = RelationshipIn()
    marketing_details: MarketingIn = MarketingIn()
    financial_details: FinancialIn = FinancialIn()


@routes("POST", "/contact-service/contact")
def create_contact(account: Account, call: Call) -> Reply:
    """Answers the contact id. The addresses must exist and belong to no other contact."""
    body = call.read(ContactIn)
    ids = {
        "DEF": body.post_address_ids.default,
        "BIL": body.post_address_ids.billing,
        "DEL": body.post_address_ids.delivery,
    }
    for address_id in ids.values():
        _check_free(account, address_id, owner=None)
    finance = body.financial_details
    if finance.price_list_id not in (None, *reference.PRICE_LISTS):
        refuse("CONC-903", f"Price list {finance.price_list_id} does not exist")
    contact = Contact(
        id=account.sequences.next("contact"),
        first_name=body.first_name,
        last_name=body.last_name,
        salutation=body.salutation or "",
        address_ids=ids,
        emails={kind: entry.email for kind, entry in body.communication.emails.items()},
        telephones={
            kind: number for kind, number in body.communication.telephones.items() if number
        },
        organisation=body.organisation.name or "",
        price_list_id=finance.price_list_id or reference.DEFAULT_PRICE_LIST,
        currency_id=finance.currency_id or 1,
        credit_term_days=finance.credit_term_days,
        is_supplier=body.relationship_to_account.is_supplier,
        is_staff=body.relationship_to_account.is_staff,
        newsletter=body.marketing_details.is_receive_email_newsletter,
        created_on=account.now(),
    )
    account.contacts[contact.id] = contact
    for address_id in ids.values():
        account.addresses[address_id].contact_id = contact.id
    return answer(contact.id)


def _check_free(account: Account, address_id: int, owner: int | None) -> None:
    entry = account.addresses.get(address_id)
    if entry is None:
        refuse("CONC-901", f"Postal address {address_id} does not exist")
    if entry.contact_id not in (None, owner):
        refuse("CONC-902", f"Postal address {address_id} belongs to another contact")


@routes("GET", "/contact-service/contact/{ids}")
def read_contacts(account: Account, call: Call) -> Reply:
    """Pages of 200; a longer set is cut without an error. 404 when nothing is found."""
    ids = call.id_set().among(account.contacts, account.contacts)
    if not ids:
        not_found("No Contact Found")
    first = max(1, _whole(call.query.get("firstResult"), 1))
    size = max(1, min(PAGE, _whole(call.query.get("pageSize"), PAGE)))
    page = ids[first - 1 : first - 1 + size]
    options = call.options()
    body: dict[str, Any] = {
        "response": [
            contact_document(account, account.contacts[number], options) for number in page
        ],
        "pagination": {
            "morePagesAvailable": first - 1 + size < len(ids),
            "resultsReturned": len(page),
            "firstResult": first,
            "lastResult": first - 1 + len(page),
        },
        "sorting": [{"field": "contactId", "direction": "ASC"}],
    }
    return Reply(200, body)


def _whole(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdigit() else default


@routes("OPTIONS", "/contact-service/contact", "/contact-service/contact/{ids}")
def contact_options(account: Account, call: Call) -> Reply:
    """GET paths that name existing ids only."""
    return options_answer(account.contacts, call, "contact")


@routes("PATCH", "/contact-service/contact/{id}")
def patch_contact(account: Account, call: Call) -> Reply:
    """The whole contact after the change."""
    contact = _contact(account, call)
    apply_all(operations(call), _patch_paths(account, contact))
    contact.updated_on = account.now()
    return answer(contact_document(account, contact))


def _contact(account: Account, call: Call) -> Contact:
    contact = account.contacts.get(call.number("id"))
    if contact is None:
        not_found("No Contact Found")
    return contact


def _patch_paths(account: Account, contact: Contact) -> Mapping[str, Mapping[str, Change]]:
    paths: dict[str, dict[str, Change]] = {}
    for path, name in (
        ("/salutation", "salutation"),
        ("/firstName", "first_name"),
        ("/lastName", "last_name"),
    ):
        paths[path] = {"replace": lambda value, name=name: _set_name(contact, name, value)}  # type: ignore[misc] # mypy cannot infer a lambda with a default
    for kind in ("PRI", "SEC", "MOB", "FAX"):
        paths[f"/communication/telephones/{kind}"] = _entry_changes(contact.telephones, kind)
    for kind in ("PRI", "SEC", "TER"):
        paths[f"/communication/emails/{kind}/email"] = _entry_changes(contact.emails, kind)
    newsletter = "/marketingDetails/isReceiveEmailNewsletter"
    paths[newsletter] = {"replace": lambda value: setattr(contact, "newsletter", bool(value))}
    paths["/leadTime"] = {"replace": lambda value: setattr(contact, "lead_time", int(value))}
    paths["/companyId"] = {
        "replace": lambda value: _join_company(account, contact, int(value)),
        "remove": lambda _: setattr(contact, "company_id", 0),
    }
    return paths


def _set_name(contact: Contact, name: str, value: object) -> None:
    text = str(value or "")
    if len(text) > NAME_LENGTH:
        refuse("CONC-904", f"{name} is longer than {NAME_LENGTH} characters")
    setattr(contact, name, text)


def _join_company(account: Account, contact: Contact, company_id: int) -> None:
    """Make somebody a further contact of a company, which is that of its primary contact."""
    head = account.contacts.get(company_id)
    if head is None or head is contact or head.company_id:
        refuse("CONC-908", f"Company {company_id} does not exist")
    contact.company_id = company_id


def _entry_changes(entries: dict[str, str], kind: str) -> dict[str, Change]:
    def put(value: object) -> None:
        entries[kind] = str(value)

    def remove(_: object) -> None:
        entries.pop(kind, None)

    return {"add": put, "replace": put, "remove": remove}


@routes("GET", "/contact-service/tag", "/contact-service/tag/{ids}")
def read_tags(_account: Account, call: Call) -> Reply:
    """A map by id; the field names are those of a public client."""
    known = reference.CONTACT_TAGS
    ids = call.id_set().among(known, known) if "ids" in call.params else list(known)
    documents = {}
    for number in ids:
        name, color = known[number]
        documents[str(number)] = {
            "tagId": number,
            "tagName": name,
            "tagParentId": 0,
            "tagColor": color,
        }
    return answer(documents)


@routes("POST", "/contact-service/contact/{id}/tag/{tag}")
def add_tag(account: Account, call: Call) -> Reply:
    """Tag a contact."""
    contact, tag = _contact(account, call), _tag(call)
    if tag not in contact.tags:
        contact.tags.append(tag)
        contact.updated_on = account.now()
    return done()


@routes("DELETE", "/contact-service/contact/{id}/tag/{tag}")
def remove_tag(account: Account, call: Call) -> Reply:
    """Take a tag off a contact."""
    contact, tag = _contact(account, call), _tag(call)
    if tag in contact.tags:
        contact.tags.remove(tag)
        contact.updated_on = account.now()
    return done()


def _tag(call: Call) -> int:
    number = call.number("tag")
    if number not in reference.CONTACT_TAGS:
        not_found("No tag found")
    return number


class AssociationIn(Incoming):
    """One address for one purpose."""

    postal_address_id: int
    type: str = Field(pattern="^(DEF|BIL|DEL)$")


@routes("PUT", "/contact-service/contact/{id}/postal-address")
def associate_addresses(account: Account, call: Call) -> Reply:
    """Give a contact existing addresses that belong to no other contact."""
    contact = _contact(account, call)
    wanted = call.read(list[AssociationIn])
    for item in wanted:
        _check_free(account, item.postal_address_id, owner=contact.id)
        if contact.company_id and item.type != "DEL":
            refuse("CONC-909", "Billing and default addresses are those of the company")
    for item in wanted:
        contact.address_ids[item.type] = item.postal_address_id
        account.addresses[item.postal_address_id].contact_id = contact.id
    contact.updated_on = account.now()
    return done()


def _updated_on(account: Account, contact: Contact) -> datetime:
    """Of a contact that was never changed, what a switch says."""
    if contact.updated_on is not None:
        return contact.updated_on
    is_now = account.switches.unchanged_contact_updated_on == "now"
    return account.now() if is_now else contact.created_on


def contact_document(
    account: Account, contact: Contact, options: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The resource as GET and PATCH answer it."""
    document: dict[str, Any] = {
        "contactId": contact.id,
        "isPrimaryContact": not contact.company_id,
        "salutation": contact.salutation,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "postAddressIds": dict(contact.address_ids),
        "communication": {
            "emails": {kind: {"email": email} for kind, email in contact.emails.items()},
            "telephones": dict(contact.telephones),
            "messagingVoips": {},
            "websites": {},
        },
        "contactStatus": {"current": {"contactStatusId": 0}},
        "relationshipToAccount": {
            "isSupplier": contact.is_supplier,
            "isStaff": contact.is_staff,
        },
        "marketingDetails": {"isReceiveEmailNewsletter": contact.newsletter},
        "financialDetails": {
            "priceListId": contact.price_list_id,
            "nominalCode": "0",
            "creditLimit": 0,
            "creditTermDays": contact.credit_term_days,
            "currencyId": contact.currency_id,
            "discountPercentage": 0.0,
            "creditTermTypeId": 1,
        },
        "assignment": {"current": {}},
        "organisation": {"organisationId": contact.company_id or contact.id},
        "tradeStatus": "UNKNOWN",
        "createdByid": reference.API_USER_ID,
        "createdOn": stamp(contact.created_on, account.zone),
        "updatedOn": stamp(_updated_on(account, contact), account.zone),
        "contactTags": ",".join(map(str, contact.tags)),
        "aliases": {},
        "companyId": contact.company_id,
    }
    if contact.organisation:
        document["organisation"]["name"] = contact.organisation
    if "customFields" in options:
        document["customFields"] = contact.custom_fields
    if "postalAddresses" in options:
        own = sorted(set(contact.address_ids.values()))
        document["postalAddresses"] = [
            address_document(account.addresses[number]) for number in own
        ]
    return document
