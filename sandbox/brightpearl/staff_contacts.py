"""What staff do to contacts in the account's screens: make, change, merge, delete, move e-mails.

An id that is gone is found by no read or search and taken by no new order, and never used again.
"""

from typing import Any

from pydantic import Field, model_validator

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.contacts import NAME_LENGTH
from sandbox.brightpearl.records import Address, Contact, PostalAddress
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.kit.controls import ControlBody

EMAIL_KINDS = ("PRI", "SEC", "TER")


class StaffAddress(ControlBody):
    """An address as staff type it; `country` is alpha-3."""

    line1: str = "1 Mill Road"
    line2: str = ""
    line3: str = ""
    line4: str = ""
    postal_code: str = ""
    country: str = "GBR"


class ContactFields(ControlBody):
    """What the screen of one contact shows; what is left out stays. Emails are by PRI, SEC, TER."""

    first_name: str | None = Field(default=None, max_length=NAME_LENGTH)
    last_name: str | None = Field(default=None, max_length=NAME_LENGTH)
    organisation: str | None = None
    emails: dict[str, str] | None = None
    telephones: dict[str, str] | None = None
    tags: list[int] | None = None
    price_list_id: int | None = None
    credit_term_days: int | None = None
    newsletter: bool | None = None
    is_supplier: bool | None = None
    is_staff: bool | None = None
    company_id: int | None = None
    addresses: dict[str, StaffAddress] = Field(default_factory=dict)
    """By use: DEF, BIL, DEL. Each becomes an entry of its own."""


class ContactEdit(ControlBody):
    """One thing done to a contact: made, changed, merged into another, deleted, rid of an e-mail.

    `set` without a `contact_id` makes a new one. `move_email` is an address of the contact, which
    goes to the contact `to`.
    """

    contact_id: int = 0
    set: ContactFields | None = None
    merge_into: int | None = None
    delete: bool = False
    move_email: str | None = None
    to: int | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> "ContactEdit":
        wanted = (
            self.merge_into is not None,
            self.delete,
            self.move_email is not None,
            self.set is not None,
        )
        if sum(wanted) != 1 or (self.to is None) != (self.move_email is None):
            raise ValueError("expected one of set, merge_into, delete, or move_email with to")
        return self


def edit_contact(account: Account, wanted: ContactEdit) -> dict[str, Any]:
    """Do it; answers the contact that is left, with its e-mails, and those that found no place."""
    if wanted.set is not None:
        contact = _contact(account, wanted.contact_id) if wanted.contact_id else _new(account)
        _change(account, contact, wanted.set)
        return _answer(contact, lost=[])
    contact = _contact(account, wanted.contact_id)
    if wanted.delete:
        _remove(account, contact)
        return {"contact_id": contact.id, "deleted": True}
    if wanted.move_email is not None:
        target = _contact(account, wanted.to or 0)
        _move_email(account, contact, wanted.move_email, target)
        return _answer(target, lost=[])
    target = _contact(account, wanted.merge_into or 0)
    if target is contact:
        refuse("CONC-906", "A contact cannot be merged into itself")
    return _answer(target, lost=_merge(account, contact, target))


def _contact(account: Account, number: int) -> Contact:
    found = account.contacts.get(number)
    if found is None:
        not_found(f"There is no contact {number}")
    return found


def _new(account: Account) -> Contact:
    entry = PostalAddress(account.sequences.next("address"), Address(line1="-"))
    contact = Contact(
        id=account.sequences.next("contact"),
        first_name="",
        last_name="",
        salutation="",
        address_ids=dict.fromkeys(("DEF", "BIL", "DEL"), entry.id),
        emails={},
        telephones={},
        organisation="",
        price_list_id=reference.DEFAULT_PRICE_LIST,
        currency_id=1,
        created_on=account.now(),
    )
    entry.contact_id = contact.id
    account.addresses[entry.id] = entry
    account.contacts[contact.id] = contact
    return contact


def _change(account: Account, contact: Contact, wanted: ContactFields) -> None:
    for name in ContactFields.model_fields.keys() - {"addresses"}:
        value = getattr(wanted, name)
        if value is not None:
            setattr(contact, name, value)
    for use, given in wanted.addresses.items():
        entry = PostalAddress(
            account.sequences.next("address"), Address(**given.model_dump()), contact.id
        )
        account.addresses[entry.id] = entry
        contact.address_ids[use] = entry.id
    contact.updated_on = account.now()


def _remove(account: Account, contact: Contact) -> None:
    """Take a contact out of the books; its orders go on naming it."""
    account.deleted_contacts[contact.id] = account.contacts.pop(contact.id)


def _merge(account: Account, contact: Contact, target: Contact) -> list[str]:
    """Give `target` all that the contact has, then delete it; e-mails that found no place."""
    emails = [contact.emails[kind] for kind in EMAIL_KINDS if kind in contact.emails]
    lost = [email for email in emails if not _add_email(target, email)]
    for entry in account.addresses.values():
        if entry.contact_id == contact.id:
            entry.contact_id = target.id
    target.tags += [tag for tag in contact.tags if tag not in target.tags]
    target.updated_on = account.now()
    _remove(account, contact)
    if account.switches.merged_contact_gives_orders:
        for order in account.orders.values():
            if order.contact_id == contact.id:
                order.contact_id = target.id
            if order.billing_contact_id == contact.id:
                order.billing_contact_id = target.id
    return lost


def _add_email(contact: Contact, email: str) -> bool:
    """Put an e-mail in the first free place; whether the contact has it now."""
    if email.casefold() in {known.casefold() for known in contact.emails.values()}:
        return True
    free = next((kind for kind in EMAIL_KINDS if not contact.emails.get(kind)), None)
    if free is not None:
        contact.emails[free] = email
    return free is not None


def _move_email(account: Account, contact: Contact, email: str, target: Contact) -> None:
    folded = email.casefold()
    kind = next((k for k, known in contact.emails.items() if known.casefold() == folded), None)
    if kind is None:
        not_found(f"Contact {contact.id} has no such e-mail")
    if not _add_email(target, contact.emails[kind]):
        refuse("CONC-907", f"Contact {target.id} has {len(EMAIL_KINDS)} e-mails already")
    del contact.emails[kind]
    contact.updated_on = target.updated_on = account.now()


def _answer(contact: Contact, lost: list[str]) -> dict[str, Any]:
    return {"contact_id": contact.id, "emails": dict(contact.emails), "lost": lost}
