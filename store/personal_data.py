"""What our own tables hold about one person: shown, and taken out.

A person is never found by a name here, only by the addresses (entity, key) of their records and by
hashes of their e-mail (decision 5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_, update

from core.ids import contact_id_of
from store.database import Repository
from store.encryption import is_unread
from store.records import Address
from store.sql import in_parts
from store.tables import (
    customer_merges,
    inbox,
    leases,
    ledger,
    links,
    order_checks,
    quarantine,
    quarantine_actions,
    runs,
)

ERASED = "[erased]"
"""What stands where a person's value stood."""
SHORTEST = 3
"""Characters that a value has at least, to be recognised within a text."""
CONTACTS, CUSTOMERS = "contacts", "customers"
Row = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """One person, by what our tables may know them under."""

    contact_name: str
    """The hash of their e-mail in links and ledger."""
    checks_name: str
    """The same in the facts of checked orders."""
    records: Collection[Address] = ()
    """Their customers, orders and so on."""
    values: Collection[str] = field(default=(), repr=False)
    """Names, e-mails, phones, lines of addresses: taken out of what is kept of their records."""
    unmistakable: Collection[str] = field(default=(), repr=False)
    """Those of them that are nobody else's: taken out of the reports of runs as well."""

    @property
    def addresses(self) -> list[Address]:
        """All addresses of their records."""
        return [*self.records, (CONTACTS, self.contact_name)]

    @property
    def order_ids(self) -> list[str]:
        """The store's orders."""
        return sorted({key for entity, key in self.records if entity == "orders"})


def _merges_of(pair: str, subject: Subject) -> list[ColumnElement[bool]]:
    """Merges of the person's contacts: with the e-mail gone there is nothing to undo."""
    ids = [one for entity, key in subject.records if entity == CUSTOMERS
           if (one := contact_id_of(key))]  # fmt: skip
    is_one_of_two = customer_merges.c.kept.in_(ids) | customer_merges.c.merged.in_(ids)
    return [customer_merges.c.pair == pair, is_one_of_two]


