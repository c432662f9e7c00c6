"""`causeway sandbox`: both systems on this machine, and what a person exports to use them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from cli.lock import locked
from cli.output import say
from cli.services import VAR, sandbox_settings
from core.errors import ConfigError

if TYPE_CHECKING:
    from sandbox.serve import Addresses

FOLDER = VAR / "sandbox"
RECEIVER_PORT = 8100
sandbox = typer.Typer(help="Both systems on this machine, without risk.", no_args_is_help=True)


class Limits(StrEnum):
    """Whether the sandboxes hold callers to the documented request limits."""

    DOCUMENTED = "documented"
    OFF = "off"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(sandbox, name="sandbox")


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
    tls: Annotated[
        bool,
        typer.Option(
            "--tls",
            help="Serve over TLS, with a proxy for clients that know the vendors' hosts alone.",
        ),
    ] = False,
    proxy_port: Annotated[int, typer.Option(min=0, max=65535, help="With --tls.")] = 8103,
) -> None:
    """Serve both sandboxes on loopback until interrupted, and say what to export to use them."""
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
        with locked(FOLDER, "causeway sandbox serve"):
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
                tls_folder=FOLDER / "tls" if tls else None,
                proxy_port=proxy_port,
                on_ready=lambda addresses: say(announcement(addresses)),
            )
    except OSError as error:
        raise ConfigError(
            f"The sandboxes cannot start: {error.strerror}.",
            remedy="Choose other ports with --bigcommerce-port, --brightpearl-port"
            + (" and --proxy-port." if tls else "."),
        ) from error
    except (FormatError, ValueError) as error:
        raise ConfigError(f"The sandboxes cannot start: {error}") from error


def announcement(addresses: Addresses) -> str:
    """Where the sandboxes are, and the lines that make a shell use them."""
    lines = [str(addresses), "", "To use them, in another shell:"]
    lines += export_lines(exports(addresses))
    if addresses.proxy_url:
        lines += ["", "For clients that know the vendors' own hosts alone, also:"]
        lines += export_lines(proxy_exports(addresses))
    return "\n".join(lines)


def export_lines(variables: Mapping[str, str]) -> list[str]:
    """What sets these variables in a shell."""
    return [f"export {name}={quote(value) if value else ''}" for name, value in variables.items()]


def exports(addresses: Addresses) -> dict[str, str]:
    """Settings of the pair, and how its clients trust the certificate."""
    settings = sandbox_settings(
        FOLDER, addresses.bigcommerce_url, addresses.brightpearl_url, RECEIVER_PORT
    )
    if addresses.ca_file is None:
        return settings
    trusting = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return settings | dict.fromkeys(trusting, str(addresses.ca_file))


def proxy_exports(addresses: Addresses) -> dict[str, str]:
    """How clients reach the sandboxes by the vendors' host names."""
    return {"HTTPS_PROXY": addresses.proxy_url, "NO_PROXY": "127.0.0.1,localhost"}
