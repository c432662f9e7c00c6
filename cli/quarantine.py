"""`causeway quarantine`: records that wait for a person, and how they go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.display import table
from cli.installation import installation
from cli.options import JsonOption, PairOption
from cli.output import ago, finish
from core.errors import ConfigError
from core.ids import sku_key
from core.refusals import in_words
from core.times import utc_now
from store.database import Database
from store.quarantine import Entry, Quarantine

SHOWN = 100

quarantine = typer.Typer(
    help="Refused records and dead keys: why they wait, and how they go on.", no_args_is_help=True
)

ClassOption = Annotated[
    str | None, typer.Option("--class", help="Kind of refusal, such as sku or order_status.")
]
ValueOption = Annotated[str | None, typer.Option("--value", help="The value that was refused.")]
KeyOption = Annotated[
    list[str] | None,
    typer.Option("--key", help="A BigCommerce id, of stock a SKU; may be repeated."),
]
EntityOption = Annotated[
    str | None, typer.Option("--entity", help="Only of this entity, such as orders or stock.")
]
IdsArgument = Annotated[list[int] | None, typer.Argument(metavar="[ID…]", help="Entries by id.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(quarantine, name="quarantine")


@quarantine.command("list")
def list_(  # noqa: PLR0913 - the options of a command
    *,
    entity: EntityOption = None,
    class_: ClassOption = None,
    value: ValueOption = None,
    key: KeyOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Entries shown.")] = SHOWN,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what waits, grouped by what was refused, with the remedy of each."""
    database, name = _opened(pair)
    entries = matching(
        Quarantine(database).list(pair=name, entity=entity), class_=class_, value=value, keys=key
    )
    groups = _groups(entries)
    result = {
        "open": len(entries),
        "groups": groups,
        "entries": [asdict(entry) for entry in entries[:limit]],
    }
    finish(result, as_json=as_json, text=_list_text(entries[:limit], len(entries), groups))


@quarantine.command()
def show(
    entry_id: Annotated[int, typer.Argument(metavar="ID")],
    *,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one entry in full."""
    entry = Quarantine(installation(pair).existing_database()).show(entry_id)
    if entry is None:
        finish({"absent": [entry_id]}, as_json=as_json, problem=_absent([entry_id]))
        return
    rows = [(name.rstrip("_"), value) for name, value in asdict(entry).items()]
    finish(asdict(entry), as_json=as_json, text=table(["field", "value"], rows))


@quarantine.command()
def release(  # noqa: PLR0913 - the options of a command
    ids: IdsArgument = None,
    *,
    entity: EntityOption = None,
    class_: ClassOption = None,
    value: ValueOption = None,
    key: KeyOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Carry out what review cases propose.")
    ] = False,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put records back into the inbox, after what held them up was set right.

    By id, by what was refused (--class, --value), by record (--entity, --key) or --all; all
    conditions must hold.
    With --apply the proposals of review cases are carried out, each after both sides were read
    again and still call for it.
    """
    if not (ids or entity or class_ or value or key or everything):
        raise ConfigError(
            "Say what to release.",
            remedy="Entry ids, --class and --value, --entity, --key, or --all; see causeway "
            "quarantine list.",
        )
    database, name = _opened(pair)
    quarantine_ = Quarantine(database)
    found = matching(
        quarantine_.list(pair=name, entity=entity),
        class_=class_,
        value=value,
        keys=key,
        ids=ids or None,
    )
    if apply:
        _only_reviews(found)
        keys = quarantine_.approve([entry.id for entry in found], now=utc_now())
    else:
        keys = quarantine_.release(name, ids=[entry.id for entry in found], now=utc_now())
    text = f"{len(keys)} put back into the inbox."
    if not keys:
        text = "Nothing in quarantine matches; nothing was released."
    absent = set(ids or ()) - {entry.id for entry in found}
    finish(
        {"released": len(keys), "keys": sorted(keys)},
        as_json=as_json,
        text=text,
        problem=_absent(absent) if absent else "",
    )


def _only_reviews(entries: Iterable[Entry]) -> None:
    """Raises: ConfigError when one of them proposes nothing that could be carried out."""
    for entry in entries:
        if not entry.detail.get("proposal"):
            raise ConfigError(
                f"Entry {entry.id} ({entry.class_}) proposes nothing that --apply could carry out.",
                remedy=entry.remedy,
            )


@quarantine.command()
def discard(
    ids: Annotated[list[int], typer.Argument(metavar="ID…", help="Entries by id.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why they need not go through.")],
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close entries for good; the reason is kept."""
    if not reason.strip():
        raise ConfigError("--reason must say why.")
    quarantine_ = Quarantine(installation(pair).existing_database())
    found = [entry for one in ids if (entry := quarantine_.show(one)) and entry.state == "open"]
    closed = quarantine_.discard([entry.id for entry in found], reason.strip(), now=utc_now())
    absent = set(ids) - {entry.id for entry in found}
    problem = _absent(absent) if absent else ""
    finish({"discarded": closed}, as_json=as_json, text=f"{closed} discarded.", problem=problem)


def _absent(ids: Iterable[int]) -> str:
    """The line on entries that were named and do not wait: exit code 1 for each command."""
    named = ", ".join(map(str, sorted(ids)))
    return f"There is no open quarantine entry {named}. See: causeway quarantine list"


def matching(
    entries: Iterable[Entry],
    *,
    class_: str | None = None,
    value: str | None = None,
    keys: Sequence[str] | None = None,
    ids: Sequence[int] | None = None,
) -> list[Entry]:
    """Entries for which everything holds that is said; values and keys whatever their case."""
    wanted = None if value is None else value.strip().casefold()
    named = {sku_key(key) for key in keys or ()}
    return [
        entry
        for entry in entries
        if (class_ is None or entry.class_ == class_)
        and (wanted is None or entry.value.strip().casefold() == wanted)
        and (not named or sku_key(entry.key) in named)
        and (ids is None or entry.id in ids)
    ]


def _opened(pair: str | None) -> tuple[Database, str]:
    installed = installation(pair)
    return installed.existing_database(), installed.name


def _groups(entries: list[Entry]) -> list[dict[str, Any]]:
    """What can be released together, the largest first."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        group = found.setdefault(
            (entry.class_, entry.value),
            {
                "class": entry.class_,
                "value": entry.value,
                "records": 0,
                "reason": entry.reason,
                "remedy": entry.remedy,
            },
        )
        group["records"] += 1
    return sorted(found.values(), key=lambda group: (-group["records"], group["class"]))


def _list_text(entries: list[Entry], count: int, groups: list[dict[str, Any]]) -> str:
    if not count:
        return "Nothing waits in quarantine."
    now = utc_now()
    rows = [
        (entry.id, entry.entity, entry.key, entry.class_, entry.value, ago(entry.opened_at, now))
        for entry in entries
    ]
    parts = [table(["id", "entity", "key", "class", "value", "since"], rows)]
    if count > len(entries):
        parts.append(f"… and {count - len(entries)} more.")
    for group in groups:
        why = in_words(group["class"], group["value"], group["reason"], "")
        parts.append(f"\n{group['records']} x {why}")
        if group["remedy"]:
            parts.append(f"  {group['remedy']}")
    return "\n".join(parts)