class Redaction:
    """Takes a person's values out of texts and documents."""

    def __init__(self, values: Collection[str]) -> None:
        texts = {one.strip() for one in values if len(one.strip()) >= SHORTEST}
        found = "|".join(re.escape(one) for one in sorted(texts, key=lambda one: (-len(one), one)))
        self._pattern = re.compile(rf"(?<!\w)(?:{found})(?!\w)", re.IGNORECASE) if texts else None

    def of(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """The same text or document without the values."""
        match value:
            case str() if is_unread(value):
                return ERASED
            case str():
                return self._pattern.sub(ERASED, value) if self._pattern else value
            case Mapping():
                return {self.of(name): self.of(item) for name, item in value.items()}
            case list() | tuple():
                return [self.of(item) for item in value]
            case _:
                return value


class PersonalData(Repository):
    """What a database holds about people."""

    def export(self, pair: str, subject: Subject) -> dict[str, list[Row]]:
        """Every row about them, by table; reports of runs are not among them: see `erase`."""
        with self._database.read() as connection:
            found = {
                table.name: [
                    dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
                    for row in connection.execute(
                        select(table).where(*_about(table, pair, subject))
                    )
                ]
                for table in (links, ledger, quarantine, inbox, order_checks)
            }
            ids = [row["id"] for row in found["quarantine"]]
            found["quarantine_actions"] = [
                dict(row._mapping)  # noqa: SLF001 - as above
                for part in in_parts(ids)
                for row in connection.execute(
                    select(quarantine_actions).where(quarantine_actions.c.entry_id.in_(part))
                )
            ]
        return {name: rows for name, rows in found.items() if rows}

    def erase(self, pair: str, subject: Subject, *, dry_run: bool = False) -> dict[str, int]:
        """Take them out of every table; how many rows were, or would be, changed in each.

        What was written when, and which record is which, stays without anything personal: it keeps
        the same from being written twice. Repeatable: a second time changes nothing.
        """
        redaction = Redaction(subject.values)
        changed = {
            "links": self._links(pair, subject, dry_run=dry_run),
            "order_checks": self._delete(
                order_checks, _about(order_checks, pair, subject), dry_run=dry_run
            ),
            "customer_merges": self._delete(
                customer_merges, _merges_of(pair, subject), dry_run=dry_run
            ),
            "leases": self._delete(
                leases, [leases.c.name == f"contact {pair} {subject.contact_name}"], dry_run=dry_run
            ),
            "quarantine": self._quarantine(pair, subject, redaction, dry_run=dry_run),
            "ledger": self._ledger(pair, subject, redaction, dry_run=dry_run),
            "inbox": self._texts(
                inbox, ("pair", "entity", "key"), ("reason",),
                _about(inbox, pair, subject), redaction, dry_run=dry_run,
            ),
            "runs": self._runs(pair, Redaction(subject.unmistakable), dry_run=dry_run),
        }  # fmt: skip
        return {name: count for name, count in changed.items() if count}

    def _links(self, pair: str, subject: Subject, *, dry_run: bool) -> int:
        """The hash of the e-mail goes; of customers only that they are gone stays."""
        gone = [links.c.pair == pair, links.c.entity == CONTACTS]
        gone.append(links.c.key_bc == subject.contact_name)
        dropped = self._delete(links, gone, dry_run=dry_run)
        keys = [key for entity, key in subject.records if entity == CUSTOMERS]
        for part in in_parts(sorted(keys)):
            of_part = [links.c.pair == pair, links.c.entity == CUSTOMERS]
            of_part.append(links.c.key_bc.in_(part))
            with self._database.read() as connection:
                found = connection.execute(select(links.c.key_bc, links.c.detail).where(*of_part))
                stale = [row.key_bc for row in found if set(row.detail) - {"gone_from"}]
            dropped += len(stale)
            if stale and not dry_run:
                tombstone = {"gone_from": "bigcommerce"}
                with self._database.write() as connection:
                    connection.execute(
                        update(links)
                        .where(*of_part, links.c.key_bc.in_(stale))
                        .values(detail=tombstone)
                    )
        return dropped

    def _ledger(self, pair: str, subject: Subject, redaction: Redaction, *, dry_run: bool) -> int:
        """Values in what was written and in errors; the hash under which a contact was made."""
        changed = self._texts(
            ledger, ("id",), ("before", "after", "natural_key", "error"),
            _about(ledger, pair, subject), redaction, dry_run=dry_run,
        )  # fmt: skip
        named = [ledger.c.pair == pair, ledger.c.entity == CONTACTS]
        named.append(ledger.c.key == subject.contact_name)
        with self._database.read() as connection:
            ids = list(connection.scalars(select(ledger.c.id).where(*named)))
        if ids and not dry_run:
            with self._database.write() as connection:
                is_name = ledger.c.natural_key == subject.contact_name
                connection.execute(update(ledger).where(*named, is_name).values(natural_key=ERASED))
                connection.execute(update(ledger).where(*named).values(key=ERASED))
        return changed + len(ids)

    def _quarantine(
        self, pair: str, subject: Subject, redaction: Redaction, *, dry_run: bool
    ) -> int:
        """Values in cases and in what people wrote about them.

        Of contacts and customers a refused value is of_person, however it is spelled.
        """
        about = _about(quarantine, pair, subject)
        columns = ("value", "reason", "remedy", "detail", "closed_reason")
        changed = self._texts(quarantine, ("id",), columns, about, redaction, dry_run=dry_run)
        of_person = [
            *about,
            quarantine.c.entity.in_((CONTACTS, CUSTOMERS)),
            quarantine.c.value.not_like(f"{ERASED}%"),
            quarantine.c.value != "",
        ]
        with self._database.read() as connection:
            ids = list(connection.scalars(select(quarantine.c.id).where(*about)))
            named = list(connection.scalars(select(quarantine.c.id).where(*of_person)))
        for part in in_parts(ids):
            changed += self._texts(
                quarantine_actions, ("id",), ("reason",),
                [quarantine_actions.c.entry_id.in_(part)], redaction, dry_run=dry_run,
            )  # fmt: skip
        for one in [] if dry_run else named:
            with self._database.write() as connection:
                # With its number, so that two open cases of a record stay two.
                connection.execute(
                    update(quarantine).where(quarantine.c.id == one).values(value=f"{ERASED} {one}")
                )
        return changed + len(named)

    def _runs(self, pair: str, redaction: Redaction, *, dry_run: bool) -> int:
        """Reports of runs, a few hundred at a time."""
        with self._database.read() as connection:
            ids = list(connection.scalars(select(runs.c.id).where(runs.c.pair == pair)))
        return sum(
            self._texts(
                runs, ("id",), ("report",), [runs.c.id.in_(part)], redaction, dry_run=dry_run
            )
            for part in in_parts(ids)
        )

    def _texts(  # noqa: PLR0913 - which rows, by what, and how
        self,
        table: Table,
        key: Sequence[str],
        columns: Sequence[str],
        conditions: Sequence[ColumnElement[bool]],
        redaction: Redaction,
        *,
        dry_run: bool,
    ) -> int:
        """Take the values out of these columns; how many rows had some."""
        wanted = [table.c[name] for name in (*key, *columns)]
        with self._database.read() as connection:
            rows = connection.execute(select(*wanted).where(*conditions)).all()
        changes: list[tuple[list[ColumnElement[bool]], Row]] = []
        for row in rows:
            values = row._mapping  # noqa: SLF001 - as above
            cleaned = {name: redaction.of(values[name]) for name in columns}
            if differs := {n: v for n, v in cleaned.items() if _text(v) != _text(values[n])}:
                changes.append(([table.c[name] == values[name] for name in key], differs))
        if not dry_run:
            for part in in_parts(changes):
                with self._database.write() as connection:
                    _write(connection, table, part)
        return len(changes)

    def _delete(
        self, table: Table, conditions: Sequence[ColumnElement[bool]], *, dry_run: bool
    ) -> int:
        if dry_run:
            with self._database.read() as connection:
                return len(connection.execute(select(table).where(*conditions)).all())
        with self._database.write() as connection:
            return connection.execute(delete(table).where(*conditions)).rowcount


def _write(
    connection: Connection,
    table: Table,
    changes: Sequence[tuple[list[ColumnElement[bool]], Row]],
) -> None:
    for where, values in changes:
        if table is quarantine and "value" in values:
            number = connection.scalar(select(quarantine.c.id).where(*where))
            values["value"] = f"{ERASED} {number}"
        connection.execute(update(table).where(*where).values(**values))


def _about(table: Table, pair: str, subject: Subject) -> list[ColumnElement[bool]]:
    """The rows of a table that are about them."""
    if table is order_checks:
        named = table.c.email_key == subject.checks_name
        return [table.c.pair == pair, named | table.c.order_id.in_(subject.order_ids)]
    key = table.c["key_bc" if table is links else "key"]
    return [table.c.pair == pair, tuple_(table.c.entity, key).in_(subject.addresses)]


def _text(value: object) -> str:
    return json.dumps(value, default=str, sort_keys=True)
