"""`causeway privacy`: what both systems and our own store know of one person, and its erasure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from cli.display import table
from cli.installation import Installation, installation
from cli.options import JsonOption, PairOption
from cli.output import finish
from connectors.budget import Priority
from core.errors import ConfigError
from core.ids import EMAIL
from core.times import to_iso, utc_now
from core.words import counted

privacy = typer.Typer(help="Personal data: what is known of one person.", no_args_is_help=True)
EmailOption = Annotated[str, typer.Option("--email", help="The person's e-mail, in any case.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(privacy, name="privacy")


@privacy.command()
def export(*, email: EmailOption, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Print one JSON document of all that is known of a person. It only reads.

    It is personal data: hand it to that person, and keep no copy.
    """
    del as_json  # it is one document either way
    address = _address(email)
    installed = _installed(pair)
    # These bring pandas along.
    from store.personal_data import PersonalData  # noqa: PLC0415 - as above
    from tasks.privacy.person import find_person  # noqa: PLC0415 - as above
    from tasks.reconciler.connections import connect  # noqa: PLC0415 - as above

    connections = connect(installed.name).at(Priority.ORDERS)
    person = find_person(connections, address)
    document = {
        "email": address,
        "pair": installed.name,
        "exported_at": to_iso(utc_now()),
        **person.document(),
        "causeway": PersonalData(connections.database).export(installed.name, person.subject),
    }
    finish(document, as_json=True)


@privacy.command()
def erase(
    *,
    email: EmailOption,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be erased, write nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Erase: it cannot be undone.")] = False,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a person in both systems and in our own store, as far as law and APIs allow.

    What is kept is named, record by record, with the reason.
    """
    address = _address(email)
    if not dry_run and not yes:
        raise ConfigError(
            "Erasing cannot be undone; nothing was done.",
            remedy="See first what would be done: --dry-run. Then say --yes.",
        )
    installed = _installed(pair)
    # These bring pandas along.
    from store.personal_data import PersonalData  # noqa: PLC0415 - as above
    from tasks.privacy.erasure import (  # noqa: PLC0415 - as above
        document_of,
        erase_person,
        plan_erasure,
    )
    from tasks.privacy.person import find_person  # noqa: PLC0415 - as above
    from tasks.reconciler.connections import connect  # noqa: PLC0415 - as above

    connections = connect(installed.name).at(Priority.ORDERS)
    if dry_run:
        person = find_person(connections, address)
        erasure = plan_erasure(person)
        own = PersonalData(connections.database)
        rows = own.erase(installed.name, person.subject, dry_run=True)
    else:
        _, erasure, rows = erase_person(connections, address)
    document = {"pair": installed.name, "dry_run": dry_run, **document_of(erasure, rows)}
    by_hand = [f"{one.record} {one.id}: {one.reason}" for one in erasure.by_hand]
    finish(
        document,
        as_json=as_json,
        text=_text(document),
        problem="\n".join(by_hand and ["What a person has to do:", *by_hand]),
    )


def _address(email: str) -> str:
    """Raises: ConfigError for what is no e-mail."""
    address = email.strip()
    if not re.fullmatch(EMAIL, address) or "," in address:
        raise ConfigError("--email is not the e-mail address of one person.")
    return address


def _installed(pair: str | None) -> Installation:
    installed = installation(pair)
    installed.require_database()
    return installed


def _text(document: Mapping[str, Any]) -> str:
    would = "would be " if document["dry_run"] else ""
    writes = [(one["record"], one["does"]) for one in document["writes"]]
    were = would or ("was " if len(writes) == 1 else "were ")
    parts = [f"{counted(len(writes), 'write')} {were}made."]
    parts += [table(["record", "what"], writes)] if writes else []
    rows = ", ".join(f"{count} of {name}" for name, count in document["own_rows"].items())
    parts.append(f"Our own rows {would}changed: {rows or 'none'}.")
    parts += _kept_lines(document["kept"])
    return "\n".join(parts)


def _kept_lines(kept: Iterable[Mapping[str, str]]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for one in kept:
        named = f"{one['system']} {one['record']} {one['id']}"
        by_reason.setdefault(one["reason"], []).append(named)
    return [f"Kept: {', '.join(named)}.\n  {reason}" for reason, named in by_reason.items()]
