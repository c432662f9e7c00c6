"""People who are several customers or contacts: found among all of both systems.

Nothing is changed here. What is found stands in a report, each proposed merge as a case that a
person decides; `merges.py` carries it out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.customer_models import Customer as Account
from connectors.brightpearl.account_models import Contact
from connectors.brightpearl.client import Brightpearl
from connectors.budget import Priority
from core.ids import MERGE, contact_id_of, contact_key, merge_key
from core.refusals import Refusal
from core.times import to_iso
from core.words import counted
from intelligence.customers import Customer, Match
from intelligence.duplicates import Duplicates, find_duplicates
from store.links import Link, Links
from store.quarantine import MERGE_CASE, OURSELVES, Entry, Quarantine
from store.runs import Runs
from store.verdicts import Verdicts
from tasks.brightpearl.contacts import is_person
from tasks.customers.frames import ENTITY, AgreedCustomer
from tasks.duplicates.merges import by_hand, find_moves, merge_case, person_of
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.cases import REVIEW
from tasks.reconciler.connections import Connections, connect, current_bundle
from tasks.reconciler.report import table
from tasks.reconciler.run import concluded, flow_run_id, publish
from tasks.reconciler.triage import triage_all

FLOW = "find-duplicates"
MOST_CASES = 200
"""Proposals that wait for a person at once; the likeliest come first."""
SHOWN = 100
"""Pairs in the artifact; the report has all."""


@dataclass(frozen=True)
class People:
    """Everybody of both systems once: a customer stands for the contact that it is linked with."""

    records: Mapping[str, Customer] = field(default_factory=dict)
    """By the customer's id, or as in `contact:201`."""
    contact_of: Mapping[str, str] = field(default_factory=dict)
    """Contact id of each record that has a contact."""
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    customers: int = 0


@dataclass(frozen=True)
class Proposal:
    """Two contacts that may become one."""

    kept: str
    merged: str
    match: Match
    hindrance: str
    """Why only a person can do it; "" where it can be carried out."""

    @property
    def key(self) -> str:
        """Of its case."""
        return merge_key(self.kept, self.merged)

    @property
    def case(self) -> Refusal:
        """The question to a person."""
        return merge_case(self.kept, self.merged, self.match, self.hindrance)


def read_people(store: BigCommerce, account: Brightpearl, links: Iterable[Link]) -> People:
    """All customers and contacts, those that are linked once.

    Staff, suppliers, merged contacts and customers who share the contact of another one are left
    out. In: the links of customers.

    Raises: TransientError, ConfigError.
    """
    listed = with_retries(lambda: list(store.list_customers()))
    accounts = [one for one in listed if isinstance(one, Account)]
    rows = with_retries(lambda: list(account.list_contacts()))
    ids = {row.contact_id for row in rows if not (row.is_staff or row.is_supplier)}
    read = with_retries(lambda: list(account.get_contacts(ids))) if ids else []
    contacts = {one.id: one for one in read if isinstance(one, Contact) and is_person(one)}
    known = {link.key_bc: link for link in links}
    records: dict[str, Customer] = {}
    contact_of: dict[str, str] = {}
    for one in accounts:
        link = known.get(one.id)
        if link is not None and AgreedCustomer.of(link).lead:
            continue
        records[one.id] = person_of_account(one)
        if link is not None and link.id_bp in contacts:
            contact_of[one.id] = link.id_bp
    linked = set(contact_of.values())
    for contact_id, contact in contacts.items():
        if contact_id not in linked:
            key = contact_key(contact_id)
            records[key] = person_of(contact, key)
            contact_of[key] = contact_id
    return People(records, contact_of, contacts, len(accounts))


def person_of_account(account: Account) -> Customer:
    """A customer with the newest address of the address book."""
    home = account.addresses[-1] if account.addresses else None
    return Customer(
        id=account.id,
        first_name=account.first_name,
        last_name=account.last_name,
        email=account.email,
        phone=account.phone or (home.phone if home else ""),
        street=f"{home.address1} {home.address2}".strip() if home else "",
        city=home.city if home else "",
        postcode=home.postal_code if home else "",
    )


def proposals(people: People, found: Duplicates, group_tags: Collection[str]) -> list[Proposal]:
    """The merges that are proposed, the likeliest first. Pure.

    The contact of a customer is kept rather than one that has none, else the oldest one. Of a group
    that is certainly one person every contact is merged into the same one.
    """
    keeps: dict[str, str] = {}
    for group in found.groups:
        members = [one for one in group if one in people.contact_of]
        if len(members) > 1:
            keeps |= dict.fromkeys(members, min(members, key=lambda one: _rank(people, one)))
    best: dict[tuple[str, str], Match] = {}
    for match in found.matches:
        pair = [match.first, match.second]
        if any(one not in people.contact_of for one in pair):
            continue
        if match.zone == "certain" and keeps.get(pair[0]) == keeps.get(pair[1]):
            pairs = [(keeps[one], one) for one in pair if one != keeps[one]]
        else:
            kept, other = sorted(pair, key=lambda one: _rank(people, one))
            pairs = [(kept, other)]
        for keeper, other in pairs:
            contacts = people.contact_of[keeper], people.contact_of[other]
            # The evidence of the two themselves rather than of others of their group.
            if contacts not in best or {keeper, other} == set(pair):
                best[contacts] = match
    made = []
    for (kept, merged), match in best.items():
        if kept == merged:
            continue
        here, over = people.contacts[kept], people.contacts[merged]
        why = by_hand(here, over, find_moves(here, over, group_tags))
        made.append(Proposal(kept, merged, match, why))
    return sorted(made, key=lambda one: (one.match.zone, -one.match.score, one.key))


