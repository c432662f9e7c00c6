"""What is written to contacts that exist, by whichever sync. All of it is harmless to repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from connectors.brightpearl import messages
from connectors.brightpearl.account_models import Contact, PostalAddress
from core.customers import BILLING, DELIVERY
from tasks.reconciler.operations import BrightpearlWrite, Operation, PlanT, Progress
from tasks.reconciler.run import Run


@dataclass(kw_only=True)
class ContactProgress(Progress[PlanT]):
    """A record on its way whose contact is written to."""

    entity: ClassVar[str] = ""
    """Whose records these are, where they are not the run's."""
    contact_id: str = ""
    """The record's own contact, once it is known."""
    new_addresses: dict[str, str] = field(default_factory=dict)
    """Ids of postal addresses that were made, by use."""


ContactOperation = Operation[Any]
"""A write to a record whose progress is a ContactProgress."""


@dataclass(frozen=True)
class PatchContact(ContactOperation):
    """Fields of a contact, by path; None takes one away."""

    fields: Mapping[str, Any]
    contact_id: str = ""
    """Where it is not the record's own."""
    kind = "update contact"

    def describe(self) -> str:
        paths = (path.removeprefix("/communication").lstrip("/") for path in self.fields)
        return f"{' '.join(filter(None, ('contact', self.contact_id)))}: {', '.join(paths)}"

    def write(self, _run: Run, record: ContactProgress[Any]) -> BrightpearlWrite:
        contact_id = self.contact_id or record.contact_id
        label = f"{record.key}:c{contact_id}"
        return BrightpearlWrite(
            natural_key=contact_id,
            after={"fields": sorted(self.fields)},
            message=messages.patch_contact(label, contact_id, self.fields),
        )


@dataclass(frozen=True)
class SetTag(ContactOperation):
    """A tag of a contact, put on or taken off."""

    tag_id: str
    is_on: bool
    contact_id: str = ""
    """Where it is not the record's own."""
    kind = "tag contact"

    def describe(self) -> str:
        of = f" contact {self.contact_id}" if self.contact_id else ""
        return f"tag {self.tag_id} {'on' if self.is_on else 'off'}{of}"

    def write(self, _run: Run, record: ContactProgress[Any]) -> BrightpearlWrite:
        contact_id = self.contact_id or record.contact_id
        label = f"{record.key}:t{self.tag_id}"
        return BrightpearlWrite(
            natural_key=f"{contact_id}/{self.tag_id}",
            after={"is_on": self.is_on},
            message=messages.tag_contact(label, contact_id, self.tag_id, is_on=self.is_on),
        )


@dataclass(frozen=True)
class ReplaceAddress(ContactOperation):
    """An entry of the address book, whatever it is used for."""

    use: str
    address_id: str
    address: PostalAddress
    kind = "update postal address"

    def describe(self) -> str:
        return f"{self.use} address in Brightpearl"

    def write(self, _run: Run, record: ContactProgress[Any]) -> BrightpearlWrite:
        label = f"{record.key}:a{self.address_id}"
        return BrightpearlWrite(
            natural_key=self.address_id,
            message=messages.replace_address(label, self.address_id, self.address),
        )


@dataclass(frozen=True)
class CreateAddress(ContactOperation):
    """A new entry of the address book. One that is made twice is used by nothing."""

    use: str
    address: PostalAddress
    kind = "create postal address"

    def describe(self) -> str:
        return f"new {self.use} address in Brightpearl"

    def write(self, _run: Run, record: ContactProgress[Any]) -> BrightpearlWrite:
        return BrightpearlWrite(
            entity=record.entity,
            natural_key=self.use,
            after={"use": self.use},
            message=messages.create_address(f"{record.key}:{self.use}", self.address),
        )

    def apply(self, record: ContactProgress[Any], answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.new_addresses[self.use] = str(answer)


@dataclass(frozen=True)
class UseAddress(ContactOperation):
    """What a new entry is used for from now on."""

    use: str
    kinds: Sequence[str]
    """DEF, BIL and DEL."""
    kind = "use postal address"

    def describe(self) -> str:
        return ""

    def write(self, _run: Run, record: ContactProgress[Any]) -> BrightpearlWrite:
        by_use = dict.fromkeys(self.kinds, record.new_addresses[self.use])
        label = f"{record.key}:use-{self.use}"
        return BrightpearlWrite(
            natural_key=self.use,
            message=messages.use_addresses(label, record.contact_id, by_use),
        )


WRITES: Sequence[type[ContactOperation]] = (PatchContact, SetTag, ReplaceAddress, CreateAddress)
"""All but UseAddress, which follows them; they are independent of each other."""
USES = {BILLING: ("BIL", "DEF"), DELIVERY: ("DEL",)}
"""What Brightpearl uses an address for that is one of a frame's."""


def change_tag(known: Sequence[str], wanted: str) -> Iterator[ContactOperation]:
    """What leaves a contact with one tag of a kind, or none. In: those that it has."""
    yield from (SetTag(tag, is_on=False) for tag in known if tag != wanted)
    if wanted and wanted not in known:
        yield SetTag(wanted, is_on=True)


def change_addresses(
    contact: Contact, places: Mapping[str, PostalAddress]
) -> Iterator[ContactOperation]:
    """What gives a contact addresses for billing, delivery or both: one where they are alike.

    An entry of the book is replaced where nothing else uses it; else a new one is made.
    """
    kinds = {use: USES[use] for use in places}
    if len(places) == len(USES) and places[BILLING] == places[DELIVERY]:
        kinds = {BILLING: (*USES[BILLING], *USES[DELIVERY])}
    for use, own in kinds.items():
        ids = {contact.address_ids.get(kind, "") for kind in own}
        others = {one for kind, one in contact.address_ids.items() if kind not in own}
        if len(ids) == 1 and all(ids) and not ids & others:
            yield ReplaceAddress(use, ids.pop(), places[use])
        else:
            yield CreateAddress(use, places[use])
            yield UseAddress(use, own)
