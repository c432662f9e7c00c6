"""`causeway db`: our own tables."""

from __future__ import annotations

import typer

from cli.output import say
from core.settings import load_settings
from store.database import open_database

db = typer.Typer(help="Causeway's own tables.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(db, name="db")


@db.callback()
def _group() -> None:
    """Keep `upgrade` a sub-command although it is the only one."""


@db.command()
def upgrade() -> None:
    """Create the tables, or bring them up to this version; repeatable."""
    open_database(load_settings().database_url)
    say("The tables are up to date.")
