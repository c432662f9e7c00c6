"""`causeway customers`: contacts that were merged, and how a merge is undone."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.display import table
from cli.installation import installation
from cli.options import CUSTOMERS, JsonOption, PairOption
from cli.output import finish
from core.errors import ConfigError
from core.ids import merge_key
from core.times import to_iso, utc_now
from store.inbox import OPERATOR, Inbox
from store.merges import Merges

customers = typer.Typer(
    help="Contacts that were merged into others, and how that is undone.", no_args_is_help=True
)
Kept = Annotated[str, typer.Argument(metavar="KEPT", help="The contact that goes on.")]
Merged = Annotated[str, typer.Argument(metavar="MERGED", help="The one merged into it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(customers, name="customers")


@customers.command()
def merges(*, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Show contacts that were merged, by the ids of Brightpearl."""
    installed = installation(pair)
    found = Merges(installed.existing_database()).list(installed.name)
    rows = [(one.kept, one.merged, one.state, to_iso(one.updated_at)) for one in found]
    document = {
        "merges": [
            {"kept": kept, "merged": merged, "state": state, "at": at}
            for kept, merged, state, at in rows
        ]
    }
    text = table(["kept", "merged", "state", "at"], rows) if rows else "Nobody was merged."
    finish(document, as_json=as_json, text=text)


@customers.command()
def unmerge(
    kept: Kept, merged: Merged, *, pair: PairOption = None, as_json: JsonOption = False
) -> None:
    """Undo a merge: the other contact gets its e-mails back, and its customers with it."""
    installed = installation(pair)
    database = installed.existing_database()
    found = Merges(database).get(installed.name, kept, merged)
    if found is None or found.state == "undone":
        raise ConfigError(
            f"Contact {merged} is not merged into contact {kept}.",
            remedy="causeway customers merges shows which ones are.",
        )
    key = merge_key(kept, merged, is_undone=True)
    Inbox(database).put(installed.name, CUSTOMERS, [key], source=OPERATOR, now=utc_now())
    text = f"{key} was put into the inbox; the next run of sync-customers undoes the merge."
    finish({"key": key}, as_json=as_json, text=text)
