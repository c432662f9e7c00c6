"""`causeway up`, `receiver`, `worker`, `deploy` and `db`: what runs on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.installation import every_pair, use_prefect_of_up, with_or_without_pairs
from cli.output import say
from core.settings import load_settings
from core.words import counted

db = typer.Typer(help="Causeway's own tables.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands = {"up": up, "receiver": receiver, "worker": worker, "deploy": deploy}
    for name, command in commands.items():
        app.command(name)(command)
    app.add_typer(db, name="db")


def receiver() -> None:
    """Serve the webhooks' addresses until stopped."""
    settings = every_pair()
    from receiver.app import serve  # noqa: PLC0415 - each process imports only its own

    serve(settings)


def worker() -> None:
    """Process the inbox and run what Prefect schedules. Runs until stopped."""
    settings = every_pair()
    from worker.service import serve  # noqa: PLC0415 - the engine takes seconds to import

    serve(settings)


def deploy() -> None:
    """Register deployments, schedules and alerts with Prefect. Repeatable."""
    settings = every_pair()
    use_prefect_of_up(settings)
    from cli.deploy import deploy as deploy_all  # noqa: PLC0415 - the engine takes seconds

    deploy_all(settings)


def up(
    *,
    with_sandboxes: Annotated[
        bool, typer.Option("--sandbox", help="With both sandboxes instead of real accounts.")
    ] = False,
) -> None:
    """Run everything on this machine, in the foreground. Ctrl-C stops it."""
    from cli.up import up as up_all  # noqa: PLC0415 - no other command needs it

    settings = load_settings() if with_sandboxes else every_pair()
    up_all(settings, with_sandboxes=with_sandboxes)


@db.callback()
def _db_group() -> None:
    """Keep `upgrade` a sub-command although it is the only one."""


@db.command()
def upgrade() -> None:
    """Create the tables, or bring them and their encryption up to date; repeatable."""
    # `up` and the sandboxes need no database.
    from store.database import database_of  # noqa: PLC0415
    from store.migrate import has_tables  # noqa: PLC0415
    from store.quarantine import Quarantine  # noqa: PLC0415

    settings = with_or_without_pairs()
    is_new = not has_tables(settings.database_url)
    database = database_of(settings)
    encrypted = Quarantine(database).encrypt_anew()
    say(f"A new database was made: {database.where}" if is_new else "The tables are up to date.")
    if encrypted:
        entries = counted(encrypted, "entry", "entries")
        say(f"Encrypted with the first key: {entries} of the quarantine.")
    if (left := Quarantine(database).unreadable()).count:
        texts = counted(left.count, "text")
        say(f"Cannot be read, for the key is gone: {texts} of cases. See: causeway doctor")
