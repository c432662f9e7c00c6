"""`causeway quarantine`: records that wait for a person, and how they go on."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Iterable
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.display import table
from cli.installation import installation
from cli.options import JsonOption, PairOption
from cli.output import ago, finish
from core.errors import ConfigError
from core.refusals import CLASSES, in_words
from core.times import to_iso, utc_now
from store.database import Database
from store.quarantine import Entry, Quarantine, Selection

SHOWN = 100
NOW_COMMANDS = {
    "orders": "causeway show order {key}",
    "refunds": "causeway show order {key}",
    "shipments": "causeway show order {key}",
    "stock": "causeway show sku {key}",
}
"""What shows a record as it is in both systems now, by entity."""

quarantine = typer.Typer(
    help="Refused records: why they wait, and how they go on.", no_args_is_help=True
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
QueueOption = Annotated[
    str | None, typer.Option("--queue", help="Only what these people get, such as orders.")
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
    queue: QueueOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Entries shown.")] = SHOWN,
    after: Annotated[
        int, typer.Option("--after", min=0, help="Only entries after this id: the next page.")
    ] = 0,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what waits, grouped by what was refused, with the remedy of each."""
    database, name = _opened(pair)
    quarantine_ = Quarantine(database)
    _require_class(quarantine_, class_)
    selection = Selection(name, entity, class_, value, key, queue=queue)
    shown: list[Entry] = []
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    count = 0
    for page in quarantine_.pages(selection):
        count += len(page)
        _count_groups(groups, page)
        shown += [entry for entry in page if entry.id > after][: limit - len(shown)]
    ordered = sorted(groups.values(), key=lambda group: (-group["records"], group["class"]))
    result = {
        "open": count,
        "groups": ordered,
        "entries": [asdict(entry) for entry in shown],
    }
    finish(result, as_json=as_json, text=_list_text(shown, count, after, ordered))


