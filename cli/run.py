"""`causeway up`, `receiver`, `worker`, `deploy`, `sandbox` and `db`: what runs on this machine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.output import say
from core.errors import ConfigError
from core.settings import load_settings

sandbox = typer.Typer(help="Both systems on this machine, without risk.", no_args_is_help=True)
db = typer.Typer(help="Causeway's own tables.", no_args_is_help=True)


class Limits(StrEnum):
    """Whether the sandboxes hold callers to the documented request limits."""

    DOCUMENTED = "documented"
    OFF = "off"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands = {"up": up, "receiver": receiver, "worker": worker, "deploy": deploy}
    for name, command in commands.items():
        app.command(name)(command)
    app.add_typer(sandbox, name="sandbox")
    app.add_typer(db, name="db")


def receiver() -> None:
    """Serve the webhooks' addresses until stopped."""
    settings = load_settings()
    from receiver.app import serve  # noqa: PLC0415 - each process imports only its own

    serve(settings)


def worker() -> None:
    """Process the inbox and run what Prefect schedules, until stopped."""
    settings = load_settings()
    settings.pair()
    from worker.service import serve  # noqa: PLC0415 - the engine takes seconds to import

    serve(settings)


def deploy() -> None:
    """Register work pool, deployments, schedules, limits and alerts with Prefect; repeatable."""
    settings = load_settings()
    settings.pair()
    from cli.deploy import deploy as deploy_all  # noqa: PLC0415 - the engine takes seconds

    deploy_all(settings)


def up(
    *,
    with_sandboxes: Annotated[
        bool, typer.Option("--sandbox", help="With both sandboxes instead of real accounts.")
    ] = False,
) -> None:
    """Run everything on this machine, in the foreground, until interrupted."""
    from cli.up import up as up_all  # noqa: PLC0415 - no other command needs it

    up_all(load_settings(), with_sandboxes=with_sandboxes)


@sandbox.callback()
def _sandbox_group() -> None:
    """Keep `serve` a sub-command although it is the only one."""


@sandbox.command("serve")
def serve_sandboxes(  # noqa: PLR0913 - the options of a command
    more_orders: Annotated[list[Path] | None, typer.Argument(hidden=True)] = None,
    *,
    bigcommerce_port: Annotated[int, typer.Option(min=0, max=65535)] = 8101,
    brightpearl_port: Annotated[int, typer.Option(min=0, max=65535)] = 8102,
    orders: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE…", help="Online Retail CSV files; their orders are placed."),
    ] = None,
    orders_unplaced: Annotated[
        bool, typer.Option("--orders-unplaced", help="Leave them to be placed on request.")
    ] = False,
    own_orders: Annotated[
        int, typer.Option(min=0, help="Orders of its own, placed when there is no file.")
    ] = 25,
    skus: Annotated[
        int, typer.Option(min=1, help="Products of its own, made when there is no file.")
    ] = 300,
    limits: Annotated[Limits, typer.Option(help="Request limits.")] = Limits.DOCUMENTED,
    faults: Annotated[Path | None, typer.Option(help="JSON list of faults.")] = None,
    seed: Annotated[int, typer.Option(help="For everything that is random.")] = 1,
) -> None:
    """Serve both sandboxes on loopback until interrupted."""
    # An option takes one value at a time: what follows `--orders a.csv` arrives as arguments.
    files = [*(orders or []), *(more_orders or [])]
    if more_orders and not orders:
        raise ConfigError(
            f"{more_orders[0]} is not expected here.", remedy="Did you mean --orders?"
        )
    for file in [*files, *([faults] if faults else [])]:
        if not file.is_file():
            raise ConfigError(f"{file} is not a file.")
    from sandbox.catalogue.online_retail import FormatError  # noqa: PLC0415 - see below
    from sandbox.serve import serve  # noqa: PLC0415 - a server that no other command needs

    try:
        serve(
            bigcommerce_port=bigcommerce_port,
            brightpearl_port=brightpearl_port,
            orders_files=files,
            is_unplaced=orders_unplaced,
            own_orders=own_orders,
            skus=skus,
            limits=limits.value,
            faults_file=faults,
            seed=seed,
        )
    except OSError as error:
        raise ConfigError(
            f"The sandboxes cannot start: {error.strerror}.",
            remedy="Choose other ports with --bigcommerce-port and --brightpearl-port.",
        ) from error
    except (FormatError, ValueError) as error:
        raise ConfigError(f"The sandboxes cannot start: {error}") from error


@db.callback()
def _db_group() -> None:
    """Keep `upgrade` a sub-command although it is the only one."""


@db.command()
def upgrade() -> None:
    """Create the tables, or bring them up to this version; repeatable."""
    from store.database import open_database  # noqa: PLC0415 - `up` and the sandboxes need none

    open_database(load_settings().database_url)
    say("The tables are up to date.")
