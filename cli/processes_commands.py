"""`causeway up`, `receiver`, `worker` and `deploy`: what runs, and where it is registered."""

from __future__ import annotations

from typing import Annotated

import typer

from core.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (("up", up), ("receiver", receiver), ("worker", worker)):
        app.command(name)(command)
    app.command("deploy")(deploy)


def receiver() -> None:
    """Serve the webhooks' addresses until stopped."""
    settings = load_settings()
    from receiver.serve import serve  # noqa: PLC0415 - each process imports only its own

    serve(settings)


def worker() -> None:
    """Work off the inbox and run what Prefect schedules, until stopped."""
    settings = load_settings()
    settings.pair()
    from worker.serve import serve  # noqa: PLC0415 - the engine takes seconds to import

    serve(settings)


def deploy() -> None:
    """Register work pool, deployments, schedules, limits and alerts with Prefect; repeatable."""
    settings = load_settings()
    settings.pair()
    from cli.deploy import deploy as deploy_all  # noqa: PLC0415 - the engine takes seconds

    deploy_all(settings)


def up(
    *,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="With both sandboxes instead of real accounts.")
    ] = False,
) -> None:
    """Run everything on this machine, in the foreground, until interrupted."""
    from cli.up import up as up_all  # noqa: PLC0415 - no other command needs it

    up_all(load_settings(), sandbox=sandbox)
