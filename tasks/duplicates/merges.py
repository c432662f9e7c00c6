"""Two contacts of one person become one, and are separated again where that was wrong.

Brightpearl has no call that merges contacts. What its API allows is done: the contact that is kept
takes over e-mails, telephones and tags of the other one, whose e-mails are then replaced by one
that reaches nobody. So new orders and the sync of customers go to the kept contact; orders,
payments and addresses of the other one stay where they are. Everything can be undone: what was
moved stands on the kept contact, and the places and hashes of it in our own table (decision 19).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.brightpearl.account_models import EMAIL_KINDS, Contact
from core.ids import MERGE, email_key, merge_key, merge_of
from core.refusals import DISCARD, Refusal, release_remedy
from intelligence.customers import Customer, Match, NameCounts, compare, prepare
from store.links import Link
from store.merges import Merges
from store.quarantine import MERGE_CASE
from tasks.brightpearl.contact_operations import (
    ContactOperation,
    ContactProgress,
    PatchContact,
    SetTag,
)
from tasks.brightpearl.contacts import is_merged, merged_email, remember
from tasks.customers.extract import read_contacts
from tasks.customers.frames import ENTITY, AgreedCustomer
from tasks.customers.matching import replace_lead
from tasks.customers.operations import CORRECT
from tasks.policy import PURE, RETRIED, step
from tasks.reconciler.agreed import hash_of
from tasks.reconciler.apply import Phase, apply, outcome_of
from tasks.reconciler.cases import REVIEW, Outcome, digest, review, skipped
from tasks.reconciler.operations import RecordPlan
from tasks.reconciler.run import Run

PHONE_KINDS = ("PRI", "SEC", "MOB")
EMAILS, PHONES = "emails", "telephones"
PATHS = {EMAILS: "/communication/emails/{}/email", PHONES: "/communication/telephones/{}"}


UNKNOWN = Match("", "", "ignore", 0, ())
"""A case is known by its contacts, whatever the evidence was."""


@dataclass(frozen=True)
class Move:
    """An e-mail or telephone that the kept contact takes over."""

    what: str
    """`emails` or `telephones`."""
    source: str
    """Its place on the other contact, such as PRI."""
    target: str
    """Its place on the kept one."""
    hash: str
    """Of its value."""
    was_known: bool = False
    """Whether the kept contact had it before."""


@dataclass(frozen=True)
class Moves:
    """What changes hands, and what there is no place for."""

    found: tuple[Move, ...]
    tags: tuple[str, ...]
    has_no_place: bool = False
    """Whether an e-mail is left over: a contact has three."""


def person_of(contact: Contact, record_id: str = "") -> Customer:
    """A contact as a customer: primary e-mail, first telephone, billing address."""
    home = next((one for use in ("BIL", "DEF", "DEL") if (one := contact.address(use))), None)
    return Customer(
        id=record_id or contact.id,
        first_name=contact.first_name,
        last_name=contact.last_name,
        email=next(iter(contact.emails_by_kind.values()), ""),
        phone=next((one for one in contact.telephones.values() if one), ""),
        street=f"{home.line_1} {home.line_2}".strip().removeprefix("-") if home else "",
        city=home.line_3 if home else "",
        postcode=home.post_code if home else "",
    )


def find_moves(kept: Contact, merged: Contact, groups: Iterable[str]) -> Moves:
    """What the kept contact takes over from the other one. Pure.

    Tags that stand for a customer group are left: with them come prices, which nobody merges.
    """
    found: list[Move] = []
    here = {email_key(email): kind for kind, email in kept.emails_by_kind.items()}
    free = [kind for kind in EMAIL_KINDS if kind not in kept.emails_by_kind]
    has_no_place = False
    for kind, email in merged.emails_by_kind.items():
        key = email_key(email)
        known = here.get(key, "")
        if not known and not free:
            has_no_place = True
            continue
        target = here.setdefault(key, known or free.pop(0))
        found.append(Move(EMAILS, kind, target, hash_of(EMAILS, key), bool(known)))
    phones = {kind: phone for kind in PHONE_KINDS if (phone := merged.telephones.get(kind, ""))}
    known_phones = {phone for phone in kept.telephones.values() if phone}
    free = [kind for kind in PHONE_KINDS if not kept.telephones.get(kind)]
    for kind, phone in phones.items():
        if phone not in known_phones and free:
            known_phones.add(phone)
            found.append(Move(PHONES, kind, free.pop(0), hash_of(PHONES, phone)))
    group_tags = set(groups)
    tags = tuple(one for one in merged.tags if one not in kept.tags and one not in group_tags)
    return Moves(tuple(found), tags, has_no_place)


def by_hand(kept: Contact, merged: Contact, moves: Moves) -> str:
    """Why only a person can merge the two; "" where it can be done for them. Pure."""
    if kept.company_id != merged.company_id or (
        kept.company and merged.company and kept.company.casefold() != merged.company.casefold()
    ):
        return "they buy for different companies"
    if moves.has_no_place:
        return f"contact {kept.id} has no free place for another e-mail"
    return ""


def merge_case(kept: str, merged: str, match: Match, hindrance: str = "") -> Refusal:
    """The proposal to merge two contacts, with the evidence in words and nothing personal."""
    why = f"contacts {kept} and {merged} are "
    why += "certainly" if match.zone == "certain" else "perhaps"
    why += f" one person ({match.score} of 100): {'; '.join(match.reasons)}"
    if hindrance:
        why += f". It cannot be done for you: {hindrance}"
    proposal = {} if hindrance else {"kept": kept, "merged": merged}
    case = review(MERGE_CASE, digest(MERGE_CASE, kept, merged), why, proposal)
    themselves = f"Merge contacts {kept} and {merged} in Brightpearl"
    remedy = (
        f"Compare contacts {kept} and {merged} in Brightpearl. causeway quarantine release --apply "
        f"--key {merge_key(kept, merged)} merges them, which causeway customers unmerge {kept} "
        f"{merged} undoes. Two people: {DISCARD}."
        if proposal
        else f"{release_remedy(themselves, REVIEW, key=merge_key(kept, merged))}. Or leave them as "
        f"they are: {DISCARD}."
    )
    facts = {"zone": match.zone, "score": match.score}
    return replace(case, remedy=remedy, detail={**case.detail, "facts": facts})


@step("plan-merges", RETRIED)
def plan_merges(run: Run) -> tuple[list[RecordPlan], list[Outcome]]:
    """Plans of the keys of a batch that merge contacts or separate them; what needs nothing.

    A merge is carried out while a person's approval holds and both still are like one person. How
    both were is kept before anything is planned to be written.

    Raises: TransientError, ConfigError.
    """
    named = {key: pair for key in run.batch.keys if (pair := merge_of(key))}
    if not named:
        return [], []
    ids = {one for pair in named.values() for one in pair}
    contacts = read_contacts(run, ids)
    decisions, groups = run.decisions(), run.bundle.tables["customer_groups"]
    tags = {row.becomes for row in groups.rows}
    links = run.links.get(run.pair, ENTITY, list(ids), by="id_bp")
    # Staff merged them by themselves: whoever had such a contact follows the e-mail to another.
    gone = [link.key_bc for one, link in links.items() if one not in contacts]
    if gone and not run.dry_run:
        run.inbox.put(run.pair, ENTITY, gone, source=MERGE_CASE, now=run.now())
    plans, outcomes = [], []
    for key, (kept_id, merged_id) in named.items():
        kept, merged = contacts.get(kept_id), contacts.get(merged_id)
        if kept is None or merged is None:
            outcomes.append(Outcome(key, "gone", "a contact of the two is gone"))
            continue
        if not key.startswith(MERGE):
            plans.append(_plan_undo(run, key, kept, merged))
            continue
        if not decisions.approves(key, merge_case(kept_id, merged_id, UNKNOWN)):
            outcomes.append(skipped(key, "unchanged", "nobody approved this merge"))
            continue
        moves = find_moves(kept, merged, tags)
        is_customer = merged_id in links and kept_id not in links
        if reason := _objection(kept, merged, moves, is_customer=is_customer):
            outcomes.append(Outcome(key, "unchanged", reason))
            continue
        plans.append(_plan_merge(run, key, kept, merged, moves))
    return plans, outcomes


def _objection(kept: Contact, merged: Contact, moves: Moves, *, is_customer: bool) -> str:
    """Why two contacts that a person approved are not merged after all."""
    one, other = (prepare(person_of(contact)) for contact in (kept, merged))
    if is_merged(merged) and not is_merged(kept):
        return ""
    if is_merged(kept) or kept.is_staff or kept.is_supplier or merged.is_staff:
        return "one of them is no customer any more"
    if merged.is_supplier or is_customer:
        return "the other contact is a supplier or a customer by now: it is proposed anew"
    if compare(one, other, NameCounts.of((one, other))).zone == "ignore":
        return "they are not like one person any more"
    return by_hand(kept, merged, moves)


def _plan_merge(run: Run, key: str, kept: Contact, merged: Contact, moves: Moves) -> RecordPlan:
    before: Mapping[str, Any] = {
        "moves": [vars(move) for move in moves.found],
        "tags": list(moves.tags),
        "links": [
            {"key": link.key_bc, "detail": dict(link.detail)}
            for link in run.links.get(run.pair, ENTITY, [merged.id], by="id_bp").values()
        ],
    }
    if not run.dry_run:
        before = Merges(run.database).start(run.pair, kept.id, merged.id, before, now=run.now())
    emails = merged.emails_by_kind
    added = {
        PATHS[move.what].format(move.target): (
            emails[move.source] if move.what == EMAILS else merged.telephones[move.source]
        )
        for move in moves.found
        if not move.was_known
    }
    emptied: dict[str, Any] = {PATHS[EMAILS].format(kind): None for kind in emails if kind != "PRI"}
    marked = {PATHS[EMAILS].format("PRI"): merged_email(kept.id)}
    operations: list[ContactOperation] = [
        *([PatchContact(added, kept.id)] if added and not is_merged(merged) else []),
        *(SetTag(tag, is_on=True, contact_id=kept.id) for tag in moves.tags),
        *([] if is_merged(merged) else [PatchContact(marked | emptied, merged.id)]),
    ]
    return RecordPlan(key=key, operations=tuple(operations), result="merged")


def _plan_undo(run: Run, key: str, kept: Contact, merged: Contact) -> RecordPlan:
    known = Merges(run.database).get(run.pair, kept.id, merged.id)
    if known is None or known.state == "undone":
        reason = "these contacts are not merged"
        return RecordPlan(key=key, reason=reason)
    moves = [Move(**one) for one in known.before["moves"]]
    here = {EMAILS: kept.emails_by_kind, PHONES: kept.telephones}
    back: dict[str, Any] = {}
    removed: dict[str, Any] = {}
    lost: list[str] = []
    for move in moves:
        value = here[move.what].get(move.target, "")
        compared = email_key(value) if move.what == EMAILS else value
        is_same = bool(value) and hash_of(move.what, compared) == move.hash
        if move.what == EMAILS and is_same:
            back[PATHS[EMAILS].format(move.source)] = value
        elif move.what == EMAILS and is_merged(merged):
            lost.append(move.target)
        if is_same and not move.was_known:
            removed[PATHS[move.what].format(move.target)] = None
    if lost:
        places = ", ".join(lost)
        case = review(
            "unmerge",
            digest(key, *lost),
            f"the e-mail of contact {kept.id} at {places} was changed since the merge",
            {},
        )
        action = f"Give contact {merged.id} its e-mail in Brightpearl"
        remedy = release_remedy(action, REVIEW, value=case.value)
        case = replace(case, remedy=f"{remedy}. Or leave both as they are: {DISCARD}.")
        return RecordPlan(key=key, cases=(case,), result="held")
    operations: list[ContactOperation] = [
        *([PatchContact(back, merged.id)] if back and is_merged(merged) else []),
        *([PatchContact(removed, kept.id)] if removed else []),
        *(SetTag(tag, is_on=False, contact_id=kept.id) for tag in known.before["tags"]),
    ]
    return RecordPlan(key=key, operations=tuple(operations), result="unmerged")


PHASES = (Phase((PatchContact, SetTag)),)


def load_merges(run: Run, plans: Sequence[RecordPlan]) -> list[Outcome]:
    """Carry the plans out, a contact after the other; what became of each."""
    if run.dry_run or not plans:
        return []
    records = apply(run, [ContactProgress(plan=plan) for plan in plans], PHASES)
    link_merges(run, records)
    return [outcome_of(record, CORRECT) for record in records]


@step("link-merges", PURE)
def link_merges(run: Run, records: Sequence[ContactProgress[RecordPlan]]) -> None:
    """Customers of a merged contact share the kept one from now on, or have their own again."""
    merges = Merges(run.database)
    for record in records:
        named = merge_of(record.key)
        if named is None or record.error is not None or record.plan.result == "held":
            continue
        kept, merged = named
        known = merges.get(run.pair, kept, merged)
        if known is None or known.state == "undone":
            continue
        if record.plan.result == "merged":
            _share(run, kept, known.before)
            merges.end(run.pair, kept, merged, "merged", now=run.now())
        elif record.plan.result == "unmerged":
            links = [Link(one["key"], merged, one["detail"]) for one in known.before["links"]]
            run.links.put(run.pair, ENTITY, links, now=run.now())
            merges.end(run.pair, kept, merged, "undone", now=run.now())
        _remember(run, kept, merged)


def _share(run: Run, kept: str, before: Mapping[str, Any]) -> None:
    lead = run.links.get(run.pair, ENTITY, [kept], by="id_bp").get(kept)
    if lead is None:
        return
    shared = [
        Link(
            one["key"],
            "",
            replace_lead(AgreedCustomer.model_validate(one["detail"]), lead.key_bc).detail(),
        )
        for one in before["links"]
        if one["key"] != lead.key_bc
    ]
    run.links.put(run.pair, ENTITY, shared, now=run.now())


def _remember(run: Run, *ids: str) -> None:
    """Which contact has which e-mail now, for the orders to come."""
    for contact in read_contacts(run, ids).values():
        if not is_merged(contact):
            remember(run.connections, {email: [contact.id] for email in contact.email_keys})
