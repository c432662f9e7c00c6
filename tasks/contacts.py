"""Who in Brightpearl is behind an e-mail address.

Matched exactly, asked for in as few requests as possible, and remembered under a hash, so that our
memory holds no addresses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from connectors.brightpearl.account_models import ContactRow
from core.ids import email_key
from core.times import utc_now
from store.links import Link, Links
from store.runs import Cursors
from tasks.policy import patiently
from tasks.reconciler.connections import Connections

FEW = 2
"""Up to so many unknown people are searched one by one; more are cheaper by a page of 500."""
OVERLAP = timedelta(minutes=10)
SCANNED = "brightpearl-contacts"
CONTACTS = "contacts"


def person(key: str) -> str:
    """The name under which an e-mail address (as compared) stands in our memory."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def find_contacts(world: Connections, keys: set[str]) -> dict[str, str]:
    """Contact id by e-mail as compared, for those that Brightpearl has.

    Raises: TransientError, ConfigError.
    """
    found = _remembered(world, keys)
    unknown = keys - set(found)
    if not unknown:
        return found
    if len(unknown) <= FEW:
        rows = [row for key in sorted(unknown) for row in search(world, key)]
        remember(world, best_by_email(rows))
    else:
        scan(world)
    return found | _remembered(world, unknown)


def search(world: Connections, key: str) -> Sequence[ContactRow]:
    """Contacts that carry this address as primary or other e-mail, compared exactly."""
    return patiently(lambda: world.brightpearl.find_contacts(key))


def remember(world: Connections, contacts: Mapping[str, str]) -> None:
    """Keep contact ids by e-mail as compared."""
    links = [Link(key_bc=person(key), id_bp=contact_id) for key, contact_id in contacts.items()]
    Links(world.database).put(world.pair.name, CONTACTS, links, now=utc_now())


def scan(world: Connections) -> None:
    """Remember contacts that are new or changed since the last scan; the first time, all of them.

    The cursor overlaps and moves last.
    """
    cursors = Cursors(world.database)
    started_at = utc_now()
    since = cursors.get(world.pair.name, SCANNED)
    rows = patiently(
        lambda: list(world.brightpearl.list_contacts(updated_since=since and since - OVERLAP))
    )
    remember(world, best_by_email(rows))
    cursors.set(world.pair.name, SCANNED, started_at)


def best_by_email(rows: Iterable[ContactRow]) -> dict[str, str]:
    """Contact id by each e-mail as compared. Pure.

    An e-mail is not unique in Brightpearl: staff and suppliers are passed over, then the contact
    that has it as primary address wins, then an organisation's primary contact, then the oldest.
    """
    best: dict[str, tuple[bool, bool, int]] = {}
    for row in rows:
        if row.is_staff or row.is_supplier:
            continue
        for place, email in enumerate((row.primary_email, row.secondary_email, row.tertiary_email)):
            if not email:
                continue
            rank = (place > 0, not row.is_primary, int(row.contact_id))
            key = email_key(email)
            best[key] = min(best.get(key, rank), rank)
    return {key: str(contact_id) for key, (_, _, contact_id) in best.items()}


def _remembered(world: Connections, keys: set[str]) -> dict[str, str]:
    links = Links(world.database).get(world.pair.name, CONTACTS, [person(key) for key in keys])
    return {key: links[person(key)].id_bp for key in keys if person(key) in links}