def _rank(people: People, record: str) -> tuple[bool, int]:
    return bool(contact_id_of(record)), int(people.contact_of[record])


@step("find-duplicates", RETRIED)
def search_duplicates(pair: str) -> dict[str, Any]:
    """Find who is there several times, keep and publish it, and open a case for each merge.

    Raises: TransientError, ConfigError.
    """
    connections = connect(pair).at(Priority.BACKFILL)
    now, mode = connections.clock(), connections.pair.intelligence.duplicates
    document: dict[str, Any] = {"flow": FLOW, "pair": pair, "started_at": to_iso(now), "mode": mode}
    if mode == "off":
        return document | {"agrees": True, "says": "Switched off in the settings."}
    links = Links(connections.database).scan(pair, ENTITY)
    people = read_people(connections.bigcommerce, connections.brightpearl, list(links))
    found = find_duplicates(people.records.values())
    groups = current_bundle(connections).tables["customer_groups"]
    proposed = proposals(people, found, {row.becomes for row in groups.rows})
    waiting, approved = _open_cases(connections, proposed, merges_alone=mode == "merge")
    document |= {
        "customers": people.customers,
        "contacts": len(people.contacts),
        "certain": len(found.of_zone("certain")),
        "review": len(found.of_zone("review")),
        "groups": len(found.groups),
        "proposed": len(proposed),
        "by_hand": sum(bool(one.hindrance) for one in proposed),
        "waiting": waiting,
        "approved": approved,
        "reviewed": reviewed(connections),
        "pairs": [_row(match) for match in found.matches],
        "agrees": not found.matches,
    }
    document["says"] = says(document)
    Runs(connections.database).keep(document, run_id=flow_run_id(), now=now)
    if flow_run_id():
        publish(f"{FLOW}-{pair}", to_markdown(document), "Customers who may be one person")
    return document


def ended(document: dict[str, Any]) -> dict[str, Any]:
    """The document; Prefect shows what it says."""
    return concluded(document, document["says"])


def reviewed(connections: Connections) -> dict[str, dict[str, int]]:
    """How many proposals of each zone people decided, and how many of them they approved."""
    counts: dict[str, dict[str, int]] = {}
    for verdict in Verdicts(connections.database).newest(connections.pair.name, "duplicates"):
        of_zone = counts.setdefault(str(verdict.facts.get("zone")), {"decided": 0, "approved": 0})
        of_zone["decided"] += 1
        of_zone["approved"] += verdict.verdict == "approved"
    return counts


def says(document: Mapping[str, Any]) -> str:
    """What was found, in sentences. Pure."""
    text = (
        f"{counted(document['customers'], 'customer')} and "
        f"{counted(document['contacts'], 'contact')}: "
        f"{document['certain']} pairs are certainly one person, {document['review']} perhaps. "
        f"{document['proposed']} merges are proposed, {document['by_hand']} of which only a person "
        f"can carry out; {document['waiting']} cases wait."
    )
    if document["approved"]:
        text += f" {document['approved']} certain ones are carried out now."
    for zone, counts in sorted(document["reviewed"].items()):
        text += f" Of {counts['decided']} decided {zone} ones people approved {counts['approved']}."
    return text


def to_markdown(document: Mapping[str, Any]) -> str:
    """The report with the likeliest pairs: ids and reasons, nothing personal. Pure."""
    rows = [
        (one["zone"], str(one["score"]), one["first"], one["second"], "; ".join(one["reasons"]))
        for one in document["pairs"][:SHOWN]
    ]
    parts = [document["says"]]
    if rows:
        parts.append(table(["zone", "score", "record", "and", "why"], rows))
    if len(document["pairs"]) > SHOWN:
        parts.append(f"… and {len(document['pairs']) - SHOWN} more.")
    return "\n\n".join(parts)


def _row(match: Match) -> dict[str, Any]:
    return {
        "zone": match.zone,
        "score": match.score,
        "first": match.first,
        "second": match.second,
        "reasons": list(match.reasons),
    }


def _open_cases(
    connections: Connections, proposed: list[Proposal], *, merges_alone: bool
) -> tuple[int, int]:
    """Cases of what is proposed and nobody decided yet; how many wait, how many go on alone.

    Cases of pairs that are not proposed any more are closed.
    """
    quarantine, pair = Quarantine(connections.database), connections.pair.name
    now = connections.clock()
    open_ = quarantine.list(pair=pair, entity=ENTITY, class_=REVIEW)
    known = {one.key: one for one in open_ if one.key.startswith(MERGE)}
    keys = {one.key for one in proposed}
    quarantine.resolve(pair, ENTITY, sorted(known.keys() - keys), now=now)
    decided = quarantine.decided(pair, ENTITY, sorted(keys))
    over = {key for key, _, _ in (*decided.approved, *decided.discarded)}
    undecided = [one for one in proposed if one.key not in over]
    shown = undecided[:MOST_CASES]
    cases = triage_all(
        connections.database, connections.pair, ENTITY, [(one.key, one.case) for one in shown]
    )
    quarantine.open(pair, ENTITY, cases, run_id=flow_run_id(), now=now)
    quarantine.resolve(
        pair, ENTITY, sorted(known.keys() & keys - {one.key for one in shown}), now=now
    )
    alone = [
        one for one in shown if merges_alone and one.match.zone == "certain" and not one.hindrance
    ]
    if alone:
        wanted = {one.key for one in alone}
        entries: list[Entry] = quarantine.list(pair=pair, entity=ENTITY, class_=REVIEW)
        ids = [one.id for one in entries if one.key in wanted and one.field == MERGE_CASE]
        quarantine.approve(ids, actor=OURSELVES, now=now)
    return len(shown) - len(alone), len(alone)