@quarantine.command()
def show(
    entry_id: Annotated[int, typer.Argument(metavar="ID")],
    *,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one entry in full, and what was done about it."""
    quarantine_ = Quarantine(installation(pair).existing_database())
    entry = quarantine_.show(entry_id)
    if entry is None:
        finish({"absent": [entry_id]}, as_json=as_json, problem=_absent([entry_id]))
        return
    rows = [
        (name.rstrip("_"), value)
        for name, value in asdict(entry).items()
        if not isinstance(value, dict)  # --json has them; what they say stands below, and above
    ]
    text = table(["field", "value"], rows)
    if entry.triage:
        text += f"\nError: {entry.error_class} ({entry.triage['reason']}). Who: {who_acts(entry)}."
    actions = [asdict(action) for action in quarantine_.actions(entry_id)]
    for one in actions:
        because = f": {one['reason']}" if one["reason"] else ""
        text += f"\n{to_iso(one['at'])} {one['after']} by {one['actor']}{because}"
    now = NOW_COMMANDS.get(entry.entity)
    if entry.state == "open" and now:
        text += f"\nAs both systems show it now: {now.format(key=shlex.quote(entry.key))}"
    finish({**asdict(entry), "actions": actions}, as_json=as_json, text=text)


@quarantine.command()
def export(
    entry_id: Annotated[int, typer.Argument(metavar="ID")],
    *,
    to: Annotated[
        Path | None, typer.Option("--to", help="The file; causeway-ID.json if left out.")
    ] = None,
    with_data: Annotated[
        bool, typer.Option("--with-data", help="Also keys, values and changes: personal data.")
    ] = False,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write what a bug report needs into a file: traceback, writes, versions; no personal data."""
    from cli import quarantine_export  # noqa: PLC0415 - brings the reconciler along

    database = installation(pair).existing_database()
    entry = Quarantine(database).show(entry_id)
    if entry is None:
        finish({"absent": [entry_id]}, as_json=as_json, problem=_absent([entry_id]))
        return
    path = to or Path(f"causeway-{entry_id}.json")
    quarantine_export.save(quarantine_export.report(database, entry, with_data=with_data), path)
    hint = " It holds personal data." if with_data else ""
    finish({"file": str(path)}, as_json=as_json, text=f"Entry {entry_id} is in {path}.{hint}")


@quarantine.command()
def explain(
    entry_id: Annotated[int, typer.Argument(metavar="ID")],
    *,
    confirm: Annotated[
        str | None, typer.Option("--confirm", help="The right class: later ones learn from it.")
    ] = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what kind of error it is, whether to retry, who acts, and what solved others like it."""
    from cli import quarantine_triage as triage  # noqa: PLC0415 - brings scikit-learn along

    installed = installation(pair)
    database, name = installed.existing_database(), installed.name
    entry = Quarantine(database).show(entry_id)
    if entry is None:
        finish({"absent": [entry_id]}, as_json=as_json, problem=_absent([entry_id]))
        return
    actor, now = getpass.getuser(), utc_now()
    if confirm is not None:
        triage.confirm(database, name, entry, confirm, actor=actor, now=now)
    explained = triage.explain(database, installed.pair, entry, now)
    explained["kept"] = triage.keep(database, entry, explained, actor=actor, now=now)
    finish(explained, as_json=as_json, text=triage.to_text(explained))


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
    _require_class(quarantine_, class_)
    selection = Selection(name, entity, class_, value, key, ids or None)
    found: list[int] = []
    for page in quarantine_.pages(selection):
        if apply:
            _only_reviews(page)
        found += [entry.id for entry in page]
    actor = getpass.getuser()
    if apply:
        keys = quarantine_.approve(found, actor=actor, now=utc_now())
    else:
        keys = quarantine_.release(name, ids=found, actor=actor, now=utc_now())
    text = f"{len(keys)} put back into the inbox."
    if not keys:
        text = "Nothing in quarantine matches; nothing was released."
    absent = set(ids or ()) - set(found)
    finish(
        {"released": len(keys), "keys": sorted(keys)},
        as_json=as_json,
        text=text,
        problem=_absent(absent) if absent else "",
    )


def _require_class(quarantine_: Quarantine, class_: str | None) -> None:
    """Raises: ConfigError for a class that no refusal has."""
    if class_ is None or class_ in CLASSES:
        return
    known = sorted(CLASSES | quarantine_.classes())
    if class_ not in known:
        near = get_close_matches(class_, known, n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise ConfigError(
            f"There is no class {class_!r} of refusals.",
            remedy=f"{meant}Known: {', '.join(known)}.",
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
    closed = quarantine_.discard(
        [entry.id for entry in found], reason.strip(), actor=getpass.getuser(), now=utc_now()
    )
    absent = set(ids) - {entry.id for entry in found}
    problem = _absent(absent) if absent else ""
    finish({"discarded": closed}, as_json=as_json, text=f"{closed} discarded.", problem=problem)


def _absent(ids: Iterable[int]) -> str:
    """The line on entries that were named and do not wait: exit code 1 for each command."""
    named = ", ".join(map(str, sorted(ids)))
    return f"There is no open quarantine entry {named}. See: causeway quarantine list"


def _opened(pair: str | None) -> tuple[Database, str]:
    installed = installation(pair)
    return installed.existing_database(), installed.name


def _count_groups(groups: dict[tuple[str, str], dict[str, Any]], entries: Iterable[Entry]) -> None:
    """Add entries to what can be released together."""
    for entry in entries:
        group = groups.setdefault(
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


def who_acts(entry: Entry) -> str:
    """The queue of an entry and its time to act; empty where nobody classified it."""
    return f"{entry.queue}, {entry.act_within_h:g} h" if entry.act_within_h else ""


def _list_text(entries: list[Entry], count: int, after: int, groups: list[dict[str, Any]]) -> str:
    if not count:
        return "Nothing waits in quarantine."
    now = utc_now()
    rows = [
        (
            *(entry.id, entry.entity, entry.key, entry.class_, entry.value),
            *(entry.error_class, who_acts(entry), ago(entry.opened_at, now)),
        )
        for entry in entries
    ]
    columns = ["id", "entity", "key", "class", "value", "error", "who acts", "since"]
    parts = [table(columns, rows)]
    if count > len(entries) and not after:
        parts.append(f"… and {count - len(entries)} more.")
    if entries and count > len(entries):
        parts.append(f"The next page: --after {entries[-1].id}")
    for group in groups[:SHOWN]:
        why = in_words(group["class"], group["value"], group["reason"], "")
        parts.append(f"\n{group['records']} x {why}")
        if group["remedy"]:
            parts.append(f"  {group['remedy']}")
    if len(groups) > SHOWN:
        parts.append(f"\n… and {len(groups) - SHOWN} more groups; --class narrows them.")
    return "\n".join(parts)
